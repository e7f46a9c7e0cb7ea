"""Clusters of our own for scratch databases: one directory, one server, one job at a time; kept for the next one.

A worker takes the first directory whose lock is free and keeps it until it ends. The server ends with the worker
(system/companion.py), however that ends, and holds a lock of its own for as long as any part of it lives: the next
worker starts on the same directory only after that. Nothing in it is worth a flush to the disk.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trueup.model.errors import Refused, Unavailable
from trueup.system.companion import Companion
from trueup.system.confinement import SYSTEM, with_readable
from trueup.system.postgres_programs import ENVIRONMENT, account, binaries, dropped, obstacle
from trueup.system.processes import Command, Sandbox, capture

START_SECONDS = 20.0
MOST_SLOTS = 64
"""Of one major on one machine: as many jobs at once may try something."""
MOST_IDLE = 2
"""Of one major in one process, some 30 MB each."""
LONGEST_SOCKET = 107
"""Bytes of a socket's path, as Linux has it."""
SUPERUSER = "trueup"
PORT = 5432
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "40",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    # A restored structure of thousands of objects is one transaction.
    "max_locks_per_transaction": "512",
    "dynamic_shared_memory_type": "mmap",
}


class NoScratch(Refused):
    """There is no scratch database to be had: why, and what to install or to write into the manifest."""


@dataclass(frozen=True)
class Cluster:
    """A running server on its directory."""

    directory: Path
    companion: Companion
    slot: int
    """Descriptor of the directory's lock: the directory is ours until it is closed."""

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.directory}&port={PORT}"

    def end(self) -> None:
        self.companion.end()
        os.close(self.slot)


