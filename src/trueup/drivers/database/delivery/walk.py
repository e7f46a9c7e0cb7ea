"""One delivery on its way: each step is in the journal before its effect, and what became of it behind."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from trueup.drivers.database.delivery.lost import history_after
from trueup.drivers.database.delivery.order import Delivery
from trueup.drivers.database.delivery.parts import PartRunner, next_step
from trueup.drivers.database.delivery.patience import CommitLost
from trueup.drivers.database.delivery.run import Runner
from trueup.drivers.database.delivery.settled import Fate, Seen, settled
from trueup.drivers.database.delivery.ways import Way
from trueup.drivers.database.history.records import identity_of
from trueup.drivers.database.migrations.migrations import Kind
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.errors import LostLease, Rejected, TrueupError, Unavailable
from trueup.model.plan import Address, Applied, Outcome, Plan, StepId
from trueup.ports.driver import Journal

BEGINNING = StepId("history")
"""The step that writes the rows with which a history begins."""
AT_THE_END = ("afterMigrateApplied", "afterMigrate")
LOST_BEHIND = "the connection was lost behind the last commit: what runs after migrating did not"


@dataclass
class Walk:
    delivery: Delivery
    plan: Plan
    journal: Journal
    ways: tuple[Way, ...]
    runner: Runner
    before: Snapshot
    quick: bool
    """A snapshot may be taken while locks are held."""
    after: Snapshot | None = None
    """Taken in the last transaction."""
    done: set[Address] = field(default_factory=set)
    uncertain: frozenset[Address] = frozenset()
    begun: list[Way] = field(default_factory=list)

    def through(self) -> Applied:
        """Raises LostLease."""
        units = self.delivery.units(self.ways)
        error = ""
        unit: tuple[Way, ...] = ()
        try:
            if not units:
                self._begin((), first=True)
            for number, unit in enumerate(units):
                self._begin(unit, first=number == 0)
                self._between(units[number - 1] if number else (), unit)
                self._run(unit, last=number == len(units) - 1)
                self._end(unit)
            self._behind()
        except LostLease:
            raise
        except CommitLost as lost:
            error = self._found_out(unit, lost, last=bool(units) and unit is units[-1])
        except TrueupError as stopped:
            error = self._words(unit, stopped)
            self._after_error()
        return self._applied(error)

    def _begin(self, unit: Sequence[Way], *, first: bool) -> None:
        delivery = self.delivery
        if first and delivery.first:
            self.journal.begin(BEGINNING)
        for way in unit:
            self.journal.begin(StepId(way.migration.address))
            self.begun.append(way)
        if not first:
            return
        if delivery.rows is None or delivery.first or delivery.missing_schemas:
            self.runner.write_first(delivery.first, delivery.missing_schemas)
            self._note(BEGINNING, [row.address for row in delivery.first])
        self.runner.callbacks("beforeMigrate")

    def _note(self, step: StepId, begins: Sequence[Address]) -> None:
        self.done |= set(begins)
        if begins:
            self._say(step, begins, Outcome.DONE)

    def _between(self, before: Sequence[Way], unit: Sequence[Way]) -> None:
        if unit[0].migration.kind is Kind.REPEATABLE and (
            not before or before[-1].migration.kind is not Kind.REPEATABLE
        ):
            if before:
                self.runner.callbacks("afterVersioned")
            self.runner.callbacks("beforeRepeatables")

    def _run(self, unit: tuple[Way, ...], *, last: bool) -> None:
        way = unit[0]
        if way.migration.address in self.delivery.imported:
            self.runner.mark(way)
        elif way.in_transaction:
            look = last and self.quick and not self._has_end
            self.runner.together(unit, self._look if look else lambda: None)
        else:
            PartRunner(self.runner, way).run()

    def _end(self, unit: Sequence[Way]) -> None:
        self.done |= {way.migration.address for way in unit}
        number, of = len(self._done_ways), len(self.ways)
        self.runner.manner.log(f"{number} of {of} done")
        for way in unit:
            self._report(way, Outcome.DONE)

    def _behind(self) -> None:
        for event in AT_THE_END:
            self.runner.callbacks(event)

    @property
    def _done_ways(self) -> list[Way]:
        return [way for way in self.ways if way.migration.address in self.done]

    @property
    def _has_end(self) -> bool:
        return any(self.runner.migrations.on(event) for event in AT_THE_END)

    def _look(self) -> None:
        self.after = self.delivery.look(self.runner.database)

    def _found_out(self, unit: Sequence[Way], lost: CommitLost, *, last: bool) -> str:
        """Whether a commit happened that nobody answered: the history tells once the server is done with it."""
        delivery, runner = self.delivery, self.runner
        options = replace(delivery.options, read_only=True)
        rows = history_after(
            delivery.dialect, delivery.url, options, delivery.table, runner.database.backend, delivery.pause
        )
        mine = frozenset(way.migration.address for way in unit)
        if rows is None:
            self.uncertain = mine
            return f"{lost.message}, in the middle of a commit, and the server does not say what became of it"
        known = {row.rank for row in runner.rows if row.success}
        new = {row.address for row in rows if row.success and row.rank not in known}
        if not mine <= new:
            self.after = None
            return f"{lost.message} before {', '.join(sorted(mine))} was committed: nothing of it happened"
        runner.rows = list(rows)
        self._end(unit)
        if last:
            return LOST_BEHIND if self._has_end else ""
        return f"{lost.message} behind {', '.join(sorted(mine))}, which was committed; what follows was not begun"

    def _words(self, unit: Sequence[Way], error: TrueupError) -> str:
        title = str(unit[0].migration) if len(unit) == 1 else f"one of {len(unit)} migrations in one transaction"
        lines = [f"{title}: {error.place}: {error.message}" if error.place else f"{title}: {error.message}"]
        lines += [error.hint] if error.hint else []
        lines += self._next_step(unit)
        return self.delivery.job.redact("\n".join(lines))

    def _next_step(self, unit: Sequence[Way]) -> list[str]:
        done = f"{len(self._done_ways)} of {len(self.ways)} migrations are done"
        if not unit or unit[0].in_transaction or unit[0].migration.address in self.delivery.imported:
            return [f"{done}; of this one nothing remains: deliver again once the cause is gone"]
        return [done, *next_step(unit[0], self.runner)]

    def _after_error(self) -> None:
        self.after = None
        if self.runner.database.lost:
            return
        for event in ("afterEachMigrateError", "afterMigrateError"):
            try:
                self.runner.callbacks(event)
            except (Rejected, Unavailable) as error:
                self.runner.manner.log(f"{event}: {error.message}")

    def _applied(self, error: str) -> Applied:
        inside = self.after is not None
        after = self.after if inside else self._snapshot_now()
        fate = Fate(frozenset(self.done), self.uncertain, self.delivery.foreseen)
        resources, outcomes = settled(self.plan, self.runner.rows, Seen(self.before, after, inside), fate)
        for way in self.begun:
            if way.migration.address not in self.done | self.uncertain:
                self._report(way, Outcome.FAILED)
        return Applied(
            not error and not self.uncertain,
            resources,
            outcomes,
            identity_of(self.runner.rows),
            error,
            notes=tuple(self.runner.notes),
        )

    def _snapshot_now(self) -> Snapshot | None:
        delivery = self.delivery
        try:
            if not self.runner.database.lost:
                return delivery.look(self.runner.database)
            with delivery.dialect.connect(delivery.url, replace(delivery.options, read_only=True)) as database:
                return delivery.look(database)
        except (Rejected, Unavailable):
            return None

    def _report(self, way: Way, outcome: Outcome) -> None:
        step = StepId(way.migration.address)
        touched = next((each.addresses for each in self.plan.steps if each.id == step), (way.migration.address,))
        self._say(step, touched, outcome)

    def _say(self, step: StepId, addresses: Sequence[Address], outcome: Outcome) -> None:
        """While the store does not answer the work goes on: the history tells the same."""
        with suppress(Unavailable):
            for address in addresses:
                self.journal.report(step, address, outcome)
            self.journal.end(step)
