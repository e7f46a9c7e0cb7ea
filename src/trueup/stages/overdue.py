"""Overdue: what a drift's deadline asks for at one moment, and the record that says it was done."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from trueup.model.drift import Drift, DriftState
from trueup.model.stack import Escalation
from trueup.settings import REMINDERS

WAITING = frozenset({DriftState.OPEN, DriftState.CODIFYING, DriftState.REVERTING})
"""A drift that is being codified still breaches: an edit that nobody merges is no decision. One that is tolerated does
not: the tolerance has an end of its own, and the deadline counts anew from there."""


class Due(StrEnum):
    REMINDER = "drift.reminded"
    ESCALATION = "drift.escalated"
    BREACH = "drift.breached"


def looked(drift: Drift, escalation: Escalation | None, now: datetime) -> tuple[Drift, tuple[Due, ...]]:
    """The record after this look, and what is to be told. Everything once: several reminders that became due together
    (nobody looked, the clock jumped) are one, a breach replaces the reminders before it, and a clock that goes back
    repeats nothing."""
    if drift.state not in WAITING or drift.provisional:
        return drift, ()
    told: list[Due] = []
    passed = _passed(drift, now)
    if drift.deadline is not None and now >= drift.deadline and drift.breached_at is None:
        drift, passed = replace(drift, breached_at=now), len(REMINDERS)
        told.append(Due.BREACH)
    elif passed > drift.reminders and drift.breached_at is None:
        told.append(Due.REMINDER)
    drift = replace(drift, reminders=max(drift.reminders, passed))
    if escalation is not None and drift.escalated_at is None and _escalates(drift, escalation, now):
        drift = replace(drift, escalated_at=now)
        told.append(Due.ESCALATION)
    return drift, tuple(told)


def _passed(drift: Drift, now: datetime) -> int:
    """How many reminders are due by now."""
    if drift.deadline is None:
        return 0
    whole = drift.deadline - drift.counts_from
    return sum(now >= drift.counts_from + whole * part for part in REMINDERS)


def _escalates(drift: Drift, escalation: Escalation, now: datetime) -> bool:
    often = escalation.sightings is not None and drift.sightings >= escalation.sightings
    return often or (escalation.after is not None and now >= drift.counts_from + escalation.after)
