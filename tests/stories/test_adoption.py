"""Nothing is touched before somebody adopted it, and adopting settles what is live, not what somebody wished."""

from pathlib import Path

import pytest

from tests.stories.small import APP, WEB, SmallOffice, data, named, open_small, open_with
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.engine.adoption import Sight
from trueup.engine.audit import audit
from trueup.model.causes import Cause
from trueup.model.drift import DriftState
from trueup.model.errors import Refused
from trueup.model.run import RunState
from trueup.model.stack import Standing


def sight(office: SmallOffice, short: str = "web") -> Sight:
    return office.site.adoption.preview(office.stack(short).id).state


def test_looking_shows_where_a_stack_stands_and_writes_nothing(
    fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """Clean, drifted, pending, absent: seen with plan credentials, and the cloud recorded no write of ours."""
    with open_small(fresh_cloud, terminal, tmp_path) as office:
        assert sight(office) is Sight.CLEAN
        office.tag("Owner", "pirate")
        assert sight(office) is Sight.DRIFTED
        (drift,) = office.check("web")
        assert drift.provisional and drift.differences[0].cause is Cause.GHOST_REVERT
        office.tag("Owner", "core")
        office.pushed({APP: data("one", "first")})
        office.merged(WEB, "core", "shop")
        assert sight(office) is Sight.PENDING
        assert sight(office, "app") is Sight.ABSENT
        assert office.runs() == [] and office.stack().standing is Standing.UNADOPTED
        found = audit([record.event for record in fresh_cloud.records()], office.site.store)
        assert found.violations == [] and found.wrote == 0
        assert any(each.ours and each.reads for each in found.activities), "we were there, and only looked"


def test_the_commit_that_is_live_is_settled_and_what_was_done_by_hand_stays_open(small: SmallOffice) -> None:
    """Pending and drifted at once: the books begin at the older commit, and no delivery undoes the port."""
    live = small.site.catalog.head("infra")
    small.open_a_port(8443)
    small.merged(WEB, "core", "shop")
    seen = small.site.adoption.preview(small.stack().id)
    assert seen.state is Sight.DRIFTED
    small.site.adoption.adopt(small.stack().id, named("carla"), "first books", seen.seen)
    assert small.stack().settled == live
    (drift,) = small.check("web")
    assert drift.state is DriftState.OPEN and not drift.provisional
    assert [each.cause for each in drift.differences] == [Cause.GHOST_REVERT]
    small.govern("deliver")
    run = small.newest("web")
    assert run.state is RunState.BLOCKED and [loss.drift for loss in run.losses] == [drift.id]
    assert small.open_ports == {443, 8443} and small.real_tags == {"Owner": "core"}
    (told,) = small.ledger("stack.adopted")
    assert told.draft.actor == "carla" and told.draft.reason == "first books"


def test_adopting_is_bound_to_what_the_person_saw(small: SmallOffice) -> None:
    """Something moved between looking and settling: refused, and still without books."""
    seen = small.site.adoption.preview(small.stack().id).seen
    small.tag("Owner", "pirate")
    with pytest.raises(Refused, match="moved since you looked"):
        small.site.adoption.adopt(small.stack().id, named("carla"), "first books", seen)
    assert small.stack().standing is Standing.UNADOPTED


def test_what_was_merely_discovered_is_never_applied(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Mode deliver and no books: no run by itself, and none when asked."""
    with open_with(cloud, terminal, tmp_path, {APP: data("one", "first")}) as office:
        office.govern("deliver")
        office.merged(APP, "first", "second")
        assert office.runs() == []
        with pytest.raises(Refused, match="never adopted"):
            office.site.stacks.deliver(office.stack("app").id, named("carla"), "now")
        with pytest.raises(Refused, match="never adopted"):
            office.site.stacks.destroy(office.stack("app").id, named("carla"), "now")
