"""Children of managed things: each is managed, settled or drift; a parent is not torn down over a drifted one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import NOW, baseline, plan
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.child import Child
from trueup.model.drift import Drift, DriftState, Resolution
from trueup.model.plan import Action, Address, Applied, AttributedPlan, Outcome, Plan, PlannedChange, Resource
from trueup.model.values import JSON, UNKNOWN
from trueup.stages.attribute import attribute
from trueup.stages.children import looked_at, managed
from trueup.stages.detect import Detection, detect
from trueup.stages.record import settled

G = Address("group.a")
PLACE = "group.a/rule"
VALUES = st.fixed_dictionaries({"port": st.integers(1, 3), "policy": st.sampled_from(["", '{"a": 1}', '{"a": 2}'])})
CHILDREN = st.dictionaries(st.sampled_from("abcdef"), st.tuples(VALUES, st.sampled_from([None, G, "rule.x"])))


def child(key: str, values: JSON, owner: str | None = None) -> Child:
    return Child(G, "rule", key, values, f"id-{key}", Address(owner) if owner else None)


def seen(children: Iterable[Child], *, looked: bool = True, **given: JSON) -> Plan:
    """A plan of one group that nobody changes."""
    made = plan({G: {"name": "a"}}, given or None)
    return replace(made, children=tuple(children), watched=frozenset({PLACE} if looked else ()))


def books(children: Mapping[str, JSON], *, looked: bool = True) -> Baseline:
    made = baseline({G: {"name": "a"}})
    live = {child(key, None).address: Resource("rule", values, f"id-{key}") for key, values in children.items()}
    return replace(made, children=live, watched=(PLACE,) if looked else ())


def look(attributed: AttributedPlan, before: Baseline, *known: Drift) -> Detection:
    return detect(attributed, known, before, NOW, None, iter("abcdefghijkl").__next__)


@given(CHILDREN, st.dictionaries(st.sampled_from("abcdef"), VALUES))
def test_every_child_is_managed_or_settled_or_drift(
    live: dict[str, tuple[JSON, str | None]], settled_ones: dict[str, JSON]
) -> None:
    """Exactly one of the three, whatever was settled and whatever is there; what vanished is drift too."""
    made = seen(child(key, values, owner) for key, (values, owner) in live.items())
    before = books(settled_ones)
    drifting = {change.address for change in attribute(made, before).drifted}
    for each in made.children or ():
        is_settled = each.key in settled_ones and settled_ones[each.key] == each.values
        owned = each.managed_by is not None
        assert [owned, is_settled and not owned, each.address in drifting].count(True) == 1
    gone = {child(key, None).address for key in settled_ones.keys() - live.keys()}
    assert gone <= drifting


@given(CHILDREN, st.dictionaries(st.sampled_from("abcdef"), VALUES))
def test_an_apply_keeps_what_was_settled(live: dict[str, tuple[JSON, str | None]], ones: dict[str, JSON]) -> None:
    """Drift of children is the same before and after an apply that has nothing to do with it; what code took in is S
    no more."""
    made, before = seen(child(key, values, owner) for key, (values, owner) in live.items()), books(ones)
    attributed = attribute(made, before)
    applied = Applied(True, made.real, {}, made.basis.live)
    after = looked_at(replace(before, resources=settled(before, attributed, applied)), attributed, applied)
    again = attribute(made, after)
    assert {each.address for each in again.drifted} == {each.address for each in attributed.drifted}
    assert not after.children.keys() & managed(made)


def test_the_first_look_settles_and_the_next_one_compares() -> None:
    """Adoption takes what is there; a place that nobody could look at says nothing, and keeps its books."""
    nobody = books({}, looked=False)
    first = attribute(seen([child("a", {"port": 1})]), nobody)
    assert first.drifted == ()
    after = looked_at(nobody, first)
    assert after.watched == (PLACE,) and [each.values for each in after.children.values()] == [{"port": 1}]
    assert attribute(seen([child("a", {"port": 1})]), after).drifted == ()
    blind = attribute(seen([], looked=False), after)
    assert blind.drifted == () and looked_at(after, blind).children == after.children


def test_the_life_of_a_stray_child() -> None:
    """New, seen again as the same drift, changed, out of sight, gone, and come back with its earlier life."""
    before = books({})
    (drift,) = look(attribute(seen([child("a", {"port": 1})]), before), before).opened
    assert drift.address == 'group.a/rule["a"]' and drift.kind == "rule" and drift.identity == "id-a"
    assert [each.cause for each in drift.differences] == [Cause.UNMANAGED]
    again = look(attribute(seen([child("a", {"port": 1})]), before), before, drift)
    assert [each.id for each in again.seen_again] == [drift.id] and not again.opened
    other = look(attribute(seen([child("a", {"port": 2})]), before), before, drift)
    assert [each.id for each in other.changed] == [drift.id]
    blind = look(attribute(seen([], looked=False), before), before, drift)
    assert blind.seen_again == (drift,) and not blind.resolved and not blind.clean
    (gone,) = look(attribute(seen([]), before), before, drift).resolved
    assert gone.resolution is Resolution.VANISHED and gone.state is DriftState.RESOLVED
    (back,) = look(attribute(seen([child("a", {"port": 1})]), before), before, gone).opened
    assert back.earlier == drift.id
    (taken,) = look(attribute(seen([child("a", {"port": 1}, "rule.a")]), before), before, drift).resolved
    assert taken.resolution is Resolution.CODIFIED


def test_a_changed_child_says_what_changed() -> None:
    """Inside a policy's document, at the path."""
    attributed = attribute(seen([child("a", {"policy": '{"a": 2}'})]), books({"a": {"policy": '{"a": 1}'}}))
    (change,) = attributed.drifted
    assert [(each.label, each.settled, each.real) for each in change.differences] == [("policy.a", 1, 2)]


