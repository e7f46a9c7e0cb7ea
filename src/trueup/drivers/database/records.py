"""History rows as the walk sees them: one resource for each migration, and one identity for the whole history."""

from collections.abc import Iterable, Mapping

from trueup.drivers.database.history import NewRow, Row
from trueup.model.plan import Address, LiveIdentity, Resource
from trueup.model.values import JSON, digest

KIND = "migration"


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


def resources_of(rows: Iterable[Row]) -> Mapping[Address, Resource]:
    """By address the newest row: a repeatable has one for each time that it ran."""
    return {row.address: Resource(KIND, values_of(row)) for row in sorted(rows, key=lambda row: row.rank)}


def identity_of(rows: Iterable[Row] | None) -> LiveIdentity:
    """Moves when migrations ran, whoever ran them, and with nothing else."""
    known = [[row.rank, values_of(row)] for row in sorted(rows or (), key=lambda row: row.rank)]
    return LiveIdentity({"history": digest(known)})
