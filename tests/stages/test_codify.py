"""The proof of a codification: exactly the drifts that were asked for are gone, and nothing else moved."""

from collections.abc import Mapping
from typing import Any

from tests.stages.made import NOW, A, baseline, plan, rule
from trueup.model.drift import Drift
from trueup.model.plan import AttributedPlan
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline, proves_at_head
from trueup.stages.detect import detect

B = "group.b"
S: dict[str, Any] = {A: {"ingress": [rule(22)], "tags": {"Env": "prod"}}, B: {"name": "b"}, "output.ports": [22]}
R: dict[str, Any] = {**S, A: {"ingress": [rule(22), rule(8443)], "tags": {"Env": "prod"}}, B: {"name": "hand"}}
CODIFIED = {**S, A: R[A]}


def planned(desired: Mapping[str, Any]) -> AttributedPlan:
    """The attributed plan of code that wants this, with R real and S settled."""
    moved = {address: desired.get(address) for address in {*R, *desired} if desired.get(address) != R.get(address)}
    return attribute(plan(R, moved), baseline(S))


def drifts() -> tuple[Drift, Drift]:
    """The drift of A (a rule) and of B (a name)."""
    first, second = detect(planned(S), (), baseline(S), NOW, None, lambda: "dft-1").opened
    return first, second


def test_the_right_edit_is_proven_at_the_baseline() -> None:
    """Only the drift that was not asked for is left."""
    a, b = drifts()
    assert proves_at_baseline(planned(CODIFIED), [a], [b]) == ()
    assert proves_at_baseline(planned({**CODIFIED, B: R[B]}), [a, b], []) == ()


def test_what_is_left_or_taken_too_much_is_named() -> None:
    """An edit that misses, overreaches or swallows is not proven, and the finding says where."""
    a, b = drifts()
    codes = {
        "codification-incomplete": proves_at_baseline(planned(S), [a], [b]),
        "codification-swallows": proves_at_baseline(planned({**CODIFIED, B: R[B]}), [a], [b]),
        "codification-overreaches": proves_at_baseline(
            planned({**CODIFIED, A: {**R[A], "tags": {"Env": "prod", "X": "1"}}}), [a], [b]
        ),
        "codification-moved": proves_at_baseline(planned(CODIFIED), [a], [a]),
    }
    for code, findings in codes.items():
        assert [finding.code for finding in findings] == [code]
        assert all(finding.stops and "group." in finding.message for finding in findings)


def test_another_stack_with_the_edited_file_must_not_move() -> None:
    """With nothing asked for, any intended change is too much."""
    findings = proves_at_baseline(planned({**R, "group.c": {"name": "new"}}), [], [])
    assert [finding.code for finding in findings] == [
        "codification-overreaches",
    ]


def test_outputs_may_follow_to_real_values_only() -> None:
    """An output that now tells the codified port follows; another new value is a side effect."""
    a, b = drifts()
    both = {**CODIFIED, B: R[B]}
    assert proves_at_baseline(planned({**both, "output.ports": [22, 8443]}), [a, b], []) == ()
    findings = proves_at_baseline(planned({**both, "output.ports": [22, 9000]}), [a, b], [])
    assert [finding.code for finding in findings] == ["codification-overreaches"]


def test_head_with_the_edit_keeps_exactly_what_head_intends() -> None:
    """The ghost is gone, the intended tag is still there."""
    a, _ = drifts()
    head = {**S, A: {"ingress": [rule(22)], "tags": {"Env": "prod", "Team": "x"}}}
    edited = {**head, A: {"ingress": [rule(22), rule(8443)], "tags": {"Env": "prod", "Team": "x"}}}
    assert proves_at_head(planned(head), planned(edited), [a]) == ()


def test_head_with_the_edit_may_not_add_alter_or_drop() -> None:
    """Each side effect at head is named."""
    head = {**S, A: {"ingress": [rule(22)], "tags": {"Env": "prod", "Team": "x"}}}
    rules = [rule(22), rule(8443)]
    cases = {
        "codification-adds": {"Env": "prod", "Team": "x", "More": "y"},
        "codification-alters": {"Env": "prod", "Team": "z"},
        "codification-drops": {"Env": "prod"},
    }
    for code, tags in cases.items():
        findings = proves_at_head(planned(head), planned({**head, A: {"ingress": rules, "tags": tags}}))
        assert {finding.code for finding in findings} == {code}
    created = proves_at_head(planned(head), planned({**head, "group.c": {"name": "c"}}))
    assert {finding.code for finding in created} == {"codification-adds"}
