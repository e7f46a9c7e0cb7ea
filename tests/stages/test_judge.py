"""The guard: nothing that somebody did by hand is undone unless a named person let exactly that value go."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import NOW, A, baseline, plan, rule
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.people import Approval, Release
from trueup.model.plan import Address, ApprovedPlan, AttributedPlan, JudgedPlan
from trueup.model.run import RunKind
from trueup.model.stack import ApprovalPolicy, Declaration, Environment, Mode, Purpose, StackId
from trueup.stages.approve import approve
from trueup.stages.attribute import attribute
from trueup.stages.detect import fingerprint
from trueup.stages.judge import Rulebook, judge, value_at_stake
from trueup.stages.narrow import beyond, narrowed

B = Address("group.b")
S: dict[str, Any] = {"name": "a", "ingress": [rule(22)], "tags": {"Env": "prod"}}
OPENED: dict[str, Any] = {**S, "ingress": [rule(22), rule(8443)]}
FREE = Environment("dev", critical=False, mode=Mode.DELIVER)
CRITICAL = Environment("prod", critical=True, mode=Mode.DELIVER)
POLICIES = (FREE, CRITICAL, replace(FREE, approve=ApprovalPolicy(2, "owners")), replace(CRITICAL, mode=Mode.OBSERVE))

VALUES = st.sampled_from([None, "a", "b", "c"])
GROUPS = st.none() | st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "c"]), "tags": st.dictionaries(st.sampled_from(["x", "y"]), VALUES)}
)
SIDES = st.fixed_dictionaries({A: GROUPS, B: GROUPS})


def rules(environment: Environment = FREE, **changes: Any) -> Rulebook:
    declaration = Declaration("r//a", "r", "a", "terraform", "terraform", environment, None, mode=environment.mode)
    return Rulebook(declaration, NOW, **changes)


def compared(
    real: dict[str, Any], desired: dict[str, Any], settled: dict[str, Any] | None, purpose: Purpose = "delivery"
) -> AttributedPlan:
    """A plan of every address whose code differs from what is real."""
    wanted = {at: desired[at] for at in desired if desired[at] != real.get(at)}
    live = {at: each for at, each in real.items() if each is not None}
    made = replace(plan(live, wanted), purpose=purpose)
    return attribute(made, books(settled))


def books(settled: dict[str, Any] | None) -> Baseline | None:
    return None if settled is None else baseline({at: each for at, each in settled.items() if each is not None})


def record(attributed: AttributedPlan, at: Address, state: DriftState = DriftState.REVERTING) -> Drift:
    """The drift that a check would have opened there."""
    (change,) = (each for each in attributed.drifted if each.address == at)
    differences = attributed.drift_of(change)
    mark = fingerprint(at, differences)
    return Drift(DriftId(f"dft-{at}"), StackId("stk-1"), at, "group", differences, mark, state, NOW, NOW)


def agreed(judged: JudgedPlan, people: Sequence[str] = ("ben", "carla", "mira")) -> bool:
    """Whether the plan goes ahead when everybody approves its effect, over whatever way."""
    given = [Approval(each, judged.plan.effect, NOW, via=via) for each in people for via in ("cli", "local")]
    return isinstance(approve(judged, given, frozenset({"anna"})), ApprovedPlan)


@given(SIDES, SIDES, st.none() | SIDES, st.sets(st.integers(0, 9)), st.sampled_from(POLICIES), st.booleans())
def test_no_plan_goes_ahead_with_a_guarded_difference_that_nobody_released(
    real: dict[str, Any],
    desired: dict[str, Any],
    settled: dict[str, Any] | None,
    chosen: set[int],
    environment: Environment,
    destroys: bool,
) -> None:
    """For any S, R, D, any releases (right ones, and ones of other values) and everybody's approval: what is approved
    undoes nothing but what was released at exactly the value that is real now."""
    attributed = compared(real, dict.fromkeys(desired) if destroys else desired, settled)
    guarded = {
        change.address: change.having(Cause.GHOST_REVERT, Cause.CONFLICT, Cause.UNKNOWN)
        for change in attributed.changes
        if change.planned is not None
    }
    right = [Release("mira", at, value_at_stake(lost), "over", NOW) for at, lost in guarded.items()]
    wrong = [Release("mira", at, value_at_stake(()), "another value", NOW) for at in (A, B)]
    wrong += [Release("mira", "group.c", each.values, "another address", NOW) for each in right]
    given = [each for number, each in enumerate([*right, *wrong]) if number in chosen]
    judged = judge(attributed, rules(environment, baseline=books(settled), releases=given))
    released = {(each.address, each.values) for each in given}
    unreleased = {at for at, lost in guarded.items() if lost and (at, value_at_stake(lost)) not in released}
    assert {loss.address for loss in judged.verdict.losses} == unreleased
    assert not (agreed(judged) and unreleased)
    if not unreleased and environment.approve.people == "anyone":
        assert agreed(judged), "and the guard stops nothing else"


@given(SIDES, SIDES, st.sets(st.sampled_from([A, B])))
def test_a_revert_undoes_only_what_it_names_at_the_values_seen(
    settled: dict[str, Any], real: dict[str, Any], named: set[Address]
) -> None:
    """At the baseline's code, with the drifts as a check saw them: nothing at any other address is touched."""
    whole = compared(real, settled, settled, "revert")
    drifts = [record(whole, change.address) for change in whole.drifted]
    ids = frozenset(drift.id for drift in drifts if drift.address in named)
    asked = tuple(each for each in whole.plan.changes if each.address in named)
    part = narrowed(whole, replace(whole.plan, changes=asked))
    for attributed in (whole, part):
        judged = judge(attributed, rules(baseline=books(settled), drifts=drifts, reverts=ids))
        if agreed(judged):
            assert {change.address for change in attributed.plan.changes} <= named
    other = [replace(drift, differences=(replace(drift.differences[0], real="else"),)) for drift in drifts]
    judged = judge(part, rules(baseline=books(settled), drifts=other, reverts=ids))
    assert not agreed(judged) or part.plan.empty, "at other values it undoes nothing"


