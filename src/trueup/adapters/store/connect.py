"""Connecting: one engine for SQLite or PostgreSQL, set up so that a short transaction means the same on both."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from trueup.model.errors import Invalid
from trueup.settings import DATABASE_PATIENCE

DEFERRED = "trueup_deferred"
"""Execution option of a connection that only reads: on SQLite it takes no lock."""

SESSION = {
    "application_name": "trueup",
    "connect_timeout": "10",
    # A worker that was stopped in the middle of a transaction must not stop everybody else.
    "options": f"-c lock_timeout={DATABASE_PATIENCE}s -c idle_in_transaction_session_timeout=60s -c timezone=UTC",
}


def parse(url: str) -> URL:
    """`sqlite:////absolute/path` or `postgresql://user@host/name`. Raises Invalid."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Invalid(f"{url!r} is not the address of a database", hint=_HINT) from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise Invalid(f"{other} with {parsed.database or 'no file'} cannot be the store", hint=_HINT)


_HINT = "write sqlite:////path/to/file or postgresql://user@host/name"


def display(url: URL) -> str:
    """The database as a person may read it: no password, no parameters."""
    if url.get_backend_name() == "sqlite":
        return f"the database {url.database}"
    return f"the database {url.database} at {url.host or url.query.get('host', 'this machine')}"


def connect(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(url, connect_args={"timeout": DATABASE_PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, connect_args=SESSION, pool_pre_ping=True)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # None: the driver begins nothing by itself, so that BEGIN IMMEDIATE below is the only way in.
    connection.isolation_level = None
    _write_ahead(connection)
    # A journal entry must be durable before the effect that it announces.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """WAL stays with the file. Of several first starts at once one switches it on; SQLite does not let the others
    wait as it does for any other lock."""
    deadline = time.monotonic() + DATABASE_PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once when another one wrote in between.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(DEFERRED) else "BEGIN IMMEDIATE")