@dataclass
class Kept:
    """The clusters of this process that no job uses just now."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: dict[tuple[int, bool], list[Cluster]] = field(default_factory=dict)

    @contextmanager
    def lent(self, major: int, hidden: tuple[Path, ...] | None) -> Iterator[Cluster]:
        """One that nobody else uses. `hidden`: what a confined server may not see of this machine; None: nothing
        confines it. Raises NoScratch."""
        key = (major, hidden is not None)
        cluster = self._taken(key) or started(major, hidden)
        try:
            yield cluster
        finally:
            with self._lock:
                idle = self._idle.setdefault(key, [])
                idle.append(cluster)
                surplus = idle.pop(0) if len(idle) > MOST_IDLE else None
            if surplus is not None:
                surplus.end()

    def end(self) -> None:
        with self._lock:
            idle = [each for several in self._idle.values() for each in several]
            self._idle.clear()
        for cluster in idle:
            cluster.end()

    def _taken(self, key: tuple[int, bool]) -> Cluster | None:
        while True:
            with self._lock:
                idle = self._idle.get(key)
                cluster = idle.pop() if idle else None
            if cluster is None or cluster.companion.alive:
                return cluster
            cluster.end()


KEPT = Kept()
atexit.register(KEPT.end)


def started(major: int, hidden: tuple[Path, ...] | None) -> Cluster:
    """A server on the first directory that is free. Raises NoScratch."""
    why, hint = obstacle(major)
    found = binaries(major)
    if why or found is None:
        raise NoScratch(why, hint=hint)
    base = _base()
    slot, directory = _slot(base, f"{major}{'' if hidden is None else 'c'}")
    try:
        for attempt in ("kept", "new"):
            if attempt == "new":
                shutil.rmtree(directory / "data", ignore_errors=True)
            _initialised(found, directory)
            try:
                return Cluster(directory, _serve(found, directory, hidden), slot)
            except Unavailable as error:
                refused = error
        raise NoScratch(f"PostgreSQL {major} does not start for scratch databases: {refused.message}")
    except BaseException:
        os.close(slot)
        raise


def _base() -> Path:
    """A directory that only we write to, with a path that is short enough for sockets and open to the account."""
    base = next(
        Path(place) / f"trueup-scratch-{os.geteuid()}"
        for place in (tempfile.gettempdir(), "/tmp")
        if len(f"{place}/trueup-scratch-{os.geteuid()}/18c-64/.s.PGSQL.{PORT}.lock") <= LONGEST_SOCKET
    )
    base.mkdir(mode=0o711, exist_ok=True)
    about = base.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise NoScratch(
            f"{base} is not a directory that only this account writes to", hint=f"look who made it, then: rm -r {base}"
        )
    return base


def _slot(base: Path, name: str) -> tuple[int, Path]:
    """The lock is the kernel's: whoever held it and was killed holds it no more."""
    entry = account()
    for number in range(MOST_SLOTS):
        directory = base / f"{name}-{number}"
        descriptor = os.open(f"{directory}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        directory.mkdir(mode=0o700, exist_ok=True)
        if entry is not None:
            os.chown(directory, entry.pw_uid, entry.pw_gid)
        return descriptor, directory
    raise NoScratch(f"{MOST_SLOTS} scratch servers of this kind run already", hint="try again when some have ended")


def _initialised(programs: Path, directory: Path) -> None:
    """The data directory, made beside its place first: one that was interrupted is never taken for a whole one."""
    if (directory / "data" / "PG_VERSION").is_file():
        return
    unfinished = directory / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    made = (str(programs / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8")
    options = ("--locale", "C.UTF-8", "--no-sync")
    said = capture(Command(dropped((*made, *options), with_us=False), directory, ENVIRONMENT), seconds=120)
    if said.code:
        words = said.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        entry = account()
        raise NoScratch(
            f"initdb failed for a scratch server: {words[-1]}",
            hint=f"{programs} must be readable for the account {entry.pw_name}" if entry else "",
        )
    unfinished.rename(directory / "data")


def _serve(programs: Path, directory: Path, hidden: tuple[Path, ...] | None) -> Companion:
    """Raises Unavailable with the server's first words when it ends or does not listen in time."""
    _until_free(directory)
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    server = (str(programs / "postgres"), "-D", str(directory / "data"), "-k", str(directory), *settings)
    # The lock's descriptor goes to every process of the server: it is free when the last of them is gone.
    server = ("flock", "--no-fork", "--nonblock", str(directory / "server.lock"), *server)
    if hidden is not None:
        server = tuple(_walls(programs, directory, hidden).wrap(server, directory))
    spoken = ("sh", "-c", 'exec "$@" 2>&1', "sh", *dropped(server, with_us=True))
    # A socket that a killed server left would be taken for the new one's.
    (directory / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
    companion = Companion(Command(spoken, directory, ENVIRONMENT), seconds=START_SECONDS)
    deadline = time.monotonic() + START_SECONDS
    while not _ready(directory):
        if not companion.alive or time.monotonic() > deadline:
            companion.end()
            raise Unavailable(companion.first_line.strip())
        time.sleep(0.01)
    return companion


def _walls(programs: Path, directory: Path, hidden: tuple[Path, ...]) -> Sandbox:
    """Of the whole server, whatever job it serves: a migration is somebody's code, and here it is a superuser's."""
    inside = Sandbox((), (directory,), hidden)
    return with_readable(inside, *map(Path, SYSTEM), programs.parent, programs.resolve().parent)


def _until_free(directory: Path) -> None:
    """Until nobody of the directory's earlier server is left. Raises Unavailable."""
    entry = account()
    descriptor = os.open(directory / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if entry is not None:
            os.fchown(descriptor, entry.pw_uid, entry.pw_gid)
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if time.monotonic() > deadline:
                raise Unavailable("an earlier scratch server on the same directory does not end")
            time.sleep(0.02)
    finally:
        os.close(descriptor)


def _ready(directory: Path) -> bool:
    """The last line of postmaster.pid, as PostgreSQL's own pg_ctl reads it."""
    try:
        lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready" and (directory / f".s.PGSQL.{PORT}").exists()
