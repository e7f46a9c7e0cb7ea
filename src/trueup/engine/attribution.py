"""Attribution: a drift gets the name of whoever made it, when the check finds it or when the event arrives later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.catalog import Catalog
from trueup.engine.deciding import about
from trueup.model.address import parent_of
from trueup.model.drift import Drift
from trueup.model.ledger import Draft
from trueup.model.people import Identity
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import Stack
from trueup.ports.store import Transaction
from trueup.render.origins import deed
from trueup.settings import EVENT_SLACK, EVENTS_KEPT
from trueup.stages.detect import Detection
from trueup.stages.trace import origin_of


@dataclass(frozen=True)
class Attribution:
    catalog: Catalog

    def completed(self, tx: Transaction, stack: Stack, detection: Detection) -> Detection:
        """The detection with every origin that the events tell. A step of completing drift records."""
        seen_again = self._traced(tx, stack, detection.seen_again)
        for before, now in zip(detection.seen_again, seen_again, strict=True):
            if now is not before:
                tx.record(self._told(stack, now))
        return replace(
            detection,
            opened=self._traced(tx, stack, detection.opened),
            seen_again=seen_again,
            changed=self._traced(tx, stack, detection.changed, again=True),
        )

    def late(self, tx: Transaction, stack: Stack) -> Sequence[Drift]:
        """Events came after the drift was found: what they tell is written into its record and into the ledger."""
        drifts = tuple(tx.drifts(stack.id))
        changed = [now for before, now in zip(drifts, self._traced(tx, stack, drifts), strict=True) if now != before]
        for drift in changed:
            tx.put_drift(drift)
            tx.record(self._told(stack, drift))
        return changed

    def who(self, event: LiveEvent) -> str:
        """The person as `people:` names them, else the identity itself."""
        people = self.catalog.manifest.people
        shown = [event.identity, Identity(event.identity.kind, event.session), Identity("email", event.email)]
        if event.break_glass:
            shown.append(Identity("name", event.session.partition(f"trueup-{event.break_glass}-")[2]))
        names = {person.name for person in people.known}
        known = (people.who(identity) for identity in shown if identity.name)
        return next((person for person in known if person in names), str(event.identity))

    def _traced(
        self, tx: Transaction, stack: Stack, drifts: Sequence[Drift], *, again: bool = False
    ) -> tuple[Drift, ...]:
        """`again`: the deviation is another one than before, so that whoever made the first one may not be it."""
        if not drifts:
            return ()
        spans = {drift.id: _span(drift, tx.drift(drift.id) if again else None) for drift in drifts}
        events = tx.events(stack.id, min(since for since, _ in spans.values()), max(till for _, till in spans.values()))
        if not events:
            return tuple(drifts)
        names: dict[str, list[Subject]] = {}
        for subject in tx.subjects(stack.id):
            names.setdefault(subject.address, []).append(subject)
        return tuple(self._of(drift, spans[drift.id], events, names) for drift in drifts)

    def _of(
        self,
        drift: Drift,
        span: tuple[datetime, datetime],
        events: Iterable[LiveEvent],
        names: Mapping[str, Sequence[Subject]],
    ) -> Drift:
        parent = parent_of(drift.address)
        subjects = [*names.get(drift.address, ()), *(names.get(parent, ()) if parent else ())]
        since, until = span
        found = origin_of(drift, subjects, [each for each in events if since <= each.at <= until], self.who)
        return drift if found is None or found == drift.origin else replace(drift, origin=found)

    def _told(self, stack: Stack, drift: Drift) -> Draft:
        assert drift.origin is not None
        summary = f"drift on {stack.name}: {drift.address} was changed {deed(drift.origin)}"
        details = {
            "drift": drift.id,
            "address": drift.address,
            "severity": str(drift.severity),
            "cause": str(drift.cause),
            "owner": list(drift.owner),
            **told_of(drift),
        }
        return replace(about(stack, "drift.attributed", summary, drift.origin.actor), details=details)


def told_of(drift: Drift) -> dict[str, str]:
    """Who did it, for the details of a ledger entry."""
    origin = drift.origin
    if origin is None:
        return {"actor": ""}
    return {
        "actor": origin.actor,
        "at": origin.at.isoformat(),
        "event": origin.event,
        "call": origin.name,
        "from": origin.address,
        "user_agent": origin.user_agent,
        "session": origin.session,
        "break_glass": origin.break_glass,
    }


def _span(drift: Drift, before: Drift | None) -> tuple[datetime, datetime]:
    """When it can have happened, with slack for two clocks that differ."""
    if before is not None:
        return before.last_seen - EVENT_SLACK, drift.last_seen + EVENT_SLACK
    since = drift.not_before or drift.first_seen - EVENTS_KEPT
    return since - EVENT_SLACK, drift.first_seen + EVENT_SLACK
