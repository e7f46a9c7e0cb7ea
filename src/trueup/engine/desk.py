"""Desk: one run's row while somebody works on it. Transition, ledger entry and baseline are one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from trueup.model.baseline import Baseline
from trueup.model.drift import Drift
from trueup.model.errors import Invalid
from trueup.model.ledger import Draft
from trueup.model.run import Run, RunId, RunState
from trueup.model.stack import Stack
from trueup.ports.store import Conflict, Store, Transaction


class Desk:
    """Moves one run. A row that somebody else moved meanwhile raises ports.store.Conflict: the worker that finds
    out stops, and whatever it had not begun is left to the other."""

    def __init__(self, store: Store, id: RunId, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        with store.transaction() as tx:
            run = tx.run(id)
            if run is None:
                raise Invalid(f"there is no run {id}", hint="`trueup run list` shows the runs")
            stack = tx.stack(run.stack)
        if stack is None:
            raise Invalid(f"the stack of {id} is not known any more")
        self.run: Run = run
        self.stack: Stack = stack

    def move(self, state: RunState, draft: Draft | None = None, **changes: Any) -> Run:
        """One transition. `changes` are fields of Run."""
        with self._store.transaction() as tx:
            self._put(tx, state, draft, changes)
        return self.run

    def end(
        self,
        state: RunState,
        draft: Draft,
        *,
        baseline: Baseline | None,
        drifts: Sequence[Drift] = (),
        drafts: Sequence[Draft] = (),
        sealed: Sequence[tuple[str, str, bytes]] = (),
        stack: Callable[[Stack], Stack] | None = None,
        **changes: Any,
    ) -> Run:
        """The last transition of a run that applied, with what it settled. `sealed` holds kind, name, content;
        `drafts` are ledger entries beside the run's own; `stack` is given the row as it is now, because
        intake may have written it while the run applied."""
        with self._store.transaction() as tx:
            for kind, name, content in sealed:
                tx.seal(kind, name, content)
            if baseline is not None:
                tx.put_baseline(baseline)
            for drift in drifts:
                tx.put_drift(drift)
            current = tx.stack(self.stack.id) or self.stack
            if stack is not None and stack(current) != current:
                self.stack = tx.put_stack(stack(current))
            for each in drafts:
                tx.record(each)
            self._put(tx, state, draft, changes)
        return self.run

    def draft(self, kind: str, summary: str, actor: str = "trueup", **details: Any) -> Draft:
        """A ledger entry about this run, with everything that an auditor asks for."""
        run = self.run
        return Draft(
            kind=kind,
            actor=actor,
            summary=summary,
            stack=self.stack.id,
            name=self.stack.name,
            environment=self.stack.environment,
            run=run.id,
            commit=run.revision,
            request=run.request,
            reason=run.reason,
            ticket=run.ticket,
            details=details,
        )

    def _put(self, tx: Transaction, state: RunState, draft: Draft | None, changes: dict[str, Any]) -> None:
        stored = tx.run(self.run.id)
        if stored is not None and _only_urged(self.run, stored):
            self.run = replace(self.run, generation=stored.generation, urgency=stored.urgency)
        if stored is None or stored.generation != self.run.generation:
            raise Conflict(f"{self.run.id} moved on")
        self.run = tx.put_run(replace(self.run, state=state, updated_at=self._now(), **changes))
        if draft is not None:
            tx.record(draft)


def _only_urged(mine: Run, stored: Run) -> bool:
    """Nobody moved the run meanwhile; people only made it urgent, which is no reason to plan it once more."""
    return stored.generation - mine.generation == _urged(stored) - _urged(mine)


def _urged(run: Run) -> int:
    """How many people want it urgent: each of them wrote the row once."""
    return 0 if run.urgency is None else 1 + bool(run.urgency.second)
