"""A synchronous client of an ASGI app in this process, as the command line has one."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class InProcess(httpx.BaseTransport):
    def __init__(self, asgi: httpx.ASGITransport, portal: BlockingPortal) -> None:
        self._asgi, self._portal = asgi, portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())


@contextmanager
def calling(app: FastAPI, peer: str = "127.0.0.1", **headers: str) -> Iterator[httpx.Client]:
    """Requests arrive from `peer`; an unknown exception is answered, as a server would, and not raised here."""
    asgi = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(peer, 40000))
    with (
        start_blocking_portal() as portal,
        httpx.Client(transport=InProcess(asgi, portal), base_url="http://127.0.0.1", headers=headers) as client,
    ):
        yield client
