"""Somebody opens a port in the console, the cloud's own log says so, and the drift has a name on it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.signals.records import authorize, envelope
from tests.stories.small import SmallOffice, open_small
from trueup.cli.views.drifts import made_by
from trueup.cli.when import When
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import Check, CheckState, Origin
from trueup.render.encoding import to_json
from trueup.settings import EVENT_QUIET
from trueup.system.clock import FakeClock

PEOPLE = {"mira": {"email": ["mira@acme.example"], "aws": ["engineer:mira@acme.example"]}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def office(fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path, clock: FakeClock) -> Iterator[SmallOffice]:
    """One group that Trueup delivers; `people:` knows Mira's sessions in the console."""
    with open_small(fresh_cloud, terminal, tmp_path, clock=clock) as office:
        office.govern(checks="1h", sections={"people": {**office.rules["people"], **PEOPLE}})
        office.deliver()
        yield office


def recorded(office: SmallOffice, since: int = 0) -> list[dict[str, Any]]:
    """What EventBridge would deliver of what the cloud recorded after that: writes, and sessions that were opened."""
    return [
        envelope(dict(record.event))
        for record in office.cloud.records()
        if record.sequence > since and record.kind != "read" and record.event["managementEvent"]
    ]


def now(office: SmallOffice) -> int:
    return office.cloud.records()[-1].sequence


def looked(office: SmallOffice) -> datetime | None:
    """When the newest check began."""
    check = office.last_check()
    return check.started_at if check else None


def looked_at(check: Check) -> datetime:
    assert check.completed_at is not None
    return check.completed_at


def quiet(office: SmallOffice, clock: FakeClock) -> None:
    """Nothing more happens for a moment."""
    clock.advance(EVENT_QUIET.total_seconds())
    office.scheduler.tick()


def test_a_port_opened_in_the_console_has_a_name_on_it(office: SmallOffice, clock: FakeClock) -> None:
    """One check for the whole burst; the drift says who, when, from where and with which call; the next check keeps
    it, and the ledger has it."""
    before, seen = now(office), looked(office)
    office.open_a_port(8443)
    office.tag("Incident", "4711")
    burst = recorded(office, before)
    assert [each["detail"]["eventName"] for each in burst] == ["AuthorizeSecurityGroupIngress", "CreateTags"]

    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())
    taken = office.site.signals.take("aws", burst[:1])
    assert (taken.accepted, taken.unknown) == (1, 0)
    office.scheduler.tick()
    assert looked(office) == seen, "more of it may come"
    again = office.site.signals.take("aws", burst)
    assert (again.accepted, again.duplicate) == (1, 1)
    quiet(office, clock)
    assert looked(office) == clock.now()
    quiet(office, clock)
    assert looked(office) == clock.now() - EVENT_QUIET, "one check for the burst"
    check = office.last_check()
    assert check is not None and check.state is CheckState.DRIFTED
    assert check.reason == "CreateTags by mira"
    assert timedelta(minutes=54) <= check.due_at - looked_at(check) <= timedelta(minutes=66), "an hour, with jitter"

    with office.site.store.transaction() as tx:
        (drift,) = tx.drifts()
    call = burst[0]["detail"]
    assert drift.origin == Origin(
        actor="mira",
        at=datetime.fromisoformat(call["eventTime"]),
        event=call["eventID"],
        name="AuthorizeSecurityGroupIngress",
        address="127.0.0.1",
        user_agent=call["userAgent"],
        session=office.cloud.console.arn,
    )
    told = f"(AuthorizeSecurityGroupIngress, event {call['eventID']})"
    said = made_by(to_json(drift), When(clock.now()))
    assert "mira" in said and "from 127.0.0.1" in said and told in said
    (entry,) = office.ledger("drift.open")
    assert (entry.draft.actor, entry.draft.details["call"]) == ("mira", "AuthorizeSecurityGroupIngress")
    assert [each.origin for each in office.check("web")] == [drift.origin]
    assert "drift.attributed" not in office.kinds()


