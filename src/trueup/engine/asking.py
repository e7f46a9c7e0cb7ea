"""Asking: a live system that keeps a log of its own is asked what it says, so that a check knows who did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trueup.engine.errands import Errands
from trueup.engine.source import Source
from trueup.model.drift import Check
from trueup.model.errors import TrueupError
from trueup.model.run import RunId
from trueup.model.signal import LiveEvent
from trueup.model.stack import StackId
from trueup.ports.store import Transaction
from trueup.settings import EVENT_SLACK, EVENTS_KEPT
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Asking:
    errands: Errands
    clock: Clock

    def ask(self, source: Source, check: Check) -> Sequence[LiveEvent]:
        """Since the last plan, with slack for two clocks that differ. A log that cannot be read is said in the check's
        log and keeps no drift from being found."""
        since = self.since(check)
        try:
            return self.errands.logged(source, since)
        except TrueupError as error:
            line = f"its own log cannot be read, so nobody can say who did what: {error}"
            self.errands.store.log(f"check:{source.stack.id}", [line])
            return ()

    def since(self, check: Check) -> datetime:
        return (check.planned_at - EVENT_SLACK) if check.planned_at else self.clock.now() - EVENTS_KEPT


def keep(tx: Transaction, stack: StackId, events: Sequence[LiveEvent]) -> None:
    """Those that somebody else than a run of ours on this stack caused."""
    foreign = [event for event in events if event.changes and not _is_ours(tx, stack, event)]
    if foreign:
        tx.add_events(stack, foreign)


def _is_ours(tx: Transaction, stack: StackId, event: LiveEvent) -> bool:
    """The session names a run that exists, of this very stack, and that was at work then: anybody can call a session
    what they like."""
    run = tx.run(RunId(event.run)) if event.run else None
    if run is None or run.stack != stack:
        return False
    ended = run.updated_at + EVENT_SLACK if run.state.ended else event.at
    return run.created_at - EVENT_SLACK <= event.at <= ended
