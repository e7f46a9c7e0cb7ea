"""Lateness: a check that should have been long ago is an alarm of its own. Silence must never look like health."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from trueup.engine.deciding import about
from trueup.model.drift import Check
from trueup.model.ledger import stamp
from trueup.model.stack import Stack, StackId, Standing
from trueup.ports.store import Store, Transaction
from trueup.settings import CHECK_OVERDUE
from trueup.system.clock import Clock

TOLD = "overdue:"
"""Facts: the stacks of which it was told, and when."""
CERTAIN = 60.0
"""Seconds by a clock that cannot jump: a machine that slept, or whose clock was set, has no check that is late."""


@dataclass
class Lateness:
    store: Store
    clock: Clock
    _since: dict[StackId, float] = field(default_factory=dict, repr=False)
    """Monotonic seconds at which each stack was first seen to be late."""

    def watch(self) -> int:
        """One round; answers how many entries it wrote: once when a check is late, once when it came after all."""
        with self.store.transaction() as tx:
            told = tx.facts(TOLD)
            checks = {check.stack: check for check in tx.checks()}
            stacks = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
            wrote = 0
            for stack in stacks:
                before = told.get(f"{TOLD}{stack.id}", "")
                late = self._is_late(stack, checks.get(stack.id), certain=bool(before))
                if late and not before:
                    self._tell(tx, stack, checks[stack.id])
                elif before and not late:
                    tx.put_fact(f"{TOLD}{stack.id}", "")
                    tx.record(about(stack, "check.back", f"{stack.name} is checked again"))
                wrote += late != bool(before)
        return wrote

    def _is_late(self, stack: Stack, check: Check | None, *, certain: bool) -> bool:
        if check is None or check.due_at + CHECK_OVERDUE >= self.clock.now():
            self._since.pop(stack.id, None)
            return False
        return certain or self.clock.monotonic() - self._since.setdefault(stack.id, self.clock.monotonic()) >= CERTAIN

    def _tell(self, tx: Transaction, stack: Stack, check: Check) -> None:
        done = check.completed_at
        since = f"nobody has looked since {done:%Y-%m-%d %H:%M} UTC" if done else "nobody has ever looked"
        late = timedelta(seconds=round((self.clock.now() - check.due_at).total_seconds()))
        details = {
            "due_at": stamp(check.due_at),
            "completed_at": stamp(done) if done else None,
            "state": str(check.state),
        }
        draft = about(stack, "check.overdue", f"the check of {stack.name} is late by {late}: {since}")
        tx.record(replace(draft, details=details))
        tx.put_fact(f"{TOLD}{stack.id}", stamp(self.clock.now()))
