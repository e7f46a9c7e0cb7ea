"""What is said of a change by hand that is gone."""

from dataclasses import replace

from tests.render.nouns import DRIFT, GHOST, ORIGIN
from trueup.model.causes import Cause, Difference
from trueup.model.drift import DriftId
from trueup.render.undoings import came_back, undoing


def test_what_it_was_when_and_whose() -> None:
    """The rule, the day, the person, and that no code ever had it."""
    assert undoing(replace(DRIFT, origin=ORIGIN)) == (
        "REVERTED aws_security_group.app ingress 8443/tcp from 0.0.0.0/0, added 1 Nov 2026 by mira, never codified"
    )


def test_what_is_not_known_is_said() -> None:
    """Without an event: the time between two checks, and nobody's name. A request that never was delivered is named."""
    other = Difference(("tags", "Owner"), Cause.GHOST_REVERT, "core", "shop", "core")
    gone = Difference((), Cause.GHOST_REVERT, {"a": 1}, None, {"a": 1})
    assert undoing(replace(DRIFT, differences=(other, gone), request=7)) == (
        'REVERTED aws_security_group.app tags.Owner "core" -> "shop"; aws_security_group.app (deleted), changed on '
        "2026-11-01 between 02:55 and 03:05 UTC by hand (nobody knows whose), change request #7 was never delivered"
    )


def test_a_comeback_names_its_earlier_life() -> None:
    """Only while it is there."""
    back = replace(DRIFT, differences=(GHOST,), earlier=DriftId("dft-old"))
    assert "dft-old" in came_back(back) and came_back(DRIFT) == ""
