"""Responses, purely: every reason to hold one, and the only way through."""

from dataclasses import replace
from typing import Any

import pytest

from tests.stages.made import NOW
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState, Ignored, Origin, Severity
from trueup.model.plan import Address
from trueup.model.stack import Mode, Respond, StackId
from trueup.stages.respond import Act, Held, History, Limits, Policy, Why, groups, respond

TAG = Difference(("tags", "Owner"), Cause.GHOST_REVERT, "core", "pirate", "core")
PORT = Difference(("ingress", "841dfb392262"), Cause.GHOST_REVERT, None, {"from_port": 8443}, None)
LOOSE = Difference(("size",), Cause.UNMANAGED, 1, 2, 2)
REVERTS = Policy(Respond.REVERT, Mode.DELIVER, critical=False)
MINOR = replace(REVERTS, respond=Respond.REVERT_MINOR)
CODIFIES = Policy(Respond.CODIFY, Mode.PROPOSE, critical=True)
LIMITS = Limits(per_hour=5, flips=3)


def drift(*differences: Difference, id: str = "dft-1", **changes: Any) -> Drift:
    made = Drift(
        DriftId(id),
        StackId("stk-1"),
        Address(f"group.{id}"),
        "group",
        differences or (TAG,),
        f"print-{id}",
        DriftState.OPEN,
        NOW,
        NOW,
        severity=Severity.MINOR,
    )
    return replace(made, **changes)


def answer(
    about: Drift, *siblings: Drift, policy: Policy = REVERTS, history: History | None = None
) -> Act | Held | None:
    return respond(about, siblings, policy, LIMITS, history or History())


def why(found: Act | Held | None) -> Why | None:
    assert not isinstance(found, Act)
    return found.why if found else None


@pytest.mark.parametrize("policy", [REVERTS, MINOR, CODIFIES])
def test_open_minor_drift_is_answered(policy: Policy) -> None:
    """By what the control repository asks for."""
    assert answer(drift(), policy=policy) == Act(policy.respond, drift())


@pytest.mark.parametrize("state", [state for state in DriftState if state is not DriftState.OPEN])
def test_what_is_not_open_is_left_alone(state: DriftState) -> None:
    """Somebody decided, or a rule did."""
    for policy in (REVERTS, CODIFIES):
        assert answer(drift(state=state), policy=policy) is None


def test_alert_and_drift_before_adoption_lead_to_nothing() -> None:
    """Silently: nothing was asked for."""
    assert answer(drift(), policy=replace(REVERTS, respond=Respond.ALERT)) is None
    assert answer(drift(provisional=True)) is None


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (replace(REVERTS, held="it is paused"), Why.PAUSED),
        (replace(CODIFIES, held="break-glass"), Why.PAUSED),
        (replace(REVERTS, mode=Mode.PROPOSE), Why.MODE),
        (replace(CODIFIES, mode=Mode.OBSERVE), Why.MODE),
        (replace(REVERTS, critical=True), Why.CRITICAL),
        (replace(MINOR, critical=True), Why.CRITICAL),
        (replace(REVERTS, half_way=True), Why.HALF_WAY),
    ],
)
def test_what_holds_every_response(policy: Policy, reason: Why) -> None:
    """Whatever the drift is."""
    assert why(answer(drift(), policy=policy)) is reason


@pytest.mark.parametrize(
    ("about", "policy", "reason"),
    [
        (drift(quarantine=("tags.Owner",)), CODIFIES, Why.QUARANTINE),
        (drift(replace(TAG, cause=Cause.CONFLICT)), REVERTS, Why.UNCLASSIFIED),
        (drift(TAG, replace(PORT, cause=Cause.UNKNOWN)), REVERTS, Why.UNCLASSIFIED),
        (drift(LOOSE), REVERTS, Why.UNPLANNED),
        (drift(Difference((), Cause.GHOST_REVERT, None, {"a": 1}, None)), REVERTS, Why.DESTROYS),
        (drift(TAG, PORT, severity=Severity.STRUCTURAL), MINOR, Why.STRUCTURAL),
        (drift(ignored=(Ignored(PORT, "a rule"),)), REVERTS, Why.SIBLING),
    ],
)
def test_what_of_one_drift_holds_it(about: Drift, policy: Policy, reason: Why) -> None:
    """Nothing is undone that was not classified, that no plan undoes, that would destroy, or that is structural."""
    assert why(answer(about, policy=policy)) is reason


