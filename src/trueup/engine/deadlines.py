"""Deadlines: drift is codified or reverted in time, or somebody hears of it: reminders, escalation, the breach."""

from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.catalog import Catalog
from trueup.engine.deciding import about
from trueup.model.drift import Drift
from trueup.model.errors import Invalid
from trueup.model.ledger import Draft, stamp
from trueup.model.stack import Escalation, Stack
from trueup.ports.store import Conflict, Store
from trueup.stages.overdue import Due, looked
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Deadlines:
    store: Store
    catalog: Catalog
    clock: Clock

    def watch(self) -> int:
        """One round; answers how many entries it wrote. What was told is on the drift's row, in the transaction of its
        ledger entry: neither a restart nor a clock that goes back tells it again."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            stacks = {stack.id: stack for stack in tx.stacks()}
            drifts = [drift for drift in tx.drifts() if drift.stack in stacks]
        return sum(self._look(drift, stacks[drift.stack], now) for drift in drifts)

    def _look(self, drift: Drift, stack: Stack, now: datetime) -> int:
        after, told = looked(drift, self._escalation(stack), now)
        if not told:
            return 0
        try:
            with self.store.transaction() as tx:
                tx.put_drift(after)
                for due in told:
                    tx.record(_draft(due, after, stack, now))
        except Conflict:
            return 0  # a check or a person has it: the next round sees what is left
        return len(told)

    def _escalation(self, stack: Stack) -> Escalation | None:
        """As the control repository says now; nothing escalates while it says nothing valid."""
        try:
            declaration = self.catalog.manifest.declaration(stack.name)
        except Invalid:
            return None
        return declaration.environment.escalate_after if declaration else None


def _draft(due: Due, drift: Drift, stack: Stack, now: datetime) -> Draft:
    words = {
        Due.REMINDER: f"drift still {drift.state} on {stack.name}: {drift.address} is due {_when(drift, now)}",
        Due.ESCALATION: f"drift {drift.state} on {stack.name} escalates: {drift.address}, {_seen(drift, now)}",
        Due.BREACH: f"drift on {stack.name} was not decided in time: {drift.address}, {_seen(drift, now)}",
    }
    details = {
        "drift": drift.id,
        "address": drift.address,
        "severity": str(drift.severity),
        "owner": list(drift.owner),
        "state": str(drift.state),
        "deadline": stamp(drift.deadline) if drift.deadline else None,
        "first_seen": stamp(drift.first_seen),
        "sightings": drift.sightings,
        "made_by": drift.actor,
    }
    return replace(about(stack, due, words[due]), request=drift.request, details=details)


def _when(drift: Drift, now: datetime) -> str:
    assert drift.deadline is not None
    hours = (drift.deadline - now).total_seconds() / 3600
    return f"in {hours:.1f} h" if hours < 48 else f"in {hours / 24:.0f} days"


def _seen(drift: Drift, now: datetime) -> str:
    minutes = max(0.0, (now - drift.first_seen).total_seconds() / 60)
    since = f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    since = since if minutes < 96 * 60 else f"{minutes / 1440:.0f} days"
    return f"open for {since}, seen {'once' if drift.sightings == 1 else f'{drift.sightings} times'}"