def test_what_is_left_alone_keeps_its_cause() -> None:
    """Narrowed to one of two drifted groups: the other one is still a ghost revert that nothing plans."""
    both = {A: S, B: S}
    whole = compared({A: OPENED, B: OPENED}, both, both, "revert")
    assert beyond(whole, {A}) == (B,)
    part = narrowed(whole, replace(whole.plan, changes=whole.plan.changes[:1]))
    other = next(change for change in part.changes if change.address == B)
    assert other.planned is None and other.having(Cause.GHOST_REVERT)
    judged = judge(part, rules(drifts=[record(whole, A)], reverts=frozenset({"dft-group.a"}), baseline=books(both)))
    assert agreed(judged)


def test_what_a_revert_drags_along_is_refused() -> None:
    """Where the technology cannot leave an address out, the revert is refused with its name and the way on."""
    both = {A: S, B: S}
    whole = compared({A: OPENED, B: OPENED}, both, both, "revert")
    judged = judge(whole, rules(drifts=[record(whole, A)], reverts=frozenset({"dft-group.a"}), baseline=books(both)))
    (finding,) = judged.verdict.refusals
    assert (finding.code, "group.b" in finding.message) == ("revert-touches-more", True)


def test_a_revert_of_what_no_plan_touches_is_refused() -> None:
    """An attribute that the code does not set: applying would do nothing and call it reverted."""
    made = replace(plan({A: OPENED}, sets={A: frozenset({"name"})}), purpose="revert")
    attributed = attribute(made, books({A: S}))
    drift = record(attributed, A)
    assert {each.cause for each in drift.differences} == {Cause.UNMANAGED}
    judged = judge(attributed, rules(drifts=[drift], reverts=frozenset({drift.id}), baseline=books({A: S})))
    assert [finding.code for finding in judged.verdict.refusals] == ["revert-undoes-nothing"]


@pytest.mark.parametrize("kind", [RunKind.DELIVERY, RunKind.DESTROY])
@pytest.mark.parametrize(
    ("settled", "cause"),
    [({A: S}, {Cause.GHOST_REVERT, Cause.CONFLICT}), (None, {Cause.UNKNOWN}), ({A: {**S, "name": "old"}}, None)],
)
def test_every_guarded_cause_blocks_a_delivery_and_a_destroy(
    kind: RunKind, settled: dict[str, Any] | None, cause: set[Cause] | None
) -> None:
    """A port opened by hand: undone, rewritten by the code as well, never settled, or destroyed with its group."""
    wanted = None if kind is RunKind.DESTROY else {**S, "name": "new"} if cause is None else S
    attributed = compared({A: OPENED}, {A: wanted}, settled, "destroy" if kind is RunKind.DESTROY else "delivery")
    judged = judge(attributed, rules(baseline=books(settled)))
    assert judged.verdict.blocked and not agreed(judged)
    found = {loss.difference.cause for loss in judged.verdict.losses}
    assert found <= (cause or {Cause.GHOST_REVERT, Cause.CONFLICT})


def test_releasing_one_of_two_losses_leaves_the_other() -> None:
    """Blocked until each address was let go by name."""
    attributed = compared({A: OPENED, B: OPENED}, {A: S, B: S}, {A: S, B: S})
    (first, _) = attributed.changes
    one = Release("mira", A, value_at_stake(first.having(Cause.GHOST_REVERT)), "over", NOW)
    assert [loss.address for loss in judge(attributed, rules(releases=[one])).verdict.losses] == [B]
