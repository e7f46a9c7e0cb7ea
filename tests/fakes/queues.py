"""Queues without workers: what is enqueued happens at once, in the same thread."""

from collections.abc import Callable
from datetime import datetime

from trueup.engine.break_glass_follow_up import FollowUps
from trueup.engine.reconciler import Reconciler
from trueup.engine.recovery import Recovery
from trueup.model.break_glass import BreakGlass
from trueup.model.errors import Unavailable
from trueup.model.run import Run
from trueup.model.stack import StackId


class InlineQueues:
    """Implements engine.scheduler.Queues; nothing is left for a sweep, because nobody dies here."""

    def __init__(
        self,
        reconciler: Reconciler,
        recovery: Recovery,
        check: Callable[[StackId], object],
        follow_ups: FollowUps,
    ) -> None:
        """`check` looks at a stack, and answers what it finds."""
        self._reconciler, self._recovery, self._check, self._follow_ups = reconciler, recovery, check, follow_ups

    def enqueue_plan(self, run: Run) -> None:
        self._reconciler.walk(run.id, "plan")

    def enqueue_apply(self, run: Run) -> None:
        try:
            self._reconciler.walk(run.id, "apply")
        except Unavailable:
            return  # somebody holds the lease: the next round tries again

    def enqueue_recover(self, run: Run) -> None:
        self._recovery.recover(run.id)

    def enqueue_check(self, stack: StackId, due_at: datetime) -> None:
        self._check(stack)

    def enqueue_follow_up(self, glass: BreakGlass) -> None:
        try:
            self._follow_ups.write(glass.id)
        except Unavailable:
            return  # the next round tries again

    def sweep(self) -> None:
        return
