"""History rows as the walk sees them: one resource for each migration, and one identity for the whole history."""

from collections.abc import Iterable, Mapping, Sequence

from trueup.drivers.database.history.history import applied
from trueup.drivers.database.history.rows import NewRow, Row
from trueup.drivers.database.history.states import History
from trueup.drivers.database.migrations.migrations import Migration
from trueup.model.plan import Address, LiveIdentity, Resource
from trueup.model.values import JSON, digest

KIND = "migration"
"""The kind of the resources that stand for rows."""


def in_effect(rows: Sequence[Row]) -> Mapping[Address, Row]:
    """By address the newest row of what still counts, in the order in which they ran."""
    found: dict[Address, Row] = {}
    for row in History.of(rows).live:
        found.pop(row.address, None)
        found[row.address] = row
    return found


def resources_of(rows: Sequence[Row]) -> Mapping[Address, Resource]:
    """What is applied, as R."""
    return {address: Resource(KIND, values_of(row), row.script) for address, row in in_effect(rows).items()}


def identity_of(rows: Iterable[Row | NewRow] | None) -> LiveIdentity:
    """Moves when migrations ran, whoever ran them, and with nothing else."""
    known = [[row.rank, values_of(row)] for row in sorted(rows or (), key=lambda row: row.rank)]
    return LiveIdentity({"history": digest(known)})


def values_of(row: Row | NewRow) -> JSON:
    """What of a row the code decides: not when and by whom it was applied, nor how long that took."""
    return {
        "version": row.version,
        "description": row.description,
        "type": str(row.type),
        "script": row.script,
        "checksum": row.checksum,
        "success": row.success,
    }


def wanted(migration: Migration) -> JSON:
    """The values that the migration's resource has once it is applied."""
    return values_of(applied(migration, 0, ""))
