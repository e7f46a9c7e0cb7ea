"""The page of a break-glass: what changed, by whom, codified where, and what is still owed."""

from dataclasses import dataclass
from datetime import datetime

from trueup.engine.break_glass_follow_up import owed
from trueup.model.break_glass import BreakGlass, Written
from trueup.model.drift import Drift, DriftState
from trueup.model.ledger import Entry
from trueup.model.stack import StackId
from trueup.ports.store import LedgerFilter, Transaction

BESIDE = ("foreign.", "run.finished", "run.failed", "run.uncertain", "run.released", "stack.codified", "stack.unlocked")
"""Kinds of entries that say what else happened to its stacks."""
MANY = 10_000


@dataclass(frozen=True)
class Change:
    """One drift that came to be under it, or that somebody undid by hand meanwhile."""

    drift: Drift
    name: str
    """The stack's."""
    request: int | None
    """The change request that codifies it, or the draft about it."""
    draft: bool


@dataclass(frozen=True)
class Page:
    glass: BreakGlass
    names: tuple[str, ...]
    """Of its stacks."""
    changes: tuple[Change, ...]
    beside: tuple[Entry, ...]
    """Deliveries and foreign applies while it was open, until its stacks were looked at."""
    steps: tuple[Entry, ...]
    """What was written down about itself, credentials included."""
    owed: tuple[str, ...]
    at: datetime


def page(tx: Transaction, glass: BreakGlass, now: datetime) -> Page:
    """As everything stands now."""
    rows = {id: row for id in glass.stacks if (row := tx.stack(id)) is not None}
    names = {id: row.name for id, row in rows.items()}
    since = min(glass.opened_at, glass.requested_at) if glass.opened_at else glass.requested_at
    changes = [
        _change(drift, names.get(id, ""), glass)
        for id in glass.stacks
        for drift in tx.drifts(id, unresolved=False)
        if glass.made(drift) or _undone(drift, glass, now)
    ]
    ledger = tx.entries(LedgerFilter(since=since, limit=MANY))
    ended = _last_look(tx, glass)
    beside = [
        entry
        for entry in ledger
        if entry.draft.stack in rows and entry.draft.kind.startswith(BESIDE) and (ended is None or entry.time <= ended)
    ]
    steps = [
        entry
        for entry in ledger
        if entry.draft.kind.startswith("break-glass.") and entry.draft.details.get("break_glass") == glass.id
    ]
    return Page(
        glass=glass,
        names=tuple(names.values()),
        changes=tuple(sorted(changes, key=lambda change: (change.drift.first_seen, change.drift.id))),
        beside=tuple(beside) if glass.opened_at else (),
        steps=tuple(steps),
        owed=tuple(owed(tx, glass)),
        at=now,
    )


def _change(drift: Drift, name: str, glass: BreakGlass) -> Change:
    found: Written | None = next((each for each in glass.written if drift.id in each.drifts), None)
    request = drift.request or (found.request if found else None)
    draft = found is not None and not found.proven and drift.state is DriftState.OPEN
    return Change(drift, name, request, draft)


def _undone(drift: Drift, glass: BreakGlass, now: datetime) -> bool:
    """There before, and gone while it was open: somebody undid it by hand."""
    at = drift.resolved_at
    return drift.id in glass.before and at is not None and glass.contains(at) and at <= now


def _last_look(tx: Transaction, glass: BreakGlass) -> datetime | None:
    """When the last of its stacks was looked at after its end; None while one is missing."""
    if glass.ended_at is None or set(glass.stacks) - set(glass.looked):
        return None
    ends = [check.completed_at for id in glass.stacks if (check := tx.check(StackId(id))) and check.completed_at]
    return max([glass.ended_at, *ends])
