"""What is late and what is silent is said once, and again when it is over; a clock that jumps is no reason."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.signals.records import authorize
from tests.web.site import MAIN, MANIFEST, Bench, bench
from trueup.engine.alarms import Alarms
from trueup.model.drift import Check, CheckState
from trueup.model.plan import Address
from trueup.model.signal import Subject
from trueup.model.stack import Stack
from trueup.ports.store import LedgerFilter
from trueup.settings import (
    ALARM_SECONDS,
    CHECK_OVERDUE,
    EVENT_QUIET,
    EVENT_QUIET_LONGEST,
    EVENTS_MOST,
    EVENTS_SILENCE,
    FIRST_BATCH,
    FIRST_EVERY,
)
from trueup.system.clock import FakeClock

APP = "infra//environments/dev/app"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def alarms(site: Bench) -> Alarms:
    given = site.installation.site
    return Alarms(given.store, given.catalog, given.errands, given.signals, site.clock)


def said(site: Bench, *kinds: str) -> list[str]:
    with site.installation.store.transaction() as tx:
        return [each.draft.summary for each in tx.entries(LedgerFilter()) if each.draft.kind in kinds]


def look(site: Bench, watch: Alarms, after: timedelta) -> None:
    """The clock goes on, and the alarms look as often as they do."""
    for _ in range(3):
        site.clock.advance(after.total_seconds() / 3)
        watch.look()


def checked(site: Bench, name: str = APP) -> Check:
    """One check concludes now."""
    now = site.clock.now()
    done = Check(
        site.stack(name).id, CheckState.CLEAN, due_at=now + timedelta(minutes=30), ended_at=now, completed_at=now
    )
    with site.installation.store.transaction() as tx:
        tx.put_check(done)
    return done


def all_checked(site: Bench) -> None:
    with site.installation.store.transaction() as tx:
        names = [stack.name for stack in tx.stacks()]
    for name in names:
        checked(site, name)


def test_a_check_that_nobody_makes_is_an_alarm_once(site: Bench) -> None:
    """Not at once after the start; once for each stack; and it is said when somebody looked again."""
    watch = alarms(site)
    watch.look()
    look(site, watch, CHECK_OVERDUE - timedelta(seconds=30))
    assert not said(site, "check.overdue"), "nobody was here before"
    look(site, watch, timedelta(minutes=2))
    look(site, watch, timedelta(hours=2))
    told = said(site, "check.overdue")
    assert len(told) == 3 and "none ever came to a conclusion" in "".join(told)
    checked(site)
    look(site, watch, timedelta(seconds=3 * ALARM_SECONDS))
    (back,) = said(site, "check.back")
    assert APP in back


def test_a_check_that_fails_every_time_is_overdue_too(site: Bench) -> None:
    """It is due again in a minute each time, and still nobody has looked."""
    all_checked(site)
    watch = alarms(site)
    watch.look()
    for _ in range(60):
        site.clock.advance(60)
        now = site.clock.now()
        with site.installation.store.transaction() as tx:
            for check in tx.checks():
                failed = Check(
                    check.stack,
                    CheckState.FAILED,
                    due_at=now + timedelta(seconds=60),
                    completed_at=check.completed_at,
                    error="no credentials",
                )
                tx.put_check(failed)
        watch.look()
    assert len(said(site, "check.overdue")) == 3
    assert "no credentials" in said(site, "check.overdue")[0]


def test_a_clock_that_jumps_raises_no_alarm_and_stops_no_check(site: Bench) -> None:
    """A year ahead: everything is due, nothing was missed. Back again: what was due in a year is due now."""
    all_checked(site)
    site.installation.site.signals.take("aws", [authorize()])
    watch = alarms(site)
    watch.look()
    jumped = _Jumping(site.clock)
    watch.clock = jumped
    jumped.offset = timedelta(days=365)
    watch.look()
    site.clock.advance(ALARM_SECONDS)
    watch.look()
    assert not said(site, "check.overdue", "signals.blind")
    stack = site.stack(APP).id
    with site.installation.store.transaction() as tx:
        tx.put_check(Check(stack, CheckState.CLEAN, due_at=jumped.now() + timedelta(minutes=30)))
    jumped.offset = timedelta()
    watch.look()
    with site.installation.store.transaction() as tx:
        check = tx.check(stack)
    assert check is not None and (check.state, check.due_at) == (CheckState.DUE, jumped.now())


class _Jumping(FakeClock):
    """Its wall clock is set while time goes by as ever."""

    def __init__(self, real: FakeClock) -> None:
        super().__init__(real.now())
        self._real = real
        self.offset = timedelta()

    def now(self):  # type: ignore[no-untyped-def]
        return self._real.now() + self.offset

    def monotonic(self) -> float:
        return self._real.monotonic()


def test_events_that_stop_coming_are_an_alarm(site: Bench) -> None:
    """Blind since the last one, said once; back with the next, whatever it is about."""
    watch = alarms(site)
    signals = site.installation.site.signals
    watch.look()
    look(site, watch, timedelta(hours=5))
    assert not said(site, "signals.blind"), "nobody ever sent any"
    signals.take("aws", [authorize()])
    began = site.clock.now()
    look(site, watch, EVENTS_SILENCE)
    assert not said(site, "signals.blind")
    look(site, watch, timedelta(hours=2))
    (blind,) = said(site, "signals.blind")
    assert blind.startswith(f"blind since {began:%Y-%m-%d %H:%M} UTC")
    (heard,) = signals.heard()
    assert heard.blind_since == began
    signals.take("aws", [authorize(readOnly=True)])
    (heard,) = signals.heard()
    assert heard.blind_since is None
    assert len(said(site, "signals.back")) == 1


def test_a_shorter_silence_can_be_declared(site: Bench) -> None:
    """`events:` of the control repository says how long a source may be silent."""
    text = MANIFEST + "events:\n  aws: {silence: 10m}\n"
    site.control.commit("main", {"trueup.yaml": text}, "Ten minutes", base=site.control.head())
    site.installation.site.catalog.refresh()
    site.installation.site.signals.take("aws", [authorize()])
    watch = alarms(site)
    watch.look()
    look(site, watch, timedelta(minutes=11))
    look(site, watch, timedelta(seconds=3 * ALARM_SECONDS))
    assert len(said(site, "signals.blind")) == 1


def test_a_thousand_new_stacks_are_not_checked_at_once(tmp_path: Path) -> None:
    """Seen together, they are due in small batches."""
    with bench(tmp_path) as site:
        files = {f"environments/dev/s{number:04}/main.tf": MAIN % number for number in range(1000)}
        site.control.commit("main", files, "A thousand", base=site.control.head())
        site.installation.intake.take_in(site.installation.site.catalog.refresh())
        now = site.clock.now()
        with site.installation.store.transaction() as tx:
            due = sorted(check.due_at for check in tx.checks())
        assert len(due) == 1003
        assert sum(each <= now for each in due) <= FIRST_BATCH + 3
        assert max(due) >= now + 1000 // FIRST_BATCH * FIRST_EVERY - FIRST_EVERY
        busiest = max(sum(each <= other < each + timedelta(seconds=1) for other in due) for each in due)
        assert busiest <= FIRST_BATCH + 3


def test_ten_thousand_events_are_one_check(site: Bench) -> None:
    """In one minute, all of them about one stack: a bounded number of rows, one check waiting, due in time."""
    stack = _manages(site, "sg-0a1b2c3d4e5f60718")
    signals = site.installation.site.signals
    for minute in range(20):
        burst = [authorize(minute * 500 + number) for number in range(500)]
        taken = signals.take("aws", burst)
        assert taken.accepted == 500
        site.clock.advance(1)
    with site.installation.store.transaction() as tx:
        (wake,) = tx.wakes()
    assert wake.events == 10_000
    assert wake.due_at <= wake.first_at + EVENT_QUIET_LONGEST
    signals.forget()
    with site.installation.store.transaction() as tx:
        kept = tx.events(stack.id, site.clock.now() - timedelta(days=365), site.clock.now())
    assert len(kept) <= EVENTS_MOST + 500, "all of one second are kept or none"
    site.clock.advance(EVENT_QUIET.total_seconds() + 30)
    signals.wake()
    with site.installation.store.transaction() as tx:
        check = tx.check(stack.id)
        assert tx.wakes() == []
    assert check is not None and check.state is CheckState.DUE
    assert check.reason.startswith("AuthorizeSecurityGroupIngress by")


def test_an_event_during_a_check_asks_for_another_one(site: Bench) -> None:
    """The check may have looked before it happened: the wake waits until it has ended."""
    stack = _manages(site, "sg-0a1b2c3d4e5f60718")
    signals = site.installation.site.signals
    with site.installation.store.transaction() as tx:
        tx.put_check(Check(stack.id, CheckState.CHECKING, due_at=site.clock.now()))
    signals.take("aws", [authorize()])
    site.clock.advance(EVENT_QUIET.total_seconds())
    signals.wake()
    with site.installation.store.transaction() as tx:
        assert len(tx.wakes()) == 1
    done = checked(site)
    signals.wake()
    with site.installation.store.transaction() as tx:
        check = tx.check(stack.id)
    assert check is not None and check.state is CheckState.DUE and check.due_at < done.due_at


def _manages(site: Bench, group: str) -> Stack:
    """The index says that a stack has that group."""
    stack = site.stack(APP)
    with site.installation.store.transaction() as tx:
        tx.put_subjects(stack.id, [Subject(group, Address("aws_security_group.web"))])
    return stack
