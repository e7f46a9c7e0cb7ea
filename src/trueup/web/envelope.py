"""Envelope: what surrounds every request. An id, one line in the log, timings, headers, and one segment per name."""

import logging
import secrets
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trueup.web.headers import BOUNDARY, SECURITY
from trueup.web.metrics import HttpTimes

LOG = logging.getLogger("trueup.web.access")
KEPT = "".join(chr(code) for code in range(33, 127) if chr(code) not in "/%")
"""Characters of a segment that stay as they are in the routed path."""


@dataclass(frozen=True)
class Envelope:
    app: ASGIApp
    times: HttpTimes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status = secrets.token_hex(8), time.monotonic(), 500
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        scope["path"] = in_segments(scope)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY, "X-Request-Id": request_id})
                if (caller := state.get("caller")) is not None:
                    headers[BOUNDARY] = str(caller.boundary)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            self._tell(scope, status, time.monotonic() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        """The route's template, not the path: names are data. The query is left out: people put secrets anywhere."""
        route = getattr(scope.get("route"), "path", "(none)")
        state, method = scope["state"], scope["method"]
        who = str(state["caller"].identity) if "caller" in state else "-"
        self.times.observe(method, route, status, seconds)
        LOG.info("%s %s %s %s %.0f ms as %r", state["request_id"], method, route, status, seconds * 1000, who)


def in_segments(scope: Scope) -> str:
    """The path with a `/` inside of a segment still encoded: a stack's full name (`aws%2F%2Fprod%2Fapp`) is one
    segment. `segment` takes it back."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"], safe="/" + KEPT).encode()
    return "/".join(quote(unquote(part), safe=KEPT) for part in raw.partition(b"?")[0].decode("latin-1").split("/"))


def segment(text: str) -> str:
    """A path parameter as it was meant."""
    return unquote(text)
