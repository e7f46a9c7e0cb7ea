"""Clocks and jitter."""

import random
import threading
from datetime import UTC, timedelta

from trueup.system.clock import Clock, FakeClock, SystemClock, jittered


def test_the_fake_clock_moves_only_when_told() -> None:
    """Reading does not move it; sleeping moves it by exactly that much, on both scales."""
    clock = FakeClock()
    before = clock.now()
    assert clock.now() == before
    clock.sleep(90)
    clock.advance(0.5)
    assert clock.now() - before == timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5


def test_a_set_event_ends_a_wait_at_once() -> None:
    """Waiting for an event that is set costs no time; for one that is not, the whole time."""
    clock = FakeClock()
    event = threading.Event()
    assert not clock.wait(event, 30)
    assert clock.monotonic() == 30
    event.set()
    assert clock.wait(event, 30)
    assert clock.monotonic() == 30


def test_the_system_clock_is_aware_and_in_utc() -> None:
    """Naive times never enter the system."""
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    event = threading.Event()
    event.set()
    assert clock.wait(event, 60)
    assert clock.monotonic() <= clock.monotonic()


def test_jitter_stays_in_its_spread_and_differs() -> None:
    """Pollers with one interval do not stay in step."""
    chance = random.Random(7)
    values = [jittered(60, spread=0.2, chance=chance) for _ in range(200)]
    assert all(48 <= value <= 72 for value in values)
    assert len(set(values)) > 190
