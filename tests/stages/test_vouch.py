"""When a check may be answered without a plan: every reason against it, alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.stages.made import baseline
from trueup.model.baseline import Baseline, Tolerance
from trueup.model.drift import Check, CheckState
from trueup.model.plan import Address
from trueup.model.stack import StackId
from trueup.model.values import Digest
from trueup.stages.vouch import HINT, vouches

AT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
LONGEST = timedelta(hours=6)
CHECK = Check(StackId("stk-1"), CheckState.CLEAN, due_at=AT, planned_at=AT, token="t")


def settled() -> Baseline:
    return baseline({})


@pytest.mark.parametrize("state", [CheckState.CLEAN, CheckState.DRIFTED])
@pytest.mark.parametrize("after", [timedelta(), timedelta(minutes=30), LONGEST - timedelta(seconds=1)])
def test_what_is_unchanged_still_stands(state: CheckState, after: timedelta) -> None:
    """A conclusion stands while the token is equal and the plan is young."""
    assert vouches(replace(CHECK, state=state), "t", settled(), AT + after, LONGEST)


@pytest.mark.parametrize(
    ("before", "token", "after"),
    [
        (None, "t", timedelta(minutes=1)),
        (replace(CHECK, planned_at=None), "t", timedelta(minutes=1)),
        (replace(CHECK, state=CheckState.DUE), "t", timedelta(minutes=1)),
        (replace(CHECK, state=CheckState.FAILED), "t", timedelta(minutes=1)),
        (replace(CHECK, state=CheckState.INVALIDATED), "t", timedelta(minutes=1)),
        (replace(CHECK, state=CheckState.CHECKING), "t", timedelta(minutes=1)),
        (CHECK, "another", timedelta(minutes=1)),
        (replace(CHECK, token=""), "", timedelta(minutes=1)),
        (replace(CHECK, token=f"{HINT}t"), f"{HINT}t", timedelta(minutes=1)),
        (CHECK, "t", LONGEST),
        (CHECK, "t", timedelta(seconds=-1)),
    ],
)
def test_everything_else_is_planned(before: Check | None, token: str, after: timedelta) -> None:
    """No conclusion, another token or none or one that proves nothing, a plan too old, a clock that went back."""
    assert not vouches(before, token, settled(), AT + after, LONGEST)


def test_a_tolerance_that_ended_is_planned() -> None:
    """What was tolerated is drift from its end on; one that ended before the plan, or has not, changes nothing."""
    now = AT + timedelta(hours=1)
    for until, stands in ((timedelta(minutes=30), False), (timedelta(hours=2), True), (timedelta(minutes=-5), True)):
        tolerance = Tolerance(Address("a.b"), ("x",), Digest("d"), "anna", "why", AT + until)
        assert vouches(CHECK, "t", replace(settled(), tolerances=(tolerance,)), now, LONGEST) is stands
    assert not vouches(CHECK, "t", None, now, LONGEST)
