"""History rows as the walk sees them: one resource for each migration, and one identity for the whole history."""

from collections.abc import Iterable, Mapping

from trueup.drivers.database.history import NewRow, Row, RowType
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


def in_effect(rows: Iterable[Row]) -> Mapping[Address, Row]:
    """By address the newest row that no later one took back (DELETE; UNDO_SQL of other editions), in the order in
    which they ran: a repeatable has one for each time. That Flyway made the schema is no migration."""
    found: dict[Address, Row] = {}
    for row in sorted(rows, key=lambda row: row.rank):
        if row.type == RowType.SCHEMA:
            continue
        found.pop(row.address, None)
        if row.type != RowType.DELETE and not row.type.startswith("UNDO"):
            found[row.address] = row
    return found


def resources_of(rows: Iterable[Row]) -> Mapping[Address, Resource]:
    """Of everything that is in effect."""
    return {address: Resource(KIND, values_of(row)) for address, row in in_effect(rows).items()}


def identity_of(rows: Iterable[Row] | None) -> LiveIdentity:
    """Moves when migrations ran, whoever ran them, and with nothing else."""
    known = [[row.rank, values_of(row)] for row in sorted(rows or (), key=lambda row: row.rank)]
    return LiveIdentity({"history": digest(known)})
