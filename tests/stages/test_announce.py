"""Who hears of what, where and when: pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify import made
from trueup.manifests.alerts import Alert, Notify, Quiet
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState, Severity
from trueup.model.ledger import Draft, Entry
from trueup.model.notice import ENDINGS, EVENTS, SERVICES, NotificationState, Thread, pages
from trueup.model.people import People, Person
from trueup.model.plan import Address
from trueup.model.stack import StackId
from trueup.settings import NOTICES_SHOWN
from trueup.stages.announce import (
    About,
    Addressed,
    Audience,
    Route,
    digest_of,
    merged,
    notices_of,
    notifications,
    plain_owner,
    quiet_until,
    routed,
)

NOW = made.NOW
DESIGNED = Alert(("drift", "blocked", "deadline", "check-overdue"), ("prod",), {"slack": ("#{owner}-infra",)})
DRIFT = Drift(
    DriftId("dft-0000000001"),
    StackId("stk-app"),
    Address("aws_security_group.web"),
    "aws_security_group",
    (Difference(("ingress", 0), Cause.GHOST_REVERT, None, 8443, None),),
    "print",
    DriftState.OPEN,
    NOW,
    NOW,
    owner=("@acme/platform", "anna"),
)


def entry(kind: str, seq: int = 7, **details: object) -> Entry:
    draft = Draft(kind, "trueup", f"{kind} happened", "stk-app", "infra//prod/app", "prod", details=details)  # type: ignore[arg-type]
    return Entry(seq, NOW, draft, "leaf")


def audience(*alerts: Alert, unowned: str = "", people: People | None = None) -> Audience:
    return Audience(alerts or (DESIGNED,), Notify(unowned=unowned), people or People())


def places(kind: str, who: Audience, about: About | None = None, *threads: Thread) -> list[tuple[str, str]]:
    about = about or About(DRIFT, DRIFT.owner)
    found = [
        (notice, route) for notice in notices_of(entry(kind), about) for route in routed(notice, about, who, threads)
    ]
    return [(route.service, route.target) for _, route in found if not route.problem]


def test_the_line_of_the_design_works_word_for_word() -> None:
    """Each owner's channel hears of drift, of blocked deliveries, deadlines and checks that are overdue; in prod."""
    for kind in ("drift.open", "run.blocked", "drift.reminded", "drift.breached", "check.overdue"):
        assert places(kind, audience()) == [("slack", "#platform-infra"), ("slack", "#anna-infra")]
    assert places("run.finished", audience()) == []
    assert places("drift.open", audience(replace(DESIGNED, environments=("dev", "staging")))) == []


def test_every_event_means_kinds_and_every_ending_an_event() -> None:
    """One table; what pages somebody can also end."""
    assert set(ENDINGS) <= set(EVENTS)
    kinds = [kind for kinds in EVENTS.values() for kind in kinds]
    assert len(kinds) == len(set(kinds)), "one kind is one event, except below `break-glass.`"
    assert not pages("finished") and pages("drift")


def test_nobody_owns_it() -> None:
    """A word stands in and is said; without one the notification is dead from the beginning, and says why."""
    nobody = About(replace(DRIFT, owner=()), ())
    (notice,) = notices_of(entry("drift.open"), nobody)
    (route,) = routed(notice, nobody, audience(unowned="core"), ())
    assert (route.target, "nobody owns infra//prod/app" in route.remark) == ("#core-infra", True)
    (dead,) = notifications([Addressed(notice, *routed(notice, nobody, audience(), ()))], NOW)
    assert dead.state is NotificationState.DEAD and "notify.unowned" in dead.error


def test_a_capture_that_the_stack_has_not_is_said() -> None:
    """`{team}` where nothing captures it: dead, with the reason."""
    (notice,) = notices_of(entry("drift.open"), About(DRIFT, DRIFT.owner))
    alert = Alert(("drift",), (), {"slack": ("#{team}",)})
    (route,) = routed(notice, About(DRIFT), audience(alert), ())
    assert "{team}" in route.problem
    assert places("drift.open", audience(alert), About(DRIFT, (), {"team": "web"})) == [("slack", "#web")]


