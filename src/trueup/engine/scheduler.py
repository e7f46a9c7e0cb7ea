"""Scheduler: what is due. Git is looked at, runs and checks are handed to workers, waiting ones are woken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

from trueup.engine.catalog import Catalog, Look
from trueup.engine.errands import Errands
from trueup.engine.intake import Intake
from trueup.engine.reports import Reports
from trueup.model.break_glass import BreakGlass
from trueup.model.drift import CheckState
from trueup.model.errors import TrueupError
from trueup.model.run import Run, RunId, RunState
from trueup.model.stack import StackId, Standing
from trueup.ports.store import Conflict, RunFilter, Store
from trueup.settings import LEADER_SECONDS, POLL
from trueup.system.clock import Clock, jittered

LEADER = StackId("scheduler")
"""The lease of the one process that schedules; a stack's id is never this."""


class Queues(Protocol):
    """Satisfied by engine.workflows."""

    def enqueue_plan(self, run: Run) -> None: ...
    def enqueue_apply(self, run: Run) -> None: ...
    def enqueue_recover(self, run: Run) -> None: ...
    def enqueue_check(self, stack: StackId, due_at: datetime) -> None: ...
    def enqueue_follow_up(self, glass: BreakGlass) -> None: ...
    def sweep(self) -> None:
        """Takes over what dead workers left."""
        ...


@dataclass
class Scheduler:
    """`tick` does one round; safe to repeat, and safe to run in several processes: one of them leads."""

    store: Store
    catalog: Catalog
    intake: Intake
    errands: Errands
    reports: Reports
    queues: Queues
    clock: Clock
    holder: str
    poll: timedelta = POLL
    sign: Callable[[], None] = lambda: None
    """Writes a signed checkpoint of the ledger when one is due."""
    rounds: Sequence[Callable[[], object]] = ()
    """What else is due now and then: each safe to repeat, and cheap when nothing is."""
    look: Look | None = None
    """The newest refresh, for `readyz` and `doctor`."""
    looked_at: datetime | None = None
    _next_look: datetime | None = field(default=None, repr=False)

    def run(self, stop: Event, pause: float = 1.0) -> None:
        """Until `stop` is set. An error of one round is said and does not end the loop."""
        while not stop.is_set():
            try:
                self.tick()
            except (TrueupError, Conflict) as error:
                self.store.log("scheduler", [str(error)])
            self.clock.wait(stop, pause)

    def tick(self) -> None:
        if self.store.acquire(LEADER, self.holder, LEADER_SECONDS) is None:
            return
        now = self.clock.now()
        if self._next_look is None or now >= self._next_look:
            self.refresh()
            self._next_look = now + timedelta(seconds=jittered(self.poll.total_seconds()))
        self.queues.sweep()
        self._wake()
        self._hand_out(now)
        self._go_round()
        self._check(now)
        self.reports.publish()
        self.sign()

    def _go_round(self) -> None:
        """One that fails is said and does not keep the others."""
        for each in self.rounds:
            try:
                each()
            except (TrueupError, Conflict) as error:
                self.store.log("scheduler", [str(error)])

    def refresh(self) -> Look:
        """Looks at Git now and takes in what is new."""
        self.look = self.catalog.refresh()
        self.looked_at = self.clock.now()
        self.intake.take_in(self.look)
        return self.look

    def _wake(self) -> None:
        """Deferred runs whose upstream is settled, and blocked ones whose drift is gone, go back into the queue."""
        with self.store.transaction() as tx:
            waiting = tx.runs(RunFilter(states=frozenset({RunState.DEFERRED, RunState.BLOCKED}), limit=1000))
            drifting = {(drift.stack, drift.address) for drift in tx.drifts()}
        for run in waiting:
            if run.state is RunState.DEFERRED:
                ready = not self.errands.waiting_for(run)
            else:
                at_stake = {(run.stack, loss.address) for loss in run.losses}
                ready = self._is_on_record(run) and not at_stake & drifting
            if ready:
                self._move(run.id, run.state, RunState.QUEUED)

    def _is_on_record(self, run: Run) -> bool:
        """A blocked run may have seen a hand-made change before any check did: then one has to look first, now."""
        if all(loss.drift is not None for loss in run.losses):
            return True
        with self.store.transaction() as tx:
            check = tx.check(run.stack)
            if check is None or (check.completed_at is not None and check.completed_at > run.updated_at):
                return check is not None
            now = self.clock.now()
            tried = check.ended_at is not None and check.ended_at > run.updated_at
            if check.state is not CheckState.CHECKING and check.due_at > now and not tried:
                tx.put_check(replace(check, state=CheckState.DUE, due_at=now, reason=f"{run.id} is blocked"))
        return False

    def _move(self, id: RunId, before: RunState, after: RunState) -> None:
        with self.store.transaction() as tx:
            run = tx.run(id)
            if run is not None and run.state is before:
                tx.put_run(replace(run, state=after, waiting_for=(), updated_at=self.clock.now()))

    def _hand_out(self, now: datetime) -> None:
        states = frozenset({RunState.QUEUED, RunState.APPROVED, RunState.UNCERTAIN})
        with self.store.transaction() as tx:
            runs = tx.runs(RunFilter(states=states, limit=1000))
            glasses = tx.break_glasses()
            paused = {
                stack.id
                for stack in tx.stacks()
                if stack.paused or any(glass.holds_up(stack.id, stack.environment) for glass in glasses)
            }
        for run in sorted(runs, key=lambda run: (not run.urgent, run.created_at, run.id)):
            early = run.not_before is not None and run.not_before > now
            if early or (run.state is RunState.APPROVED and run.stack in paused):
                continue
            match run.state:
                case RunState.QUEUED:
                    self.queues.enqueue_plan(run)
                case RunState.APPROVED:
                    self.queues.enqueue_apply(run)
                case _:
                    self.queues.enqueue_recover(run)

    def _check(self, now: datetime) -> None:
        with self.store.transaction() as tx:
            watched = {stack.id for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN}
            known = [check for check in tx.checks() if check.stack in watched]
            due = [check for check in known if check.due_at <= now and check.state is not CheckState.CHECKING]
        for check in due:
            self.queues.enqueue_check(check.stack, check.due_at)
