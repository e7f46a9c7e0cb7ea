"""Supervised: the worker's end of a supervisor, and the proof for recovery that an old program is gone."""

import contextlib
import fcntl
import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trueup
from trueup.model.errors import Invalid, Unavailable
from trueup.system import sessions
from trueup.system.clock import Clock, SystemClock
from trueup.system.processes import Command, Stream, clear
from trueup.system.supervisor import write_status

_BOOT = "import sys; sys.path.append(sys.argv[2]); from trueup.system.supervisor import main; main()"


@dataclass(frozen=True)
class Ended:
    code: int
    """As the program left it; negative: the signal that ended it; 127: it could not be started."""
    ended_by: str
    """`itself`, `cancel`, `worker lost`, `lease not renewed`, `supervisor lost`."""
    tail: str
    """The end of the output."""


@dataclass(frozen=True)
class JobFiles:
    """Where one supervised program leaves its traces: in the job's own directory, on this machine's disk."""

    directory: Path

    @property
    def status(self) -> Path:
        return self.directory / "status.json"

    @property
    def log(self) -> Path:
        """Every line of output, as it came: not redacted, so the directory is private and goes with the job."""
        return self.directory / "output.log"

    @property
    def lock(self) -> Path:
        return self.directory / "running.lock"


class Supervised:
    """A program under a supervisor. Leaving the context interrupts it if it still runs, and waits for its end.

    with Supervised(command, files, lease_seconds=60) as apply:
        for stream, line in apply.lines(fence.renew): ...
        ended = apply.wait()
    """

    def __init__(self, command: Command, files: JobFiles, *, lease_seconds: float, grace_seconds: float = 0) -> None:
        """Interrupted when half the lease passes without a renewal; killed `grace_seconds` after an interrupt, by
        default and at most a third of the lease, so that it is over before somebody else may have the lease."""
        self._command = command
        self._files = files
        self._lease = lease_seconds
        self._grace = min(grace_seconds or lease_seconds / 3, lease_seconds / 3)
        self._tail = bytearray()
        self._ended: Ended | None = None
        self._partial = b""
        self._messages: deque[bytes] = deque()

    def __enter__(self) -> "Supervised":
        """Raises Unavailable when nothing could be started."""
        try:
            self._files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not proven_gone(self._files):
                raise Unavailable(f"an earlier program still runs in {self._files.directory}")
            self._start()
        except OSError as error:
            directory = self._files.directory
            raise Unavailable(f"the supervisor cannot be started in {directory}: {error.strerror}") from error
        self._send(json.dumps(self._order()).encode() + b"\n")
        return self

    def _start(self) -> None:
        root = str(Path(trueup.__file__).parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BOOT, "trueup-supervisor", root],
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        # Before the order is sent: no status file means that nothing was ever started.
        try:
            write_status(self._files.status, self._first_status())
        except OSError:
            self._process.communicate()
            raise

    def __exit__(self, *_: object) -> None:
        if self._ended is None:
            self.interrupt()
            self.wait()
        with contextlib.suppress(BrokenPipeError), self._process:
            pass

    def lines(self, renew: Callable[[], None]) -> Iterator[tuple[Stream, str]]:
        """The output, by line, to its end. `renew` renews the lease in the store and is called at least six times per
        lease, also while there is no output; what it raises (LostLease) ends the program by leaving the context. While
        the store does not answer (Unavailable) the lease counts as not renewed."""
        return self._until_the_end(renew)

    def interrupt(self) -> None:
        """Ctrl-C for the program; it is killed when it has not ended after the grace period."""
        self._send(b"interrupt\n")

    def wait(self) -> Ended:
        """The end. Output that was not read is dropped here (it is in the log), and nothing is renewed."""
        for _ in self._until_the_end(None):
            pass
        assert self._ended is not None
        return self._ended

    def _until_the_end(self, renew: Callable[[], None] | None) -> Iterator[tuple[Stream, str]]:
        due = time.monotonic()
        while self._ended is None:
            if renew is not None and time.monotonic() >= due:
                due = time.monotonic() + self._lease / 6
                with contextlib.suppress(Unavailable):
                    renew()
                    self._send(b"renew\n")
            if self._messages:
                yield from self._take(json.loads(self._messages.popleft()))
                continue
            chunk = self._read(max(0.0, due - time.monotonic()) if renew else None)
            if chunk == b"":
                self._lost()
            elif chunk:
                *messages, self._partial = (self._partial + chunk).split(b"\n")
                self._messages.extend(messages)

    def _take(self, message: dict[str, Any]) -> Iterator[tuple[Stream, str]]:
        if "exit" in message:
            if message["message"]:
                raise self._not_started(message)
            self._ended = Ended(message["exit"], message["ended_by"], self._tail.decode("utf-8", "replace"))
            return
        self._tail += message["line"].encode() + b"\n"
        del self._tail[: -64 * 1024]
        yield message["stream"], message["line"]

    def _not_started(self, message: dict[str, Any]) -> Invalid:
        self._ended = Ended(message["exit"], message["ended_by"], message["message"])
        return Invalid(message["message"], hint="`trueup doctor` says what is missing")

    def _read(self, seconds: float | None) -> bytes | None:
        """None when nothing came in that time, b"" when the supervisor is gone."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        if not _readable(descriptor, seconds):
            return None
        return os.read(descriptor, 65536)

    def _lost(self) -> None:
        """Somebody killed the supervisor: its session is ours to end, as gently as it would have done it."""
        end_what_is_left(self._files, grace_seconds=self._grace)
        self._ended = Ended(-9, "supervisor lost", self._tail.decode("utf-8", "replace"))

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(message)
            self._process.stdin.flush()

    def _first_status(self) -> dict[str, Any]:
        me = sessions.process(self._process.pid)
        return {
            "boot": sessions.boot_id(),
            "namespace": sessions.pid_namespace(),
            "session": self._process.pid,
            "started": me.started if me else 0,
            "child": None,
            "exit_code": None,
            "ended_by": None,
            "finished_at": None,
        }

    def _order(self) -> dict[str, Any]:
        return {
            "argv": self._command.arguments(),
            "env": dict(self._command.env),
            "cwd": str(self._command.cwd),
            "status": str(self._files.status),
            "log": str(self._files.log),
            "lock": str(self._files.lock),
            "lease": self._lease,
            "grace": self._grace,
        }


def proven_gone(files: JobFiles) -> bool:
    """True when nothing of the job's last program can be running any more, whoever asks, also from another
    container on this machine: the kernel frees the lock with the last descendant, and the session is empty."""
    status = _status(files)
    if status is None or status["finished_at"] is not None:
        return True
    if not _is_free(files.lock):
        return False
    return not _left(status)


def wait_until_gone(files: JobFiles, *, seconds: float, clock: Clock | None = None) -> bool:
    """Wait for that at most so long: an interrupted Terraform is saving its state."""
    time_is = clock or SystemClock()
    deadline = time_is.monotonic() + seconds
    while not proven_gone(files):
        if time_is.monotonic() >= deadline:
            return False
        time_is.sleep(0.1)
    return True


def has_supervisor(files: JobFiles) -> bool:
    """Whether the job's supervisor still runs here: it ends its program by itself, in the time that it was given."""
    status = _status(files)
    return status is not None and any(each.pid == status["session"] for each in _left(status))


def end_what_is_left(files: JobFiles, *, grace_seconds: float) -> None:
    """For a program whose supervisor is gone: interrupt, grace, kill. Raises Unavailable when something of it still
    runs: out of sight in another container, or in a session of its own."""
    status = _status(files)
    if status is None or proven_gone(files):
        return
    if _left(status):
        sessions.interrupt(status["session"])
        if not wait_until_gone(files, seconds=grace_seconds):
            clear(status["session"])
    if not wait_until_gone(files, seconds=1):
        raise Unavailable(
            f"something that the program of {files.directory} started still runs",
            hint=f"`fuser -v {files.lock}` names it; end it, then recover the run again",
        )


def _status(files: JobFiles) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(files.status.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found


def _left(status: dict[str, Any]) -> list[sessions.Process]:
    """Members of the old session. Its number may have been given to somebody else, who then started later; and in
    another container or after a restart of the machine the numbers mean nothing."""
    if status["boot"] != sessions.boot_id() or status["namespace"] != sessions.pid_namespace():
        return []
    leader = sessions.process(status["session"])
    if leader is not None and leader.started != status["started"]:
        return []
    return sessions.members(status["session"])


def _is_free(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _readable(descriptor: int, seconds: float | None) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(seconds))
