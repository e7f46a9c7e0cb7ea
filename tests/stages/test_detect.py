"""Drift records: one per address, seen again without a duplicate, linked to an earlier life."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.stages.made import NOW, A, baseline, plan, rule
from trueup.model.baseline import Tolerance
from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftState, Resolution
from trueup.model.errors import Broken
from trueup.model.stack import StackId
from trueup.model.values import digest
from trueup.stages.attribute import attribute
from trueup.stages.detect import Detection, detect

S: dict[str, Any] = {"name": "a", "ingress": [rule(22)], "tags": {"Env": "prod"}}
R: dict[str, Any] = {**S, "ingress": [rule(22), rule(8443)]}
LATER = NOW + timedelta(minutes=30)


def check(
    real: dict[str, Any] | None,
    known: tuple[Drift, ...] = (),
    *,
    desired: dict[str, Any] | None = None,
    at: Any = LATER,
    tolerances: tuple[Tolerance, ...] = (),
) -> Detection:
    """A check of one group whose code wants `desired` (S unless told)."""
    wanted = S if desired is None else desired
    before = baseline({A: S}, tolerances=tolerances)
    made = plan({} if real is None else {A: real}, {A: wanted} if wanted != real else None)
    ids = count(len(known) + 1)
    return detect(attribute(made, before), known, before, at, NOW, lambda: f"dft-{next(ids)}")


def test_a_console_change_opens_a_record() -> None:
    """The record says what changed, since when at most, and that it is open."""
    (drift,) = check(R).opened
    assert (drift.id, drift.stack, drift.state, drift.not_before, drift.first_seen) == (
        "dft-1",
        "stk-1",
        DriftState.OPEN,
        NOW,
        LATER,
    )
    assert [(each.cause, each.real) for each in drift.differences] == [(Cause.GHOST_REVERT, rule(8443))]


def test_seen_again_is_the_same_record() -> None:
    """The same deviation updates when it was last seen; it never duplicates, even while it is codified."""
    (drift,) = check(R).opened
    codifying = replace(drift, state=DriftState.CODIFYING, request=7)
    found = check(R, (codifying,), at=LATER + timedelta(hours=1))
    assert found.opened == found.changed == found.resolved == ()
    assert [(each.id, each.state, each.first_seen, each.last_seen) for each in found.seen_again] == [
        (drift.id, DriftState.CODIFYING, LATER, LATER + timedelta(hours=1))
    ]


def test_merged_code_changes_the_cause_and_not_the_record() -> None:
    """The deviation is the same although the code now wants something else there: not another drift."""
    (drift,) = check(R).opened
    found = check(R, (drift,), desired={**S, "tags": {"Env": "prod", "Team": "x"}})
    assert [each.id for each in found.seen_again] == [drift.id]
    assert found.pending == 1


def test_another_value_changes_the_record() -> None:
    """A different deviation at the same address updates the record and opens it again."""
    (drift,) = check(R).opened
    found = check({**S, "ingress": [rule(22), rule(9443)]}, (replace(drift, state=DriftState.CODIFYING),))
    assert [(each.id, each.state) for each in found.changed] == [(drift.id, DriftState.OPEN)]
    assert found.changed[0].differences[0].real == rule(9443)


def test_undone_by_hand_it_vanishes_and_a_comeback_is_linked() -> None:
    """Gone and back again: a new record that knows its earlier life."""
    (drift,) = check(R).opened
    (gone,) = check(S, (drift,)).resolved
    assert (gone.state, gone.resolution, gone.resolved_at) == (DriftState.RESOLVED, Resolution.VANISHED, LATER)
    (back,) = check(R, (gone,)).opened
    assert (back.id, back.earlier) == ("dft-2", drift.id)


def test_a_part_that_comes_back_is_linked_too() -> None:
    """Two ports and a tag were opened and undone; one of the ports comes back: the same deviation of one path."""
    both = {**S, "ingress": [rule(22), rule(8443), rule(9443)], "tags": {"Env": "test"}}
    (drift,) = check(both).opened
    (gone,) = check(S, (drift,)).resolved
    (back,) = check(R, (gone,)).opened
    assert back.earlier == drift.id and back.fingerprint != drift.fingerprint
    (other,) = check({**S, "ingress": [rule(22), rule(1)]}, (gone,)).opened
    assert other.earlier is None


def test_codified_it_converges() -> None:
    """Reality and code agree and S is behind: resolved as codified, and the address can be settled."""
    (drift,) = check(R).opened
    found = check(R, (drift,), desired=R)
    assert [each.resolution for each in found.resolved] == [Resolution.CODIFIED]
    assert (found.converged, found.clean) == ((A,), True)


def test_a_tolerance_covers_one_value_until_it_expires() -> None:
    """Tolerated at that value and until then; open with another value or afterwards."""
    (drift,) = check(R).opened
    path = drift.differences[0].path
    accepted = Tolerance(A, path, digest(rule(8443)), "anna", "load test", LATER + timedelta(hours=1))
    assert [each.state for each in check(R, tolerances=(accepted,)).opened] == [DriftState.TOLERATED]
    (known,) = check(R, tolerances=(accepted,)).opened
    expired = check(R, (known,), at=LATER + timedelta(hours=2), tolerances=(accepted,))
    assert [each.state for each in expired.changed] == [DriftState.OPEN]
    other = replace(accepted, value=digest(rule(1)))
    assert [each.state for each in check(R, tolerances=(other,)).opened] == [DriftState.OPEN]


def test_pending_code_is_never_drift() -> None:
    """Merged and not applied: counted, not opened."""
    found = check(S, desired={**S, "name": "b"})
    assert (found.clean, found.pending) == (True, 1)


def test_deleted_by_hand_is_one_drift() -> None:
    """A resource that somebody deleted is one record at the whole address."""
    (drift,) = check(None).opened
    assert [(each.path, each.cause) for each in drift.differences] == [((), Cause.GHOST_REVERT)]


def test_noise_and_outputs_are_no_drift() -> None:
    """What the live system decides alone, and outputs that follow, open nothing."""
    before = baseline({A: {"id": "1"}, "output.x": "1"})
    found = detect(attribute(plan({A: {"id": "2"}, "output.x": "2"}), before), (), before, NOW, None, lambda: "dft-x")
    assert found.clean and not found.converged


def test_adoption_resolves_what_was_provisional() -> None:
    """What was seen before the adoption is settled by it."""
    made = plan({A: R}, {A: S}, stored={A: S})
    (drift,) = detect(attribute(made, None), (), None, NOW, None, lambda: "dft-1", StackId("stk-1")).opened
    assert drift.provisional
    adopted = baseline({A: R})
    found = detect(attribute(made, adopted), (drift,), adopted, LATER, None, lambda: "dft-2")
    assert [each.resolution for each in found.resolved] == [Resolution.ADOPTED]


def test_a_check_without_books_must_say_of_which_stack() -> None:
    """Without a baseline nothing else tells whose drift it is."""
    with pytest.raises(Broken):
        detect(attribute(plan({A: R}), None), (), None, NOW, None, lambda: "dft-1")
