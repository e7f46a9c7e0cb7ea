"""Causes: the three-way comparison obeys its table for every shape of value."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import SHAPES, A, baseline, plan, rule
from trueup.model.causes import Cause
from trueup.model.normal import NOTHING_KNOWN, child, key
from trueup.model.shape import Shape
from trueup.model.values import UNKNOWN, masked
from trueup.stages.attribute import attribute

NAMES = frozenset({"name", "description", "size", "tags", "ingress", "names", "list", "policy", "enabled", "strict"})


def causes(settled: Any, real: Any, desired: Any, *, sets: frozenset[str] = NAMES) -> dict[tuple[Any, ...], Cause]:
    """Path to cause for one resource; set elements are named by a count instead of their digest."""
    planned = None if json.dumps(real) == json.dumps(desired) else {A: desired}
    found = attribute(plan({A: real}, planned, sets={A: sets}), baseline({A: settled})).changes
    return {difference.path: difference.cause for change in found for difference in change.differences}


def oracle(settled: Any, real: Any, desired: Any, is_set: bool) -> Cause | None:
    """The table of DESIGN, written the long way round."""
    if settled == real == desired:
        return None
    if settled == real and real != desired:
        return Cause.INTENDED
    if settled == desired and desired != real:
        return Cause.GHOST_REVERT
    if real == desired and real != settled:
        return Cause.CONVERGED if is_set else Cause.UNMANAGED
    return Cause.CONFLICT


TEXTS = st.sampled_from(["a", "b", "c"])
MAPS = st.dictionaries(st.sampled_from(["Owner", "Env", "X"]), TEXTS)


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_a_leaf_obeys_the_table(settled: str, real: str, desired: str, is_set: bool) -> None:
    """Every combination of S, R, D has exactly the cause of the table."""
    found = causes({"name": settled}, {"name": real}, {"name": desired}, sets=NAMES if is_set else frozenset())
    expected = oracle(settled, real, desired, is_set)
    assert found == ({} if expected is None else {("name",): expected})


@given(MAPS, MAPS, MAPS, st.booleans())
def test_maps_obey_the_table_key_by_key(s: dict[str, str], r: dict[str, str], d: dict[str, str], is_set: bool) -> None:
    """A map is a table per key: two people may change two tags without conflict."""
    found = causes({"tags": s}, {"tags": r}, {"tags": d}, sets=NAMES if is_set else frozenset())
    assert found == {
        ("tags", name): cause
        for name in {*s, *r, *d}
        if (cause := oracle(s.get(name), r.get(name), d.get(name), is_set or not d)) is not None
    }


ELEMENTS = st.sets(st.sampled_from(["a", "b", "c", "d"]))


def test_emptied_by_hand_and_left_out_by_code_has_converged_unless_code_looks_away() -> None:
    """Leaving an optional attribute out asks for nothing there; ignoring its changes asks for no opinion."""
    real, before = {A: {"name": "a"}}, baseline({A: {"name": "a", "tags": {"Owner": "x"}}})
    left_out = plan(real, sets={A: frozenset({"name"})})
    ignored = replace(left_out, ignored={A: frozenset({"tags"})})
    assert [each.cause for each in attribute(left_out, before).changes[0].differences] == [Cause.CONVERGED]
    assert [each.cause for each in attribute(ignored, before).changes[0].differences] == [Cause.UNMANAGED]


@given(ELEMENTS, ELEMENTS, ELEMENTS)
def test_sets_obey_the_table_element_by_element(s: set[str], r: set[str], d: set[str]) -> None:
    """An element is there or not; what both sides rewrote is a conflict and never an intended change beside a ghost."""
    attributed = attribute(
        plan({A: {"names": sorted(r)}}, {A: {"names": sorted(d)}} if r != d else None),
        baseline({A: {"names": sorted(s)}}),
    )
    differences = [each for change in attributed.changes for each in change.differences]
    rewritten, by_hand, by_code = s - r - d, r - s - d, d - s - r
    joined = min(len(rewritten), len(by_hand), len(by_code))
    counts = {cause: sum(each.cause is cause for each in differences) for cause in Cause}
    assert counts[Cause.CONFLICT] == joined
    assert counts[Cause.INTENDED] == len((s & r) ^ d & (s & r)) + len(by_code) - joined
    assert counts[Cause.GHOST_REVERT] == len((s & d) - r) + len(by_hand) - joined
    assert counts[Cause.CONVERGED] == len((r & d) - s) + len(rewritten) - joined


ANYTHING = st.recursive(
    st.sampled_from(["a", "b", 0, 1, False, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l"]), inner, max_size=2),
    max_leaves=6,
)


@given(ANYTHING, ANYTHING, ANYTHING, st.booleans(), st.sampled_from(["name", "size", "list", "free"]))
def test_the_classification_is_total_and_obeys_its_table(s: Any, r: Any, d: Any, is_set: bool, where: str) -> None:
    """Whatever the three sides are, documents inside texts included: something is said exactly where they differ, and
    each path's cause follows from its own three values."""
    sides = [json.dumps({"d": each}) for each in (s, r, d)] if where == "name" else [s, r, d]
    wanted = {A: {where: sides[2]}}
    attributed = attribute(
        plan({A: {where: sides[1]}}, wanted, sets={A: frozenset({where} if is_set else set())}),
        baseline({A: {where: sides[0]}}),
    )
    shape = SHAPES["group"].children.get(where, NOTHING_KNOWN)
    found = [each for change in attributed.changes for each in change.differences]
    keys = [key(side, shape) for side in sides]
    assert bool(found) >= (len(set(keys)) > 1), "nothing that differs goes without a cause"
    code_sets = is_set or (not shape.computed_default and key(sides[2]) == key(None))
    for each in found:
        values = [key(value, _shape_at(shape, each.path[1:])) for value in (each.settled, each.real, each.desired)]
        assert each.cause == oracle(*values, code_sets), each


