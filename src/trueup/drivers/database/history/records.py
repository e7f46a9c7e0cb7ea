"""History rows as the walk sees them: one resource for each migration, and one identity for the whole history."""

from collections.abc import Iterable, Mapping, Sequence

from trueup.drivers.database.history.history import MIGRATION as KIND
from trueup.drivers.database.history.history import NewRow, Row, resources, values_of
from trueup.drivers.database.history.states import History
from trueup.model.plan import Address, LiveIdentity, Resource
from trueup.model.values import digest

__all__ = ["KIND", "identity_of", "in_effect", "resources_of", "values_of"]


def in_effect(rows: Sequence[Row]) -> Mapping[Address, Row]:
    """By address the newest row of what still counts, in the order in which they ran."""
    found: dict[Address, Row] = {}
    for row in History.of(rows).live:
        found.pop(row.address, None)
        found[row.address] = row
    return found


def resources_of(rows: Sequence[Row]) -> Mapping[Address, Resource]:
    """Of everything that is in effect."""
    return resources(rows)


def identity_of(rows: Iterable[Row | NewRow] | None) -> LiveIdentity:
    """Moves when migrations ran, whoever ran them, and with nothing else."""
    known = [[row.rank, values_of(row)] for row in sorted(rows or (), key=lambda row: row.rank)]
    return LiveIdentity({"history": digest(known)})
