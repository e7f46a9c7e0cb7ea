"""Alarms: checks that nobody made in time, and sources of events that fell silent. Silence is not health."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trueup.engine.catalog import Catalog
from trueup.engine.deciding import about
from trueup.engine.errands import Errands
from trueup.engine.signals import BLIND, HEARD, Heard, Signals, heard_in
from trueup.model.drift import Check, CheckState, Drift
from trueup.model.ledger import Draft, stamp
from trueup.model.stack import Stack, Standing
from trueup.ports.store import Store, Transaction
from trueup.settings import ALARM_SECONDS, CHECK_OVERDUE, EVENT_PATIENCE, EVENTS_SILENCE
from trueup.system.clock import Clock

OVERDUE = "check.overdue:"
"""Facts of the store, with the stack's id behind: since when its check is overdue; empty when it is not."""
JUMP = timedelta(minutes=1)
"""The wall clock was set, or the machine slept, when it moved so much more or less than time went by."""
FORGET_EVERY = 3600.0
AHEAD = timedelta(hours=1)


@dataclass
class Alarms:
    """One for each process; the one that leads looks. What it knows besides the store is since when its clock can be
    trusted: nothing is late only because nobody was there, or because the clock was set."""

    store: Store
    catalog: Catalog
    errands: Errands
    signals: Signals
    clock: Clock
    _steady: datetime | None = field(default=None, repr=False)
    _looked: tuple[datetime, float] | None = field(default=None, repr=False)
    _forgot: float = field(default=float("-inf"), repr=False)

    def look(self) -> None:
        """Idempotent; cheap between two looks."""
        now, going = self.clock.now(), self.clock.monotonic()
        if self._looked is not None:
            before, went = self._looked
            if abs((now - before).total_seconds() - (going - went)) > JUMP.total_seconds():
                self._steady = now
            elif going - went < ALARM_SECONDS:
                return
        self._looked = (now, going)
        self._steady = self._steady or now
        self._checks(now, self._steady)
        self._sources(now, self._steady)
        if going - self._forgot >= FORGET_EVERY:
            self._forgot = going
            self.signals.forget()

    def _checks(self, now: datetime, steady: datetime) -> None:
        with self.store.transaction() as tx:
            known = tx.facts(OVERDUE)
            checks = {check.stack: check for check in tx.checks()}
            stacks = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
        for stack in stacks:
            check = checks.get(stack.id)
            if check is None:
                continue
            said = known.get(OVERDUE + stack.id, "")
            interval = self._interval(stack)
            if check.due_at > now + max(2 * interval, AHEAD) and check.state is not CheckState.CHECKING:
                self._again(stack, now)
            late = expected_by(check, interval)
            if not said and now > max(late, steady) + CHECK_OVERDUE:
                self._overdue(stack, check, late)
            elif said and _completed(check) != json.loads(said)["completed"]:
                self._back(stack, said)

    def _again(self, stack: Stack, now: datetime) -> None:
        """Due so far ahead that it was set by a clock that went back since."""
        with self.store.transaction() as tx:
            check = tx.check(stack.id)
            if check is not None and check.state is not CheckState.CHECKING:
                tx.put_check(replace(check, state=CheckState.DUE, due_at=now, reason="the clock went back"))

    def _overdue(self, stack: Stack, check: Check, late: datetime) -> None:
        done = "none ever came to a conclusion"
        if check.completed_at is not None:
            done = f"the last one that came to a conclusion ended at {check.completed_at:%Y-%m-%d %H:%M} UTC"
        why = f"; it failed: {check.error.splitlines()[0]}" if check.error else ""
        summary = f"the check of {stack.name} is overdue since {late:%Y-%m-%d %H:%M} UTC; {done}{why}"
        details = {"since": stamp(late), "state": str(check.state), "error": check.error}
        with self.store.transaction() as tx:
            tx.record(_detailed(about(stack, "check.overdue", summary), details))
            tx.put_fact(OVERDUE + stack.id, json.dumps({"since": stamp(late), "completed": _completed(check)}))

    def _back(self, stack: Stack, said: str) -> None:
        since = json.loads(said)["since"]
        with self.store.transaction() as tx:
            summary = f"{stack.name} was checked again; it was overdue since {since[:16].replace('T', ' ')} UTC"
            tx.record(_detailed(about(stack, "check.back", summary), {"since": since}))
            tx.put_fact(OVERDUE + stack.id, "")

    def _sources(self, now: datetime, steady: datetime) -> None:
        with self.store.transaction() as tx:
            for heard in tuple(heard_in(tx)):
                silence = self._silence(heard.source)
                if heard.at > now:
                    _set_back(tx, heard.source, now)
                elif heard.blind_since is None and now - max(heard.at, steady) > silence:
                    _blind(tx, heard, now)

    def _silence(self, source: str) -> timedelta:
        declared = self.catalog.manifest.events.get(source)
        return declared.silence if declared and declared.silence else EVENTS_SILENCE

    def _interval(self, stack: Stack) -> timedelta:
        declaration = self.catalog.manifest.declaration(stack.name)
        if declaration is None:
            return AHEAD
        return declaration.environment.checks or self.errands.jobs.driver(declaration).checks


def expected_by(check: Check, interval: timedelta) -> datetime:
    """When a check should have come to a conclusion at the latest: one that fails at every attempt is due again soon
    each time, and still nobody has looked."""
    if check.completed_at is None:
        return check.due_at
    return min(check.due_at, check.completed_at + 1.1 * interval)


def is_unheard(drift: Drift, heard: Sequence[Heard], now: datetime) -> bool:
    """The schedule found it, and of a source that was alive all the time no event told of it."""
    if drift.origin is not None or now - drift.first_seen < EVENT_PATIENCE:
        return False
    return any(each.since <= (drift.not_before or drift.first_seen) and each.blind_since is None for each in heard)


def _blind(tx: Transaction, heard: Heard, now: datetime) -> None:
    summary = f"blind since {heard.at:%Y-%m-%d %H:%M} UTC: no event of {heard.source} came; drift is found by schedule"
    details = {"source": heard.source, "since": stamp(heard.at), "noticed": stamp(now)}
    tx.record(Draft("signals.blind", "trueup", summary, details=details))
    tx.put_fact(BLIND + heard.source, stamp(heard.at))


def _set_back(tx: Transaction, source: str, now: datetime) -> None:
    """It was heard at a time that is still to come: the clock went back, and silence counts from now."""
    said = json.loads(tx.fact(HEARD + source) or "{}")
    tx.put_fact(HEARD + source, json.dumps({**said, "at": stamp(now)}, sort_keys=True))


def _completed(check: Check) -> str:
    return stamp(check.completed_at) if check.completed_at else ""


def _detailed(draft: Draft, details: dict[str, str]) -> Draft:
    return replace(draft, details=details)
