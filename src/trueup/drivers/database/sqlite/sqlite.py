"""SQLite through Python's own module: a file, one writer at a time, and DDL that is part of every transaction."""

import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from trueup.drivers.database.dialect import (
    AS_FLYWAY,
    Backend,
    Database,
    Dialect,
    Held,
    Options,
    Patience,
    Table,
    Trouble,
)
from trueup.drivers.database.history import table as table_sql
from trueup.drivers.database.history.history import NewRow, Repair, Row
from trueup.drivers.database.sqlite import history as sqlite_history
from trueup.drivers.database.sqlite.catalog import snapshot
from trueup.drivers.database.statements import Statement, split
from trueup.drivers.database.statements_kinds import SQLITE
from trueup.model.errors import Invalid, Refused, Rejected, TrueupError, Unavailable
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Lock

SCHEME = "sqlite"
_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""


class SQLiteDatabase:
    """dialect.Database."""

    def __init__(self, dialect: Dialect, raw: sqlite3.Connection, path: Path, options: Options) -> None:
        self.dialect = dialect
        self.raw = raw
        self._options = options
        self.version = f"SQLite {sqlite3.sqlite_version}"
        self.major = sqlite3.sqlite_version_info[0]
        self.user = ""
        self.schema = "main"
        self.identity = str(path.resolve())
        self.backend = Backend(0, datetime.now(UTC).isoformat())
        self.read_only = options.read_only
        self.reset()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._translated():
            return self.raw.execute(sql.replace("%s", "?"), parameters).fetchall()

    def execute(self, sql: str) -> None:
        for statement in split(sql, "", SQLITE):
            with self._translated():
                self.raw.execute(statement.sql).fetchall()

    def run(self, statement: Statement) -> None:
        with self._translated(statement):
            self.raw.execute(statement.sql).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begins by becoming the writer: later would be too late to wait for another one."""
        self.execute("BEGIN" if self._options.read_only else "BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.raw.in_transaction:
                self.raw.rollback()
            raise
        self.execute("COMMIT")

    def reset(self) -> None:
        limit = self._options.lock_timeout
        self.execute(f"PRAGMA busy_timeout = {int(limit.total_seconds() * 1000) if limit else 5000}")
        if self._options.read_only:
            self.execute("PRAGMA query_only = ON")
        if self._options.init_sql:
            self.execute(self._options.init_sql)

    def blocking(self, backend: Backend) -> tuple[Backend, ...]:
        """SQLite does not tell."""
        return ()

    def backends(self, application: str) -> tuple[Backend, ...]:
        """SQLite does not tell; who is gone has let go of the file."""
        return ()

    @contextmanager
    def waiting_freely(self) -> Iterator[None]:
        yield

    def snapshot(self, schemas: Collection[str], skip: Collection[str] = frozenset()) -> Mapping[Address, Resource]:
        with self._translated():
            return snapshot(self.raw, schemas, skip)

    def invalid_indexes(self) -> tuple[str, ...]:
        """None: an index is part of the transaction that makes it."""
        return ()

    def drop_index(self, name: str) -> None:
        self.execute(f"DROP INDEX IF EXISTS {name}")

    def has_schema(self, name: str) -> bool:
        return any(row[1] == name for row in self.query("PRAGMA database_list"))

    def create_schema(self, name: str) -> None:
        raise Rejected(f"SQLite has no schema to create: {name}", hint="leave `schemas` out")

    def has_table(self, table: Table) -> bool:
        return bool(self.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", (table.name,)))

    def rows(self, table: Table) -> tuple[Row, ...] | None:
        if not self.has_table(table):
            return None
        return tuple(sqlite_history.row(values) for values in self.query(table_sql.select(table)))

    def create_history(self, table: Table) -> None:
        self.execute(sqlite_history.create(table))

    def let_read(self, table: Table, role: str) -> None:
        """There are no roles."""

    def add_row(self, table: Table, row: NewRow) -> None:
        self.query(*table_sql.insert(table, row))

    def repair(self, table: Table, repair: Repair) -> None:
        for sql, values in table_sql.repairing(table, repair):
            self.query(sql, values)

    def cancel(self) -> None:
        self.raw.interrupt()

    def trouble(self, error: TrueupError) -> Trouble:
        match getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return Trouble.LOCKED
            case sqlite3.SQLITE_INTERRUPT:
                return Trouble.CANCELLED
        return Trouble.SAID_NO

    @property
    def lost(self) -> bool:
        return False

    @contextmanager
    def _translated(self, statement: Statement | None = None) -> Iterator[None]:
        place = statement.place() if statement else None
        limit = self._options.statement_timeout
        if limit is not None:
            end = time.monotonic() + limit.total_seconds()
            self.raw.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Unavailable(f"{error}", place=place, hint="another connection writes to this file") from error
            if code == sqlite3.SQLITE_INTERRUPT:
                hint = "it took longer than `statementTimeout`, or was cancelled"
                raise Rejected(f"{error}", place=place, hint=hint) from error
            raise Rejected(f"{error}", place=place) from error


@dataclass(frozen=True)
class _NoLock:
    """dialect.Held. Flyway takes none on SQLite either: who writes, writes alone."""

    database: Database

    def check(self) -> None:
        """There is nothing to lose."""


class SQLite:
    """dialect.Dialect."""

    name: ClassVar[str] = "sqlite"
    default_schema: ClassVar[str] = "main"

    @contextmanager
    def connect(self, url: str, options: Options) -> Iterator[SQLiteDatabase]:
        path = path_of(url)
        if options.read_only and not path.exists():
            raise Rejected(f"{path} does not exist", hint="create the database, or name another file")
        mode = "ro" if options.read_only else "rwc"
        try:
            raw = sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise Rejected(f"{path}: {error}", hint="check that the directory is there and may be written") from error
        try:
            yield SQLiteDatabase(self, raw, path, options)
        finally:
            raw.close()

    def directories(self, url: str) -> tuple[Path, ...]:
        """The file's own: its journal lies beside it."""
        return (path_of(url).parent,)

    def split(self, text: str, path: str) -> tuple[Statement, ...]:
        return split(text, path, SQLITE)

    @contextmanager
    def held(self, url: str, table: Table, options: Options, patience: Patience = AS_FLYWAY) -> Iterator[Held]:
        with self.connect(url, options) as database:
            yield _NoLock(database)

    def holder(self, database: Database, table: Table) -> Lock | None:
        return None

    def release(self, database: Database, table: Table, lock: Lock) -> None:
        raise Refused("SQLite has no lock to break", hint="end the program that has the file open")


def path_of(url: str) -> Path:
    """`sqlite:/PATH`, with any number of slashes, and JDBC's `jdbc:sqlite:/PATH`. Raises Invalid."""
    rest = unquote(url.removeprefix("jdbc:").removeprefix(f"{SCHEME}:").partition("?")[0])
    if not rest.startswith("/"):
        raise Invalid("the path of a SQLite database must be absolute", hint="write sqlite:/var/lib/app/app.db")
    return Path("/" + rest.lstrip("/"))