def test_our_own_writes_wake_nobody_and_a_borrowed_name_does(office: SmallOffice, clock: FakeClock) -> None:
    """A delivery's records are ours by run and role; somebody who calls their session so is still somebody."""
    before = now(office)
    office.merged("live/web/main.tf", 'Owner = "core"', 'Owner = "shop"')
    delivery = office.finish()
    assert delivery.converged, delivery.error
    taken = office.site.signals.take("aws", recorded(office, before))
    assert taken.ours > 0 and taken.ignored > 0, "tags were written, and sessions opened"
    assert (taken.accepted, taken.unknown) == (0, 0)
    seen = looked(office)
    quiet(office, clock)
    assert looked(office) == seen

    sso = office.cloud.client("iam")
    sso.update_assume_role_policy(RoleName="engineer", PolicyDocument=trusting(office.cloud.hand.arn))
    thief = office.cloud.assume(office.cloud.engineer_role, f"trueup-{delivery.id}", office.cloud.hand)
    before = now(office)
    group = office.cloud.client("ec2").describe_security_groups(GroupNames=[office.group_name])["SecurityGroups"][0]
    ec2 = office.cloud.client("ec2", thief)
    ec2.create_tags(Resources=[group["GroupId"]], Tags=[{"Key": "Owner", "Value": "me"}])
    taken = office.site.signals.take("aws", recorded(office, before))
    assert (taken.ours, taken.accepted) == (0, 1)
    quiet(office, clock)
    with office.site.store.transaction() as tx:
        (drift,) = tx.drifts()
    assert drift.actor == f"aws:engineer:trueup-{delivery.id}"


def test_a_late_event_names_who_it_was(office: SmallOffice, clock: FakeClock) -> None:
    """CloudTrail is minutes late: the check came first. The record gets its name, once, and the ledger says so; what
    came later to the same group has not done it."""
    before = now(office)
    office.open_a_port(8443)
    late = recorded(office, before)
    (drift,) = office.check("web")
    assert drift.origin is None
    clock.advance(timedelta(minutes=12).total_seconds())
    tags = {"resourcesSet": {"items": [{"resourceId": drift.identity or group_id(office)}]}}
    other = authorize(22, group_id(office), eventTime=f"{clock.now():%Y-%m-%dT%H:%M:%SZ}")
    office.site.signals.take("aws", [*late, envelope(other), envelope({**other, "eventID": "x", **tags})])
    quiet(office, clock)
    with office.site.store.transaction() as tx:
        (named,) = tx.drifts()
    assert (named.id, named.actor) == (drift.id, "mira")
    (entry,) = office.ledger("drift.attributed")
    assert entry.draft.details["drift"] == drift.id and entry.draft.details["owner"] == []
    assert "was changed by mira on" in entry.draft.summary
    office.site.signals.take("aws", late)
    quiet(office, clock)
    assert office.kinds().count("drift.attributed") == 1


def test_events_of_nothing_known_are_counted_and_wake_nobody(office: SmallOffice, clock: FakeClock) -> None:
    """Another team's group, a call that was refused, a read: they only show that events come."""
    seen = looked(office)
    denied = authorize(8443, group_id(office), errorCode="Client.UnauthorizedOperation")
    read = authorize(1, group_id(office), readOnly=True)
    taken = office.site.signals.take("aws", [envelope(authorize(22)), envelope(denied), read])
    assert (taken.unknown, taken.ignored, taken.accepted) == (1, 2, 0)
    quiet(office, clock)
    assert looked(office) == seen
    (heard,) = office.site.signals.heard()
    assert (heard.source, heard.at, heard.counts.unknown) == ("aws", clock.now() - EVENT_QUIET, 1)


def test_a_group_that_was_deleted_has_a_name_on_it(office: SmallOffice, clock: FakeClock) -> None:
    """What is gone is not in the state any more, and the log still speaks of it."""
    id, before = group_id(office), now(office)
    office.cloud.client("ec2", office.cloud.console).delete_security_group(GroupId=id)
    deleted = recorded(office, before)
    (drift,) = office.check("web")
    assert not drift.actor
    office.site.signals.take("aws", deleted)
    quiet(office, clock)
    with office.site.store.transaction() as tx:
        (drift,) = tx.drifts()
    assert drift.origin is not None
    assert (drift.actor, drift.origin.name) == ("mira", "DeleteSecurityGroup")


def group_id(office: SmallOffice) -> str:
    groups = office.cloud.client("ec2").describe_security_groups(GroupNames=[office.group_name])
    return str(groups["SecurityGroups"][0]["GroupId"])


def trusting(arn: str) -> str:
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],'
        f'"Principal":{{"AWS":"{arn}"}}}}]}}'
    )
