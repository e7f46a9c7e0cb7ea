"""A real name server as a process of a test: at free ports of loopback, in a directory of the test, until it ends.

Nothing of the system's configuration is read, and nothing listens on port 53.
"""

import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import dns.message
import dns.query

from trueup.demo.serving import free_port

LOOPBACK = "127.0.0.1"
STARTS = 5
"""How often a start is tried: between finding a free port and taking it another process may have been quicker."""
PATIENCE = 60.0
"""Seconds for a start on a busy machine; a start takes a fifth of a second."""


class Absent(Exception):
    """A program is not installed; the text says which and how to install it."""


class NameServer(ABC):
    """A process that answers for zones at `host:port` while the context lasts."""

    program: ClassVar[str]
    package: ClassVar[str]
    host = LOOPBACK
    port: int

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pid = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @abstractmethod
    def command(self, executable: str) -> list[str]:
        """Writes the configuration and says how the process is started. Called again for another try."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it answers for everything that it was started with."""

    def start(self) -> None:
        """Returns when it answers. At the ports that it had before, if it ran before. Raises Absent."""
        search = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
        executable = shutil.which(self.program, path=search)
        if executable is None:
            raise Absent(f"{self.program} is absent: apt-get install {self.package}")
        self.directory.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(STARTS)):
            command = self.command(executable)
            with (self.directory / "server.log").open("ab") as log:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._process, self.pid = process, process.pid
            if self._answers(process):
                return
            self.stop()
            if not left:
                raise AssertionError(f"{self.program} did not start: {self.log()[-2000:]}")
            self.move()

    def move(self) -> None:
        """Takes other ports for the next try."""
        self.port = free_port()

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()

    def log(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")

    def ask(self, name: str, type: str, patience: float = 10) -> set[str]:
        """The values that the server gives for a name and type, as in a zone file; empty where there are none."""
        question = dns.message.make_query(name, type)
        answer, _ = dns.query.udp_with_fallback(question, self.host, port=self.port, timeout=patience)
        return {
            value.to_text() for rrset in answer.answer if rrset.rdtype == question.question[0].rdtype for value in rrset
        }

    def ttl(self, name: str, type: str) -> int:
        question = dns.message.make_query(name, type)
        answer, _ = dns.query.udp_with_fallback(question, self.host, port=self.port, timeout=10)
        return int(answer.answer[0].ttl)

    def serial(self, zone: str) -> int:
        (soa,) = self.ask(zone, "SOA")
        return int(soa.split()[2])

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        until = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < until:
            if self.ready():
                return True
            time.sleep(0.02)
        return False
