"""A real `trueup up` as a process of its own, which ends with whoever started it, however that one ends."""

import time
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import httpx

from trueup.model.errors import Unavailable
from trueup.system.processes import Command
from trueup.system.supervised import JobFiles, Supervised
from trueup.web.runtime import running

LEASE, GRACE = 600.0, 120.0
"""Seconds: half a lease without a sign of life from us interrupts it; after the interrupt it has so long to end."""
STARTS = 300.0
"""Seconds until it must be ready."""


class Server:
    """`trueup up` while the context lasts: interrupted at its end, and when this process is killed."""

    def __init__(self, command: Command, data: Path, traces: Path) -> None:
        """`traces` is the directory for its log."""
        self._data = data
        self._files = JobFiles(traces)
        self._supervised = Supervised(command, self._files, lease_seconds=LEASE, grace_seconds=GRACE)
        self._thread = Thread(target=self._listen, name="trueup-up", daemon=True)

    def __enter__(self) -> Self:
        """Returns when it is ready. Raises Unavailable with what it said when it is not."""
        self._supervised.__enter__()
        self._thread.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Asks it to end, as Ctrl-C would, and waits."""
        self._supervised.interrupt()
        self._thread.join()
        self._supervised.__exit__(kind, error, at)

    @property
    def said(self) -> str:
        """The end of its log."""
        return self._files.log.read_text(errors="replace")[-2000:] if self._files.log.exists() else ""

    def _listen(self) -> None:
        for _ in self._supervised.lines(lambda: None):
            continue
        self._supervised.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTS
        while not self._ready():
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise Unavailable(f"`trueup up` did not start: {self.said.strip()}")
            time.sleep(0.1)

    def _ready(self) -> bool:
        runtime = running(self._data)
        if runtime is None:
            return False
        try:
            return httpx.get(f"{runtime.url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False
