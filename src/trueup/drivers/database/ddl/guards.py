"""Queries that find a row where a statement was done already, for what SQL has no IF NOT EXISTS for. Pure."""

from collections.abc import Mapping

from trueup.drivers.database.catalog.addresses import identifier, parse
from trueup.model.plan import Address

_NAMED = {
    "operator_family": ("pg_opfamily", "opf"),
    "operator_class": ("pg_opclass", "opc"),
    "conversion": ("pg_conversion", "con"),
    "text_search_dictionary": ("pg_ts_dict", "dict"),
    "text_search_configuration": ("pg_ts_config", "cfg"),
    "access_method": ("pg_am", "am"),
}
"""Catalog, and what its columns begin with."""


def literal(text: str) -> str:
    escaped = text.replace("'", "''")
    if "\\" not in text:
        return f"'{escaped}'"
    return "E'" + escaped.replace("\\", "\\\\") + "'"


def is_there(address: Address) -> str:
    """An object of these kinds, by its name."""
    name = parse(address)
    catalog, prefix = _NAMED[name.kind]
    found = f"SELECT FROM {catalog} WHERE {prefix}name = {literal(name.parts[-1])}"
    if len(name.parts) > 1:
        found += f" AND {prefix}namespace = {literal(identifier(name.parts[0]))}::regnamespace"
    if name.arguments is not None:
        found += f" AND {prefix}method = (SELECT oid FROM pg_am WHERE amname = {literal(name.arguments)})"
    return found


def is_gone(relation: str) -> str:
    """Renamed away."""
    return f"SELECT WHERE to_regclass({literal(relation)}) IS NULL"


def is_no_type(name: str) -> str:
    """Renamed away."""
    return f"SELECT WHERE to_regtype({literal(name)}) IS NULL"


def has_column(relation: str, column: str, more: str = "NOT attisdropped") -> str:
    """Of a table, or an attribute of a composite type."""
    where = f"attrelid = {literal(relation)}::regclass AND attname = {literal(column)}"
    return f"SELECT FROM pg_attribute WHERE {where} AND {more}"


def has_constraint(table: str, name: str) -> str:
    return f"SELECT FROM pg_constraint WHERE conrelid = {literal(table)}::regclass AND conname = {literal(name)}"


def has_label(enum: str, label: str) -> str:
    return f"SELECT FROM pg_enum WHERE enumtypid = {literal(enum)}::regtype AND enumlabel = {literal(label)}"


def is_of_type(table: str, kind: str | None) -> str:
    wanted = f"{literal(kind)}::regtype" if kind else "0"
    return f"SELECT FROM pg_class WHERE oid = {literal(table)}::regclass AND reloftype = {wanted}"


def inherits(child: str, parent: str) -> str:
    ends = f"inhrelid = {literal(child)}::regclass AND inhparent = {literal(parent)}::regclass"
    return f"SELECT FROM pg_inherits WHERE {ends}"


def inherits_not(child: str, parent: str) -> str:
    return f"SELECT WHERE NOT EXISTS ({inherits(child, parent)})"


def is_partition(child: str, part: Mapping[str, str]) -> str:
    """With this very bound."""
    bound = f"pg_get_expr(relpartbound, oid) = {literal(part['bound'])}"
    return (
        f"SELECT FROM pg_class WHERE oid = {literal(child)}::regclass AND {bound}"
        f" AND EXISTS ({inherits(child, part['parent'])})"
    )


def has_options(where: str, column: str, wanted: Mapping[str, str]) -> str:
    """Exactly these, of a foreign table, its column, a server or a wrapper. `where`: catalog and row."""
    items = ", ".join(literal(f"{name}={value}") for name, value in sorted(wanted.items()))
    held, listed = f"coalesce({column}, '{{}}')", f"ARRAY[{items}]::text[]"
    return f"SELECT FROM {where} AND {held} @> {listed} AND {held} <@ {listed}"
