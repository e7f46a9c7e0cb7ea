"""Code that is steps and no state: what the steps made of S is the code's doing, everything beside it is by hand."""

from dataclasses import replace
from typing import Any

import pytest

from tests.stages.made import A, baseline, plan
from trueup.model.causes import Cause
from trueup.model.plan import Applied, Plan
from trueup.model.values import JSON
from trueup.stages.attribute import attribute
from trueup.stages.record import settled

ID, MAIL, NOTE = {"type": "bigint"}, {"type": "text"}, {"type": "varchar(9)"}


def table(**columns: JSON) -> JSON:
    return {"columns": columns, "comment": "users"}


def look(real: JSON, made: JSON, planned: JSON = None) -> Plan:
    desired = {A: planned} if planned is not None else None
    return replace(plan({A: real} if real is not None else {}, desired, kind="table"), explained={A: made})


def causes(was: JSON, now: Plan) -> dict[tuple[Any, ...], Cause]:
    found = attribute(now, baseline({A: was} if was is not None else {}, kind="table")).changes
    return {each.path: each.cause for change in found for each in change.differences}


def next_settled(was: JSON, now: Plan) -> JSON:
    before = baseline({A: was} if was is not None else {}, kind="table")
    applied = Applied(True, now.real, {}, now.basis.live)
    found = settled(before, attribute(now, before), applied).get(A)
    return found.values if found else None


@pytest.mark.parametrize(
    ("was", "real", "made", "found", "then"),
    [
        (
            table(id=ID),
            table(id=ID, mail=MAIL),
            table(id=ID, mail=MAIL),
            {("columns", "mail", "type"): "converged"},
            "real",
        ),
        (None, table(id=ID), table(id=ID), {(): "converged"}, "real"),
        (table(id=ID), None, None, {(): "converged"}, "real"),
        (table(id=ID), None, table(id=ID, mail=MAIL), {(): "unmanaged"}, "was"),
        (
            table(id=ID),
            table(id=ID, mail=MAIL, note=NOTE),
            table(id=ID, mail=MAIL),
            {("columns", "mail", "type"): "converged", ("columns", "note", "type"): "unmanaged"},
            table(id=ID, mail=MAIL),
        ),
        (
            None,
            table(id=ID, note=NOTE),
            table(id=ID),
            {("columns", "note", "type"): "unmanaged"},
            table(id=ID),
        ),
        (None, {**table(id=ID), "comment": None}, table(id=ID), {("comment",): "unmanaged"}, table(id=ID)),
    ],
)
def test_what_a_hand_added_to_what_code_did_is_told_apart(
    was: JSON, real: JSON, made: JSON, found: dict[tuple[str, ...], str], then: JSON
) -> None:
    """Path by path: equal to what the steps make of S it has converged and is settled, anything else stays drift."""
    now = look(real, made)
    assert causes(was, now) == found
    assert next_settled(was, now) == {"real": real, "was": was}.get(str(then), then)


def test_a_planned_step_does_not_take_what_a_hand_added_beside_it() -> None:
    """The column of the code is intended, the one made by hand is drift before and after."""
    was, real = table(id=ID), table(id=ID, note=NOTE)
    now = look(real, table(id=ID, mail=MAIL), table(id=ID, mail=MAIL, note=NOTE))
    assert causes(was, now) == {("columns", "mail", "type"): "intended", ("columns", "note", "type"): "unmanaged"}


def test_what_a_hand_made_is_not_settled_by_settling_something_else() -> None:
    """A thing that no code speaks of, live and never settled, stays out of S until somebody decides."""
    now = replace(plan({A: {"name": "a"}}), sets={A: frozenset()})
    before = baseline({})
    applied = Applied(True, now.real, {}, now.basis.live)
    assert settled(before, attribute(now, before), applied) == {}
