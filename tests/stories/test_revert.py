"""A revert undoes exactly the drifts that it names, at the values that somebody saw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories.small import WEB, SmallOffice, code_of_web, named, open_small
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunState

TWO_GROUPS = code_of_web("GROUP") + code_of_web("GROUP-db").replace('"web" {', '"db" {')


def group_of(office: SmallOffice, short: str) -> dict[str, Any]:
    wanted = [{"Name": "group-name", "Values": [f"{office.group_name}-{short}"]}]
    return dict(office.cloud.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"][0])


def tags_of(office: SmallOffice, short: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in group_of(office, short)["Tags"]}


@pytest.fixture
def two(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[SmallOffice]:
    """Two security groups, settled and delivering."""
    with open_small(cloud, terminal, tmp_path, TWO_GROUPS) as office:
        office.deliver()
        yield office


def test_a_revert_undoes_exactly_what_it_names(two: SmallOffice) -> None:
    """Two groups were changed by hand: reverting one leaves the other as it is, and still drift of the same record; a
    delivery afterwards is still blocked by that one; naming it undoes it too."""
    two.open_a_port(8443)
    ec2 = two.cloud.client("ec2", two.cloud.console)
    ec2.create_tags(Resources=[group_of(two, "db")["GroupId"]], Tags=[{"Key": "Owner", "Value": "pirate"}])
    first, second = sorted(two.check("web"), key=lambda drift: drift.address, reverse=True)
    assert (first.address, second.address) == ("aws_security_group.web", "aws_security_group.db")

    alone = two.site.drifts.revert([first.id], named("mira"), "not ours")
    two.look(2)
    done = two.run(alone)
    assert done.state is RunState.FINISHED and done.converged, done.error
    assert [change.address for change in done.changes] == ["aws_security_group.web"]
    assert two.open_ports == {443}
    assert two.drift(first.id).resolution is Resolution.REVERTED
    assert tags_of(two, "db")["Owner"] == "pirate", "nobody asked to undo that"
    (left,) = two.check("web")
    assert (left.id, left.fingerprint, left.state) == (second.id, second.fingerprint, DriftState.OPEN)
    assert "foreign." not in " ".join(two.kinds()), "our own write of the state is no foreign apply"

    two.merged(WEB, 'description = "port 443"', 'description = "https"')
    blocked = two.finish()
    assert blocked.state is RunState.BLOCKED and {loss.drift for loss in blocked.losses} == {second.id}
    two.site.runs.discard(blocked.id, named("ben"))

    rest = two.site.drifts.revert([second.id], named("mira"), "not ours")
    two.look(2)
    assert two.run(rest).converged, two.run(rest).error
    assert tags_of(two, "db")["Owner"] == "core" and two.check("web") == []


def test_a_revert_does_not_undo_what_came_after_it_was_asked_for(small: SmallOffice) -> None:
    """While it waited for approval somebody changed the same thing again: nobody saw that, so nothing is undone."""
    small.adopt()
    small.govern("deliver", critical=True)
    small.open_a_port(8443)
    (drift,) = small.check("web")
    revert = small.site.drifts.revert([drift.id], named("mira"), "not ours")
    small.look()
    assert small.run(revert).state is RunState.AWAITING_APPROVAL
    small.open_a_port(9443)
    (changed,) = small.check("web")
    assert (changed.id, changed.state) == (drift.id, DriftState.OPEN)
    small.approve(revert, "carla")
    small.look()
    assert small.run(revert).state is RunState.BLOCKED
    assert small.open_ports == {443, 8443, 9443}
    small.site.runs.discard(revert.id, named("carla"), "look again first")
    small.look()
    assert small.drift(drift.id).state is DriftState.OPEN


def test_a_revert_delivers_nothing_that_is_merged_meanwhile(small: SmallOffice) -> None:
    """A routine change is blocked by drift: the revert undoes the drift only, and the change goes on by itself."""
    small.deliver()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    small.merged(WEB, "core", "shop")
    blocked = small.finish()
    assert blocked.state is RunState.BLOCKED
    revert = small.site.drifts.revert([drift.id], named("mira"), "not ours")
    small.site.reconciler.walk(revert.id, "plan")
    assert small.site.reconciler.walk(revert.id, "apply").converged
    assert small.open_ports == {443} and small.real_tags == {"Owner": "core"}
    small.look(3)
    done = small.run(blocked)
    assert done.state is RunState.FINISHED and done.converged, done.error
    assert small.real_tags == {"Owner": "shop"}