@given(st.text(max_size=120))
def test_any_owner_is_safe_in_a_channels_name(owner: str) -> None:
    """Whatever CODEOWNERS holds becomes letters, digits and hyphens."""
    assert set(plain_owner(owner)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert plain_owner("@acme/Platform Team") == "platform-team"
    assert plain_owner("anna@acme.example") == "anna"


def test_mail_goes_to_the_owners_own_address() -> None:
    """`{owner}` alone: an address as it is, a person by `people:`, anything else as part of an address."""
    people = People((Person("anna", {"email": ("*@old.example", "anna@acme.example")}),))
    alert = Alert(("drift",), (), {"email": ("{owner}",)})
    about = About(DRIFT, ("anna", "ops@acme.example"))
    found = places("drift.open", audience(alert, people=people), about)
    assert found == [("email", "anna@acme.example"), ("email", "ops@acme.example")]
    list_of = Alert(("drift",), (), {"email": ("{owner}@lists.example",)})
    assert places("drift.open", audience(list_of), About(DRIFT, ("@acme/web",))) == [("email", "web@lists.example")]


def test_minor_drift_is_left_out_where_that_was_asked_for() -> None:
    """`severity: structural`; what is no drift is never minor. `owner` leaves out the others' drift."""
    alert = replace(DESIGNED, severity=Severity.STRUCTURAL)
    minor = About(replace(DRIFT, severity=Severity.MINOR), ("web",))
    assert places("drift.open", audience(alert), minor) == []
    assert places("drift.open", audience(), minor) == [("slack", "#web-infra")]
    assert places("run.blocked", audience(alert), About(None, ("web",))) == [("slack", "#web-infra")]
    assert places("drift.open", audience(replace(DESIGNED, owners=("plat*",)))) != []
    assert places("drift.open", audience(replace(DESIGNED, owners=("data",)))) == []


def test_the_end_is_told_where_the_beginning_was() -> None:
    """In the channel that heard of the drift, and nowhere else."""
    assert places("drift.resolved.codified", audience()) == []
    told = Thread("dft-0000000001", "slack", "#anna-infra", "17.1")
    assert places("drift.resolved.codified", audience(), None, told) == [("slack", "#anna-infra")] * 2
    asked = Alert(("resolved",), (), {"slack": ("#all",)})
    assert places("drift.resolved.vanished", audience(asked)) == [("slack", "#all")]


def test_a_page_ends_with_the_last_drift_of_its_stack() -> None:
    """Another open drift keeps the incident; the last one's end resolves it."""
    alert, paged = (
        Alert(("drift",), (), {"pagerduty": ("file:/key",)}),
        Thread("stk-app:drift", "pagerduty", "file:/key"),
    )
    still = About(DRIFT, DRIFT.owner, lasting=frozenset({"drift"}))
    assert places("drift.resolved.reverted", audience(alert), still, paged) == []
    assert places("drift.resolved.reverted", audience(alert), None, paged) == [("pagerduty", "file:/key")]
    assert places("drift.resolved.reverted", audience(alert)) == [], "nobody was paged"


def addressed(count: int, service: str = "slack", quiet: Quiet | None = None, **more: object) -> list[Addressed]:
    return [Addressed(made.notice(seq, **more), Route(service, "#web", quiet)) for seq in range(count)]


def test_a_burst_is_one_message() -> None:
    """200 drifts of one check: the first twenty and a count; pages by condition, issues and webhooks one each."""
    (one,) = notifications(addressed(200), NOW)
    assert (len(one.notices), one.count, one.position) == (NOTICES_SHOWN, 200, 0)
    assert len(notifications(addressed(200, "pagerduty"), NOW)) == 1
    assert len(notifications(addressed(200, "jira"), NOW)) == len(notifications(addressed(200, "webhook"), NOW)) == 200


@given(st.integers(1, 60), st.sampled_from(SERVICES))
def test_the_same_entries_make_the_same_keys(count: int, service: str) -> None:
    """Whoever makes them, and however often: the key is what receivers and the outbox tell repetitions by."""
    first, again = (notifications(addressed(count, service), at) for at in (NOW, NOW + timedelta(hours=1)))
    assert [each.id for each in first] == [each.id for each in again]
    assert len({each.id for each in first}) == len(first)
    assert sum(each.count for each in first) == count


def test_one_entry_is_one_message_to_a_place() -> None:
    """A resolved drift ends what was told of the drift, its deadline and its escalation: once."""
    about = About(DRIFT, DRIFT.owner)
    route = Route("slack", "#web")
    told = [Addressed(notice, route) for notice in notices_of(entry("drift.resolved.codified"), about)]
    assert len(told) > 3
    (one,) = notifications(told, NOW)
    assert one.count == 1 and one.first.ends


def test_what_waits_takes_more_with_it() -> None:
    """Before its first attempt, to people; never a page, never what somebody may already have got."""
    waiting, more = (notifications(addressed(count), NOW)[0] for count in (3, 30))
    together = merged(waiting, more)
    assert together is not None and (together.id, together.count, len(together.notices)) == (
        waiting.id,
        33,
        NOTICES_SHOWN,
    )
    assert merged(replace(waiting, attempts=1), more) is None
    assert merged(replace(waiting, service="jira"), replace(more, service="jira")) is None


NIGHT = Quiet(time(22), time(7), "Europe/Berlin", ("structural", "uncertain"))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-20T20:59", None),
        ("2026-11-20T21:00", "2026-11-21T06:00"),
        ("2026-11-21T03:00", "2026-11-21T06:00"),
        ("2026-11-21T06:00", None),
        ("2026-03-28T23:00", "2026-03-29T05:00"),  # the night that loses an hour
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # the night that wins one
    ],
)
def test_nights_are_local(at: str, until: str | None) -> None:
    """Over midnight, in winter and in summer, exactly until the clock on the wall says so."""
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    ends = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    assert quiet_until(NIGHT, Route("slack", "#web"), made.notice(severity="minor"), now) == ends


