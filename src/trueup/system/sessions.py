"""Process sessions as /proc shows them: who is in one, who is who after pids were reused, signals to all of it.

Standard library only: the supervisor imports it and must start fast. Linux only: proc(5) has the fields.
A session (setsid) is what we start everything in, because grandchildren stay in it even when they change their
process group; and the kernel does not hand out the number again while one member lives.
"""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SANDBOX = "bwrap"


@dataclass(frozen=True)
class Process:
    pid: int
    name: str
    state: str
    group: int
    session: int
    started: int
    """Clock ticks after boot: with the boot's id it tells two processes with one pid apart."""


def process(pid: int) -> Process | None:
    """The process with this pid, also when it is a zombie; None where there is none."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
    fields = rest.split()
    return Process(pid, name, fields[0], int(fields[2]), int(fields[3]), int(fields[19]))


def members(session: int) -> list[Process]:
    """Everybody in the session who still runs. Zombies do nothing any more and may stay for ever in a container
    whose first process does not collect them."""
    found = (process(int(entry)) for entry in os.listdir(PROC) if entry.isdecimal())
    return [one for one in found if one and one.session == session and one.state not in "ZX"]


def boot_id() -> str:
    """Changes at every boot of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def pid_namespace() -> str:
    """Pids mean something only inside one namespace: a container sees its own."""
    return os.readlink(PROC / "self/ns/pid")


def interrupt(session: int, *, spare: int = 0) -> None:
    """Ctrl-C for everybody in the session. The sandbox is left out: it would die of it and take its child along
    unasked, where the child wants to finish its work and save its state."""
    _send(signal.SIGINT, [one for one in members(session) if one.name != SANDBOX], spare)


def kill(session: int, *, spare: int = 0) -> None:
    """SIGKILL for everybody in the session except `spare`."""
    _send(signal.SIGKILL, members(session), spare)


def _send(number: signal.Signals, processes: list[Process], spare: int) -> None:
    for one in processes:
        if one.pid != spare:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, number)
