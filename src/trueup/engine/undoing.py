"""Undoing: who undid what was made by hand, as far as the live system's own log tells."""

from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.attribution import Attribution
from trueup.engine.catalog import Catalog
from trueup.engine.settling import drift_draft
from trueup.model.address import parent_of
from trueup.model.drift import Drift
from trueup.model.ledger import Draft
from trueup.model.signal import LiveEvent
from trueup.model.stack import Stack
from trueup.ports.store import Transaction
from trueup.render.undoings import undoing


@dataclass(frozen=True)
class Undoing:
    catalog: Catalog

    def draft(self, tx: Transaction, stack: Stack, drift: Drift, at: datetime, *, how: str, commit: str = "") -> Draft:
        """The ledger's entry of a change by hand that an apply beside us undid: what, whose, since when, and by what
        (`how`). `commit` is the one that was applied, where that is known."""
        event = self.event(tx, stack, drift, at)
        person = Attribution(self.catalog).who(event) if event else ""
        by = f"{how} by {person}" if person else how
        draft = drift_draft(
            stack,
            drift,
            "drift.reverted-by",
            f"{undoing(drift)}; undone on {stack.name} by {by}",
            person or "trueup",
            how=how,
            by=person,
            event=event.id if event else "",
            undone_between=[drift.last_seen.isoformat(), (event.at if event else at).isoformat()],
            added_by=drift.actor,
            added_at=drift.origin.at.isoformat() if drift.origin else None,
        )
        return replace(draft, commit=commit)

    def event(self, tx: Transaction, stack: Stack, drift: Drift, at: datetime) -> LiveEvent | None:
        """The newest write to that address between the last look that saw the drift and now. Never one of ours."""
        there = {drift.address, parent_of(drift.address)}
        names = [each for each in tx.subjects(stack.id) if each.address in there]
        theirs = [
            each
            for each in tx.events(stack.id, drift.last_seen, at)
            if not each.run and not each.error and any(name.is_meant_by(each) for name in names)
        ]
        return theirs[-1] if theirs else None
