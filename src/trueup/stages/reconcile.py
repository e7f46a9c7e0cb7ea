"""Reconcile: whether every step of a live system's own counter between two entries is one that the ledger explains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from trueup.model.ledger import Entry
from trueup.model.values import JSON

Identity = Mapping[str, JSON]
"""A live identity as an entry has it: Terraform's lineage and serial, another technology's hash."""


@dataclass(frozen=True)
class LiveStep:
    """The live identity of one stack went from one value to another."""

    stack: str
    """The stack's name."""
    before: Identity
    """Empty: nothing was known."""
    after: Identity
    at: datetime
    """When that was recorded."""
    seq: int
    by: str
    """The run's id, or the entry's kind; empty for a step that nothing explains."""

    @property
    def explained(self) -> bool:
        return bool(self.by)


def live_steps(entries: Iterable[Entry]) -> list[LiveStep]:
    """All steps of all stacks, oldest first. An entry with `live_before` begins where it says: where that is not what
    the entry before it left, somebody wrote in between, and no check saw it."""
    known: dict[str, Identity] = {}
    steps: list[LiveStep] = []
    for entry in entries:
        draft = entry.draft
        live, before = _identity(draft.details.get("live")), _identity(draft.details.get("live_before"))
        if not live:
            continue
        last = known.get(draft.stack, {})
        if before and last and before != last:
            steps.append(LiveStep(draft.name, last, before, entry.time, entry.seq, by=""))
        start = before or last
        if live != start:
            steps.append(LiveStep(draft.name, start, live, entry.time, entry.seq, by=draft.run or draft.kind))
        known[draft.stack] = live
    return steps


def _identity(value: JSON) -> Identity:
    return value if isinstance(value, dict) else {}
