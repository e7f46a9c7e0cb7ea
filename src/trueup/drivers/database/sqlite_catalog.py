"""A snapshot of SQLite's catalog: sqlite_master, and what the PRAGMAs say of columns, indexes and foreign keys."""

import sqlite3
from collections.abc import Collection, Mapping

from trueup.model.plan import Address, Resource


def snapshot(
    connection: sqlite3.Connection, schemas: Collection[str] = (), skip: Collection[str] = ()
) -> Mapping[Address, Resource]:
    """Every table, index, view and trigger of `main`, or of these schemas. `skip` holds names of tables, each with all
    that belongs to it. Raises sqlite3.Error."""
    return {}