def _shape_at(shape: Shape, path: tuple[Any, ...]) -> Shape:
    for step in path:
        shape = (shape.element or NOTHING_KNOWN) if isinstance(step, int) else child(shape, step)
    return shape


@given(MAPS, MAPS, MAPS)
def test_swapping_hand_and_code_swaps_ghosts_and_intentions(
    s: dict[str, str], r: dict[str, str], d: dict[str, str]
) -> None:
    """The comparison is symmetrical: what is a ghost for one side is an intention for the other."""
    mirror = {Cause.INTENDED: Cause.GHOST_REVERT, Cause.GHOST_REVERT: Cause.INTENDED}
    one = causes({"tags": s}, {"tags": r}, {"tags": d})
    other = causes({"tags": s}, {"tags": d}, {"tags": r})
    assert other == {path: mirror.get(cause, cause) for path, cause in one.items()}


@given(st.lists(st.integers(1, 5), unique=True), st.randoms(use_true_random=False))
def test_order_means_nothing_in_sets_and_keys(ports: list[int], random: Any) -> None:
    """The same rules in another order, with their fields in another order, are no difference."""
    shuffled = [dict(random.sample(list(rule(port).items()), 4)) for port in random.sample(ports, len(ports))]
    ordered = [rule(port) for port in ports]
    assert causes({"ingress": ordered}, {"ingress": shuffled}, {"ingress": ordered}) == {}


@pytest.mark.parametrize(
    ("name", "settled", "real", "expected"),
    [
        ("description", None, "", False),
        ("tags", None, {}, False),
        ("ingress", [], None, False),
        ("enabled", None, False, False),
        ("size", 0, None, False),
        ("strict", None, False, True),
        ("tags", {"Owner": None}, {}, False),
        ("tags", {}, {"Marker": ""}, True),
        ("size", 1, 1.0, False),
        ("policy", '{"a": 1, "b": []}', '{"b":[],"a":1}', False),
        ("policy", "{not json", "{not  json", True),
        ("ingress", [rule(22, id="x")], [rule(22, id="y")], False),
        ("secret", masked("k1"), masked("k1"), False),
        ("secret", masked("k1"), masked("k2"), True),
    ],
)
def test_values_that_mean_the_same_are_the_same(name: str, settled: Any, real: Any, expected: bool) -> None:
    """Empty values are one, zero is null where it may be left out, JSON is read; a tag without a value is a tag."""
    assert bool(causes({name: settled}, {name: real}, {name: settled})) is expected


