"""The supervisor: a small process that owns an apply's program, so that nobody takes over while it still runs.

Started by system/supervised.py. Standard library only: it must start fast. One JSON line on its standard
input says what to run; every further line is a renewal; its end means that the worker died. Lines on its standard
output go to the worker: `{"line": ..., "stream": ...}` and at the end `{"exit": ...}`. The same output lines are in
the log file, and what recovery needs is in the status file, also when nobody listens any more.

Everything runs in the supervisor's own session, which no descendant leaves unless it wants to.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trueup.system import sessions

TICK = 0.1
MOST_UNSENT = 64 * 1024 * 1024
_LIBC = ctypes.CDLL(None)


def write_status(path: Path, status: dict[str, Any]) -> None:
    """Durable and never half: written beside it, synced, renamed."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(status, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Supervisor:
    """One program from its start to its end. `order`: argv, env, cwd, status, log, lock (paths), lease and grace
    (seconds). The worker wrote the status file before it sent the order."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._status_file = Path(order["status"])
        self._status: dict[str, Any] = json.loads(self._status_file.read_text(encoding="utf-8"))
        self._session = os.getsid(0)
        self._log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._partial: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._unsent = bytearray()
        self._listening = True
        self._renewed = time.monotonic()
        self._interrupted: float | None = None
        self._ended_by = "itself"

    def run(self) -> None:
        try:
            child = self._start()
        except OSError as error:
            self._finish(127, f"{self._order['argv'][0]} could not be started: {error.strerror}")
            return
        with child:
            self._status["child"] = child.pid
            write_status(self._status_file, self._status)
            self._pump(child)
            self._clear()
            self._drain(child)
            code = child.wait()
        self._finish(code, "")

    def _start(self) -> subprocess.Popen[bytes]:
        """The program inherits the lock: it is free when, and only when, the last of its descendants is gone."""
        lock = os.open(self._order["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.Popen(
            self._order["argv"],
            env=self._order["env"],
            cwd=self._order["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            pass_fds=(lock,),
            preexec_fn=_interrupt_with_parent,
        )

    def _pump(self, child: subprocess.Popen[bytes]) -> None:
        """Until the program itself has ended. Never blocks: the lease is watched also while the worker hangs."""
        ended, worker = os.pidfd_open(child.pid), sys.stdout.fileno()
        os.set_blocking(worker, False)
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ, "ended")
            for pipe, name in ((child.stdout, "stdout"), (child.stderr, "stderr"), (sys.stdin.buffer, "worker")):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe.fileno(), selectors.EVENT_READ, name)
            running = True
            while running:
                for key, _ in selector.select(TICK):
                    if key.data == "ended":
                        running = False
                    elif key.data == "send":
                        selector.unregister(worker)
                    elif not self._read(key.fd, key.data):
                        selector.unregister(key.fd)
                self._send()
                if self._unsent and worker not in selector.get_map():
                    selector.register(worker, selectors.EVENT_WRITE, "send")
                self._watch()
        os.close(ended)

    def _read(self, descriptor: int, name: str) -> bool:
        """False when there is nothing more to come."""
        chunk = os.read(descriptor, 65536)
        if name == "worker":
            if not chunk:
                self._interrupt("worker lost")
            elif b"interrupt\n" in chunk:
                self._interrupt("cancel")
            else:
                self._renewed = time.monotonic()
            return bool(chunk)
        *lines, self._partial[name] = (self._partial[name] + chunk).split(b"\n")
        for line in lines:
            self._forward(line, name)
        return bool(chunk)

    def _drain(self, child: subprocess.Popen[bytes]) -> None:
        for pipe, name in ((child.stdout, "stdout"), (child.stderr, "stderr")):
            assert pipe is not None
            with contextlib.suppress(BlockingIOError):
                while self._read(pipe.fileno(), name):
                    pass
            if self._partial[name]:
                self._forward(self._partial[name], name)

    def _forward(self, line: bytes, name: str) -> None:
        """To the log first: what the worker never hears of must be there for recovery. A full disk does not stop an
        apply halfway."""
        with contextlib.suppress(OSError):
            os.write(self._log, line + b"\n")
        self._tell({"line": line.decode("utf-8", "replace"), "stream": name})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._listening:
            self._unsent += json.dumps(message).encode() + b"\n"
        if len(self._unsent) > MOST_UNSENT:
            self._stop_telling()

    def _send(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: os.write(sys.stdout.fileno(), self._unsent[:65536])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._stop_telling()

    def _stop_telling(self) -> None:
        """The worker is gone or does not read: everything is in the log."""
        self._listening = False
        self._unsent.clear()

    def _watch(self) -> None:
        now = time.monotonic()
        if self._interrupted is None and now - self._renewed > self._order["lease"] / 2:
            self._interrupt("lease not renewed")
        if self._interrupted is not None and now - self._interrupted > self._order["grace"]:
            sessions.kill(self._session, spare=os.getpid())

    def _interrupt(self, reason: str) -> None:
        if self._interrupted is None:
            self._interrupted = time.monotonic()
            self._ended_by = reason
            sessions.interrupt(self._session, spare=os.getpid())

    def _clear(self) -> None:
        """Whoever the program left behind ends before the status says that it is over."""
        while [one for one in sessions.members(self._session) if one.pid != os.getpid()]:
            sessions.kill(self._session, spare=os.getpid())
            time.sleep(0.01)

    def _finish(self, code: int, message: str) -> None:
        self._status |= {"exit_code": code, "ended_by": self._ended_by, "finished_at": time.time()}
        with contextlib.suppress(OSError):
            os.fsync(self._log)
        write_status(self._status_file, self._status)
        os.set_blocking(sys.stdout.fileno(), True)
        self._tell({"exit": code, "ended_by": self._ended_by, "message": message})
        self._send()


def _interrupt_with_parent() -> None:
    """In the child: SIGINT when the supervisor itself is killed (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGINT)


def main() -> None:
    # The worker's terminal or its own shutdown must not end us: we decide by the pipe and the lease.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    order = bytearray()
    while not order.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1)
        if not piece:
            return
        order += piece
    Supervisor(json.loads(order)).run()


if __name__ == "__main__":
    main()
