"""S after a delivery: the history as it was written, and of the catalog what the plan said would change. Whatever else
is different by then was somebody else's doing and stays drift."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.database.history.history import Row
from trueup.drivers.database.history.records import KIND, resources_of
from trueup.drivers.database.snapshots import Snapshot, changed_between, values_at
from trueup.model.plan import Address, Outcome, Plan, PlannedChange, Resource
from trueup.model.values import JSON


@dataclass(frozen=True)
class Seen:
    """The catalog around the writes."""

    before: Snapshot
    after: Snapshot | None
    """None: nobody could look."""
    inside: bool = False
    """`after` was taken in the last transaction, where nobody else's changes are."""


@dataclass(frozen=True)
class Fate:
    """What became of each pending migration, by its address."""

    done: frozenset[Address]
    uncertain: frozenset[Address] = frozenset()
    foreseen: bool = True
    """The plan knew what would change; otherwise all that changed meanwhile is taken for the migrations' doing."""


def settled(
    plan: Plan, rows: Sequence[Row], seen: Seen, fate: Fate
) -> tuple[Mapping[Address, Resource], Mapping[Address, Outcome]]:
    resources = {address: each for address, each in plan.real.items() if each.kind != KIND}
    # A row that says "not yet" of a migration in several parts is no migration.
    resources |= resources_of([row for row in rows if row.success])
    outcomes: dict[Address, Outcome] = {}
    for change in plan.changes:
        if change.kind == KIND:
            outcomes[change.address] = _of_migration(change.address, fate)
            continue
        outcomes[change.address] = _outcome(change, plan, seen, fate)
        _place(resources, change.address, _written(change, plan, seen, fate))
    if not fate.foreseen and seen.after is not None:
        for address in changed_between(seen.before, seen.after):
            outcomes[address] = Outcome.DONE
            _place(resources, address, seen.after.get(address))
    return resources, outcomes


def _of_migration(address: Address, fate: Fate) -> Outcome:
    if address in fate.uncertain:
        return Outcome.UNCERTAIN
    return Outcome.DONE if address in fate.done else Outcome.FAILED


def _outcome(change: PlannedChange, plan: Plan, seen: Seen, fate: Fate) -> Outcome:
    if _all_done(plan, fate):
        return Outcome.DONE
    movers = _movers(plan, change.address)
    if seen.after is None or movers & fate.uncertain:
        return Outcome.UNCERTAIN if movers & (fate.uncertain | fate.done) else Outcome.FAILED
    # What a migration of several parts committed before it stopped is its doing too.
    moved = seen.before.get(change.address) != seen.after.get(change.address)
    return Outcome.DONE if moved else Outcome.FAILED


def _written(change: PlannedChange, plan: Plan, seen: Seen, fate: Fate) -> Resource | None:
    """Outside of the transaction somebody else may have been there already: then it counts what the plan wanted."""
    now = seen.after.get(change.address) if seen.after is not None else plan.real.get(change.address)
    if not _all_done(plan, fate) or seen.inside or not fate.foreseen:
        return now
    if change.after is None:
        return None
    if now is not None and (now.values == change.after or _is_owned_by_another(now.values, change.after)):
        return now
    return Resource(change.kind, change.after, now.identity if now is not None else "")


def _is_owned_by_another(now: JSON, wanted: JSON) -> bool:
    """The plan can only guess which role applies."""
    return isinstance(now, dict) and isinstance(wanted, dict) and {**now, "owner": 0} == {**wanted, "owner": 0}


def _movers(plan: Plan, address: Address) -> frozenset[Address]:
    """The migrations that touch it; where nobody told them apart, all."""
    steps = {Address(step.id): step.addresses for step in plan.steps}
    found = frozenset(migration for migration, touched in steps.items() if address in touched)
    apart = sum(len(touched) > 1 for touched in steps.values()) > 1 or len(steps) == 1
    return found if apart and found else frozenset(steps)


def _all_done(plan: Plan, fate: Fate) -> bool:
    return {Address(step.id) for step in plan.steps} <= fate.done


def _place(resources: dict[Address, Resource], address: Address, resource: Resource | None) -> None:
    if resource is None:
        resources.pop(address, None)
    else:
        resources[address] = resource


def moved(plan: Plan, now: Snapshot) -> Collection[Address]:
    """What the plan would change and is not as it was when it was planned."""
    return [
        change.address
        for change in plan.changes
        if change.kind != KIND and values_at(now, change.address) != values_at(plan.real, change.address)
    ]
