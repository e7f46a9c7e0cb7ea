"""The history beside what was settled: what somebody else ran since, and whether this tree says what a row says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.database.history.history import Row, RowType
from trueup.drivers.database.history.records import KIND, in_effect, values_of
from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations
from trueup.model.plan import Address, Resource


@dataclass(frozen=True)
class Beside:
    """A migration that somebody else ran since the stack was settled: Flyway when a service started, a colleague."""

    row: Row
    migration: Migration | None
    """The file in this tree that says what it did; None: there is none, or it says something else by now."""


def beside(
    rows: Sequence[Row], migrations: Migrations, settled: Mapping[Address, Resource] | None
) -> tuple[Beside, ...]:
    """What ran since S, in the order in which it ran. Nothing before the stack is adopted."""
    if settled is None:
        return ()
    return tuple(
        Beside(row, _file_of(row, migrations))
        for address, row in in_effect(rows).items()
        if address not in settled or settled[address].values != values_of(row)
    )


def unsaid(rows: Sequence[Row], migrations: Migrations) -> frozenset[Address]:
    """Rows that no file of this tree says: the file is gone, another one, or was never in it."""
    return frozenset(
        address
        for address, row in in_effect(rows).items()
        if row.type != RowType.BASELINE and row.checksum is not None and _file_of(row, migrations) is None
    )


def _file_of(row: Row, migrations: Migrations) -> Migration | None:
    """By its checksum: a row without one (Java, scripts) is opaque, and one that failed did nothing."""
    if row.checksum is None or not row.success:
        return None
    files = migrations.of(Kind.VERSIONED, Kind.REPEATABLE, Kind.BASELINE)
    found = (each for each in files if each.address == row.address)
    return next((each for each in found if row.checksum in {each.checksum, *each.accepted}), None)


def catalog_of(resources: Mapping[Address, Resource]) -> dict[Address, Resource]:
    """Without the rows of the history."""
    return {address: each for address, each in resources.items() if each.kind != KIND}
