"""Notices: the ledger's new entries become notifications in the outbox, in one transaction with the cursor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex

from trueup.engine.catalog import Catalog
from trueup.manifests.alerts import Quiet
from trueup.manifests.manifest import Manifest, attributes_of
from trueup.manifests.patterns import fill
from trueup.model.drift import DriftId, DriftState
from trueup.model.errors import Invalid, Refused
from trueup.model.ledger import Entry
from trueup.model.notice import Notice, Notification, NotificationState, Thread
from trueup.model.run import RunState
from trueup.model.stack import StackId
from trueup.ports.store import LedgerFilter, NotificationFilter, RunFilter, Store, Transaction
from trueup.settings import NOTICES_KEPT
from trueup.stages.announce import (
    About,
    Addressed,
    Audience,
    concern,
    digest_of,
    merged,
    notices_of,
    notifications,
    plain_owner,
    routed,
    thread_of,
)
from trueup.system.clock import Clock

CURSOR = "notices.cursor"
"""The seq of the newest entry that was looked at."""
BATCH = 500
WAITING = frozenset({DriftState.OPEN, DriftState.CODIFYING, DriftState.REVERTING})


@dataclass(frozen=True)
class Offered:
    """One route, as the control repository writes it."""

    number: int
    """From 1, in the order of the file."""
    service: str
    target: str
    on: tuple[str, ...]
    environments: tuple[str, ...]
    quiet: str


@dataclass
class Notices:
    store: Store
    catalog: Catalog
    clock: Clock
    _forgotten_at: datetime | None = field(default=None, repr=False)

    def gather(self) -> int:
        """One round: what is new in the ledger is written to the outbox, held messages whose time has come become
        digests, old ones are forgotten. Answers how many entries it looked at. Nothing is sent here."""
        try:
            manifest = self.catalog.manifest
        except Invalid:
            return 0  # nobody is named yet who could be told; the cursor waits
        with self.store.transaction() as tx:
            known = tx.fact(CURSOR)
            if known is None:
                # The past of a ledger that was there before is nobody's news.
                tx.put_fact(CURSOR, str(tx.size() - 1))
                return 0
            entries = tx.entries(LedgerFilter(after=int(known), limit=BATCH))
            if entries:
                self._take(tx, entries, manifest)
                tx.put_fact(CURSOR, str(entries[-1].seq))
        self._release()
        self._forget()
        return len(entries)

    def _take(self, tx: Transaction, entries: Sequence[Entry], manifest: Manifest) -> None:
        audience = Audience(manifest.alerts, manifest.notify, manifest.people)
        found: list[Addressed] = []
        lasting: dict[str, frozenset[str]] = {}
        for entry in entries:
            # Remembered at once: what a later entry of this very batch ends was told of.
            for each in _addressed(tx, entry, manifest, audience, lasting):
                found.append(each)
                if not each.route.problem:
                    _remember(tx, each)
        for notification in notifications(found, self.clock.now()):
            self._put(tx, notification)

    def _put(self, tx: Transaction, new: Notification) -> None:
        """Once for each key; with what waits for the same place, where that may be."""
        if tx.notification(new.id) is not None:
            return
        wanted = NotificationFilter(frozenset({new.state}), new.service, new.target, limit=1)
        for waiting in tx.notifications(wanted) if new.state is not NotificationState.DEAD else ():
            together = merged(waiting, new)
            if together is not None:
                tx.put_notification(together)
                return
        tx.put_notification(new)

    def _release(self) -> None:
        """The end of quiet hours: one digest for each place."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            held = tx.notifications(NotificationFilter(frozenset({NotificationState.HELD}), limit=10_000))
            places: dict[tuple[str, str], list[Notification]] = {}
            for each in reversed(held):
                # Further away than any night is long: the clock was wrong when it was held, or is now.
                if each.due_at <= now or each.due_at - now > timedelta(days=1):
                    places.setdefault((each.service, each.target), []).append(each)
            for due in places.values():
                for each in due:
                    tx.put_notification(replace(each, state=NotificationState.DIGESTED, ended_at=now))
                tx.put_notification(digest_of(due, now))

    def _forget(self) -> None:
        now = self.clock.now()
        if self._forgotten_at is None or abs(now - self._forgotten_at) >= timedelta(days=1):
            self._forgotten_at = now
            with self.store.transaction() as tx:
                tx.forget_notifications(now - NOTICES_KEPT)

    def listed(self, states: frozenset[NotificationState] = frozenset()) -> Sequence[Notification]:
        """Newest first."""
        with self.store.transaction() as tx:
            return tx.notifications(NotificationFilter(states))

    def one(self, id: str) -> Notification:
        with self.store.transaction() as tx:
            return _known(tx, id)

    def routes(self) -> Sequence[Offered]:
        """Every place that an alert names, as it is written."""
        places = [
            (alert, service, target)
            for alert in self.catalog.manifest.alerts
            for service, targets in alert.channels.items()
            for target in targets
        ]
        return [
            Offered(number, service, target, alert.on, alert.environments, quiet_words(alert.quiet))
            for number, (alert, service, target) in enumerate(places, 1)
        ]

    def retry(self, id: str) -> Notification:
        """Once more from the beginning, at once, with the same key."""
        return self._decide(id, {NotificationState.DEAD, NotificationState.PENDING}, NotificationState.PENDING)

    def drop(self, id: str) -> Notification:
        """Nobody needs it any more."""
        waiting = {NotificationState.DEAD, NotificationState.PENDING, NotificationState.HELD}
        return self._decide(id, waiting, NotificationState.DROPPED)

    def _decide(self, id: str, allowed: set[NotificationState], state: NotificationState) -> Notification:
        now = self.clock.now()
        with self.store.transaction() as tx:
            found = _known(tx, id)
            if found.state not in allowed:
                raise Refused(
                    f"{id} is {found.state}", hint="`trueup notifications list --state dead` shows the others"
                )
            ended = now if state is NotificationState.DROPPED else None
            error = found.error if state is NotificationState.DROPPED else ""
            return tx.put_notification(replace(found, state=state, attempts=0, due_at=now, ended_at=ended, error=error))

    def attempt(self, number: int, person: str, *, owner: str = "", env: str = "") -> Notification:
        """Puts a message to one route into the outbox. It pages nobody: it is a record only."""
        offered = self.routes()
        if not 1 <= number <= len(offered):
            raise Invalid(f"there is no route {number}", hint="`trueup notifications routes` shows them")
        service, now = offered[number - 1].service, self.clock.now()
        named = owner or self.catalog.manifest.notify.unowned
        known = {name: value for name, value in (("owner", plain_owner(named)), ("env", env)) if value}
        target = fill(offered[number - 1].target, known)
        id = f"ntf-{token_hex(12)}"
        summary = f"{person} tries whether notifications arrive here"
        notice = Notice("finished", "notification.tried", -1, now, summary, id, severity="minor", actor=person)
        with self.store.transaction() as tx:
            made = Notification(id, service, target, (notice,), 1, NotificationState.PENDING, now, now, tx.size())
            return tx.put_notification(made)


