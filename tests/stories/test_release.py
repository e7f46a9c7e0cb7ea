"""Letting a delivery undo a hand-made change is a named person's decision about one value."""

import pytest

from tests.stories.small import WEB, SmallOffice, named
from trueup.model.drift import Resolution
from trueup.model.errors import Invalid
from trueup.model.run import RunState

GROUP = "aws_security_group.web"


def test_a_release_counts_for_the_value_that_the_person_saw(small: SmallOffice) -> None:
    """Released for one port; before the apply another one was opened: blocked again, until that is released too."""
    small.deliver()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    small.merged(WEB, "core", "shop")
    run = small.finish()
    assert run.state is RunState.BLOCKED
    with pytest.raises(Invalid, match=r"would lose nothing at aws_vpc\.main"):
        small.site.runs.release(run.id, named("carla"), ["aws_vpc.main"], "gone anyway")  # type: ignore[list-item]
    with pytest.raises(Invalid, match="needs a reason"):
        small.site.runs.release(run.id, named("carla"), [drift.address], " ")
    small.site.runs.release(run.id, named("carla"), [drift.address], "the incident is over")
    small.open_a_port(9443)
    small.look(2)
    assert small.run(run).state is RunState.BLOCKED
    assert small.open_ports == {443, 8443, 9443}

    small.site.runs.release(run.id, named("carla"), [drift.address], "both are over")
    small.look(2)
    done = small.run(run)
    assert done.state is RunState.FINISHED and done.converged, done.error
    assert small.open_ports == {443} and small.real_tags == {"Owner": "shop"}
    assert small.drift(drift.id).resolution is Resolution.RELEASED
    first, second = small.ledger("run.released")
    assert (first.draft.actor, first.draft.reason) == ("carla", "the incident is over")
    assert "8443" in str(first.draft.details["losing"][GROUP])
    assert "9443" not in str(first.draft.details["losing"][GROUP])
    assert "9443" in str(second.draft.details["losing"][GROUP])
