"""A deviation that somebody accepts for a while is neither forgotten nor undone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stories.small import WEB, named, open_small
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import CheckState, DriftState
from trueup.model.errors import Invalid
from trueup.model.run import RunState
from trueup.system.clock import FakeClock

WEEKS = timedelta(days=14)


def test_a_tolerated_port_stays_until_its_time_is_over(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Tolerated at its value: quiet, guarded against deliveries, drift again at another value and after its end."""
    clock = FakeClock(datetime.now(UTC))
    with open_small(cloud, terminal, tmp_path, clock=clock) as office:
        office.deliver()
        office.open_a_port(8443)
        (drift,) = office.check("web")
        with pytest.raises(Invalid, match="in the future"):
            office.site.drifts.tolerate(drift.id, named("carla"), "a customer", clock.now())
        office.site.drifts.tolerate(drift.id, named("carla"), "a customer", clock.now() + WEEKS)
        (still,) = office.check("web")
        assert (still.id, still.state) == (drift.id, DriftState.TOLERATED)

        office.merged(WEB, "core", "shop")
        run = office.finish()
        assert run.state is RunState.BLOCKED and all(loss.tolerated for loss in run.losses)
        assert office.open_ports == {443, 8443}

        office.open_a_port(9443)
        (another,) = office.check("web")
        assert another.state is DriftState.OPEN, "nobody accepted that one"
        office.close_a_port(9443)
        (again,) = office.check("web")
        assert again.state is DriftState.TOLERATED

        clock.advance((WEEKS + timedelta(hours=1)).total_seconds())
        (over,) = office.check("web")
        assert (over.id, over.state) == (drift.id, DriftState.OPEN)
        assert office.ledger("drift.tolerated")[0].draft.actor == "carla"
        check = office.last_check()
        assert check is not None and check.state is CheckState.DRIFTED
