"""Embedded: the API in this very process, for a command line without a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from trueup import wiring


@contextmanager
def transport(data: Path, repo: str) -> Iterator[httpx.BaseTransport]:
    """Opens the site of a data directory; Refused when another process has it. `repo` is the control repository, or
    empty: the one that the data directory knows. The app lets in whoever reaches it: nobody else can."""
    with wiring.embedded(data, repo=repo) as app, start_blocking_portal() as portal:
        yield InProcess(httpx.ASGITransport(app=app), portal)


class InProcess(httpx.BaseTransport):
    """A synchronous client's requests, handed to an ASGI app on an event loop in another thread."""

    def __init__(self, asgi: httpx.ASGITransport, portal: BlockingPortal) -> None:
        self._asgi, self._portal = asgi, portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)
