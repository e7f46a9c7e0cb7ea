"""PostgreSQL through psycopg 3: one connection that speaks our words."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg.conninfo import make_conninfo

from trueup.drivers.database.catalog.catalog import snapshot
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
from trueup.drivers.database.postgres import locks as postgres_locks
from trueup.drivers.database.postgres.address import parameters_of, search_path_of
from trueup.drivers.database.postgres.errors import of_connecting, of_query, trouble_of
from trueup.drivers.database.postgres.history import create
from trueup.drivers.database.statements import Statement, split
from trueup.drivers.database.statements_kinds import POSTGRES
from trueup.model.errors import Rejected, TrueupError
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Lock

OLDEST = 15
"""The oldest major version whose catalog has all that a snapshot holds."""
LONGEST_NAME = 63
"""Bytes of an application's name that the server keeps."""
CHECK_CLIENT = "2s"
"""How often a server looks whether we are still there while a statement runs: a worker that died stops writing."""
IDLE_IN_TRANSACTION = "10min"
"""A worker that hangs between two statements gives its locks back."""


class PostgresDatabase:
    """dialect.Database."""

    def __init__(self, dialect: Dialect, raw: "psycopg.Connection[Any]", options: Options) -> None:
        self.dialect = dialect
        self.raw = raw
        self._options = options
        self.major = raw.info.server_version // 10000
        self.version = f"PostgreSQL {raw.info.parameter_status('server_version')}"
        self.reset()
        self.user, self.schema, self.identity = self._who()
        self.backend = self._backend()
        self.read_only = self.query("SELECT current_setting('transaction_read_only') = 'on'") == [(True,)]

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._translated():
            cursor = self.raw.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def execute(self, sql: str) -> None:
        with self._translated():
            self.raw.execute(sql.encode())

    def run(self, statement: Statement) -> None:
        with self._translated(statement):
            if statement.data is None:
                self.raw.execute(statement.sql.encode())
                return
            with self.raw.cursor() as cursor, cursor.copy(statement.sql.encode()) as copy:
                copy.write(statement.data)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._translated(), self.raw.transaction():
            yield

    def reset(self) -> None:
        options = self._options
        self.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")
        settings = {
            "standard_conforming_strings": "on",
            "lock_timeout": _milliseconds(options.lock_timeout),
            "statement_timeout": _milliseconds(options.statement_timeout),
        }
        if options.read_only:
            settings["default_transaction_read_only"] = "on"
        else:
            settings["idle_in_transaction_session_timeout"] = IDLE_IN_TRANSACTION
            settings["tcp_keepalives_idle"] = "30"
            settings["tcp_keepalives_interval"] = "10"
            settings["tcp_keepalives_count"] = "3"
            settings["client_connection_check_interval"] = CHECK_CLIENT
        if options.search_path:
            own = self.query("SELECT current_setting('search_path')")
            paths = [*(table_sql.quoted(each) for each in options.search_path), own[0][0]]
            settings["search_path"] = ", ".join(path for path in paths if path)
        if options.role:
            settings["role"] = options.role
        calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        self.query(f"SELECT {calls}", [part for pair in settings.items() for part in pair])
        if options.init_sql:
            self.execute(options.init_sql)

    def blocking(self, backend: Backend) -> tuple[Backend, ...]:
        return tuple(
            postgres_locks.backend_of(values)
            for values in self.query(f"{postgres_locks.BACKENDS} WHERE pid = ANY(pg_blocking_pids(%s))", (backend.pid,))
        )

    def backends(self, application: str) -> tuple[Backend, ...]:
        where = "WHERE datname = current_database() AND (application_name = %s OR starts_with(application_name, %s))"
        found = self.query(f"{postgres_locks.BACKENDS} {where} ORDER BY pid", (application, f"{application} ("))
        return tuple(postgres_locks.backend_of(values) for values in found)

    @contextmanager
    def waiting_freely(self) -> Iterator[None]:
        ours = _milliseconds(self._options.lock_timeout)
        now = self.query("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'")[0][0]
        if now == ours:
            self.execute("SET lock_timeout = 0")
        yield
        if now == ours:
            self.execute(f"SET lock_timeout = {ours}")

    def snapshot(self, schemas: Collection[str], skip: Collection[str] = frozenset()) -> Mapping[Address, Resource]:
        with self._translated():
            return snapshot(self.raw, schemas, skip)

    def invalid_indexes(self) -> tuple[str, ...]:
        found = self.query(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1"
        )
        return tuple(str(name) for (name,) in found)

    def drop_index(self, name: str) -> None:
        self.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")

    def has_schema(self, name: str) -> bool:
        return bool(self.query("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)))

    def create_schema(self, name: str) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {table_sql.quoted(name)}")

    def has_table(self, table: Table) -> bool:
        return self.query("SELECT to_regclass(%s)::oid", (table_sql.qualified(table),)) != [(None,)]

    def rows(self, table: Table) -> tuple[Row, ...] | None:
        if not self.has_table(table):
            return None
        return tuple(Row(*values) for values in self.query(table_sql.select(table)))

    def create_history(self, table: Table) -> None:
        self.execute(create(table))

    def let_read(self, table: Table, role: str) -> None:
        self.execute(f"GRANT SELECT ON {table_sql.qualified(table)} TO {table_sql.quoted(role)}")

    def add_row(self, table: Table, row: NewRow) -> None:
        self.query(*table_sql.insert(table, row))

    def repair(self, table: Table, repair: Repair) -> None:
        for sql, values in table_sql.repairing(table, repair):
            self.query(sql, values)

    def cancel(self) -> None:
        # What cannot be cancelled any more has ended, or will with its connection.
        with contextlib.suppress(psycopg.Error):
            self.raw.cancel_safe(timeout=5)

    def trouble(self, error: TrueupError) -> Trouble:
        return trouble_of(error.__cause__, self.lost)

    @property
    def lost(self) -> bool:
        return self.raw.closed

    def _who(self) -> tuple[str, str, str]:
        row = self.query(
            "SELECT current_user, coalesce(current_schema(), ''), oid::text, datname FROM pg_database "
            "WHERE datname = current_database()"
        )[0]
        return row[0], row[1], f"{self._system()}/{row[2]}/{row[3]}"

    def _system(self) -> str:
        try:
            return str(self.query("SELECT system_identifier FROM pg_control_system()")[0][0])
        except Rejected:
            # Not everywhere may everybody ask; then the address is all there is.
            return f"{self.raw.info.host}:{self.raw.info.port}"

    def _backend(self) -> Backend:
        return postgres_locks.backend_of(self.query(f"{postgres_locks.BACKENDS} WHERE pid = pg_backend_pid()")[0])

    @contextmanager
    def _translated(self, statement: Statement | None = None) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise of_query(error, statement, self.raw.closed) from error


class Postgres:
    """dialect.Dialect."""

    name: ClassVar[str] = "postgresql"
    default_schema: ClassVar[str] = "public"

    @contextmanager
    def connect(self, url: str, options: Options) -> Iterator[PostgresDatabase]:
        parameters = parameters_of(url, options.environment)
        where = f"{parameters.get('host') or 'the local socket'}:{parameters.get('port', '5432')}"
        where += f"/{parameters.get('dbname', '')}"
        seconds = max(2, int(options.connect_timeout.total_seconds()))
        parameters.update(application_name=options.application[:LONGEST_NAME], client_encoding="UTF8")
        parameters.setdefault("connect_timeout", str(seconds))
        conninfo = make_conninfo("", **parameters)
        if not options.search_path and search_path_of(url):
            options = replace(options, search_path=search_path_of(url))
        try:
            raw = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise of_connecting(error, where) from error
        try:
            if raw.info.server_version < OLDEST * 10000:
                raise Rejected(f"{where} is older than PostgreSQL {OLDEST}", hint="upgrade the server")
            yield PostgresDatabase(self, raw, options)
        finally:
            raw.close()

    def directories(self, url: str) -> tuple[Path, ...]:
        """Everything is the server's."""
        return ()

    def split(self, text: str, path: str) -> tuple[Statement, ...]:
        return split(text, path, POSTGRES)

    @contextmanager
    def held(self, url: str, table: Table, options: Options, patience: Patience = AS_FLYWAY) -> Iterator[Held]:
        alone = replace(options, application=f"{options.application} (lock)", role="", init_sql="", lock_timeout=None)
        with self.connect(url, alone) as database:
            lock = postgres_locks.hold(database, table, patience)
            yield lock
            # Sooner than the server notices that the connection is closed.
            lock.let_go()

    def holder(self, database: Database, table: Table) -> Lock | None:
        return postgres_locks.holder(database, table)

    def release(self, database: Database, table: Table, lock: Lock) -> None:
        postgres_locks.release(database, table, lock)


def _milliseconds(limit: timedelta | None) -> str:
    return str(int(limit.total_seconds() * 1000)) if limit else "0"