def test_the_attribute_of_the_parent_stays_silent_where_the_children_tell() -> None:
    """A group's `ingress` that code leaves out is told by its rules; without the inventory it is told as before."""
    live = {"name": "a", "ingress": [{"from_port": 22, "cidr_blocks": ["10.0.0.0/8"], "description": "", "id": None}]}
    made = plan({G: live}, sets={G: frozenset({"name"})})
    looked = replace(
        made, children=(child("ssh", {"port": 22}),), watched=frozenset({PLACE}), told={G: {"ingress": "rule"}}
    )
    assert [each.address for each in attribute(looked, books({})).drifted] == ['group.a/rule["ssh"]']
    assert [each.address for each in attribute(made, books({})).drifted] == [G]
    anew = {**live, "ingress": UNKNOWN}
    replaced = replace(looked, changes=(PlannedChange(G, "group", Action.REPLACE, live, anew),))
    assert [each.address for each in attribute(replaced, books({})).drifted] == ['group.a/rule["ssh"]']
    unseen_before = attribute(looked, books({}, looked=False))
    assert [each.address for each in unseen_before.drifted] == [G]
    assert looked_at(books({}, looked=False), unseen_before).watched == (), "that drift is decided first"


def test_a_replaced_parent_is_looked_at_anew() -> None:
    """Its children went with it by our own apply: nothing vanished by hand; a moved one keeps its children."""
    made = replace(
        seen([child("a", {"port": 1})]),
        changes=(PlannedChange(G, "group", Action.REPLACE, {"name": "a"}, {"name": "b"}),),
    )
    before = books({"a": {"port": 1}})
    applied = Applied(True, made.real, {G: Outcome.DONE}, made.basis.live)
    after = looked_at(before, attribute(made, before), applied)
    assert not after.children and not after.watched
    b = Address("group.b")
    moved = plan({b: {"name": "a"}})
    moved = replace(
        moved,
        changes=(PlannedChange(b, "group", Action.NOTHING, {"name": "a"}, {"name": "a"}, moved_from=G),),
        children=(Child(b, "rule", "a", {"port": 1}),),
        watched=frozenset({"group.b/rule"}),
    )
    attributed = attribute(moved, before)
    assert attributed.drifted == ()
    renamed = looked_at(replace(before, resources=moved.real), attributed)
    assert list(renamed.children) == ['group.b/rule["a"]'] and renamed.watched == ("group.b/rule",)
