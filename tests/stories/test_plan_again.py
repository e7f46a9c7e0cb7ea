"""An approved plan is never applied as it was saved: the world may have moved since."""

from tests.stories.small import WEB, SmallOffice
from trueup.model.drift import Resolution
from trueup.model.run import RunState


def test_a_console_change_between_approval_and_apply_is_not_lost(small: SmallOffice) -> None:
    """Approved, then somebody opened a port: back to judging, blocked, port open. Closed by hand, it goes ahead."""
    small.adopt()
    small.govern("deliver", critical=True)
    small.merged(WEB, "core", "shop")
    run = small.finish()
    assert run.state is RunState.AWAITING_APPROVAL
    small.approve(run, "carla")
    small.open_a_port(8443)
    small.look()
    blocked = small.run(run)
    assert blocked.state is RunState.BLOCKED
    assert small.open_ports == {443, 8443} and small.real_tags == {"Owner": "core"}

    small.look()
    (drift,) = small.check("web")
    assert small.run(run).state is RunState.BLOCKED, "the drift is on record and the run waits"
    small.close_a_port(8443)
    assert small.check("web") == []
    assert small.drift(drift.id).resolution is Resolution.VANISHED
    small.look(3)
    done = small.run(run)
    assert done.state is RunState.FINISHED, "the effect is the approved one again"
    assert small.real_tags == {"Owner": "shop"} and [each.person for each in done.approvals] == ["carla"]
