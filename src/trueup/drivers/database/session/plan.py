"""The plan of a database: history, catalog and what was foreseen on scratch become changes, steps and findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from trueup.drivers.database.history.history import Resolved, Row
from trueup.drivers.database.history.records import KIND, resources_of
from trueup.drivers.database.migrations.migrations import Migration, Migrations
from trueup.drivers.database.session.history import catalog_of, unsaid
from trueup.drivers.database.session.trial import Foreseen
from trueup.model.plan import Action, Address, Finding, PlannedChange, Resource, Step, StepId
from trueup.model.values import JSON, digest

EVERYTHING = frozenset({"*"})


@dataclass(frozen=True)
class Looked:
    """What was read and found, all of one moment."""

    migrations: Migrations
    rows: Sequence[Row]
    resolved: Resolved
    catalog: Mapping[Address, Resource]
    """R without the history."""
    settled: Mapping[Address, Resource] | None
    """S, history included."""

    @cached_property
    def applied(self) -> Mapping[Address, Resource]:
        return resources_of(self.rows)


@dataclass(frozen=True)
class Parts:
    """What Looked and Foreseen make of a Plan."""

    changes: tuple[PlannedChange, ...]
    real: Mapping[Address, Resource]
    sets: Mapping[Address, frozenset[str]]
    ignored: Mapping[Address, frozenset[str]]
    explained: Mapping[Address, JSON]
    unseen: Mapping[str, str]
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]


def parts(looked: Looked, foreseen: Foreseen, rows_to_come: Mapping[Address, JSON]) -> Parts:
    """`rows_to_come`: what the history will say of each pending migration."""
    imported = {each.address for each in foreseen.imported}
    real = {
        **looked.catalog,
        **looked.applied,
        **{address: Resource(KIND, rows_to_come[address]) for address in imported},
    }
    changes = [
        *(_of_history(each, looked, rows_to_come, imported) for each in looked.resolved.pending),
        *_of_catalog(looked.catalog, foreseen.desired),
    ]
    by_hand = _not_by_code(looked, foreseen, {change.address for change in changes})
    return Parts(
        changes=tuple(sorted(changes, key=lambda change: change.address)),
        real=real,
        sets={address: frozenset() for address in by_hand},
        ignored=dict.fromkeys(by_hand, EVERYTHING),
        explained=foreseen.explained,
        unseen={
            each.address: digest([each.sql, each.in_transaction])
            for each in looked.resolved.pending
            if each.address not in imported
        },
        steps=tuple(_steps(looked.resolved.pending, foreseen)),
        findings=(*foreseen.findings, *_of_imported(foreseen.imported)),
    )


def _of_history(
    migration: Migration, looked: Looked, rows_to_come: Mapping[Address, JSON], imported: set[Address]
) -> PlannedChange:
    address = migration.address
    after, before = rows_to_come[address], looked.applied.get(address)
    if address in imported:
        return PlannedChange(address, KIND, Action.NOTHING, after, after, imported=True)
    action = Action.UPDATE if before is not None else Action.CREATE
    return PlannedChange(address, KIND, action, before.values if before is not None else None, after)


def _of_catalog(
    real: Mapping[Address, Resource], desired: Mapping[Address, Resource | None]
) -> Iterator[PlannedChange]:
    for address, after in desired.items():
        before = real.get(address)
        if before != after:
            yield change_of(address, before, after)


def change_of(address: Address, before: Resource | None, after: Resource | None, reason: str = "") -> PlannedChange:
    """Of one object, of which at most one side is None."""
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    kind = next(each.kind for each in (after, before) if each is not None)
    return PlannedChange(address, kind, action, before and before.values, after and after.values, reason=reason)


def _not_by_code(looked: Looked, foreseen: Foreseen, planned: set[Address]) -> set[Address]:
    """What the code says nothing of: catalog objects that no migration explains, rows that no file says."""
    settled = looked.settled or {}
    catalog = {*looked.catalog, *catalog_of(settled)} - foreseen.explained.keys()
    gone = {address for address, each in settled.items() if each.kind == KIND} - looked.applied.keys()
    return catalog | unsaid(looked.rows, looked.migrations) | (gone - planned)


def _steps(pending: Sequence[Migration], foreseen: Foreseen) -> Iterator[Step]:
    touched = {each.migration.address: each.touched for each in foreseen.effects}
    imported = {each.address for each in foreseen.imported}
    for migration in pending:
        verb = "mark as already applied:" if migration.address in imported else "run"
        addresses = (migration.address, *sorted(touched.get(migration.address, ())))
        yield Step(StepId(migration.address), f"{verb} {migration}", addresses)


def _of_imported(imported: Sequence[Migration]) -> Iterator[Finding]:
    for migration in imported:
        yield Finding(
            "already-applied",
            f"{migration} makes what is live already: its row is written into the history, and it is not run",
            migration.place,
            hint="look at the file: whatever it does besides changing the schema was done by hand too, or will not be",
            approvals=1,
        )
