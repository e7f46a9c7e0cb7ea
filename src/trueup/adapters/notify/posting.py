"""Posting: one HTTP request with an end, and what its answer means. The only place here that knows httpx."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from trueup.model.errors import Rejected, Unavailable
from trueup.ports.notifier import Later
from trueup.settings import NOTICES_TIMEOUT
from trueup.system.redaction import Redactor

LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; nothing that is needed comes later."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class Posting:
    """Says what happened without the secrets: neither tokens nor addresses that are secrets themselves."""

    service: str
    secrets: frozenset[str]
    timeout: float = NOTICES_TIMEOUT

    def send(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        absent: bool = False,
    ) -> Answer | Later:
        """Any answer below 300, with `absent` also 404. 429 and 503 with Retry-After are Later.

        Raises Unavailable (no answer, 408, 429, 5xx)
        and Rejected (3xx, other 4xx, an address that is none)."""
        answer = self._exchange(method, url, content, dict(headers or {}))
        if answer.status < 300 or (absent and answer.status == 404):
            return Answer(answer.status, answer.body)
        said = self._clean(answer.body.decode("utf-8", "replace"))
        told = f"{self.service} answered {answer.status}" + (f": {said}" if said else "")
        if answer.status in (429, 503) and answer.retry_after is not None:
            return Later(answer.retry_after, told)
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise Unavailable(told)
        if answer.status < 400:
            raise Rejected(f"{told}: it is somewhere else", hint="write the final address; none is followed")
        raise Rejected(told, hint="look at the route and its credentials, then `trueup notifications retry`")

    def _exchange(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> "_Raw":
        ends = time.monotonic() + self.timeout
        try:
            with (
                httpx.Client(timeout=self.timeout, follow_redirects=False) as client,
                client.stream(method, url, content=content, headers=headers) as response,
            ):
                body = b""
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        break
                    if time.monotonic() > ends:
                        raise Unavailable(f"{self.service} does not end its answer within {self.timeout:g} s")
                return _Raw(response.status_code, body, _retry_after(response.headers.get("retry-after", "")))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Rejected(f"the address of {self.service} is none: {self._clean(str(error))}") from None
        except httpx.TimeoutException:
            raise Unavailable(f"{self.service} does not answer within {self.timeout:g} s") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.service} cannot be reached: {self._clean(str(error))}") from None

    def _clean(self, text: str) -> str:
        """One short line without secrets."""
        return " ".join(Redactor(self.secrets).text(text).split())[:300]


@dataclass(frozen=True)
class _Raw:
    status: int
    body: bytes
    retry_after: float | None


def _retry_after(value: str) -> float | None:
    """Seconds, or a date: RFC 9110, 10.2.3."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
