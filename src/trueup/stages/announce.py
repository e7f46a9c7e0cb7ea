"""Announce: an entry of the ledger becomes a notice, and the manifest's alerts say who gets it, where and when."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from trueup.manifests.alerts import Alert, Notify, Quiet
from trueup.manifests.patterns import fill
from trueup.model.drift import Drift, Severity
from trueup.model.errors import Invalid
from trueup.model.ledger import Draft, Entry
from trueup.model.notice import ENDINGS, Notice, Notification, NotificationState, Thread, events_of, means
from trueup.model.people import People
from trueup.settings import NOTICES_SHOWN

OWNER = "{owner}"
PAGES = "pagerduty"
MACHINES = (PAGES, "webhook", "jira")
"""They take one subject at a time; people's channels get everything of a moment in one message."""
_NAME = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True)
class About:
    """What the books say of an entry's subject, beyond the entry itself."""

    drift: Drift | None = None
    owner: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of the stack, to fill channels with."""
    lasting: frozenset[str] = frozenset()
    """Events that still last for the stack as a whole: another drift is open, another run is blocked."""


@dataclass(frozen=True)
class Audience:
    """Who may be told, as the control repository says now."""

    alerts: Sequence[Alert]
    notify: Notify
    people: People


@dataclass(frozen=True)
class Route:
    """One place that hears of a notice."""

    service: str
    target: str
    quiet: Quiet | None = None
    problem: str = ""
    """Why nothing can be sent there."""
    remark: str = ""


def notices_of(entry: Entry, about: About) -> tuple[Notice, ...]:
    """What an entry tells: something began or went on, or something that was told of is over. Mostly nothing."""
    kind = entry.draft.kind
    over = [event for event, endings in ENDINGS.items() if means(endings, kind) and not _goes_on(event, kind)]
    began = [replace(_notice(entry, about, event), ends="drift" in over) for event in events_of(kind)[:1]]
    ended = [
        replace(_notice(entry, about, event), ends=True, follows=True, over=event not in about.lasting)
        for event in over
        if not any(each.event == event for each in began)
    ]
    return (*began, *ended)


def _goes_on(event: str, kind: str) -> bool:
    """A run that begins, plans or waits does not end what another one waits for."""
    return event in ("blocked", "approval") and kind in ("run.started", "run.proposed", "run.urgent", "run.cancel")


def concern(kind: str) -> bool:
    """Can an entry of this kind make a notice at all?"""
    return bool(events_of(kind)) or any(means(endings, kind) for endings in ENDINGS.values())


def _notice(entry: Entry, about: About, event: str) -> Notice:
    draft, details, drift = entry.draft, entry.draft.details, about.drift
    said = details.get("severity")
    severity = str(drift.severity) if drift else str(said or Severity.STRUCTURAL)
    listed = details.get("owner")
    owner = about.owner or (drift.owner if drift else ()) or tuple(map(str, listed if isinstance(listed, list) else ()))
    return Notice(
        event=event,
        kind=draft.kind,
        seq=entry.seq,
        at=entry.time,
        summary=" ".join(draft.summary.split()),
        subject=drift.id if drift else str(details.get("break_glass") or draft.run or draft.stack or _source(draft)),
        stack=draft.stack,
        name=draft.name,
        environment=draft.environment,
        severity=severity,
        owner=owner,
        actor=(drift.actor if drift else "") or draft.actor,
        address=drift.address if drift else str(details.get("address") or ""),
        cause=", ".join(sorted({each.cause for each in drift.differences})) if drift else "",
        reason=draft.reason,
        deadline=drift.deadline if drift else None,
        earlier=drift.earlier or "" if drift else "",
        condition=f"{details.get('break_glass') or draft.stack or _source(draft)}:{event}",
    )


def _source(draft: Draft) -> str:
    """What an entry without a stack is about: `signals:cloudtrail`."""
    return f"{draft.kind.partition('.')[0]}:{draft.details.get('source') or draft.environment or 'site'}"


def routed(notice: Notice, about: About, audience: Audience, threads: Sequence[Thread]) -> Iterator[Route]:
    """Everywhere that this notice goes: where an alert asks for it. One that follows goes only where its subject (or
    the page's condition) was told of before: that is what `threads` say."""
    seen: set[tuple[str, str]] = set()
    known = {(thread.service, thread.target) for thread in threads if thread.subject == notice.subject}
    paged = {(thread.service, thread.target) for thread in threads if thread.subject == notice.condition}
    events = {notice.event} if notice.follows else {notice.event, *events_of(notice.kind)}
    asked = [alert for alert in audience.alerts if events & set(alert.on) and _concerns(alert, notice)]
    for alert in asked:
        for service, where in alert.channels.items():
            for route in _filled(service, where, about, notice, alert, audience):
                place = (route.service, route.target)
                if place in seen:
                    continue
                if not notice.follows or (place in paged and notice.over if service == PAGES else place in known):
                    seen.add(place)
                    yield route


def _concerns(alert: Alert, notice: Notice) -> bool:
    here = not alert.environments or any(fnmatchcase(notice.environment, glob) for glob in alert.environments)
    owned = not alert.owners or any(
        fnmatchcase(plain_owner(owner), glob) or fnmatchcase(owner, glob)
        for owner in notice.owner
        for glob in alert.owners
    )
    return here and owned and (alert.severity is not Severity.STRUCTURAL or notice.urgent)


def _filled(
    service: str, where: Iterable[str], about: About, notice: Notice, alert: Alert, audience: Audience
) -> Iterator[Route]:
    """Several owners are several channels."""
    for text in where:
        owners: tuple[str, ...] = notice.owner if OWNER in text else ("",)
        remark = ""
        if not owners:
            owners = (audience.notify.unowned,)
            remark = f"nobody owns {notice.name or 'this'}; `notify.unowned` sends it here"
        for owner in owners:
            if OWNER in text and not owner:
                yield Route(service, text, problem="nobody owns it, and `notify.unowned` names nobody instead")
                continue
            name = _address(owner, audience.people) if text == OWNER and service == "email" else plain_owner(owner)
            try:
                target = fill(text, {**about.attributes, "owner": name, "env": notice.environment})
            except Invalid as error:
                yield Route(service, text, problem=error.message)
                continue
            yield Route(service, target, alert.quiet, remark=remark)


def plain_owner(owner: str) -> str:
    """`@acme/Platform Team` as part of a channel's name: `platform-team`."""
    last = owner.lstrip("@").rpartition("/")[2].partition("@")[0]
    return _NAME.sub("-", last.casefold()).strip("-")[:60]


def _address(owner: str, people: People) -> str:
    """Where a person gets mail: an address itself, or the first one below `people:` that is no pattern."""
    if "@" in owner.lstrip("@") and "/" not in owner:
        return owner
    for person in people.known:
        if person.name == owner.lstrip("@"):
            return next((each for each in person.names.get("email", ()) if not set("*?[") & set(each)), owner)
    return owner


def quiet_until(quiet: Quiet | None, route: Route, notice: Notice, now: datetime) -> datetime | None:
    """When the quiet hours end that hold this notice; None: told at once."""
    if quiet is None or route.service not in quiet.holds:
        return None
    if notice.event in quiet.exceptions or notice.severity in quiet.exceptions:
        return None
    zone = ZoneInfo(quiet.zone)
    local = now.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.end < quiet.start
    inside = (clock >= quiet.start or clock < quiet.end) if over_midnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet.start else 0)
    return datetime.combine(day, quiet.end, zone).astimezone(UTC)


