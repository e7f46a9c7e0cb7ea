"""The next S: writes advance it, failures and untouched drift do not."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import NOW, A, baseline, plan, rule
from trueup.model.baseline import Tolerance
from trueup.model.causes import Cause
from trueup.model.plan import Action, Address, Applied, AttributedPlan, LiveIdentity, Outcome, PlannedChange, Resource
from trueup.model.values import JSON, digest
from trueup.stages.attribute import attribute
from trueup.stages.record import absorbed, settled

B = Address("group.b")


def applied(written: dict[Address, JSON], outcomes: dict[Address, Outcome], *, complete: bool = True) -> Applied:
    return Applied(
        complete,
        {
            address: Resource("output" if address.startswith("output.") else "group", each)
            for address, each in written.items()
        },
        outcomes,
        LiveIdentity({"serial": "2"}),
    )


def values(resources: Any) -> dict[str, JSON]:
    return {address: resource.values for address, resource in resources.items()}


def drifts(attributed: AttributedPlan) -> list[tuple[str, Any]]:
    return [
        (change.address, each) for change in attributed.changes for each in change.differences if each.cause.is_drift
    ]


def test_written_addresses_take_what_the_writes_returned() -> None:
    """Created and updated ones advance, deleted ones disappear, failed ones keep their S."""
    real = {A: {"name": "a"}, B: {"name": "b"}, "group.c": {"name": "c"}}
    desired = {
        A: {"name": "a2"},
        B: {"name": "b2"},
        "group.c": None,
        "group.d": {"name": "d"},
        "group.e": {"name": "e"},
    }
    before = baseline(real)
    after = settled(
        before,
        attribute(plan(real, desired), before),
        applied(
            {A: {"name": "a2", "id": "1"}, B: {"name": "b"}, Address("group.d"): {"name": "d", "id": "4"}},
            {
                A: Outcome.DONE,
                B: Outcome.FAILED,
                Address("group.c"): Outcome.DONE,
                Address("group.d"): Outcome.DONE,
                Address("group.e"): Outcome.UNCERTAIN,
            },
            complete=False,
        ),
    )
    assert values(after) == {A: {"name": "a2", "id": "1"}, B: {"name": "b"}, "group.d": {"name": "d", "id": "4"}}


def test_unmanaged_drift_at_a_written_address_stays_drift() -> None:
    """The apply wrote the name; the size that somebody changed by hand is still what it was settled as."""
    sets = {A: frozenset({"name"})}
    before = baseline({A: {"name": "a", "size": 1}})
    attributed = attribute(plan({A: {"name": "a", "size": 2}}, {A: {"name": "b", "size": 2}}, sets=sets), before)
    after = settled(before, attributed, applied({A: {"name": "b", "size": 2}}, {A: Outcome.DONE}))
    assert values(after) == {A: {"name": "b", "size": 1}}
    again = attribute(plan({A: {"name": "b", "size": 2}}, sets=sets), baseline(values(after)))
    assert [each.path for _, each in drifts(again)] == [("size",)]


def test_released_losses_are_settled_as_written() -> None:
    """A ghost revert that was applied after a release is settled at what the code wanted."""
    before = baseline({A: {"name": "a"}})
    attributed = attribute(plan({A: {"name": "hand"}}, {A: {"name": "a"}}), before)
    assert values(settled(before, attributed, applied({A: {"name": "a"}}, {A: Outcome.DONE}))) == {A: {"name": "a"}}


def test_converged_and_computed_values_advance_without_a_write() -> None:
    """A codified drift is settled by a delivery without changes."""
    before = baseline({A: {"id": "1", "ingress": [rule(22)]}, B: {"name": "gone"}, "output.x": "1"})
    real = {A: {"id": "2", "ingress": [rule(22), rule(8443)]}, "output.x": "1"}
    after = settled(before, attribute(plan(real), before), applied({Address("output.x"): "2"}, {}))
    assert values(after) == {A: real[A], "output.x": "2"}


def test_a_first_baseline_takes_what_is_live() -> None:
    """A new stack: written addresses as written, others as they are."""
    attributed = attribute(plan({B: {"name": "b"}}, {A: {"name": "a"}}), None)
    after = settled(None, attributed, applied({A: {"name": "a", "id": "1"}}, {A: Outcome.DONE}))
    assert values(after) == {A: {"name": "a", "id": "1"}, B: {"name": "b"}}


def test_tolerated_values_keep_their_s() -> None:
    """An injected ignore_changes makes a tolerated path look converged: S stays all the same."""
    accepted = Tolerance(A, ("name",), digest("hand"), "anna", "test", NOW)
    before = baseline({A: {"name": "a", "size": 1}}, tolerances=(accepted,))
    attributed = attribute(plan({A: {"name": "hand", "size": 1}}, {A: {"name": "hand", "size": 2}}), before)
    after = settled(before, attributed, applied({A: {"name": "hand", "size": 2}}, {A: Outcome.DONE}))
    assert values(after) == {A: {"name": "a", "size": 2}}


def test_what_an_apply_moves_elsewhere_is_absorbed_but_not_what_drifted_before() -> None:
    """A rule of its own fills its group's list: no drift. A size changed by hand before the apply: still drift."""
    sets: dict[str, frozenset[str]] = {A: frozenset({"name"})}
    start = {A: {"name": "a", "size": 1, "ingress": []}}
    before = attribute(plan({A: {"name": "a", "size": 2, "ingress": []}}, sets=sets), baseline(start))
    after = attribute(plan({A: {"name": "a", "size": 2, "ingress": [rule(22)]}}, sets=sets), baseline(start))
    result = absorbed({A: Resource("group", start[A])}, before, after)
    assert values(result) == {A: {"name": "a", "size": 1, "ingress": [rule(22)]}}


