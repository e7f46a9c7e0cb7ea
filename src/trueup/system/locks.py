"""The lock on a data directory: one process uses an embedded store, and others are told which."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from trueup.model.errors import Refused
from trueup.system import sessions
from trueup.system.durable import not_written

LOCK_NAME = "trueup.lock"


@dataclass(frozen=True)
class Holder:
    """Who has a data directory."""

    pid: int
    since: datetime
    url: str = ""
    """Of the holder's API; empty when it serves none."""
    started: int = 0
    """Clock ticks after boot when the process started: a reused pid is told apart."""

    @property
    def is_alive(self) -> bool:
        """Seen from this container; the lock itself needs no such guess."""
        found = sessions.process(self.pid)
        return found is not None and found.started == self.started


class DataLock:
    """Held from `acquire` to `release`, or to the end of the process, however it ends: the kernel frees it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._descriptor: int | None = None

    def acquire(self, *, url: str = "", now: datetime | None = None) -> None:
        """Raises Refused, saying who holds it and how to reach them; Unavailable when it cannot be written."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise not_written(error, self._path) from error
        if not _locked(descriptor):
            os.close(descriptor)
            raise self._held()
        self._descriptor = descriptor
        self.announce(url, now=now)

    def announce(self, url: str, *, now: datetime | None = None) -> None:
        """Write down where the holder's API listens, once that is known."""
        assert self._descriptor is not None, "announce needs the lock"
        me = sessions.process(os.getpid())
        holder = Holder(os.getpid(), now or datetime.now(UTC), url, me.started if me else 0)
        text = json.dumps(asdict(holder) | {"since": holder.since.isoformat()}).encode()
        try:
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))
        except OSError as error:
            raise not_written(error, self._path) from error

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "DataLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _held(self) -> Refused:
        found = holder(self._path.parent)
        if found is None:
            return Refused(f"another process uses {self._path.parent}", hint="try again in a moment")
        reach = f"talk to it: --server {found.url}" if found.url else f"wait until it ends, or end it: kill {found.pid}"
        return Refused(
            f"{self._path.parent} is in use by process {found.pid} since {found.since:%Y-%m-%d %H:%M:%S} UTC",
            hint=reach,
        )


def holder(directory: Path) -> Holder | None:
    """Who has the data directory now; None when nobody has."""
    path = directory / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    """More than one try: somebody may be looking who holds it (`holder`) just now."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _read(path: Path) -> Holder | None:
    """None while the holder is just writing it."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return Holder(about["pid"], datetime.fromisoformat(about["since"]), about["url"], about["started"])
