"""The table of a break-glass' states, and the session names that carry its id."""

import itertools
from dataclasses import replace

import pytest

from tests.store import nouns
from trueup.model.break_glass import LEGAL, BreakGlassState, check_step, of_session
from trueup.model.errors import Broken


@pytest.mark.parametrize(("before", "after"), list(itertools.product(BreakGlassState, repeat=2)))
def test_only_the_table_says_what_may_follow(before: BreakGlassState, after: BreakGlassState) -> None:
    """Staying is no step; everything else is in the table or our bug."""
    if after is before or after in LEGAL[before]:
        check_step(before, after)
        return
    with pytest.raises(Broken, match=f"from {before} to {after}"):
        check_step(before, after)


def test_every_way_ends_and_every_opening_is_followed_up() -> None:
    """What was open can only end as followed."""
    reached, found = {BreakGlassState.OPEN}, set[BreakGlassState]()
    while reached:
        state = reached.pop()
        found.add(state)
        reached |= LEGAL[state] - found
    assert {state for state in found if state.ended} == {BreakGlassState.FOLLOWED}
    assert {state for state in BreakGlassState if state.ended} == {
        BreakGlassState.FOLLOWED,
        BreakGlassState.WITHDRAWN,
        BreakGlassState.LAPSED,
    }


@pytest.mark.parametrize(
    ("session", "id"),
    [
        ("trueup-bg-0000000001-anna", "bg-0000000001"),
        ("arn:aws:sts::123456789012:assumed-role/ops/trueup-bg-0a1b2c3d4e-anna@acme.com", "bg-0a1b2c3d4e"),
        ("trueup-bg-0000000001", "bg-0000000001"),
        ("trueup-run-0000000001", None),
        ("arn:aws:sts::123456789012:assumed-role/trueup-bg-0000000001-x/anna", None),
        ("bg-0000000001-anna", None),
        ("trueup-bg-0000000001x", None),
        ("", None),
    ],
)
def test_a_session_tells_its_break_glass(session: str, id: str | None) -> None:
    """By its name or its ARN; a role that is called so is no session."""
    assert of_session(session) == id


def test_a_whole_environment_covers_what_is_declared_later() -> None:
    """And keeps what was there when it opened, wherever it moves."""
    one = nouns.a_break_glass()
    assert one.covers(nouns.APP, "elsewhere")
    assert not one.covers(nouns.a_stack("stk-new").id, "prod")
    whole = replace(one, whole=True)
    assert whole.covers(nouns.a_stack("stk-new").id, "prod")
    assert not whole.covers(nouns.a_stack("stk-new").id, "dev")