DOCUMENTS = st.none() | st.fixed_dictionaries(
    {}, optional={"a": st.sampled_from([1, 2, [1], [1, 2]]), "b": st.sampled_from(["x", "y"])}
).map(json.dumps)
GROUPS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]),
        "size": st.sampled_from([None, 1, 2]),
        "tags": st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["", "1", "2"])),
        "names": st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
        "list": st.lists(st.sampled_from(["a", "b"]), max_size=3),
        "ingress": st.lists(st.sampled_from([22, 80, 443]), unique=True).map(lambda ports: [rule(p) for p in ports]),
        "policy": DOCUMENTS,
    },
)


@given(GROUPS, GROUPS, GROUPS)
def test_untouched_drift_is_the_same_drift_after_settling(s: Any, r: Any, d: Any) -> None:
    """Whatever an apply elsewhere settles, looking at the same reality again finds the same drift here."""
    sets: dict[str, frozenset[str]] = {A: frozenset()}
    before = baseline({A: s, B: {"name": "b"}})
    made = plan({A: r, B: {"name": "b"}}, {B: {"name": "c"}}, sets=sets)
    after = settled(before, attribute(made, before), applied({B: {"name": "c"}, A: r}, {B: Outcome.DONE}))
    converged = any(change.having(Cause.CONVERGED) for change in attribute(made, before).changes)
    for desired in (None,) if converged else (None, {A: d}):
        now = plan({A: r, B: {"name": "c"}}, desired, sets=sets)
        old, new = drifts(attribute(now, before)), drifts(attribute(now, baseline(values(after))))
        assert [(a, each.path, each.cause) for a, each in old] == [(a, each.path, each.cause) for a, each in new]


@given(GROUPS, GROUPS, GROUPS)
def test_a_write_beside_unmanaged_drift_settles_all_but_that(s: Any, r: Any, d: Any) -> None:
    """After a write to the same address, exactly the paths that it left alone still differ."""
    sets: dict[str, frozenset[str]] = {A: frozenset()}
    before = baseline({A: s})
    attributed = attribute(plan({A: r}, {A: d}, sets=sets), before)
    after = settled(before, attributed, applied({A: d}, {A: Outcome.DONE}))
    left = {each.path for _, each in drifts(attributed) if each.cause is Cause.UNMANAGED}
    now = {each.path for _, each in drifts(attribute(plan({A: d}, sets=sets), baseline(values(after))))}
    assert {path[:1] for path in now} == {path[:1] for path in left}
    assert len(now) <= len(left) or any(isinstance(step, int) for path in left for step in path)


@given(GROUPS, GROUPS, GROUPS)
def test_a_failed_write_leaves_every_cause_as_it_was(s: Any, r: Any, d: Any) -> None:
    """A change that failed can be attributed again with the same result."""
    before = baseline({A: s})
    made = plan({A: r}, {A: d})
    after = settled(before, attribute(made, before), applied({A: r}, {A: Outcome.FAILED}, complete=False))
    assert attribute(made, before).changes == attribute(made, baseline(values(after))).changes


def test_a_moved_address_takes_its_s_along() -> None:
    """A move that changes nothing has no outcome of its own: done with a whole apply, not done with a broken one."""
    before = baseline({A: {"name": "a"}})
    move = PlannedChange(B, "group", Action.NOTHING, {"name": "a"}, {"name": "a"}, moved_from=A)
    made = replace(plan({B: {"name": "a"}}), changes=(move,))
    attributed = attribute(made, before)
    assert not attributed.drifted
    whole = settled(before, attributed, applied({B: {"name": "a"}}, {}))
    broken = settled(before, attributed, applied({A: {"name": "a"}}, {}, complete=False))
    assert values(whole) == {B: {"name": "a"}}
    assert values(broken)[A] == {"name": "a"}
