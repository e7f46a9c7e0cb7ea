"""Door: nobody passes without a token, except to ask whether the process is alive; and no body too large or slow."""

import asyncio
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trueup.model.errors import TrueupError
from trueup.settings import BODY_SECONDS, LARGEST_BODY, LARGEST_RECORDS
from trueup.web.access import Access
from trueup.web.errors import answer_to, body_of
from trueup.web.headers import AS, KEY

OPEN = frozenset({"/healthz"})
LOCAL = frozenset({"/readyz", "/metrics"})
"""Also without a token from this machine itself, unless a proxy passed the request on."""
NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

LARGER: Mapping[str, int] = {"/api/v1/audit-self": LARGEST_RECORDS}
"""A cloud's own records are long."""


@dataclass(frozen=True)
class Door:
    """Every route that is ever added stands behind it."""

    app: ASGIApp
    access: Access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        headers, loopback = Headers(scope=scope), is_loopback(scope)
        if not (scope["path"] in LOCAL and loopback and _asked_directly(headers) and not _presented(headers)):
            try:
                scope["state"]["caller"] = await run_in_threadpool(
                    self.access.caller, _presented(headers), headers.get(AS), loopback=loopback
                )
            except TrueupError as error:
                await answer_to(error, scope["state"]["request_id"])(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Bodies:
    """Takes the whole body in before anything is done with it: JSON, not too large, in time."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = LARGER.get(scope["path"], LARGEST_BODY)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive, limit)
        except ClientDisconnect:
            return  # half a body is nobody's decision
        except TimeoutError:
            await _refuse(408, f"the body took longer than {BODY_SECONDS:.0f} seconds")(scope, receive, send)
            return
        if body is None:
            await _refuse(413, f"the body is larger than {limit} bytes")(scope, receive, send)
            return
        if body and not _is_json(Headers(scope=scope).get("content-type", "")):
            await _refuse(415, "a body must be application/json")(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)


def _presented(headers: Headers) -> str:
    """As `Authorization: Bearer`, or bare in `X-API-Key`: the one header of its own that an event bus may send."""
    key = headers.get(KEY, "")
    return headers.get("authorization", f"Bearer {key}" if key else "")


def is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def confidential(scope: Scope) -> bool:
    """Nobody between can read it: TLS, or this machine itself and no proxy that came here over plain HTTP."""
    if scope.get("scheme") == "https":
        return True
    told = Headers(scope=scope).get("x-forwarded-proto", "https")
    return is_loopback(scope) and all(each.strip().lower() == "https" for each in told.split(","))


def _asked_directly(headers: Headers) -> bool:
    """Not through a proxy, and not by a page in a browser whose name was made to lead to this machine."""
    host = re.sub(r":\d+$", "", headers.get("host", ""))
    return host in NAMES and not any(name in headers for name in FORWARDED)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """None when there is more of it than the limit. Raises ClientDisconnect."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += bytes(message.get("body", b""))
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse(body_of("invalid", message), status)
