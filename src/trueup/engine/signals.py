"""Signals: events of live systems are taken in, lead to stacks, and wake one check for each burst."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from trueup.engine.attribution import Attribution
from trueup.engine.catalog import Catalog
from trueup.engine.listening import heard_from
from trueup.model.drift import Check, CheckState
from trueup.model.errors import Invalid
from trueup.model.ledger import Draft, moment, stamp
from trueup.model.run import RunId
from trueup.model.signal import LiveEvent, Wake
from trueup.model.stack import StackId, Standing
from trueup.ports.driver import Driver, Hears
from trueup.ports.store import Conflict, Store, Transaction
from trueup.settings import EVENT_QUIET, EVENT_QUIET_LONGEST, EVENTS_KEPT, EVENTS_MOST
from trueup.system.clock import Clock

HEARD, BLIND = "signals.heard:", "signals.blind:"
"""Facts of the store, with the source behind: what was heard of it, and since when nothing was."""


@dataclass(frozen=True)
class Taken:
    """What became of events that were delivered."""

    accepted: int = 0
    """They touch a stack, whose check is due in a moment."""
    duplicate: int = 0
    ours: int = 0
    """Written by an apply of ours."""
    unknown: int = 0
    """They touch nothing that any stack manages."""
    ignored: int = 0
    """They changed nothing: reads, sessions, calls that were refused. They show that events still come."""

    def plus(self, other: "Taken") -> "Taken":
        return Taken(**{name: count + getattr(other, name) for name, count in asdict(self).items()})


@dataclass(frozen=True)
class Heard:
    """What is known of one source of events."""

    source: str
    since: datetime
    """The first event ever."""
    at: datetime
    """The newest one that was received."""
    counts: Taken = Taken()
    blind_since: datetime | None = None
    """Nothing came since, for longer than it may be silent."""


@dataclass(frozen=True)
class Signals:
    store: Store
    catalog: Catalog
    drivers: Mapping[str, Driver[Any]]
    attribution: Attribution
    clock: Clock

    def take(self, source: str, documents: Sequence[Mapping[str, Any]]) -> Taken:
        """All of them or, when one is no event, none. Raises Invalid, which says which and why."""
        events = self._read(source, documents)
        try:
            return self._store(source, events)
        except Conflict:
            return self._store(source, events)

    def wake(self) -> None:
        """Bursts that have ended: whoever did it is written down, and the check is due. Cheap when there is none."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            due = [wake for wake in tx.wakes() if not now < wake.due_at <= now + EVENT_QUIET_LONGEST]
        for wake in due:
            try:
                with self.store.transaction() as tx:
                    self._woken(tx, wake, now)
            except Conflict:
                continue  # somebody decided about the drift in this moment: the next round tries again

    def forget(self) -> None:
        """Events that nothing can be attributed to any more."""
        with self.store.transaction() as tx:
            tx.forget_events(self.clock.now() - EVENTS_KEPT, EVENTS_MOST)

    def heard(self) -> Sequence[Heard]:
        """Every source that was ever heard of."""
        with self.store.transaction() as tx:
            return tuple(heard_in(tx))

    @property
    def sources(self) -> frozenset[str]:
        """Whose events an installed driver understands."""
        return frozenset(driver.hears for driver in self.drivers.values() if isinstance(driver, Hears))

    def _read(self, source: str, documents: Sequence[Mapping[str, Any]]) -> Sequence[LiveEvent]:
        driver = next(
            (each for each in self.drivers.values() if isinstance(each, Hears) and each.hears == source), None
        )
        if driver is None:
            raise Invalid(f"no driver understands events of `{source}`", hint=f"known: {', '.join(self.sources)}")
        now = self.clock.now()
        events: dict[str, LiveEvent] = {}
        for number, document in enumerate(documents):
            try:
                event = driver.heard(document, now)
            except Invalid as error:
                where = f"event {number + 1} of {len(documents)}: " if len(documents) > 1 else ""
                raise Invalid(f"{where}{error.message}", place=error.place, hint=error.hint) from None
            events[event.id] = event
        return list(events.values())

    def _store(self, source: str, events: Sequence[LiveEvent]) -> Taken:
        now = self.clock.now()
        with self.store.transaction() as tx:
            foreign = [event for event in events if event.changes and not self._is_ours(tx, event)]
            ignored = sum(not event.changes for event in events)
            found = self._stacks_of(tx, foreign)
            new: set[str] = set()
            for stack, touching in found.items():
                fresh = tx.add_events(stack, touching)
                new |= {event.id for event in fresh}
                if fresh:
                    self._ask(tx, stack, fresh, now)
            known = {event.id for touching in found.values() for event in touching}
            taken = Taken(
                accepted=len(new),
                duplicate=len(known - new),
                ours=len(events) - ignored - len(foreign),
                unknown=len(foreign) - len(known),
                ignored=ignored,
            )
            if events:
                note(tx, source, taken, now)
                heard_from(tx, source, events, now)
        return taken

    def _stacks_of(self, tx: Transaction, events: Iterable[LiveEvent]) -> dict[StackId, list[LiveEvent]]:
        events = list(events)
        names: dict[str, list[tuple[StackId, Any]]] = {}
        for stack, subject in tx.subjects_named({text for event in events for text in event.subjects}):
            names.setdefault(subject.text, []).append((stack, subject))
        found: dict[StackId, list[LiveEvent]] = {}
        for event in events:
            here = (pair for text in event.subjects for pair in names.get(text, ()))
            for stack in sorted({stack for stack, subject in here if subject.is_meant_by(event)}):
                found.setdefault(stack, []).append(event)
        return {id: touching for id, touching in found.items() if _is_watched(tx, id)}

    def _ask(self, tx: Transaction, stack: StackId, events: Sequence[LiveEvent], now: datetime) -> None:
        """The check waits for quiet, and not longer than it may: a flood of events must not put it off for ever."""
        before = next((wake for wake in tx.wakes() if wake.stack == stack), None)
        first = before.first_at if before and before.first_at <= now else now
        newest = max(events, key=lambda event: event.at)
        reason = f"{newest.name} by {self.attribution.who(newest)}"
        due = max(now, min(now + EVENT_QUIET, first + EVENT_QUIET_LONGEST))
        tx.put_wake(Wake(stack, first, due, reason, (before.events if before else 0) + len(events)))

    def _woken(self, tx: Transaction, wake: Wake, now: datetime) -> None:
        stack, check = tx.stack(wake.stack), tx.check(wake.stack)
        if stack is None or not _is_watched(tx, wake.stack):
            tx.drop_wake(wake.stack)
            return
        self.attribution.late(tx, stack)
        if check is not None and check.state is CheckState.CHECKING:
            return  # it may have looked before the event happened: another one has to follow it
        check = check or Check(stack.id, CheckState.DUE, due_at=now)
        tx.put_check(replace(check, state=CheckState.DUE, due_at=min(check.due_at, now), reason=wake.reason))
        tx.drop_wake(wake.stack)

    def _is_ours(self, tx: Transaction, event: LiveEvent) -> bool:
        """The session is named after a run that exists, and it is one of the roles that runs get: anybody can call a
        session what they like."""
        if not event.run or tx.run(RunId(event.run)) is None:
            return False
        role = event.session.partition(":assumed-role/")[2].partition("/")[0]
        sources = [each for rule in self.catalog.manifest.credentials for each in (rule.plan, rule.apply) if each]
        roles = [re.sub(r"\{[^}]*\}", "*", each.aws_role).rpartition("/")[2] for each in sources if each.aws_role]
        return any(fnmatchcase(role, pattern) for pattern in roles)


