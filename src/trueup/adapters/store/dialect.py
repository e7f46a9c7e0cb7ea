"""The two SQL dialects where they differ: the database's own time, and insert-or-update."""

from typing import Any

from sqlalchemy import Connection, Float, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

_NOW: dict[str, ColumnElement[float]] = {
    # Julian days to seconds since 1970.
    "sqlite": literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float(53)),
    # Not the transaction's start: a wait for a row's lock must not give time back.
    "postgresql": literal_column("CAST(extract(epoch FROM clock_timestamp()) AS double precision)", Float(53)),
}


def database_time(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970 as the database sees them: one clock for every worker."""
    return _NOW[connection.dialect.name]


def upsert(connection: Connection, table: Table) -> Any:
    """An `insert` that has `on_conflict_do_update`; the two dialects write it alike, and share no type."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert_values(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    statement = upsert(connection, table).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
