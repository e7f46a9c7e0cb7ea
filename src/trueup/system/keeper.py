"""The keeper: a small process that owns a program which serves one worker, and ends with it.

Started by system/companion.py. Standard library only: it must start fast. One JSON line on its standard input says
what to run (argv, env, cwd); the end of that input means that the worker is gone or does not need it any more. Its own
output is one JSON line: the program's pid and the first line that it said.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import Any

from trueup.system import sessions

MOST_HEARD = 64 * 1024
"""Bytes until the end of the first line."""
_LIBC = ctypes.CDLL(None)


def keep(order: dict[str, Any]) -> None:
    """Until the worker lets go or the program ends; nobody of the session is left then."""
    with subprocess.Popen(
        order["argv"],
        env=order["env"],
        cwd=order["cwd"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    ) as child:
        try:
            _attend(child)
        finally:
            _clear()


def _attend(child: "subprocess.Popen[bytes]") -> None:
    heard, told = bytearray(), False
    ended = os.pidfd_open(child.pid)
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        for descriptor in (ended, child.stdout.fileno(), sys.stdin.fileno()):
            selector.register(descriptor, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == ended or (key.fd == sys.stdin.fileno() and not os.read(key.fd, 1024)):
                    return
                if key.fd != child.stdout.fileno():
                    continue
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                if not told:
                    heard += chunk
                    told = b"\n" in heard or len(heard) > MOST_HEARD
                    if told:
                        _tell({"pid": child.pid, "line": heard.partition(b"\n")[0].decode("utf-8", "replace")})


def _tell(message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")


def _clear() -> None:
    session = os.getsid(0)
    while [one for one in sessions.members(session) if one.pid != os.getpid()]:
        sessions.kill(session, spare=os.getpid())
        time.sleep(0.01)


def _end_with_parent() -> None:
    """In the child: SIGKILL when the keeper itself is killed (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


def main() -> None:
    # The worker's terminal must not end us: we go when the worker does.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    order = bytearray()
    while not order.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 65536)
        if not piece:
            return
        order += piece
    with contextlib.suppress(OSError):
        keep(json.loads(order))


if __name__ == "__main__":
    main()