def test_json_documents_are_compared_inside() -> None:
    """A grant added by hand in a policy is told at its place in the document."""
    before = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["s3:Get"]}]})
    after = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["s3:Get", "s3:Put"]}]})
    assert causes({"policy": before}, {"policy": after}, {"policy": before}) == {
        ("policy", "Statement", 0, "Action"): Cause.GHOST_REVERT
    }


def test_false_is_not_zero_where_nothing_is_known() -> None:
    """Python takes them for one; a document without a schema does not."""
    assert causes({"free": {"a": False}}, {"free": {"a": 0}}, {"free": {"a": False}}, sets=frozenset({"free"})) == {
        ("free", "a"): Cause.GHOST_REVERT
    }
    assert causes({"free": [0]}, {"free": [0]}, {"free": [False]}, sets=frozenset({"free"})) == {
        ("free", 0): Cause.INTENDED
    }
    assert causes({"free": {"a": 1}}, {"free": {"a": 1.0}}, {"free": {"a": 1}}) == {}


def test_lists_of_one_length_are_compared_by_index() -> None:
    """Equal lengths compare element by element, others as a whole."""
    assert causes({"list": ["a", "b"]}, {"list": ["a", "c"]}, {"list": ["a", "b"]}) == {("list", 1): Cause.GHOST_REVERT}
    assert causes({"list": ["a"]}, {"list": ["a", "c"]}, {"list": ["a"]}) == {("list",): Cause.GHOST_REVERT}


def test_computed_values_are_noise_and_doubles_are_nothing() -> None:
    """What the live system decides alone is noise; tags_all says nothing that tags does not."""
    found = causes(
        {"id": "1", "tags_all": {"a": "1"}}, {"id": "2", "tags_all": {"a": "2"}}, {"id": "2", "tags_all": {"a": "3"}}
    )
    assert found == {("id",): Cause.NOISE}


def test_a_default_that_code_leaves_out_is_unmanaged() -> None:
    """An optional and computed attribute that nobody set plans as whatever is real: drift, though no plan shows it."""
    assert causes({"size": 1}, {"size": 2}, {"size": 2}, sets=frozenset({"name"})) == {("size",): Cause.UNMANAGED}


def test_what_is_known_after_apply_is_intended_or_a_conflict() -> None:
    """With D unknown only S and R can tell."""
    assert causes({"name": "a"}, {"name": "a"}, {"name": UNKNOWN}) == {("name",): Cause.INTENDED}
    assert causes({"name": "a"}, {"name": "b"}, {"name": UNKNOWN}) == {("name",): Cause.CONFLICT}
    assert causes({"size": 1}, {"size": 1}, {"size": UNKNOWN}, sets=frozenset()) == {}
    assert causes({"size": 1}, {"size": 2}, {"size": UNKNOWN}, sets=frozenset()) == {("size",): Cause.CONFLICT}


def test_a_partly_unknown_element_is_the_live_one_that_it_agrees_with() -> None:
    """A rule whose description is only known later is not a new rule."""
    unknown = {**rule(22), "description": UNKNOWN}
    assert causes({"ingress": [rule(22)]}, {"ingress": [rule(22)]}, {"ingress": [unknown]}) == {}
    hand = causes({"ingress": [rule(22)]}, {"ingress": [rule(22), rule(8443)]}, {"ingress": [unknown]})
    assert list(hand.values()) == [Cause.GHOST_REVERT]


def test_a_rule_rewritten_on_both_sides_is_one_conflict() -> None:
    """Hand and code both changed the rule for port 22: the conflict says what each made of it."""
    settled, real, desired = rule(22, "10.0.0.0/8"), rule(22, "10.1.0.0/16"), rule(22, "10.2.0.0/16")
    attributed = attribute(
        plan({A: {"ingress": [real]}}, {A: {"ingress": [desired]}}), baseline({A: {"ingress": [settled]}})
    )
    (difference,) = attributed.changes[0].differences
    assert (difference.cause, difference.settled, difference.real, difference.desired) == (
        Cause.CONFLICT,
        settled,
        real,
        desired,
    )


