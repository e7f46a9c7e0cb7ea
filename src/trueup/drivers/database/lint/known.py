"""What the catalog proves harmless: a type that the old values fit, NOT NULL where a valid CHECK says so already."""

import re
from collections.abc import Mapping
from typing import Any

from postgast import pg_query_pb2 as pg

from trueup.drivers.database.catalog.addresses import address
from trueup.drivers.database.lint.rules import Read, definition
from trueup.drivers.database.snapshots import Snapshot

_WRITTEN = re.compile(r"(?P<name>[a-z ]+?)(?:\((?P<sizes>[0-9, ]+)\))?$")
_NAMES = {"character varying": "varchar", "bit varying": "varbit"}
_GROWING = ("varchar", "varbit")
"""A longer one, or one without a length, takes every old value as it is."""


def is_harmless(one: Read, code: str, real: Snapshot, default_schema: str) -> bool:
    """Everything in the statement that the code is about."""
    if isinstance(one.node, pg.IndexStmt) and code == "index-not-concurrent" and not one.node.relation.inh:
        # Of a partitioned table alone: it has no rows, and its partitions get theirs one by one.
        relation = one.node.relation
        return "partition_by" in _table(real, (relation.schemaname or default_schema, relation.relname))
    if not isinstance(one.node, pg.AlterTableStmt):
        return False
    schema, table = one.node.relation.schemaname or default_schema, one.node.relation.relname
    commands = [each.alter_table_cmd for each in one.node.cmds]
    match code:
        case "type-change":
            changed = [(each.name, definition(each)) for each in commands if each.subtype == pg.AT_AlterColumnType]
            return all(
                isinstance(new, pg.ColumnDef)
                and not new.HasField("raw_default")
                and fits(real, (schema, table), column, new.type_name)
                for column, new in changed
            )
        case "set-not-null":
            names = [each.name for each in commands if each.subtype == pg.AT_SetNotNull]
            added = [defined for each in commands if isinstance(defined := definition(each), pg.Constraint)]
            names += [each.keys[0].string.sval for each in added if each.contype == pg.CONSTR_NOTNULL]
            return all(is_checked(real, (schema, table), name) for name in names)
        case _:
            return False


def fits(real: Snapshot, table: tuple[str, str], column: str, new: pg.TypeName) -> bool:
    """The table is not written anew for it (https://www.postgresql.org/docs/current/sql-altertable.html, Notes)."""
    old = _column(real, table, column).get("type")
    if old is None and new.names[-1].string.sval == "text" and not len(new.array_bounds):
        return True  # nobody looked: what it mostly comes from is a varchar
    found = _WRITTEN.fullmatch(old) if isinstance(old, str) else None
    if found is None or len(new.array_bounds):
        return False
    name = _NAMES.get(found["name"], found["name"])
    sizes = [int(each) for each in found["sizes"].split(",")] if found["sizes"] else []
    wanted = str(new.names[-1].string.sval)
    given = [int(each.a_const.ival.ival) for each in new.typmods]
    if name in ("text", "varchar") and (wanted == "text" or (wanted == "varchar" and not given)):
        return True
    if name != wanted:
        return False
    if name in _GROWING:
        return not given or (bool(sizes) and given[0] >= sizes[0])
    if name == "numeric":
        return not given or (len(sizes) == len(given) == 2 and given[0] >= sizes[0] and given[1] == sizes[1])
    return False


def is_checked(real: Snapshot, table: tuple[str, str], column: str) -> bool:
    """It is NOT NULL already, or a valid CHECK (column IS NOT NULL) is there: SET NOT NULL reads no row then
    (PostgreSQL 12 and later)."""
    known = _column(real, table, column)
    if known.get("not_null") and not (known.get("not_null_constraint") or {}).get("not_valid"):
        return True
    wanted = re.compile(rf'CHECK \(+"?{re.escape(column)}"? IS NOT NULL\)+')
    prefix = str(address("constraint", *table)) + "."
    return any(
        at.startswith(prefix) and wanted.fullmatch(str(each.values.get("definition", "")))
        for at, each in real.items()
        if each.kind == "constraint"
    )


def _column(real: Snapshot, table: tuple[str, str], column: str) -> Mapping[str, Any]:
    columns = _table(real, table).get("columns")
    return columns.get(column, {}) if isinstance(columns, dict) else {}


def _table(real: Snapshot, table: tuple[str, str]) -> Mapping[str, Any]:
    found = real.get(address("table", *table))
    return found.values if found is not None else {}
