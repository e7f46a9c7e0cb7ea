"""From the ledger to the receiver: notices once, deliveries at least once, nobody waits for somebody slow."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.store import nouns
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.courier import Courier
from trueup.engine.deadlines import Deadlines
from trueup.engine.notices import Notices
from trueup.manifests.alerts import Alert, Notify, Quiet
from trueup.manifests.manifest import Manifest
from trueup.model.drift import Drift, DriftState, Resolution
from trueup.model.errors import Invalid, Refused, Rejected, TrueupError, Unavailable
from trueup.model.ledger import Draft
from trueup.model.notice import Notification, NotificationState
from trueup.model.people import People
from trueup.ports.notifier import Delivered, Later
from trueup.ports.store import LedgerFilter, NotificationFilter
from trueup.settings import NOTICES_ATTEMPTS, NOTICES_CLAIM
from trueup.system.clock import FakeClock, SystemClock

PENDING, SENT, DEAD = NotificationState.PENDING, NotificationState.SENT, NotificationState.DEAD
DRIFT_ALERT = Alert(("drift", "deadline", "escalation"), (), {"slack": ("#web",)})


class Killed(BaseException):
    """The process dies."""


@dataclass
class Receiver:
    """Implements ports.notifier.Notifier; `troubles` come first, one for each attempt."""

    taken: list[tuple[str, str, int, str]] = field(default_factory=list)
    """Key, target, count and the receipt that it came with."""
    troubles: list[BaseException | Later] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    slow: threading.Event | None = None

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        self.entered.set()
        if self.slow is not None and notification.target == "#slow":
            assert self.slow.wait(30)
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, Later):
            return trouble
        if trouble is not None and not isinstance(trouble, Killed):
            raise trouble
        self.taken.append((notification.id, notification.target, notification.count, receipt))
        if trouble is not None:
            raise trouble  # after it was sent, before it is marked
        return Delivered(f"{notification.target}.{len(self.taken)}")


@dataclass
class Bench:
    store: SqlStore
    clock: FakeClock
    catalog: Any
    receiver: Receiver
    notices: Notices
    courier: Courier
    deadlines: Deadlines

    def alerts(self, *alerts: Alert) -> None:
        self.catalog.manifest = Manifest({}, (), {}, People(), alerts=alerts, notify=Notify(unowned="core"))

    def opens(self, id: str, **changes: Any) -> Drift:
        """A check finds a drift."""
        now = self.clock.now()
        made = replace(nouns.a_drift(id), first_seen=now, last_seen=now, deadline=now + timedelta(hours=48), **changes)
        with self.store.transaction() as tx:
            stored = tx.put_drift(made)
            tx.record(self._draft(stored, "drift.open"))
        return stored

    def ends(self, id: str) -> None:
        with self.store.transaction() as tx:
            drift = tx.drift(nouns.a_drift(id).id)
            assert drift is not None
            how = {"state": DriftState.RESOLVED, "resolution": Resolution.CODIFIED, "resolved_at": self.clock.now()}
            tx.record(self._draft(tx.put_drift(replace(drift, **how)), "drift.resolved.codified"))

    def _draft(self, drift: Drift, kind: str) -> Draft:
        return nouns.a_draft(kind, name="aws//prod/app", environment="prod", details={"drift": drift.id})

    def all(self, *states: NotificationState) -> list[Notification]:
        with self.store.transaction() as tx:
            return list(reversed(tx.notifications(NotificationFilter(frozenset(states)))))

    def deliver(self) -> None:
        """What is due now, until nothing is."""
        while self.courier.round():
            self.clock.advance(1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A store with one stack; its ledger's past is nobody's news."""
    clock = FakeClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    store = open_store(f"sqlite:///{tmp_path}/trueup.db", nouns.a_key(), clock=clock)
    catalog, receiver = SimpleNamespace(manifest=None), Receiver()
    courier = Courier(store, lambda _service, _target: receiver, clock, "worker-1")
    notices, deadlines = Notices(store, catalog, clock), Deadlines(store, catalog, clock)
    made = Bench(store, clock, catalog, receiver, notices, courier, deadlines)
    made.alerts(DRIFT_ALERT)
    with store.transaction() as tx:
        tx.put_stack(nouns.a_stack())
        tx.record(nouns.a_draft("drift.open"))
    notices.gather()
    yield made
    store.close()


def test_a_drift_is_told_once_and_its_end_behind_it(bench: Bench) -> None:
    """However often the ledger is looked at; the past before the first look is left alone."""
    bench.opens("dft-1")
    for _ in range(3):
        bench.notices.gather()
        bench.deliver()
    assert [(target, count) for _, target, count, _ in bench.receiver.taken] == [("#web", 1)]
    bench.ends("dft-1")
    bench.notices.gather()
    bench.deliver()
    assert [receipt for *_, receipt in bench.receiver.taken] == ["", "#web.1"], "in the thread of the first"
    assert {each.state for each in bench.all()} == {SENT}


