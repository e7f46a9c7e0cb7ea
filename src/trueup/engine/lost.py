"""Lost: rows that a dead worker left in the middle, where each goes from there, and what is said until then."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trueup.engine.desk import Desk
from trueup.model.drift import CheckState
from trueup.model.run import Run, RunId, RunState
from trueup.ports.store import Conflict, RunFilter, Store
from trueup.settings import LEASE_SECONDS, MAX_ATTEMPTS

AT_WORK = frozenset({RunState.PLANNING, RunState.JUDGING, RunState.APPLYING, RunState.RECOVERING, RunState.VERIFYING})

WORDS: Mapping[RunState, str] = {
    RunState.QUEUED: "nothing was begun, and it starts again",
    RunState.FAILED: f"nothing was begun, and that was attempt {MAX_ATTEMPTS} or later",
    RunState.UNCERTAIN: "an effect may have reached the live system, and recovery has to find out",
}


@dataclass(frozen=True)
class Silence:
    """Of the worker of a run whose lease still lasts: nobody may take it up before that ends."""

    worker: str
    heard_at: datetime
    """When it renewed its lease for the last time."""
    taken_up_at: datetime
    """The end of that lease; unless the worker is alive after all."""


def silences(store: Store, runs: Iterable[Run]) -> Mapping[RunId, Silence]:
    """Of those at work whose worker is gone, or has not renewed its lease for half of it: then its supervisor ends
    the apply too."""
    at_work = [run for run in runs if run.state in AT_WORK]
    if not at_work:
        return {}
    leases, workers = store.leases(), {worker.id for worker in store.workers()}
    found: dict[RunId, Silence] = {}
    for run in at_work:
        lease = leases.get(run.stack)
        if lease is None or not lease.holder.endswith(f"/{run.id}"):
            continue
        worker, whole = lease.holder.removesuffix(f"/{run.id}"), timedelta(seconds=LEASE_SECONDS)
        if worker not in workers or lease.left < whole / 2:
            found[run.id] = Silence(worker, lease.until - whole, lease.until)
    return found


@dataclass(frozen=True)
class Lost:
    store: Store
    now: Callable[[], datetime]

    def candidates(self) -> Sequence[Run]:
        with self.store.transaction() as tx:
            return tx.runs(RunFilter(states=AT_WORK, limit=1000))

    def move(self, rows: Sequence[Run], held: Set[str]) -> frozenset[str]:
        """Moves the rows that nobody alive holds. Answers the runs whose lease still lasts: they are not touched,
        because the process that applies ends only with it."""
        waiting: set[str] = set()
        for run in rows:
            if run.id in held:
                continue
            holder = self.store.leaseholder(run.stack) or ""
            if holder.endswith(f"/{run.id}"):
                waiting.add(run.id)
            else:
                self._move(run)
        return frozenset(waiting)

    def restart_checks(self, held: Set[str]) -> None:
        """A check that nobody works on any more is due again."""
        with self.store.transaction() as tx:
            for check in tx.checks():
                if check.state is CheckState.CHECKING and check.stack not in held:
                    tx.put_check(replace(check, state=CheckState.DUE))

    def _move(self, run: Run) -> None:
        desk = Desk(self.store, run.id, self.now)
        if desk.run.generation != run.generation:
            return
        state = self._sequel(run)
        draft = desk.draft(f"run.{state}", f"{desk.stack.name}: the worker of {run.id} was lost; {WORDS[state]}")
        try:
            desk.move(state, draft, error=f"the worker was lost while {run.state}: {WORDS[state]}")
        except Conflict:
            return  # it is alive after all

    def _sequel(self, run: Run) -> RunState:
        if run.state in (RunState.RECOVERING, RunState.VERIFYING):
            return RunState.UNCERTAIN
        with self.store.transaction() as tx:
            begun = any(entry.event == "begin" for entry in tx.journal(run.id))
        if begun and run.state is RunState.APPLYING:
            return RunState.UNCERTAIN
        # A plan that takes its worker along (no memory left) must not go round for ever.
        return RunState.FAILED if run.attempts >= MAX_ATTEMPTS else RunState.QUEUED
