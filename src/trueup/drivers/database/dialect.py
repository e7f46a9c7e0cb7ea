"""What the driver needs from one kind of database: a small interface, so that another kind is one more module."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any, ClassVar, Protocol

from trueup.drivers.database.history.history import NewRow, Repair, Row
from trueup.drivers.database.statements import Statement
from trueup.model.errors import TrueupError
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Lock


@dataclass(frozen=True)
class Table:
    """Where a history lives. SQLite's only schema is `main`."""

    schema: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a connection is opened."""

    read_only: bool = True
    """The server itself refuses writes of this connection."""
    application: str = "trueup"
    """What the server shows of us: `trueup RUN` in an apply, so that recovery finds its backends."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The job's: PGPASSWORD, PGSSLROOTCERT and the like count from here, never from our own process."""
    search_path: tuple[str, ...] = ()
    """Schemas before those that the role has anyway, as Flyway does it."""
    role: str = ""
    """To become after connecting; empty: none."""
    connect_timeout: timedelta = timedelta(seconds=10)
    lock_timeout: timedelta | None = None
    statement_timeout: timedelta | None = None
    init_sql: str = ""
    """Run after connecting, and again whenever the session is set back."""


def _a_second() -> None:
    time.sleep(1)


@dataclass(frozen=True)
class Patience:
    """How often Flyway's lock is tried. Never a blocking wait: a client that the server lets wait for an advisory lock
    is in the way of every CREATE INDEX CONCURRENTLY, and the other way round."""

    tries: int = 50
    """As often as Flyway does; -1: forever."""
    wait: Callable[[], None] = _a_second
    """Between two tries; may raise LostLease."""


AS_FLYWAY = Patience()


class Trouble(Enum):
    """What an error of the database means for what was sent."""

    LOCKED = auto()
    """It waited for a lock until its lock_timeout, and nothing happened."""
    CANCELLED = auto()
    """statement_timeout, or somebody cancelled it; nothing of the statement remains, but an invalid index may."""
    LOST = auto()
    """No answer came: what was sent may have happened."""
    ALREADY = auto()
    """What should be made is there, or what should go is not."""
    SAID_NO = auto()


@dataclass(frozen=True)
class Backend:
    """A connection as the server knows it."""

    pid: int
    since: str
    """When it began: a pid is used again, this is not. ISO 8601."""
    application: str = ""
    user: str = ""
    doing: str = ""
    """The newest statement that it sent."""

    def __str__(self) -> str:
        """As a person looks for it in pg_stat_activity."""
        who = " ".join(part for part in (self.user, self.application and f"({self.application})") if part)
        return f"pid {self.pid}{f' of {who}' if who else ''}"


class Database(Protocol):
    """One open connection. Every method raises Rejected or Unavailable, and nothing foreign."""

    @property
    def dialect(self) -> "Dialect": ...

    version: str
    """`PostgreSQL 15.14`."""
    major: int
    identity: str
    """Which database it is, whatever its address: equal on every connection to it, and not on a copy."""
    user: str
    schema: str
    """Where unqualified names are created."""
    backend: Backend
    read_only: bool
    """Nothing can be written here: a replica, or a setting."""

    def waiting_freely(self) -> AbstractContextManager[None]:
        """Without our lock_timeout, where a script set no other: for what builds an index CONCURRENTLY, which is in
        nobody's way while it waits, and which a time-out would leave invalid."""
        ...

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Parameters stand as `%s`, whatever the database itself calls them."""
        ...

    def execute(self, sql: str) -> None:
        """Without parameters: as it stands, several statements too."""
        ...

    def run(self, statement: Statement) -> None:
        """One statement of a script, with what follows a COPY. An error has the file and line that the database
        speaks of."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commits at the end, rolls back when an error leaves it. Outside, every statement is its own."""
        ...

    def reset(self) -> None:
        """The session as it was opened: what a script set (role, search path, timeouts) is gone."""
        ...

    def blocking(self, backend: Backend) -> tuple[Backend, ...]:
        """Who holds what that connection waits for."""
        ...

    def backends(self, application: str) -> tuple[Backend, ...]:
        """Connections to this database that call themselves so, or so with more behind it in parentheses."""
        ...

    def snapshot(self, schemas: Collection[str], skip: Collection[str] = frozenset()) -> Mapping[Address, Resource]:
        """R of every object in these schemas, except the tables that are named (the history)."""
        ...

    def invalid_indexes(self) -> tuple[str, ...]:
        """Names as SQL writes them: left by a CREATE INDEX or REINDEX CONCURRENTLY that did not come to its end."""
        ...

    def drop_index(self, name: str) -> None:
        """One of those, without being in anybody's way."""
        ...

    def has_schema(self, name: str) -> bool: ...

    def create_schema(self, name: str) -> None: ...

    def has_table(self, table: Table) -> bool: ...

    def rows(self, table: Table) -> tuple[Row, ...] | None:
        """The history by rank; None when there is no such table."""
        ...

    def create_history(self, table: Table) -> None:
        """As Flyway creates it, to the letter."""
        ...

    def let_read(self, table: Table, role: str) -> None:
        """A table of ours, for the role that plans. Nothing where there are no roles."""
        ...

    def add_row(self, table: Table, row: NewRow) -> None: ...

    def repair(self, table: Table, repair: Repair) -> None: ...

    def cancel(self) -> None:
        """From another thread: what runs now ends with CANCELLED."""
        ...

    def trouble(self, error: TrueupError) -> Trouble:
        """Of an error that this connection raised."""
        ...

    @property
    def lost(self) -> bool: ...


class Held(Protocol):
    """Flyway's lock, held on a connection of its own."""

    @property
    def database(self) -> Database:
        """That connection: it looks at what another one waits for. Outside of transactions."""
        ...

    def check(self) -> None:
        """Raises Unavailable when the connection, and the lock with it, is gone."""
        ...


class Dialect(Protocol):
    name: ClassVar[str]
    """`postgresql`, `sqlite`."""
    default_schema: ClassVar[str]

    def connect(self, url: str, options: Options) -> AbstractContextManager[Database]:
        """Raises Invalid (the URL), Rejected (the server said no: password, database, TLS), Unavailable."""
        ...

    def directories(self, url: str) -> tuple[Path, ...]:
        """What a program of somebody else has to write to besides what is at this URL. Raises Invalid."""
        ...

    def split(self, text: str, path: str) -> tuple[Statement, ...]:
        """Raises Invalid with file and line for what cannot be one."""
        ...

    def held(
        self, url: str, table: Table, options: Options, patience: Patience = AS_FLYWAY
    ) -> AbstractContextManager[Held]:
        """The lock that Flyway takes for this history. Raises Unavailable, naming the holder, when it stays taken."""
        ...

    def holder(self, database: Database, table: Table) -> Lock | None:
        """Who has that lock now."""
        ...

    def release(self, database: Database, table: Table, lock: Lock) -> None:
        """Ends exactly that holder's connection. Raises Refused when it is not the holder any more."""
        ...