def test_a_burst_is_one_message_also_while_one_waits(bench: Bench) -> None:
    """Drifts of one round, and of the rounds until somebody took it."""
    for number in range(30):
        bench.opens(f"dft-{number}")
    bench.notices.gather()
    bench.opens("dft-30")
    bench.notices.gather()
    bench.deliver()
    assert [count for _, _, count, _ in bench.receiver.taken] == [31]


def test_cursor_and_outbox_are_one_transaction(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies in between leaves neither; the next one writes both."""
    bench.opens("dft-1")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Notices, "_put", die)
        with pytest.raises(Killed):
            bench.notices.gather()
    assert bench.all() == []
    bench.notices.gather()
    assert len(bench.all(PENDING)) == 1


def test_killed_between_send_and_mark_it_is_sent_twice_at_most(bench: Bench) -> None:
    """With the same key, after the dead sender's claim ran out; and not once more."""
    bench.opens("dft-1")
    bench.notices.gather()
    bench.receiver.troubles = [Killed()]
    with pytest.raises(Killed):
        bench.courier.round()
    other = Courier(bench.store, lambda *_: bench.receiver, bench.clock, "worker-2")
    assert other.round() == 0, "the claim, and the lease, of the one that died"
    bench.clock.advance(NOTICES_CLAIM.total_seconds() + 1)
    assert bench.courier.round() == 1 and bench.courier.round() == 0
    keys = [key for key, *_ in bench.receiver.taken]
    assert len(keys) == 2 and len(set(keys)) == 1


def test_no_answer_is_tried_again_later_and_later_until_it_is_dead(bench: Bench) -> None:
    """Doubling pauses with jitter; then it is kept for a person, who retries or drops it."""
    bench.opens("dft-1")
    bench.notices.gather()
    bench.receiver.troubles = [Unavailable("no answer")] * NOTICES_ATTEMPTS
    pauses = []
    while (waiting := bench.all(PENDING)) and len(pauses) < 50:
        began = bench.clock.now()
        bench.clock.advance(max(0.0, (waiting[0].due_at - began).total_seconds()) + 0.01)
        assert bench.courier.round() == 1
        pauses.append((bench.clock.now() - began).total_seconds())
    assert len(pauses) == NOTICES_ATTEMPTS
    assert 3 < pauses[1] < 7 and pauses[6] > 100 and max(pauses) < 1200
    (dead,) = bench.all(DEAD)
    assert "12 attempts" in dead.error and "no answer" in dead.error
    with pytest.raises(Invalid, match="notifications list"):
        bench.notices.retry("ntf-none")
    assert bench.notices.retry(dead.id).attempts == 0
    bench.clock.advance(1000)
    bench.deliver()
    assert [key for key, *_ in bench.receiver.taken] == [dead.id]
    with pytest.raises(Refused, match="is sent"):
        bench.notices.drop(dead.id)


@pytest.mark.parametrize("error", [Rejected("no such channel", hint="invite the bot"), Invalid("no token")])
def test_a_definite_no_is_not_repeated(bench: Bench, error: TrueupError) -> None:
    """It is dead at once and stands in nobody's way."""
    bench.opens("dft-1")
    bench.notices.gather()
    bench.receiver.troubles = [error]
    bench.deliver()
    (dead,) = bench.all(DEAD)
    assert dead.error == str(error) and dead.attempts == 1
    bench.notices.drop(dead.id)
    bench.opens("dft-2")
    bench.notices.gather()
    bench.deliver()
    assert len(bench.receiver.taken) == 1


def test_a_service_that_says_when_is_asked_then(bench: Bench) -> None:
    """Retry-After is kept, and has an end."""
    bench.opens("dft-1")
    bench.notices.gather()
    bench.receiver.troubles = [Later(30, "too many"), Later(10**9, "much too many")]
    bench.courier.round()
    bench.clock.advance(29)
    assert bench.courier.round() == 0
    bench.clock.advance(2)
    assert bench.courier.round() == 1
    bench.clock.advance(901)
    assert bench.courier.round() == 1 and len(bench.receiver.taken) == 1


def test_one_place_gets_one_message_a_second_in_order(bench: Bench) -> None:
    """What comes after waits for what came before; other places do not."""
    bench.alerts(Alert(("drift",), (), {"slack": ("#web", "#net"), "jira": ("OPS",)}))
    for number in range(3):
        bench.opens(f"dft-{number}")
    bench.notices.gather()
    assert bench.courier.round() == 3
    assert bench.courier.round() == 0, "a second has not gone by"
    bench.clock.advance(1)
    assert bench.courier.round() == 1
    bench.clock.advance(1)
    bench.deliver()
    assert [target for _, target, *_ in bench.receiver.taken].count("OPS") == 3
    issues = [each for each in bench.all(SENT) if each.service == "jira"]
    assert [each.first.subject for each in issues] == ["dft-0", "dft-1", "dft-2"]


def test_a_slow_receiver_keeps_nobody_waiting(tmp_path: Path, bench: Bench) -> None:
    """The thread of the courier, real time: others get theirs, and the schedule does not even notice."""
    bench.alerts(Alert(("drift",), (), {"slack": ("#slow", "#web")}))
    bench.opens("dft-1")
    bench.notices.gather()
    released, stop = threading.Event(), threading.Event()
    bench.receiver.slow = released
    courier = Courier(bench.store, lambda *_: bench.receiver, SystemClock(), "worker-1", pace=timedelta(0))
    thread = threading.Thread(target=courier.run, args=(stop, 0.02), daemon=True)
    with bench.store.transaction() as tx:  # the courier's clock is real, the outbox' was not
        for each in tx.notification_heads():
            tx.put_notification(replace(each, due_at=datetime.now(UTC) - timedelta(seconds=1)))
    thread.start()
    while not bench.receiver.taken:
        assert bench.receiver.entered.wait(30)
    assert [target for _, target, *_ in bench.receiver.taken] == ["#web"]
    bench.opens("dft-2")
    assert bench.notices.gather() == 1
    released.set()
    while len(bench.receiver.taken) < 2:
        assert thread.is_alive()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


NIGHT = Quiet(time(22), time(7))


def test_quiet_hours_end_with_one_digest(bench: Bench) -> None:
    """What happened in the night is told in the morning, together; a drift that came and went too."""
    bench.alerts(replace(DRIFT_ALERT, quiet=NIGHT))
    bench.clock.advance(14 * 3600)  # 23:00
    for number in range(3):
        bench.opens(f"dft-{number}")
        bench.notices.gather()
        bench.clock.advance(3600)
    bench.ends("dft-0")
    bench.notices.gather()
    bench.deliver()
    assert bench.receiver.taken == [] and bench.all(PENDING) == []
    bench.clock.advance(5 * 3600)  # 07:00
    bench.notices.gather()
    bench.deliver()
    assert [count for _, _, count, _ in bench.receiver.taken] == [4]
    bench.opens("dft-9")
    bench.notices.gather()
    bench.deliver()
    assert len(bench.receiver.taken) == 2, "by day at once"


def test_a_clock_that_goes_back_leaves_nothing_behind(bench: Bench) -> None:
    """Messages that are due in a far future are sent now; nothing is told twice."""
    bench.opens("dft-1")
    bench.clock.advance(400 * 86_400)
    bench.notices.gather()
    bench.receiver.troubles = [Unavailable("no answer")]
    bench.courier.round()
    bench.clock.advance(-400 * 86_400)
    bench.courier._next.clear()
    bench.deliver()
    assert len(bench.receiver.taken) == 1
    bench.notices.gather()
    bench.deliver()
    assert len(bench.receiver.taken) == 1


def test_a_manifest_that_is_wrong_makes_nothing_lost(bench: Bench) -> None:
    """The cursor waits until somebody is named who can be told."""
    bench.opens("dft-1")

    class Wrong:
        @property
        def manifest(self) -> Manifest:
            raise Invalid("no valid trueup.yaml yet")

    notices = Notices(bench.store, Wrong(), bench.clock)  # type: ignore[arg-type]
    assert notices.gather() == 0
    bench.notices.gather()
    bench.deliver()
    assert len(bench.receiver.taken) == 1


def test_deadlines_are_told_once_and_survive_a_restart(bench: Bench) -> None:
    """Reminder, reminder, breach: in the ledger, on the row, and to people; the books say it, not a process."""
    bench.opens("dft-1", owner=("web",))
    for _ in range(60):
        bench.clock.advance(3600)
        Deadlines(bench.store, bench.catalog, bench.clock).watch()
        bench.deadlines.watch()
        bench.notices.gather()
        bench.deliver()
    with bench.store.transaction() as tx:
        drift = tx.drift(nouns.a_drift().id)
        kinds = [entry.draft.kind for entry in tx.entries(LedgerFilter(kind="drift."))][1:]
    assert kinds == ["drift.open", "drift.reminded", "drift.reminded", "drift.breached"]
    assert drift is not None and drift.breached_at is not None and drift.reminders == 2
    assert len(bench.receiver.taken) == 4
