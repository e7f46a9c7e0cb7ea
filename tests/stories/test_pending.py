"""Merged and not applied is pending, never drift."""

import pytest

from tests.stories.small import WEB, SmallOffice
from trueup.model.drift import CheckState


@pytest.mark.parametrize("mode", ["observe", "propose"])
def test_what_was_merged_and_not_applied_is_pending(small: SmallOffice, mode: str) -> None:
    """The check counts it and calls the stack clean; no drift is ever written down."""
    small.adopt()
    small.govern(mode)
    small.merged(WEB, "core", "shop")
    assert small.check("web") == []
    check = small.last_check()
    assert check is not None and (check.state, check.pending, check.drifted) == (CheckState.CLEAN, 1, 0)
    assert small.ledger("drift.") == [] and small.runs() == []