@dataclass(frozen=True)
class Addressed:
    """A notice and one place that hears of it."""

    notice: Notice
    route: Route


def notifications(addressed: Sequence[Addressed], now: datetime) -> tuple[Notification, ...]:
    """One message for each place and moment: 200 drifts of one check are one message to a channel of people. Pages
    are one for each condition, issues and webhooks one for each notice. Equal input gives equal ids."""
    groups: dict[tuple[object, ...], list[Addressed]] = {}
    for each in _once(addressed):
        until = quiet_until(each.route.quiet, each.route, each.notice, now)
        groups.setdefault((*_together(each), until), []).append(each)
    return tuple(_notification(members, key[-1], now) for key, members in groups.items())


def _once(addressed: Iterable[Addressed]) -> Iterator[Addressed]:
    """One entry is one message to a place, whatever it ends there besides; a page has a condition each."""
    seen: set[tuple[object, ...]] = set()
    for each in addressed:
        place = (each.route.service, each.route.target, each.notice.seq)
        key = (*place, each.notice.condition) if each.route.service == PAGES else place
        if key not in seen:
            seen.add(key)
            yield each


def _together(each: Addressed) -> tuple[object, ...]:
    place = (each.route.service, each.route.target, bool(each.route.problem))
    if each.route.service == PAGES:
        return (*place, each.notice.condition, each.notice.ends, each.notice.kind)
    if each.route.service in MACHINES:
        return (*place, each.notice.seq, each.notice.event)
    return place


def _notification(members: Sequence[Addressed], until: object, now: datetime) -> Notification:
    route, told = members[0].route, tuple(each.notice for each in members)
    held = isinstance(until, datetime)
    state = NotificationState.DEAD if route.problem else NotificationState.HELD if held else NotificationState.PENDING
    return Notification(
        id=key_of(route.service, route.target, told),
        service=route.service,
        target=route.target,
        notices=told[:NOTICES_SHOWN],
        count=len(told),
        state=state,
        created_at=now,
        due_at=until if isinstance(until, datetime) else now,
        position=told[0].seq,
        error=route.problem,
        remark=next((each.route.remark for each in members if each.route.remark), ""),
        ended_at=now if route.problem else None,
    )


def key_of(service: str, target: str, told: Iterable[Notice]) -> str:
    """The same entries for the same place are the same notification, whoever makes it and however often."""
    said = "\n".join([service, target, *(f"{each.seq} {each.event} {each.ends}" for each in told)])
    return f"ntf-{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def thread_of(service: str, notice: Notice) -> str:
    """Under which subject a place remembers a notice: pages know conditions of a stack, the others know drifts."""
    return notice.condition if service == PAGES else notice.subject


def merged(waiting: Notification, more: Notification) -> Notification | None:
    """What comes while a message to people waits for its first attempt goes with it; None: it must not."""
    if waiting.service in MACHINES or waiting.attempts or waiting.state is not more.state or waiting.digest:
        return None
    if waiting.due_at < more.due_at and more.state is NotificationState.HELD:
        return None
    told = (*waiting.notices, *more.notices)[:NOTICES_SHOWN]
    return replace(waiting, notices=told, count=waiting.count + more.count, remark=waiting.remark or more.remark)


def digest_of(held: Sequence[Notification], now: datetime) -> Notification:
    """What was held for one place, as one message."""
    first = held[0]
    told = [notice for each in held for notice in each.notices]
    said = "\n".join(["digest", *(each.id for each in held)])
    return replace(
        first,
        id=f"ntf-{hashlib.sha256(said.encode()).hexdigest()[:24]}",
        notices=tuple(told[:NOTICES_SHOWN]),
        count=sum(each.count for each in held),
        state=NotificationState.PENDING,
        created_at=now,
        due_at=now,
        position=max(each.position for each in held),
        remark=next((each.remark for each in held if each.remark), ""),
        digest=True,
        generation=0,
    )
