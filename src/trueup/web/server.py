"""Server: the app on a socket, from before its first request until after its last one."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from trueup.model.errors import Unavailable
from trueup.settings import CONNECTIONS, HOST, REQUESTS_PATIENCE
from trueup.web.runtime import Runtime, announce, withdraw

LOG = logging.getLogger("trueup.web.server")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Listen:
    host: str = HOST
    port: int = 0
    """0: any that is free."""

    @property
    def loopback(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def url(self, port: int) -> str:
        """For whoever is on this machine."""
        try:
            anywhere = ip_address(self.host).is_unspecified
        except ValueError:
            anywhere = False
        host = ("[::1]" if ":" in self.host else "127.0.0.1") if anywhere else self.host
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


@dataclass(frozen=True)
class Life:
    """What the process does besides answering."""

    on_start: Callable[[], None]
    """Once requests are answered: starts the engine. What it raises ends the server."""
    on_stop: Callable[[], None]
    """Takes no new work, and finishes or hands over what there is."""
    on_listening: Callable[[str], None] = lambda url: None
    """With the URL, before anything is started."""


def serve(app: FastAPI, listen: Listen, data: Path, token: str, life: Life) -> None:
    """Until SIGTERM or SIGINT. Answers requests before the engine starts and while it stops. The first signal ends
    gracefully; a second one ends the process at once, with 1: what is under way is made to survive that, its lease
    runs out and its supervisor interrupts it. The caller holds the data directory's lock. Raises Unavailable when
    the address is taken, and whatever `life` raises."""
    listening = _bound(listen)
    url = listen.url(listening.getsockname()[1])
    if not listen.loopback:
        LOG.warning("%s is reached from elsewhere: put a proxy with TLS in front, or tokens travel in the clear", url)
    asyncio.run(_Serving(app, life, data, Runtime(url, os.getpid(), token)).run(listening))


class _Serving:
    def __init__(self, app: FastAPI, life: Life, data: Path, runtime: Runtime) -> None:
        self._life, self._data, self._runtime = life, data, runtime
        self._asked = asyncio.Event()
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                # A header must not make a stranger look like this machine.
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=REQUESTS_PATIENCE,
            )
        )

    async def run(self, listening: socket.socket) -> None:
        with self._signals(), listening:
            answering = asyncio.create_task(self._server.serve(sockets=[listening]))
            await self._until_started(answering)
            announce(self._data, self._runtime)
            try:
                self._life.on_listening(self._runtime.url)
                await asyncio.to_thread(self._life.on_start)
                asked = asyncio.create_task(self._asked.wait())
                await asyncio.wait({asked, answering}, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.to_thread(self._life.on_stop)
            finally:
                withdraw(self._data, self._runtime)
                self._server.should_exit = True
                await answering

    async def _until_started(self, answering: "asyncio.Task[None]") -> None:
        while not self._server.started and not answering.done():
            await asyncio.sleep(0.01)
        if answering.done():
            await answering
            raise Unavailable("the server ended before it answered anything")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _signalled(self) -> None:
        if self._asked.is_set():
            LOG.warning("asked again: ending at once; what was under way is taken over by the next worker")
            withdraw(self._data, self._runtime)
            logging.shutdown()
            os._exit(1)  # threads at work would keep the interpreter from ending
        LOG.info("asked to end: taking no new work")
        self._asked.set()


class _Quiet(uvicorn.Server):
    """Leaves the signals to us: uvicorn would stop answering at once, and raise them again at the end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(listen: Listen) -> socket.socket:
    try:
        address = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[4][:2], family=address[0], backlog=256)
    except OSError as error:
        raise Unavailable(
            f"cannot listen at {listen.host}:{listen.port}: {error.strerror or error}",
            hint="is another `trueup up` running? --listen 127.0.0.1:0 takes any free port",
        ) from error
