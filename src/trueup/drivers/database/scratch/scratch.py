"""Scratch databases: empty ones of production's engine and major version, on which migrations are tried."""

import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.dialect import Database, Dialect, Options
from trueup.drivers.database.scratch.cluster import KEPT, NoScratch
from trueup.drivers.database.spec import AUTO
from trueup.model.errors import Invalid, Rejected, TrueupError
from trueup.ports.driver import Job

PREFIX = "trueup_scratch_"
"""Of every database that is made here: on a shared server nothing with another name is ever dropped."""
OPTIONS = Options(read_only=False, application="trueup scratch")


class Scratch(Protocol):
    """A server of this job alone, or a part of one: it hands out empty databases and takes them back."""

    def fresh(self, of: str = "") -> AbstractContextManager[str]:
        """The URL of an empty database, or of a copy of another one of this scratch (nobody may be connected to it);
        dropped at the end, whoever is still connected. Raises Rejected, Unavailable."""
        ...

    def roles(self, names: Collection[str]) -> None:
        """Make the roles that grants and owners of a restored structure name, where they are missing."""
        ...

    def made(self, role: str) -> bool:
        """Whether the role is this scratch's own and goes with it; somebody's on a server that was given is not."""
        ...


@contextmanager
def scratch(job: Job[Any], dialect: Dialect, major: int, own: str = "") -> Iterator[Scratch]:
    """`major` of the stack's own server (nothing to SQLite), `own` its `Database.identity`: that very database is
    never tried on. Raises NoScratch, saying why and what to do; Unavailable."""
    given = job.spec.scratch
    if dialect.name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="trueup-scratch-") as place:
            yield _Files(Path(place))
    elif given != AUTO:
        with _connected(dialect, job.secret(given), major, own) as (url, admin):
            server = _Server(dialect, url, admin)
            server.sweep()
            with server.closing():
                yield server
    else:
        walls = job.walls()
        hidden = None if walls is None else tuple(walls.hidden)
        with KEPT.lent(major, hidden) as cluster, dialect.connect(cluster.url("postgres"), OPTIONS) as admin:
            alone = _Server(dialect, cluster.url("postgres"), admin, alone=True)
            alone.empty()
            yield alone


@contextmanager
def _connected(dialect: Dialect, url: str, major: int, own: str) -> Iterator[tuple[str, Database]]:
    """Raises NoScratch for a server that is no place to try something on, Unavailable for one that does not answer."""
    with ExitStack() as stack:
        try:
            admin = stack.enter_context(dialect.connect(url, OPTIONS))
        except (Invalid, Rejected) as error:
            raise NoScratch(f"the scratch server: {error.message}", hint=error.hint) from error
        if own and admin.identity == own:
            raise NoScratch(
                "`scratch` names the very database of this stack: nothing is tried there",
                hint="name another server, or another database of a server that may hold scratch databases",
            )
        if admin.major != major:
            raise NoScratch(
                f"the scratch server is {admin.version}, the stack's own has major version {major}",
                hint=f"what one version takes another may refuse: give it a server of major version {major}",
            )
        yield url, admin


@dataclass
class _Server:
    """Databases of one PostgreSQL server, each under an advisory lock for as long as somebody tries something on it,
    so that those of a killed worker are known and dropped. `alone`: everything on the server is ours."""

    dialect: Dialect
    url: str
    admin: Database
    alone: bool = False
    _made: set[str] = field(default_factory=set)
    _open: int = 0

    @contextmanager
    def fresh(self, of: str = "") -> Iterator[str]:
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        template = urlsplit(of).path.removeprefix("/") if of else "template0"
        self.admin.query("SELECT pg_advisory_lock(hashtext(%s), hashtext(%s))", (PREFIX, name))
        try:
            self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        except Rejected as error:
            self._unlock(name)
            raise NoScratch(
                f"the scratch server makes no database: {error.message}",
                hint="the role of its URL needs CREATEDB: ALTER ROLE ... CREATEDB",
            ) from error
        self._open += 1
        try:
            yield urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        finally:
            self._open -= 1
            self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._unlock(name)
            if self.alone and not self._open:
                # Roles are the server's: the next chain makes its own again.
                self._drop_roles()

    def roles(self, names: Collection[str]) -> None:
        there = {name for (name,) in self.admin.query("SELECT rolname FROM pg_roles")}
        for name in sorted({*names} - there):
            self.admin.execute(f"CREATE ROLE {identifier(name)}")
            self._made.add(name)

    def made(self, role: str) -> bool:
        return self.alone or role in self._made

    def sweep(self) -> None:
        """Drop what killed workers left: databases with our name whose lock is free."""
        found = self.admin.query("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (PREFIX,))
        for (name,) in found:
            free = self.admin.query("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", (PREFIX, name))
            if free[0][0]:
                with suppress(Rejected):
                    self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                self._unlock(name)

    def empty(self) -> None:
        """As initdb left it, whatever the job before tried on it."""
        kept = "datname NOT IN ('postgres', 'template0', 'template1')"
        for (name,) in self.admin.query(f"SELECT datname FROM pg_database WHERE {kept}"):
            self.admin.execute(f"ALTER DATABASE {identifier(name)} IS_TEMPLATE false")
            self.admin.execute(f"DROP DATABASE {identifier(name)} WITH (FORCE)")
        self._drop_roles()
        self.admin.execute("ALTER SYSTEM RESET ALL")

    @contextmanager
    def closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            for name in sorted(self._made):
                with suppress(TrueupError):
                    self.admin.execute(f"DROP ROLE {identifier(name)}")

    def _drop_roles(self) -> None:
        ours = "rolname <> current_user AND NOT starts_with(rolname, 'pg_')"
        for (name,) in self.admin.query(f"SELECT rolname FROM pg_roles WHERE {ours}"):
            self.admin.execute(f"DROP OWNED BY {identifier(name)}")
            self.admin.execute(f"DROP ROLE {identifier(name)}")
        self._made.clear()

    def _unlock(self, name: str) -> None:
        self.admin.query("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", (PREFIX, name))


@dataclass
class _Files:
    """SQLite: a file for each."""

    place: Path

    @contextmanager
    def fresh(self, of: str = "") -> Iterator[str]:
        path = self.place / f"{PREFIX}{uuid.uuid4().hex[:12]}.db"
        if of:
            shutil.copyfile(of.removeprefix("sqlite://"), path)
        try:
            yield f"sqlite://{path}"
        finally:
            for each in self.place.glob(f"{path.name}*"):
                each.unlink()

    def roles(self, names: Collection[str]) -> None:
        """SQLite has none."""

    def made(self, role: str) -> bool:
        return False
