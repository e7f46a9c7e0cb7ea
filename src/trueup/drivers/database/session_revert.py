"""Reverts of a database: statements that take named drifts back to what was settled, tried on scratch first. They are
in no history: the schema is again what its migrations made."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from trueup.drivers.database import ddl, ddl_sqlite
from trueup.drivers.database.ddl_draft import Ddl, Draft
from trueup.drivers.database.dialect import Database
from trueup.drivers.database.session_trial import Bench, Snapshot
from trueup.model.errors import Rejected, Unavailable
from trueup.model.plan import Action, Address, Applied, Finding, Outcome, Plan, PlannedChange, Resource, Step, StepId
from trueup.model.values import JSON
from trueup.ports.driver import Journal

STEP = StepId("revert")


@dataclass(frozen=True)
class Reverting:
    """What would take R back to S."""

    draft: Draft
    changes: tuple[PlannedChange, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        addresses = tuple(change.address for change in self.changes)
        return (Step(STEP, f"{len(self.draft.changes)} statements", addresses),) if addresses else ()


def reverting(
    settled: Snapshot, real: Snapshot, bench: Bench | None, *, sqlite: bool, only: Collection[Address] | None = None
) -> Reverting:
    """At these addresses (None: wherever R left S). What no statement takes back, or does not on scratch, is left
    alone and said."""
    asked = {each for each in {*settled, *real} if settled.get(each) != real.get(each)}
    asked &= set(asked if only is None else only)
    wanted = {address: each for address, each in real.items() if address not in asked}
    wanted |= {address: settled[address] for address in asked if address in settled}
    draft = (ddl_sqlite if sqlite else ddl).difference(real, wanted)
    declined = {each.address: each.reason for each in draft.declined}
    reached = _tried(draft.changes, real, bench) if bench is not None and draft.changes else wanted
    missed = {each for each in asked if reached is None or not _same(reached.get(each), wanted.get(each))}
    changes = tuple(
        _change(address, real.get(address), settled.get(address))
        for address in sorted(asked - missed - declined.keys())
    )
    findings = [
        *(_left(address, reason) for address, reason in declined.items()),
        *(_left(address, "the statements for it do not lead there on scratch") for address in missed - declined.keys()),
    ]
    return Reverting(draft, changes, tuple(findings))


def _tried(statements: Sequence[Ddl], real: Snapshot, bench: Bench) -> Snapshot | None:
    """What they make of R on scratch, as far as it can be rebuilt there; None where they do not run."""
    before = bench.begin(real)
    try:
        bench.execute([each.sql for each in statements])
    except Rejected:
        return None
    after = bench.look()
    same = {each for each in {*before, *after, *real} if before.get(each) == after.get(each)}
    return {
        **{each: after[each] for each in after if each not in same},
        **{each: real[each] for each in real if each in same},
    }


def _change(address: Address, real: Resource | None, settled: Resource | None) -> PlannedChange:
    thing = settled or real
    assert thing is not None
    action = Action.CREATE if real is None else Action.DELETE if settled is None else Action.UPDATE
    return PlannedChange(
        address, thing.kind, action, real.values if real else None, settled.values if settled else None
    )


def _same(one: Resource | None, other: Resource | None) -> bool:
    return (one.values if one else None) == (other.values if other else None)


def _left(address: Address, reason: str) -> Finding:
    return Finding("revert-left", f"{address} stays as it is: {reason}", hint="undo it by hand, or codify it")


def revert(order: "Order", plan: Plan, journal: Journal) -> Applied:
    """Under Flyway's lock; in one transaction, where the database allows that. Raises Rejected and Unavailable while
    nothing has begun."""
    with order.lock(), order.connect() as database:
        now = order.look(database)
        moved = [
            each.address for each in plan.changes if _values(now, each.address) != _values(plan.real, each.address)
        ]
        if moved:
            raise Unavailable(f"somebody changed {', '.join(moved[:3])} since this was planned", hint="plan again")
        statements = order.statements
        together = all(each.in_transaction for each in statements)
        journal.begin(STEP)
        error = _run(database, statements, together=together)
        lost = database.lost
        after = now if error and together and not lost else None if lost else order.look(database)
    outcomes = {each.address: _became(each, after) for each in plan.changes}
    resources = dict(plan.real)
    for address in outcomes:
        resources.pop(address, None)
        if after is not None and address in after:
            resources[address] = after[address]
    for address, outcome in outcomes.items():
        journal.report(STEP, address, outcome)
    journal.end(STEP)
    return Applied(not error, resources, outcomes, plan.basis.live, error)


@dataclass(frozen=True)
class Order:
    """What is run, and how to get there."""

    statements: Sequence[Ddl]
    lock: Callable[[], AbstractContextManager[object]]
    connect: Callable[[], AbstractContextManager[Database]]
    look: Callable[[Database], Snapshot]


def _run(database: Database, statements: Sequence[Ddl], *, together: bool) -> str:
    """What stopped it; empty: nothing did."""
    try:
        with database.transaction() if together else nullcontext():
            for each in statements:
                database.execute(each.sql)
    except (Rejected, Unavailable) as error:
        return str(error)
    return ""


def _became(change: PlannedChange, after: Snapshot | None) -> Outcome:
    if after is None:
        return Outcome.UNCERTAIN
    return Outcome.DONE if _values(after, change.address) == change.after else Outcome.FAILED


def _values(resources: Mapping[Address, Resource], address: Address) -> JSON:
    found = resources.get(address)
    return found.values if found is not None else None
