"""Comparing snapshots of one scratch database at two moments."""

from typing import Any

from trueup.drivers.database.snapshots import Snapshot
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

TABLES = ("table", "foreign_table")
_OF_ROLES = ("default_privileges", "privileges", "user_mapping", "schema")


def differing(one: Snapshot, other: Snapshot) -> tuple[Address, ...]:
    """Where they are not the same structure. The order of columns is not looked at: PostgreSQL adds a column at the end
    only, so no rollback could bring that back."""
    addresses = sorted({*one, *other})
    return tuple(each for each in addresses if _structure(one.get(each)) != _structure(other.get(each)))


def differing_shape(one: Snapshot, other: Snapshot) -> tuple[Address, ...]:
    """Likewise, of two databases with different roles."""
    return differing(shape(one), shape(other))


def shape(side: Snapshot) -> Snapshot:
    """Without whose things are and who may use them: on scratch everything is the scratch role's."""
    return {
        at: Resource(each.kind, _ownerless(each.values), each.identity)
        for at, each in side.items()
        if each.kind not in _OF_ROLES
    }


def _structure(resource: Resource | None) -> JSON:
    if resource is None:
        return None
    if resource.kind in TABLES and isinstance(resource.values, dict):
        return {**resource.values, "columns": _columns(resource)}
    if resource.kind == "statistics":
        # They name their columns in the order of the table.
        head, _, rest = resource.values["definition"].partition(" ON ")
        columns, _, table = rest.rpartition(" FROM ")
        return {**resource.values, "definition": [head, sorted(columns.split(", ")), table]}
    return resource.values


def _ownerless(values: JSON) -> JSON:
    if not isinstance(values, dict):
        return values
    return {key: _ownerless(each) for key, each in values.items() if key not in ("owner", "privileges")}


def _columns(resource: Resource) -> dict[str, Any]:
    columns = resource.values.get("columns") if isinstance(resource.values, dict) else None
    if not isinstance(columns, dict):
        return {}
    return {name: _placeless(column) for name, column in columns.items()}


def _placeless(column: JSON) -> JSON:
    if not isinstance(column, dict):
        return column
    return {key: value for key, value in column.items() if key != "after"}
