"""Client: the one way to the API, whether it is elsewhere, in a running `trueup up`, or in this very process."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from trueup.cli.embedded import transport as embedded
from trueup.cli.invocation import Invocation
from trueup.cli.waiting import waiting
from trueup.model.errors import Broken, Invalid, Place, Refused, Rejected, TrueupError, Unavailable
from trueup.model.values import JSON
from trueup.settings import DATA_PATIENCE, PLAN_LIMIT, SERVER_CONNECT, SERVER_READ
from trueup.system.locks import holder
from trueup.web.runtime import Runtime, running

PREFIX = "/api/v1"
AS = "X-Trueup-As"
"""Header with the name that was typed with --as, percent-encoded."""

PLANNING = PLAN_LIMIT.total_seconds()
"""Seconds for what the server has to plan first; as long as a plan may take."""
TICK = 0.1
"""Seconds between two looks whether it still has the data directory."""

_KINDS: Mapping[str, type[TrueupError]] = {
    "invalid": Invalid,
    "refused": Refused,
    "rejected": Rejected,
    "unavailable": Unavailable,
    "broken": Broken,
}


def path(*parts: object) -> str:
    """A path of the API; every part is quoted, slashes in names included."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


class Api:
    """Answers are JSON. Raises the error that the server names, and Unavailable when it does not answer."""

    def __init__(self, http: httpx.Client, place: str) -> None:
        self._http = http
        self.place = place
        """For people: where the answers come from."""

    def get(self, *parts: object, patience: float = SERVER_READ, **query: object) -> JSON:
        """Query parameters that are None are left out."""
        return self._ask("GET", path(*parts), query, None, patience)

    def post(self, *parts: object, body: Mapping[str, object] | None = None, patience: float = SERVER_READ) -> JSON:
        """Fields that are None are left out."""
        return self._ask("POST", path(*parts), {}, _present(body or {}), patience)

    def delete(self, *parts: object) -> JSON:
        return self._ask("DELETE", path(*parts), {}, None, SERVER_READ)

    def _ask(self, method: str, where: str, query: Mapping[str, object], body: Any, patience: float) -> JSON:
        timeout = httpx.Timeout(patience, connect=SERVER_CONNECT)
        try:
            with waiting(f"{self.place} is at work"):
                response = self._http.request(method, PREFIX + where, params=_texts(query), json=body, timeout=timeout)
        except httpx.ConnectError as error:
            hint = "is it running? `trueup up` starts one; --server and TRUEUP_SERVER say where it is"
            raise Unavailable(f"nothing answers at {self.place}: {error}", hint=hint) from error
        except httpx.TimeoutException as error:
            hint = "it may still be at work: `trueup run list` and `trueup doctor` show it"
            raise Unavailable(f"{self.place} gave no answer within {patience:.0f} s", hint=hint) from error
        except httpx.TransportError as error:
            raise Unavailable(f"{self.place} stopped answering: {error}", hint="try again in a moment") from error
        return _answer(response, self.place)


@contextmanager
def connect(invocation: Invocation) -> Iterator[Api]:
    """The API of --server; else of the `trueup up` that has the data directory; else of this process, built for this
    one command."""
    headers = {"Accept": "application/json"}
    if invocation.person:
        headers[AS] = quote(invocation.person)
    with ExitStack() as stack:
        if invocation.server:
            http = _remote(invocation.server, invocation.token, headers)
            yield Api(stack.enter_context(http), invocation.server)
        else:
            yield _here(invocation, headers, stack)


def _here(invocation: Invocation, headers: Mapping[str, str], stack: ExitStack) -> Api:
    """Of the data directory. Between looking who has it and taking it, another command may be quicker: once more."""
    for again in (True, False):
        runtime = awaited(invocation.data, time.sleep)
        if runtime is not None:
            return Api(stack.enter_context(_remote(runtime.url, runtime.token, headers)), runtime.url)
        try:
            transport = stack.enter_context(embedded(invocation.data, invocation.repo))
        except Refused:
            if again and holder(invocation.data) is not None:
                continue
            raise
        http = httpx.Client(transport=transport, base_url="http://127.0.0.1", headers=headers)
        return Api(stack.enter_context(http), "Trueup in this process")
    raise Broken("the data directory was neither taken nor refused")


def confidential(invocation: Invocation) -> None:
    """Raises Refused before credentials are asked for where others could read them: a server elsewhere without TLS."""
    if not invocation.server:
        return
    url = httpx.URL(invocation.server)
    if url.scheme != "https" and url.host not in ("127.0.0.1", "localhost", "::1"):
        hint = "https://..., or run the command on the server's own machine"
        raise Refused(f"{invocation.server} is not TLS: credentials would travel in clear", hint=hint)


def beside(data: Path) -> Runtime | None:
    """The `trueup up` that has the data directory now. A note of another process than the lock's holder is stale."""
    found, runtime = holder(data), running(data)
    return runtime if found is not None and runtime is not None and runtime.pid == found.pid else None


def awaited(data: Path, pause: Callable[[float], object]) -> Runtime | None:
    """The same, once it listens. Another command that has the directory just now is waited for, for a while: None
    when it is done, or when it takes so long that the lock has to say who has it."""
    waited = 0.0
    with waiting(f"another process has {data}"):
        while (runtime := beside(data)) is None and holder(data) is not None and waited < DATA_PATIENCE:
            pause(TICK)
            waited += TICK
    return runtime


def _remote(url: str, token: str, headers: Mapping[str, str]) -> httpx.Client:
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Invalid(f"{url} is no URL: {error}", hint="like https://trueup.example.com") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise Invalid(f"{url} is no URL of a server", hint="like https://trueup.example.com")
    return httpx.Client(base_url=base, headers={**headers, **_bearer(token)}, follow_redirects=False)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _answer(response: httpx.Response, place: str) -> JSON:
    try:
        document = response.json() if response.content else None
    except ValueError:
        document = None
        if response.is_success:
            raise Unavailable(f"{place} answered with something that is no JSON", hint="is it a Trueup?") from None
    if response.is_success:
        return document
    raise _error(response, document, place)


def _error(response: httpx.Response, document: JSON, place: str) -> TrueupError:
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        kind = _KINDS.get(str(error.get("kind")), Broken)
        return kind(str(error.get("message", "")), place=_place(error.get("place")), hint=str(error.get("hint") or ""))
    status = response.status_code
    if status in (401, 403):
        hint = "--token or TRUEUP_TOKEN; `trueup token create` makes one"
        return Refused(f"{place} does not let you in ({status})", hint=hint)
    if status == 404:
        return Invalid(f"{place} knows no {response.url.path}", hint="is it a Trueup, and as new as this one?")
    return Unavailable(f"{place} answered {status} {response.reason_phrase}", hint="try again in a moment")


def _place(place: JSON) -> Place | None:
    if isinstance(place, dict) and place.get("file"):
        return Place(str(place["file"]), int(place.get("line") or 0), int(place.get("column") or 0))
    return Place(place) if isinstance(place, str) and place else None


def _present(body: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in body.items() if value is not None}


def _texts(query: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in query.items() if value is not None}
