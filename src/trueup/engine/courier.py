"""Courier: takes notifications out of the outbox and delivers them. A thread of its own: the schedule never waits."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event

from trueup.model.errors import Invalid, Refused, Rejected, TrueupError
from trueup.model.notice import Notification, NotificationState, Thread
from trueup.model.stack import StackId
from trueup.ports.notifier import Delivered, Later, Notifier
from trueup.ports.store import Conflict, Store, Transaction
from trueup.settings import (
    LEADER_SECONDS,
    NOTICES_ATTEMPTS,
    NOTICES_CLAIM,
    NOTICES_FIRST_PAUSE,
    NOTICES_LONGEST_PAUSE,
    NOTICES_PACE,
)
from trueup.stages.announce import thread_of
from trueup.system.clock import Clock, jittered

COURIER = StackId("courier")
"""The lease of the one process that delivers; a stack's id is never this."""
AT_ONCE = 4
"""Places that are written to at one time: one that is slow does not delay the others."""
FAR = timedelta(days=1)

Place = tuple[str, str]


@dataclass
class Courier:
    store: Store
    notifiers: Callable[[str, str], Notifier]
    """By service and target, as the control repository says now. Raises Invalid for one that is not configured."""
    clock: Clock
    holder: str
    pace: timedelta = NOTICES_PACE
    _next: dict[Place, float] = field(default_factory=dict, repr=False)
    """Monotonic seconds before which a place gets nothing more."""

    def run(self, stop: Event, pause: float = 1.0) -> None:
        """Until `stop` is set; what is being sent then is still marked."""
        under_way: dict[Place, Future[None]] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier") as pool:
            while not stop.is_set():
                under_way = {place: each for place, each in under_way.items() if not each.done()}
                for due in self._due_or_say():
                    place = (due.service, due.target)
                    if place not in under_way:
                        under_way[place] = pool.submit(self._deliver_or_say, due)
                self.clock.wait(stop, pause)

    def round(self) -> int:
        """Delivers what is due now, one for each place, one after the other; answers how many were tried."""
        due = self.due()
        for each in due:
            self.deliver(each)
        return len(due)

    def due(self) -> Sequence[Notification]:
        """The next one of each place, if this process is the one that delivers."""
        if self.store.acquire(COURIER, self.holder, LEADER_SECONDS) is None:
            return []
        now, monotonic = self.clock.now(), self.clock.monotonic()
        with self.store.transaction() as tx:
            heads = tx.notification_heads()
        return [
            each
            for each in heads
            # Due in a far future: the clock was ahead when that was written, or has gone back since.
            if (each.due_at <= now or each.due_at - now > FAR)
            and self._next.get((each.service, each.target), monotonic) <= monotonic
        ]

    def deliver(self, notification: Notification) -> None:
        """Claims it, sends it, and marks what became of it. Killed in between, it is sent once more after the claim
        has run out, under the same key."""
        now = self.clock.now()
        claimed = replace(notification, attempts=notification.attempts + 1, due_at=now + NOTICES_CLAIM)
        try:
            with self.store.transaction() as tx:
                claimed = tx.put_notification(claimed)
                receipt = _receipt(tx, claimed)
        except Conflict:
            return  # somebody else has it, or more was put into it: next round
        self._next[claimed.service, claimed.target] = self.clock.monotonic() + self.pace.total_seconds()
        try:
            done = self.notifiers(claimed.service, claimed.target).send(claimed, receipt)
        except (Rejected, Invalid, Refused) as error:
            self._end(claimed, NotificationState.DEAD, error=str(error))
        except TrueupError as error:
            self._again(claimed, error.message, self._pause(claimed))
        else:
            match done:
                case Delivered():
                    self._end(claimed, NotificationState.SENT, receipt=done.receipt)
                case Later():
                    pause = min(timedelta(seconds=max(1.0, done.seconds)), NOTICES_LONGEST_PAUSE)
                    self._again(claimed, done.why, pause)

    def _pause(self, claimed: Notification) -> timedelta:
        doubled = NOTICES_FIRST_PAUSE * 2 ** min(20, claimed.attempts - 1)
        return timedelta(seconds=jittered(min(doubled, NOTICES_LONGEST_PAUSE).total_seconds(), spread=0.25))

    def _again(self, claimed: Notification, why: str, pause: timedelta) -> None:
        if claimed.attempts >= NOTICES_ATTEMPTS:
            self._end(claimed, NotificationState.DEAD, error=f"{claimed.attempts} attempts, the last one: {why}")
            return
        self._next[claimed.service, claimed.target] = self.clock.monotonic() + pause.total_seconds()
        self._mark(replace(claimed, due_at=self.clock.now() + pause, error=why))

    def _end(self, claimed: Notification, state: NotificationState, *, error: str = "", receipt: str = "") -> None:
        self._mark(replace(claimed, state=state, error=error, ended_at=self.clock.now()), receipt)

    def _mark(self, notification: Notification, receipt: str = "") -> None:
        try:
            with self.store.transaction() as tx:
                tx.put_notification(notification)
                for subject in {thread_of(notification.service, each) for each in notification.notices if receipt}:
                    known = next((each for each in tx.threads(subject) if _same(each, notification)), None)
                    if known is None or not known.receipt:
                        tx.put_thread(Thread(subject, notification.service, notification.target, receipt))
        except Conflict:
            return  # a person retried or dropped it meanwhile: that counts

    def _due_or_say(self) -> Sequence[Notification]:
        try:
            return self.due()
        except TrueupError as error:
            return self._say(f"the outbox cannot be read: {error}")

    def _deliver_or_say(self, notification: Notification) -> None:
        try:
            self.deliver(notification)
        except TrueupError as error:
            self._say(f"{notification.id}: {error}")

    def _say(self, line: str) -> Sequence[Notification]:
        try:
            self.store.log("notifications", [line])
        except TrueupError:
            return []  # the store itself is away: the next round finds out whether it is back
        return []


def _receipt(tx: Transaction, claimed: Notification) -> str:
    """What the place calls the message that this one belongs behind; empty where it is about several."""
    subjects = {thread_of(claimed.service, each) for each in claimed.notices}
    found = {each.receipt for subject in subjects for each in tx.threads(subject) if _same(each, claimed)}
    return found.pop() if len(found) == 1 else ""


def _same(thread: Thread, notification: Notification) -> bool:
    return (thread.service, thread.target) == (notification.service, notification.target)
