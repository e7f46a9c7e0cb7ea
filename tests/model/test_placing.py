"""Placing is the inverse of comparing: every difference put back at its path makes one value the other."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import GROUP
from tests.stages.test_record import GROUPS
from trueup.model.comparing import Sides, Spot, compare, same
from trueup.model.placing import placed


@given(GROUPS, GROUPS)
def test_differences_bring_one_value_up_to_the_other(settled: Any, real: Any) -> None:
    """S with every R put at its path means what R means."""
    value = settled
    for difference in compare(Spot((), GROUP, True), Sides(settled, real, real)):
        value = placed(value, real, difference.path, difference.real, GROUP)
    assert same(GROUP, value, real)


LEAVES = st.none() | st.booleans() | st.sampled_from(["", "a", "b"]) | st.integers(0, 3)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner), max_leaves=6
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), ANYTHING)


@given(DOCUMENTS, DOCUMENTS)
def test_it_holds_for_values_that_no_schema_describes(settled: Any, real: Any) -> None:
    """Also for documents of any form, as they stand in a policy."""
    value = settled
    for difference in compare(Spot((), GROUP.children["policy"], True), Sides(settled, real, real)):
        value = placed(value, real, difference.path, difference.real)
    assert same(GROUP.children["policy"], value, real)