def _known(tx: Transaction, id: str) -> Notification:
    found = tx.notification(id)
    if found is None:
        raise Invalid(f"there is no notification {id}", hint="`trueup notifications list` shows them")
    return found


def quiet_words(quiet: Quiet | None) -> str:
    return f"{quiet.start:%H:%M} to {quiet.end:%H:%M} {quiet.zone}" if quiet else ""


def _addressed(
    tx: Transaction, entry: Entry, manifest: Manifest, audience: Audience, lasting: dict[str, frozenset[str]]
) -> Iterator[Addressed]:
    """`lasting` is what was found of stacks in this transaction already: a backlog is read once and not for each."""
    if not concern(entry.draft.kind):
        return
    stack = entry.draft.stack
    if stack not in lasting:
        lasting[stack] = _lasting(tx, stack)
    about = _about(tx, entry, manifest, lasting[stack])
    for notice in notices_of(entry, about):
        threads = [*tx.threads(notice.subject), *tx.threads(notice.condition)]
        for route in routed(notice, about, audience, threads):
            yield Addressed(notice, route)


def _about(tx: Transaction, entry: Entry, manifest: Manifest, lasting: frozenset[str]) -> About:
    draft = entry.draft
    named = draft.details.get("drift")
    drift = tx.drift(DriftId(named)) if isinstance(named, str) else None
    declaration = manifest.declaration(draft.name)
    attributes = {"env": draft.environment, "name": draft.name.rpartition("/")[2]}
    if declaration is None:
        return About(drift, (), attributes, lasting)
    attributes |= {name: str(value) for name, value in attributes_of(declaration).items()}
    return About(drift, declaration.owner, attributes, lasting)


def _lasting(tx: Transaction, stack: str) -> frozenset[str]:
    """Events that are not over for the stack as a whole."""
    if not stack:
        return frozenset()
    drifts = [drift for drift in tx.drifts(StackId(stack)) if drift.state in WAITING]
    waiting = frozenset({RunState.BLOCKED, RunState.AWAITING_APPROVAL})
    runs = {run.state for run in tx.runs(RunFilter(StackId(stack), waiting))}
    still = {
        "drift": bool(drifts),
        "deadline": any(drift.reminders or drift.breached_at for drift in drifts),
        "escalation": any(drift.escalated_at for drift in drifts),
        "blocked": RunState.BLOCKED in runs,
        "approval": RunState.AWAITING_APPROVAL in runs,
    }
    return frozenset(event for event, lasts in still.items() if lasts)


def _remember(tx: Transaction, each: Addressed) -> None:
    """The place was told of the subject, whatever the service will call it."""
    subject = thread_of(each.route.service, each.notice)
    place = (each.route.service, each.route.target)
    if place not in {(thread.service, thread.target) for thread in tx.threads(subject)}:
        tx.put_thread(Thread(subject, *place))
