"""Vouching: answers a scheduled check without a plan where state, code and inputs are the same and no event came."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.errands import Errands
from trueup.model.drift import Check
from trueup.model.errors import TrueupError
from trueup.model.run import RunState
from trueup.model.stack import Stack, Standing
from trueup.model.values import digest
from trueup.ports.store import RunFilter, Transaction
from trueup.settings import UNPLANNED_LONGEST
from trueup.stages.vouch import HINT, vouches
from trueup.system.clock import Clock

Quiet = Callable[[Transaction, Stack, datetime], bool]
"""Whether the log of the stack's live system was heard all the time since, and told of nothing there."""


@dataclass(frozen=True)
class Vouching:
    errands: Errands
    quiet: Quiet
    clock: Clock

    def token(self, stack: Stack) -> str:
        """Of everything that a check of the stack depends on now; empty where a plan is needed to tell."""
        if stack.standing is not Standing.SETTLED:
            return ""
        try:
            source = self.errands.source_at(stack, self.errands.catalog.head(stack.repository))
            live = self.errands.token(source)
        except TrueupError:
            return ""  # the plan will say it
        with self.errands.store.transaction() as tx:
            baseline = tx.baseline(stack.id)
        if baseline is None or not live.exists:
            return ""
        token = digest([dict(live.values), baseline.generation, repr(source.declaration)])
        return token if live.proves else f"{HINT}{token}"

    def vouched(self, stack: Stack, token: str, due_at: datetime) -> Check | None:
        """The newest check, vouched for once more; None where only a plan can answer."""
        now = self.clock.now()
        with self.errands.store.transaction() as tx:
            before = tx.check(stack.id)
            if not vouches(before, token, tx.baseline(stack.id), now, UNPLANNED_LONGEST):
                return None
            assert before is not None and before.planned_at is not None
            at_work = tx.runs(RunFilter(stack=stack.id, states=frozenset(state for state in RunState if state.begun)))
            if at_work or not self.quiet(tx, stack, before.planned_at):
                return None
            after = replace(before, vouched_at=now, due_at=min(due_at, before.planned_at + UNPLANNED_LONGEST))
            tx.put_check(after)
        return after
