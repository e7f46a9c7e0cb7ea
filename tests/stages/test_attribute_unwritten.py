"""What the code says nothing about: nobody's plan undoes it, and it is drift all the same."""

from datetime import UTC, datetime

import pytest

from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.closure import Closure
from trueup.model.plan import Address, Basis, LiveIdentity, Plan, Resource
from trueup.model.stack import StackId
from trueup.model.values import JSON, digest
from trueup.stages.attribute import attribute

INDEX = Address("index.public.users_email")
BASIS = Basis("c0", Closure({}), digest({}), LiveIdentity({"history": "1"}), "postgresql 15.18")


def _causes(settled: JSON, real: JSON, sets: frozenset[str] | None) -> list[Cause]:
    before = {INDEX: Resource("index", settled)} if settled is not None else {}
    baseline = Baseline(StackId("stk-1"), 1, BASIS, before, datetime(2026, 1, 1, tzinfo=UTC), "run:1")
    plan = Plan(
        "check",
        BASIS,
        (),
        {INDEX: Resource("index", real)} if real is not None else {},
        sets={INDEX: sets} if sets is not None else {},
    )
    changes = attribute(plan, baseline).changes
    return [each.cause for change in changes for each in change.differences]


@pytest.mark.parametrize(
    ("settled", "real"), [(None, {"def": "a"}), ({"def": "a"}, None), ({"def": "a"}, {"def": "b"})]
)
def test_what_the_code_does_not_say_is_unmanaged_drift(settled: JSON, real: JSON) -> None:
    """An index that came, went or changed by hand is drift where the code says nothing of it."""
    assert _causes(settled, real, frozenset()) == [Cause.UNMANAGED]


@pytest.mark.parametrize(
    ("settled", "real"), [(None, {"def": "a"}), ({"def": "a"}, None), ({"def": "a"}, {"def": "b"})]
)
def test_what_the_code_says_too_has_converged(settled: JSON, real: JSON) -> None:
    """Where the code wants what is real now, there is nothing left to decide."""
    assert _causes(settled, real, None) == [Cause.CONVERGED]


def test_nothing_that_stayed_differs() -> None:
    """Settled and still so."""
    assert _causes({"def": "a"}, {"def": "a"}, frozenset()) == []
