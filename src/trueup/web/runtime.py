"""Runtime: the file in the data directory that tells a command line beside us where we listen, and lets it in."""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from trueup.system.durable import write_durably

RUNTIME = "runtime.json"


@dataclass(frozen=True)
class Runtime:
    url: str
    pid: int
    token: str
    """The owner's: whoever can read this file owns the data anyway."""


def announce(data: Path, runtime: Runtime) -> None:
    """Readable by this user alone. Raises Unavailable when it cannot be written."""
    write_durably(data / RUNTIME, json.dumps(asdict(runtime)).encode(), mode=0o600)


def running(data: Path) -> Runtime | None:
    """What the file says; None without one. A process that was killed leaves it behind: system.locks.holder knows
    whether anybody is there."""
    try:
        return Runtime(**json.loads((data / RUNTIME).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def withdraw(data: Path, runtime: Runtime) -> None:
    """Takes our own away, and never the one of a process that came after us."""
    if running(data) == runtime:
        with contextlib.suppress(FileNotFoundError):
            (data / RUNTIME).unlink()