def heard_in(tx: Transaction) -> Iterable[Heard]:
    blind = tx.facts(BLIND)
    for name, text in tx.facts(HEARD).items():
        source, said = name.removeprefix(HEARD), json.loads(text)
        since = blind.get(BLIND + source, "")
        yield Heard(
            source,
            moment(said["since"]),
            moment(said["at"]),
            Taken(**said["counts"]),
            moment(since) if since else None,
        )


def note(tx: Transaction, source: str, taken: Taken, now: datetime) -> None:
    """Events came: counted, and the end of a silence is said."""
    before = next((each for each in heard_in(tx) if each.source == source), None)
    if before is not None and before.blind_since is not None:
        since = before.blind_since
        summary = f"events of {source} come again; nothing was heard from {since:%Y-%m-%d %H:%M} to {now:%H:%M} UTC"
        details = {"source": source, "since": stamp(since)}
        tx.record(Draft("signals.back", "trueup", summary, details=details))
        tx.put_fact(BLIND + source, "")
    counts = before.counts.plus(taken) if before else taken
    since = before.since if before else now
    text = json.dumps({"since": stamp(since), "at": stamp(now), "counts": asdict(counts)}, sort_keys=True)
    tx.put_fact(HEARD + source, text)


def _is_watched(tx: Transaction, id: StackId) -> bool:
    stack = tx.stack(id)
    return stack is not None and stack.standing is not Standing.FORGOTTEN
