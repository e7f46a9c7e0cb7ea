"""A session that undoes drifts: the same connection and the same catalog, and no migration at all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.delivery.delivery import holding, look_again, runner_of
from trueup.drivers.database.delivery.patience import committing
from trueup.drivers.database.delivery.run import Runner
from trueup.drivers.database.dialect import Database
from trueup.drivers.database.history.history import Row
from trueup.drivers.database.history.records import identity_of, resources_of
from trueup.drivers.database.recovery import recover
from trueup.drivers.database.scratch.cluster import NoScratch
from trueup.drivers.database.session import inverse
from trueup.drivers.database.session.bench import bench
from trueup.drivers.database.session.history import catalog_of
from trueup.drivers.database.session.inverse import Reversal, Sides
from trueup.drivers.database.session.open import Opened
from trueup.drivers.database.session.read import Read, read_now
from trueup.drivers.database.session.secrets import hidden, revealed
from trueup.drivers.database.session.session import DatabaseObservation
from trueup.drivers.database.snapshots import Snapshot, values_at
from trueup.model.errors import Broken, Refused, Rejected, Unavailable
from trueup.model.plan import Address, Applied, Finding, Outcome, Plan, PlannedChange, Resource
from trueup.model.values import JSON, digest
from trueup.ports.driver import Evidence, Journal, JournalEntry


@dataclass(frozen=True, eq=False)
class RevertArtifact:
    """What a session needs to cut its plan down, and to apply it."""

    session: "RevertObservation"
    read: Read
    reversal: Reversal


class RevertObservation(DatabaseObservation):
    """Narrows. Plans what takes every drift back; the walk leaves those that were named."""

    def plan(self) -> Plan:
        """Raises Refused before the stack is adopted."""
        return self._planned(read_now(self._opened), None)

    def narrowed(self, plan: Plan, addresses: Collection[Address]) -> Plan:
        found = plan.artifact
        if not isinstance(found, RevertArtifact) or found.session is not self:
            raise Broken("a session narrows only what it planned itself")
        return self._planned(found.read, addresses)

    def _planned(self, read: Read, addresses: Collection[Address] | None) -> Plan:
        opened, database = self._opened, self._opened.database
        settled = opened.job.settled()
        if settled is None:
            raise Refused("nobody has settled yet what it should go back to", hint="`trueup adopt` settles it")
        shown = hidden(opened.job, read.real)
        sides = Sides(read.real, revealed(catalog_of(settled), read.real, shown))
        found = inverse.reversal(sides, addresses, database.dialect.name)
        changes = inverse.changes(found.addresses, shown, settled)
        known = {**shown, **resources_of(read.rows or ())}
        planned = {change.address for change in changes}
        others = {each for each in {*known, *settled} if each not in planned}
        return Plan(
            purpose=opened.job.purpose,
            basis=self._basis(read),
            changes=changes,
            real=known,
            sets=dict.fromkeys(others, frozenset()),
            ignored=dict.fromkeys(others, frozenset({"*"})),
            unseen={each.description: digest(opened.job.redact(each.sql)) for each in found.migrations},
            steps=inverse.steps(found),
            findings=(
                *inverse.risks(found, database.dialect, database.major, read.real),
                *self._proven(found, sides, read.rows or ()),
            ),
            artifact=RevertArtifact(self, read, found),
        )

    def _proven(self, found: Reversal, sides: Sides, rows: Sequence[Row]) -> tuple[Finding, ...]:
        opened = self._opened
        if not found.addresses:
            return ()
        try:
            with bench(opened.job, opened.database, opened.scope) as scratch:
                return tuple(inverse.proof(found, sides, scratch, self._owner(rows)))
        except NoScratch as error:
            message = f"without a scratch database nobody tried the revert before: {error.message}"
            return (Finding("revert-not-tried", message, hint=error.hint, approvals=1),)


class RevertSession(RevertObservation):
    """Under Flyway's lock, like any delivery."""

    def apply(self, plan: Plan, journal: Journal) -> Applied:
        found, opened = plan.artifact, self._opened
        if not isinstance(found, RevertArtifact) or found.session is not self:
            raise Broken("a session applies only what it planned itself")
        delivery = opened.delivery(found.read.migrations, found.read.rows)
        with holding(delivery) as (database, held):
            look_again(delivery, plan, database, ())
            runner = runner_of(delivery, database, held)
            error = self._run(plan, found.reversal, runner, journal)
            if not database.lost:
                return _applied(plan, delivery.look(database), found, error)
        with delivery.dialect.connect(delivery.url, replace(delivery.options, read_only=True)) as database:
            return _applied(plan, delivery.look(database), found, error)

    def _run(self, plan: Plan, found: Reversal, runner: Runner, journal: Journal) -> str:
        """The words of what stopped it. Raises LostLease."""
        for step, batch in zip(plan.steps, found.batches, strict=True):
            journal.begin(step.id)
            for address in step.addresses:  # recovery looks there
                journal.report(step.id, address, Outcome.UNCERTAIN)

            try:
                runner.patient.through(partial(_once, runner.database, batch), step.summary)
            except (Rejected, Unavailable) as stopped:
                return self.job.redact(str(stopped))
            journal.end(step.id)
        return ""


def _once(database: Database, batch: tuple[Ddl, ...]) -> None:
    if not batch[0].in_transaction:
        database.execute(batch[0].sql)
        return
    with committing(database) as committed:
        for each in batch:
            database.execute(each.sql)
        committed()


def _applied(plan: Plan, now: Snapshot, found: RevertArtifact, error: str) -> Applied:
    """S is what was written: what somebody changed besides stays drift."""
    back = inverse.outcomes_of(plan.changes, now)
    resources = dict(plan.real)
    for change in plan.changes:
        done = back[change.address] or not error
        _place(resources, change, change.after if done else values_at(now, change.address))
    outcomes = {address: Outcome.DONE if is_back or not error else Outcome.FAILED for address, is_back in back.items()}
    return Applied(not error, resources, outcomes, identity_of(found.read.rows), error)


def _place(resources: dict[Address, Resource], change: PlannedChange, values: JSON) -> None:
    if values is None:
        resources.pop(change.address, None)
    else:
        resources[change.address] = Resource(change.kind, values)


def recovered(opened: Opened, journal: Sequence[JournalEntry]) -> Evidence:
    """The catalog says what came to its end: each transaction did, or did not."""
    evidence = recover(opened, journal)
    if evidence.applied is None:
        return evidence
    settled, now = opened.job.settled() or {}, evidence.applied.resources
    named = {entry.at for entry in journal if entry.at is not None}
    outcomes = {
        each: Outcome.DONE if values_at(now, each) == values_at(settled, each) else Outcome.FAILED for each in named
    }
    complete = bool(outcomes) and all(each is Outcome.DONE for each in outcomes.values())
    return replace(
        evidence,
        applied=replace(
            evidence.applied,
            complete=complete,
            outcomes=outcomes,
            error="" if complete else "the worker was lost during the revert",
        ),
    )
