"""Listening: from where a live system's log is heard without a gap, and whether it told of nothing at a stack."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trueup.model.ledger import moment, stamp
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import Stack
from trueup.ports.driver import Driver, Hears, Probes
from trueup.ports.store import Transaction
from trueup.settings import EVENTS_SILENCE
from trueup.system.clock import Clock

PLACES = "signals.place:"
"""Facts of the store, with source, account and region behind: since when the log is heard from there, and when last."""

LATE = timedelta(days=1)
"""Events are looked for around a moment as far as this: they come late, and clocks differ."""

Place = tuple[str, str]
"""Account and region; the region is empty for what belongs to no region."""


def heard_from(tx: Transaction, source: str, events: Iterable[LiveEvent], now: datetime) -> None:
    """Writes down that these places are heard; what is delivered long after it happened does not show that. After a
    silence that was too long it begins anew: what happened in it may never have come."""
    fresh = [event for event in events if event.account and now - event.at <= EVENTS_SILENCE]
    for account, region in {(event.account, event.region) for event in fresh}:
        before = _heard(tx, source, (account, region))
        since = before[0] if before and _is_alive(before[1], now) else now
        text = json.dumps({"since": stamp(since), "at": stamp(now)}, sort_keys=True)
        tx.put_fact(f"{PLACES}{source}:{account}:{region}", text)


def places_of(subjects: Iterable[Subject]) -> frozenset[Place]:
    """Where a stack's things are, as far as their ARNs and names tell."""
    found = set()
    for subject in subjects:
        arn = subject.text.split(":", 5)
        if arn[0] == "arn" and len(arn) == 6:
            found.add((arn[4], arn[3]))
        elif subject.account:
            found.add((subject.account, subject.region))
    return frozenset((account, region) for account, region in found if account not in ("", "aws"))


@dataclass(frozen=True)
class Listening:
    """Satisfies engine.vouching.Quiet."""

    drivers: Mapping[str, Driver[Any]]
    clock: Clock

    def __call__(self, tx: Transaction, stack: Stack, since: datetime) -> bool:
        """Every place of the stack was heard all the time, and of the stack nothing. Without a known place: no.
        Where the token tells everything by itself, there is nothing to listen for."""
        driver, now = self.drivers.get(stack.driver), self.clock.now()
        if isinstance(driver, Probes) and driver.complete:
            return True
        places = places_of(tx.subjects(stack.id))
        if not isinstance(driver, Hears) or not places:
            return False
        if not all(self._lives(tx, driver.hears, place, since, now) for place in places):
            return False
        if any(wake.stack == stack.id for wake in tx.wakes()):
            return False
        events = tx.events(stack.id, since - LATE, now + LATE)
        return not any(max(event.at, event.received_at) >= since for event in events)

    def _lives(self, tx: Transaction, source: str, place: Place, since: datetime, now: datetime) -> bool:
        """What belongs to no region is told of in any one of its account's: IAM is in us-east-1's log."""
        account, region = place
        if region:
            heard = [_heard(tx, source, place)]
        else:
            names = tx.facts(f"{PLACES}{source}:{account}:")
            heard = [_heard(tx, source, (account, name.rpartition(":")[2])) for name in names]
        return any(each and each[0] <= since and _is_alive(each[1], now) for each in heard)


def _heard(tx: Transaction, source: str, place: Place) -> tuple[datetime, datetime] | None:
    text = tx.fact(f"{PLACES}{source}:{place[0]}:{place[1]}")
    if not text:
        return None
    said = json.loads(text)
    return moment(said["since"]), moment(said["at"])


def _is_alive(at: datetime, now: datetime) -> bool:
    return timedelta() <= now - at <= EVENTS_SILENCE
