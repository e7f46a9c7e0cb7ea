"""Running a program: a built environment, its own session, output by line, an end by interrupt, grace and kill."""

import contextlib
import os
import selectors
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from trueup.model.errors import Invalid, Unavailable
from trueup.system import sessions

Stream = Literal["stdout", "stderr"]
OnLine = Callable[[Stream, str], None]

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes after which a line is handed on in pieces, so that a program that writes no line ends cannot fill memory."""

TICK = 0.2
"""Seconds between two looks at what cannot be selected on: the cancel event, and members that outlive the leader."""


@dataclass(frozen=True)
class Sandbox:
    """What a program may see of the machine when bubblewrap confines it: these paths, the network, its own pids. Of
    two paths of which one lies in the other, the inner one's word counts there."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()
    """Empty directories in there, wherever they lie."""

    def wrap(self, argv: Sequence[str], cwd: Path) -> list[str]:
        """The command inside the sandbox. Invalid when bubblewrap is not installed."""
        program = shutil.which("bwrap")
        if program is None:
            raise Invalid(
                "bubblewrap is not installed", hint="install it: apt install bubblewrap, dnf install bubblewrap"
            )
        mounts: dict[Path, tuple[str, ...]] = {path: ("--tmpfs", str(path)) for path in self.hidden}
        mounts |= {path: ("--ro-bind", str(path), str(path)) for path in self.readable}
        mounts |= {path: ("--bind", str(path), str(path)) for path in self.writable}
        outermost_first = sorted(mounts, key=lambda path: (len(path.parts), path))
        binds = [part for path in outermost_first for part in mounts[path]]
        walls = [
            "--unshare-all",
            # Not `--die-with-parent`: that kills what should be interrupted, a Terraform that holds a lock and a state.
            "--share-net",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
        ]
        return [program, *walls, *binds, "--chdir", str(cwd), "--", *argv]


@dataclass(frozen=True)
class Command:
    """`env` is all that the program gets: nothing of ours is inherited."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdin: bytes = b""
    sandbox: Sandbox | None = None

    def arguments(self) -> list[str]:
        return self.sandbox.wrap(self.argv, self.cwd) if self.sandbox else list(self.argv)


@dataclass(frozen=True)
class Limits:
    seconds: float = 3600
    """Until the interrupt."""
    grace: float = 30
    """From the interrupt to the kill, in seconds."""
    tail: int = 64 * 1024
    """Bytes of the output's end that are kept for the error message."""


@dataclass(frozen=True)
class Exit:
    code: int
    """As the program left it; negative: the signal that ended it."""
    tail: str
    """The end of both streams in the order in which they arrived."""
    ended_by: Literal["itself", "timeout", "cancel"] = "itself"


@dataclass(frozen=True)
class Captured:
    code: int
    stdout: bytes
    stderr: bytes


def run(
    command: Command,
    on_line: OnLine | None = None,
    *,
    limits: Limits = Limits(),
    cancel: threading.Event | None = None,
) -> Exit:
    """Run to the end. Past its limit, or cancelled: SIGINT, grace, SIGKILL; it returns only when nobody of the whole
    session is left. Invalid when the program does not exist, Unavailable when it cannot be started."""
    popen = _start(command)
    with popen:
        running = _Running(popen, on_line, limits, cancel)
        try:
            running.pump(command.stdin)
        finally:
            clear(popen.pid)
        return Exit(popen.wait(), running.tail.decode("utf-8", "replace"), running.ended_by)


