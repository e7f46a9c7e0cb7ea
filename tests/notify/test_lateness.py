"""A check that is overdue is an alarm of its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.store import nouns
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.lateness import Lateness
from trueup.model.drift import CheckState
from trueup.ports.store import LedgerFilter
from trueup.system.clock import FakeClock


class SettableClock(FakeClock):
    """Its hands can be moved without time going by."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.offset


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(nouns.NOW)


@pytest.fixture
def store(tmp_path: Path, clock: SettableClock) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path}/trueup.db", nouns.a_key(), clock=clock)
    with opened.transaction() as tx:
        tx.put_stack(nouns.a_stack())
        tx.put_check(replace(nouns.a_check(), due_at=nouns.NOW + timedelta(minutes=30)))
    yield opened
    opened.close()


def kinds(store: SqlStore) -> list[str]:
    with store.transaction() as tx:
        return [entry.draft.kind for entry in tx.entries(LedgerFilter(kind="check."))]


def test_a_late_check_is_told_once_and_its_return_too(store: SqlStore, clock: SettableClock) -> None:
    """Ten minutes after it was due, and a minute to be certain; by one process or by the next."""
    lateness = Lateness(store, clock)
    for _ in range(80):
        lateness.watch()
        clock.advance(60)
    assert kinds(store) == ["check.overdue"]
    assert Lateness(store, clock).watch() == 0, "the books know what was told"
    with store.transaction() as tx:
        tx.put_check(replace(nouns.a_check(CheckState.CLEAN), due_at=clock.now() + timedelta(minutes=30)))
    assert (lateness.watch(), lateness.watch()) == (1, 0)
    assert kinds(store) == ["check.overdue", "check.back"]


def test_a_clock_that_was_set_makes_no_check_late(store: SqlStore, clock: SettableClock) -> None:
    """The hands jump a year ahead; the scheduler checks in its next round, and nobody is woken."""
    lateness = Lateness(store, clock)
    lateness.watch()
    clock.offset = timedelta(days=365)
    assert lateness.watch() == 0
    clock.advance(2)
    with store.transaction() as tx:
        tx.put_check(replace(nouns.a_check(CheckState.CLEAN), due_at=clock.now() + timedelta(minutes=30)))
    assert lateness.watch() == 0
    clock.offset = timedelta(0)
    clock.advance(3600)
    assert lateness.watch() == 0 and kinds(store) == []
