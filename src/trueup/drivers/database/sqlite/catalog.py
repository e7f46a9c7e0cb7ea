"""A snapshot of SQLite's catalog: sqlite_schema, and what the PRAGMAs say of columns, indexes and foreign keys.

The text that made an object is part of its value, without comments and with single blanks: SQLite keeps checks,
collations and AUTOINCREMENT nowhere else.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from trueup.drivers.database.catalog.addresses import address, identifier, split_name
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

MAIN = "main"
_TEXT = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\])|(?P<blank>(?:--[^\n]*|/\*.*?(?:\*/|\Z)|\s)+)""",
    re.DOTALL,
)
_GENERATED = {2: "virtual", 3: "stored"}

_OBJECTS = """
    SELECT s.type, s.name, s.tbl_name, s.sql, l.type, l.wr, l.strict
    FROM {schema}.sqlite_schema s LEFT JOIN pragma_table_list l ON l.schema = :schema AND l.name = s.name
    WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type IS NOT 'shadow'"""
# Not of views: one that lost its table has columns that nobody can tell, and fails all.
_COLUMNS = """
    SELECT s.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
    FROM {schema}.sqlite_schema s JOIN pragma_table_xinfo(s.name, :schema) c
    WHERE s.type = 'table' ORDER BY s.name, c.cid"""
_FOREIGN_KEYS = """
    SELECT s.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
    FROM {schema}.sqlite_schema s JOIN pragma_foreign_key_list(s.name, :schema) f
    WHERE s.type = 'table' ORDER BY s.name, f.id, f.seq"""
_INDEXES = """
    SELECT s.name, l.name, l."unique", l.origin, l.partial, c.name, c."desc", c.coll
    FROM {schema}.sqlite_schema s JOIN pragma_index_list(s.name, :schema) l
      JOIN pragma_index_xinfo(l.name, :schema) c
    WHERE s.type = 'table' AND c.key ORDER BY s.name, l.name, c.seqno"""


def snapshot(
    connection: sqlite3.Connection, schemas: Collection[str] = (), skip: Collection[str] = ()
) -> Mapping[Address, Resource]:
    """Every table, index, view and trigger of `main`, or of these schemas. `skip` holds names of tables, with or
    without schema, each with all that belongs to it. Raises sqlite3.Error."""
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        found = {
            at: resource for schema in schemas or (MAIN,) for at, resource in _objects(connection, schema, _names(skip))
        }
    finally:
        if alone:
            connection.rollback()
    return {at: found[at] for at in sorted(found)}


def _names(skip: Collection[str]) -> frozenset[str]:
    return frozenset(split_name(name)[-1].lower() for name in skip)


def _objects(
    connection: sqlite3.Connection, schema: str, skipped: frozenset[str]
) -> Iterator[tuple[Address, Resource]]:
    tables = _tables(connection, schema)
    indexes = _indexes(connection, schema)
    for kind, name, table, sql, form, without_rowid, strict in _rows(connection, _OBJECTS, schema):
        if table.lower() in skipped or name.lower() in skipped:
            continue
        values: dict[str, JSON] = {"definition": plain(sql)}
        match kind:
            case "table":
                marks = {"virtual": form == "virtual", "without_rowid": without_rowid == 1, "strict": strict == 1}
                values |= tables.get(name, {}) | {mark: True for mark, is_so in marks.items() if is_so}
            case "index":
                values |= {"table": identifier(table)} | indexes.get(name, {})
        names = (schema, table, name) if kind == "trigger" else (schema, name)
        yield address(kind, *names), Resource(kind, values)


def _tables(connection: sqlite3.Connection, schema: str) -> dict[str, dict[str, JSON]]:
    """Columns, primary key and foreign keys of each table."""
    tables: dict[str, dict[str, JSON]] = {}
    keys: dict[str, list[tuple[int, str]]] = {}
    after: dict[str, str] = {}
    for table, name, type_, not_null, default, position, hidden in _rows(connection, _COLUMNS, schema):
        column = {
            "type": type_.lower(),
            "after": after.get(table),
            "not_null": not_null == 1 or None,
            "default": default,
            "generated": _GENERATED.get(hidden),
        }
        columns = tables.setdefault(table, {"columns": {}})["columns"]
        columns[name] = {key: value for key, value in column.items() if value is not None}
        after[table] = name
        if position:
            keys.setdefault(table, []).append((position, name))
    for table, key in keys.items():
        tables[table]["primary_key"] = [name for _, name in sorted(key)]
    for table, references in _foreign_keys(connection, schema).items():
        tables[table]["foreign_keys"] = sorted(references)
    return tables


def _foreign_keys(connection: sqlite3.Connection, schema: str) -> dict[str, list[str]]:
    """As SQL says it: they have no names, and their numbers are noise."""
    columns: dict[tuple[str, int], list[tuple[str, str | None]]] = {}
    targets: dict[tuple[str, int], tuple[str, str]] = {}
    for table, number, target, source, column, on_update, on_delete in _rows(connection, _FOREIGN_KEYS, schema):
        columns.setdefault((table, number), []).append((source, column))
        actions = (("UPDATE", on_update), ("DELETE", on_delete))
        said = "".join(f" ON {event} {action}" for event, action in actions if action != "NO ACTION")
        targets[table, number] = (identifier(target), said)
    found: dict[str, list[str]] = {}
    for (table, number), pairs in columns.items():
        target, actions_said = targets[table, number]
        sources = ", ".join(identifier(source) for source, _ in pairs)
        wanted = ", ".join(identifier(column) for _, column in pairs if column)
        reference = f"({sources}) REFERENCES {target}" + (f" ({wanted})" if wanted else "") + actions_said
        found.setdefault(table, []).append(reference)
    return found


def _indexes(connection: sqlite3.Connection, schema: str) -> dict[str, dict[str, JSON]]:
    """Without those that a UNIQUE or PRIMARY KEY of the table brings along."""
    indexes: dict[str, dict[str, JSON]] = {}
    for _, name, unique, origin, partial, column, descending, collation in _rows(connection, _INDEXES, schema):
        if origin != "c":
            continue
        marks = {"unique": unique == 1, "partial": partial == 1}
        index = indexes.setdefault(name, {"columns": [], **{mark: True for mark, is_so in marks.items() if is_so}})
        said = "(expression)" if column is None else identifier(column)
        collated = "" if collation == "BINARY" else f" COLLATE {collation}"
        index["columns"].append(said + collated + (" DESC" if descending else ""))
    return indexes


def _rows(connection: sqlite3.Connection, query: str, schema: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    quoted = schema.replace('"', '""')
    return cursor.execute(query.format(schema=f'"{quoted}"'), {"schema": schema}).fetchall()


def plain(sql: str) -> str:
    """Without comments, and with one blank where there is white space outside of quotes."""
    return _TEXT.sub(lambda found: found["kept"] or " ", sql).strip()