@pytest.mark.parametrize(
    ("settled", "real", "desired", "expected"),
    [
        (None, None, {"name": "a"}, Cause.INTENDED),
        ({"name": "a"}, None, {"name": "a"}, Cause.GHOST_REVERT),
        ({"name": "a"}, {"name": "a"}, None, Cause.INTENDED),
        ({"name": "a"}, {"name": "b"}, None, Cause.CONFLICT),
        (None, {"name": "a"}, None, Cause.GHOST_REVERT),
    ],
)
def test_whole_resources_obey_the_table(settled: Any, real: Any, desired: Any, expected: Cause) -> None:
    """Created, deleted by hand, deleted by code, changed by hand and deleted by code, made by hand and deleted."""
    attributed = attribute(
        plan({} if real is None else {A: real}, {A: desired}), baseline({} if settled is None else {A: settled})
    )
    assert [(each.path, each.cause) for each in attributed.changes[0].differences] == [((), expected)]


def test_gone_from_everywhere_has_converged() -> None:
    """Deleted by hand and then from the code: nothing to do but to settle it."""
    attributed = attribute(plan({}), baseline({A: {"name": "a"}}))
    assert [each.cause for each in attributed.changes[0].differences] == [Cause.CONVERGED]


def test_live_but_never_settled_is_unknown_when_the_plan_would_change_it() -> None:
    """An import that also changes something is guarded; one that changes nothing has converged."""
    changed = attribute(plan({A: {"name": "a"}}, {A: {"name": "b"}}), baseline({}))
    same = attribute(plan({A: {"name": "a"}}), baseline({}))
    assert [(each.path, each.cause) for each in changed.changes[0].differences] == [(("name",), Cause.UNKNOWN)]
    assert [(each.path, each.cause) for each in same.changes[0].differences] == [((), Cause.CONVERGED)]


def test_before_adoption_the_stored_state_is_a_provisional_baseline() -> None:
    """Without a baseline S is what the state said before the refresh, and without that nothing is known."""
    real, desired = {A: {"name": "hand"}}, {A: {"name": "code"}, "group.new": {"name": "n"}}
    provisional = attribute(plan(real, desired, stored={A: {"name": "code"}}), None)
    nothing = attribute(plan(real, desired), None)
    assert provisional.provisional and nothing.provisional
    assert [each.cause for change in provisional.changes for each in change.differences] == [
        Cause.GHOST_REVERT,
        Cause.INTENDED,
    ]
    assert [each.cause for change in nothing.changes for each in change.differences] == [Cause.UNKNOWN, Cause.INTENDED]


def test_a_ghost_stays_a_ghost_after_somebody_refreshed_the_state() -> None:
    """Once the state has been refreshed it agrees with the hand-made change; only the baseline still knows better."""
    real, code = {A: {"name": "hand"}}, {A: {"name": "code"}}
    refreshed = plan(real, code, stored=real)
    with_baseline = attribute(refreshed, baseline(code)).changes[0].differences
    without = attribute(refreshed, None)
    assert [each.cause for each in with_baseline] == [Cause.GHOST_REVERT]
    assert without.provisional and [each.cause for each in without.changes[0].differences] == [Cause.INTENDED]


def test_outputs_follow_and_are_never_drift() -> None:
    """An output whose value moved with a drifted resource reports nothing twice; a planned one is intended."""
    followed = attribute(plan({"output.x": "b"}), baseline({"output.x": "a"}))
    planned = attribute(plan({"output.x": "a"}, {"output.x": "b"}), baseline({"output.x": "a"}))
    assert [each.cause for each in followed.changes[0].differences] == [Cause.NOISE]
    assert [each.cause for each in planned.changes[0].differences] == [Cause.INTENDED]
    assert not followed.drifted and not planned.drifted


def test_drift_that_no_plan_touches_keeps_its_planned_change_empty() -> None:
    """`planned` is None for what a plan would leave alone, and the change itself where it would not."""
    attributed = attribute(
        plan(
            {A: {"name": "a", "size": 2}, "group.b": {"name": "x"}}, {"group.b": {"name": "y"}}, sets={A: frozenset()}
        ),
        baseline({A: {"name": "a", "size": 1}, "group.b": {"name": "x"}}),
    )
    assert [(change.address, change.planned is None) for change in attributed.changes] == [
        (A, True),
        ("group.b", False),
    ]
