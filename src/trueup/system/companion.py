"""A companion: a program that serves this process for a while and cannot outlive it, whatever ends it."""

import json
import selectors
import subprocess
import sys
import time
from pathlib import Path

import trueup
from trueup.model.errors import Unavailable
from trueup.system import sessions
from trueup.system.processes import Command

_BOOT = "import sys; sys.path.append(sys.argv[2]); from trueup.system.keeper import main; main()"


class Companion:
    """A program under a keeper (system/keeper.py) that has said its first line."""

    def __init__(self, command: Command, *, seconds: float) -> None:
        """Raises Unavailable when it does not say anything in that time, or ends."""
        root = str(Path(trueup.__file__).parent.parent)
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, "trueup-keeper", root],
                env={"LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"a keeper for {command.argv[0]} cannot be started: {error.strerror}") from error
        order = {"argv": command.arguments(), "env": dict(command.env), "cwd": str(command.cwd)}
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(json.dumps(order).encode() + b"\n")
        self._keeper.stdin.flush()
        said = self._first_line(seconds)
        if not said:
            self.end()
            raise Unavailable(f"{command.argv[0]} did not begin to serve within {seconds:g} seconds")
        first = json.loads(said)
        self.pid: int = first["pid"]
        self.first_line: str = first["line"]

    @property
    def alive(self) -> bool:
        """Of the program itself: its keeper needs a moment to notice."""
        found = sessions.process(self.pid)
        return self._keeper.poll() is None and found is not None and found.state not in "ZX"

    def end(self) -> None:
        """Returns when nobody of it is left."""
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.wait()
        self._keeper.stdout.close()

    def _first_line(self, seconds: float) -> bytes:
        assert self._keeper.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._keeper.stdout, selectors.EVENT_READ)
            ready = selector.select(max(0.0, deadline - time.monotonic()))
        return self._keeper.stdout.readline() if ready else b""