def capture(command: Command, *, seconds: float) -> Captured:
    """Run a short program and keep all it says. Unavailable when it takes longer than that; its session is killed."""
    popen = _start(command)
    with popen:
        try:
            stdout, stderr = popen.communicate(command.stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{command.argv[0]} did not end within {seconds:g} seconds") from error
        finally:
            if popen.returncode is None:
                clear(popen.pid)
    return Captured(popen.returncode, stdout, stderr)


def clear(session: int, *, spare: int = 0) -> None:
    """Kill what is left of a session and wait until nobody of it runs: a `local-exec` outlives its parent otherwise."""
    while [one for one in sessions.members(session) if one.pid != spare]:
        sessions.kill(session, spare=spare)
        time.sleep(0.01)


def _start(command: Command) -> subprocess.Popen[bytes]:
    argv = command.arguments()
    try:
        return subprocess.Popen(
            argv,
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        missing = "the directory" if not command.cwd.is_dir() else "the program"
        name = command.cwd if not command.cwd.is_dir() else argv[0]
        raise Invalid(f"{missing} {name} does not exist", hint="`trueup doctor` says what is missing") from error
    except OSError as error:
        raise Unavailable(f"{argv[0]} could not be started: {error.strerror}") from error


class _Running:
    """One program between its start and its end: pumps its pipes and watches its limits, in one thread."""

    def __init__(
        self, popen: subprocess.Popen[bytes], on_line: OnLine | None, limits: Limits, cancel: threading.Event | None
    ) -> None:
        self.popen = popen
        self.tail = bytearray()
        self.ended_by: Literal["itself", "timeout", "cancel"] = "itself"
        self._on_line = on_line
        self._limits = limits
        self._cancel = cancel
        self._partial: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._stdin = memoryview(b"")
        self._deadline = time.monotonic() + limits.seconds

    def pump(self, stdin: bytes) -> None:
        """Until the leader has ended and its pipes are read, or until it was killed."""
        with selectors.DefaultSelector() as selector, _exit_descriptor(self.popen.pid) as ended:
            for pipe, name in ((self.popen.stdout, "stdout"), (self.popen.stderr, "stderr")):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, name)
            selector.register(ended, selectors.EVENT_READ, "ended")
            self._feed(selector, stdin)
            while ended in (key.fileobj for key in selector.get_map().values()):
                self._watch_limits()
                for key, _ in selector.select(TICK):
                    self._serve(selector, key)
            sessions.kill(self.popen.pid)
            self._drain()

    def _feed(self, selector: selectors.BaseSelector, stdin: bytes) -> None:
        pipe = self.popen.stdin
        assert pipe is not None
        if not stdin:
            pipe.close()
            return
        os.set_blocking(pipe.fileno(), False)
        self._stdin = memoryview(stdin)
        selector.register(pipe, selectors.EVENT_WRITE, "stdin")

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        match key.data:
            case "ended":
                selector.unregister(key.fileobj)
            case "stdin":
                try:
                    self._stdin = self._stdin[os.write(key.fd, self._stdin[:65536]) :]
                except BrokenPipeError:
                    self._stdin = self._stdin[:0]
                if not self._stdin:
                    selector.unregister(key.fileobj)
                    assert self.popen.stdin is not None
                    self.popen.stdin.close()
            case "stdout" | "stderr" as name:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                self._take(name, chunk)

    def _drain(self) -> None:
        """What the pipes still hold after the end. Whoever left the session may keep a pipe open: not waited for."""
        pipes: tuple[tuple[IO[bytes] | None, Stream], ...] = (
            (self.popen.stdout, "stdout"),
            (self.popen.stderr, "stderr"),
        )
        for pipe, name in pipes:
            assert pipe is not None
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(pipe.fileno(), 65536):
                    self._take(name, chunk)
            rest = self._partial[name]
            if rest:
                self._hand_on(name, bytes(rest))
                rest.clear()

    def _take(self, name: Stream, chunk: bytes) -> None:
        partial = self._partial[name]
        partial += chunk
        *lines, rest = partial.split(b"\n")
        for line in lines:
            self._hand_on(name, bytes(line))
        if len(rest) > LONGEST_LINE:
            self._hand_on(name, bytes(rest))
            rest = bytearray()
        self._partial[name] = bytearray(rest)

    def _hand_on(self, name: Stream, line: bytes) -> None:
        self.tail += line + b"\n"
        del self.tail[: -self._limits.tail]
        if self._on_line:
            self._on_line(name, line.decode("utf-8", "replace").rstrip("\r"))

    def _watch_limits(self) -> None:
        if self.ended_by == "itself":
            if self._cancel and self._cancel.is_set():
                self._end("cancel")
            elif time.monotonic() >= self._deadline:
                self._end("timeout")
        elif time.monotonic() >= self._deadline:
            sessions.kill(self.popen.pid)

    def _end(self, reason: Literal["timeout", "cancel"]) -> None:
        self.ended_by = reason
        self._deadline = time.monotonic() + self._limits.grace
        sessions.interrupt(self.popen.pid)


@contextlib.contextmanager
def _exit_descriptor(pid: int) -> Iterator[int]:
    """Readable when the process has ended; the process stays a zombie, so that its number stays its own."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