def test_some_things_wake_people() -> None:
    """What `except` names, and whatever pages; unless pages are named as well."""
    now = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    minor, slack, pager = made.notice(severity="minor"), Route("slack", "#web"), Route("pagerduty", "file:/key")
    assert quiet_until(NIGHT, slack, made.notice(), now) is None, "structural"
    assert quiet_until(NIGHT, slack, made.notice(severity="minor", event="uncertain"), now) is None
    assert quiet_until(NIGHT, pager, minor, now) is None
    assert quiet_until(replace(NIGHT, holds=("pagerduty",)), pager, minor, now) is not None
    assert quiet_until(None, slack, minor, now) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.times().map(lambda each: each.replace(second=0, microsecond=0)),
    st.times().map(lambda each: each.replace(second=0, microsecond=0)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_quiet_hours_end_within_a_day(at: datetime, start: time, end: time, zone: str) -> None:
    """Whatever is held comes, within a day and the hour that a night may win, at the time that was named."""
    now, quiet = at.replace(tzinfo=UTC), Quiet(start, end, zone)
    until = quiet_until(quiet, Route("slack", "#web"), made.notice(), now) if start != end else None
    if until is not None:
        assert timedelta(hours=-1) <= until - now <= timedelta(hours=25)
        local = until.astimezone(ZoneInfo(zone)).time()
        assert local == end or abs(local.hour - end.hour) in (1, 23), "an hour that does not exist"


def test_what_was_held_becomes_one_digest() -> None:
    """In the order of the night, with every count."""
    held = [notifications(addressed(count, quiet=Quiet(time(0), time(23, 59))), NOW)[0] for count in (2, 30)]
    assert all(each.state is NotificationState.HELD for each in held)
    digest = digest_of(held, NOW)
    assert digest.digest and (digest.count, len(digest.notices)) == (32, NOTICES_SHOWN)
    assert digest.state is NotificationState.PENDING and digest.id == digest_of(held, NOW + timedelta(days=1)).id