def test_structural_drift_is_reverted_where_that_was_asked_for() -> None:
    """`revert` takes everything that was classified, also beside what no plan touches."""
    about = drift(PORT, LOOSE, severity=Severity.STRUCTURAL)
    assert answer(about) == Act(Respond.REVERT, about)
    gone = drift(Difference((), Cause.GHOST_REVERT, {"a": 1}, None, {"a": 1}), severity=Severity.STRUCTURAL)
    assert isinstance(answer(gone), Act), "what was deleted comes back"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (drift(PORT, id="dft-2", severity=Severity.STRUCTURAL), Why.SIBLING),
        (drift(id="dft-2", state=DriftState.TOLERATED), Why.SIBLING),
        (drift(id="dft-2", state=DriftState.CODIFYING), Why.SIBLING),
        (drift(id="dft-2", state=DriftState.IGNORED, differences=(), ignored=(Ignored(TAG, "a rule"),)), Why.SIBLING),
        (drift(replace(TAG, cause=Cause.CONFLICT), id="dft-2"), Why.SIBLING),
        (drift(id="dft-2", quarantine=("tags.Owner",)), Why.SIBLING),
    ],
)
def test_a_revert_leaves_the_neighbours_alone(other: Drift, reason: Why) -> None:
    """It plans the whole stack: what else it would undo must be undone by itself too, or nothing is."""
    assert why(answer(drift(), other, policy=MINOR)) is reason


def test_neighbours_that_no_plan_touches_or_that_go_too_are_no_reason() -> None:
    """And a change request leaves all others alone anyway."""
    assert isinstance(answer(drift(), drift(LOOSE, id="dft-2"), drift(id="dft-3"), policy=MINOR), Act)
    assert isinstance(answer(drift(), drift(PORT, id="dft-2", state=DriftState.TOLERATED), policy=CODIFIES), Act)


def test_a_fight_is_given_up_and_says_who() -> None:
    """The same path came back three times after automatic reverts, at whatever values; another path is no fight."""
    lives = [
        drift(replace(TAG, real=f"pirate-{number}"), origin=Origin(actor, NOW, "e"))
        for number, actor in enumerate(["ben", "ben", "carla"])
    ]
    found = answer(drift(), history=History(undone=lives))
    assert isinstance(found, Held) and found.why is Why.FIGHTS_BACK
    assert found.fighters == ("ben", "carla") and "tags.Owner came back 3 times" in found.reason
    assert isinstance(answer(drift(), history=History(undone=lives[:2])), Act)
    assert isinstance(answer(drift(PORT), history=History(undone=lives)), Act)
    unknown = answer(drift(), history=History(undone=[drift()] * 3))
    assert isinstance(unknown, Held) and "whom no event tells" in unknown.reason


def test_limits_and_what_was_tried() -> None:
    """So many in an hour; the same response to the same deviation once; one after the other."""
    assert why(answer(drift(), history=History(reverts=5))) is Why.LIMIT
    assert isinstance(answer(drift(), history=History(reverts=4)), Act)
    assert isinstance(answer(drift(), policy=CODIFIES, history=History(reverts=5)), Act)
    assert why(answer(drift(), history=History(tried="run-1 ended refused"))) is Why.TRIED
    assert answer(drift(), history=History(waits=True)) is None


def test_a_backlog_is_split_by_person_and_cause_and_size() -> None:
    """Forty drifts of two people and two causes become requests that a person can read; none is lost or twice."""
    backlog = [
        drift(
            TAG if number % 2 else replace(TAG, cause=Cause.CONFLICT),
            id=f"dft-{number}",
            origin=Origin("anna" if number % 4 < 2 else "ben", NOW, "e"),
        )
        for number in range(40)
    ]
    split = groups(backlog, 6)
    assert all(len(members) <= 6 for members in split.values())
    assert all({(each.actor, each.cause) for each in members} == {key[:2]} for key, members in split.items())
    assert sorted(each.id for members in split.values() for each in members) == sorted(each.id for each in backlog)
    assert len(split) == 8
