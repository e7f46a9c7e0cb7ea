"""What people read in a terminal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.render.nouns import DRIFT, GHOST, GROUP, RULE, SEEN, TAG, attributed
from trueup.model.causes import Cause, Difference
from trueup.model.drift import DriftState
from trueup.model.errors import Place
from trueup.model.plan import Action, Finding
from trueup.model.values import JSON, UNKNOWN, masked
from trueup.render.text import plan_text
from trueup.render.values import shown


def test_the_first_line_says_what_matters() -> None:
    """And a ghost revert says what would be lost, and since when it is there."""
    assert plan_text(attributed(TAG, GHOST), [DRIFT]) == (
        "1 change intended, 1 would undo a change made by hand\n"
        "\n"
        "Would undo changes made by hand:\n"
        "  aws_security_group.app ingress: would REMOVE 8443/tcp from 0.0.0.0/0 — made by hand on 2026-11-01 "
        "between 02:55 and 03:05 UTC, never codified\n"
        "\n"
        "Intended:\n"
        '  aws_security_group.app tags.Team: add "payments"\n'
    )


def test_a_plan_without_changes() -> None:
    """Noise is not told."""
    noise = Difference(("arn",), Cause.NOISE, "a", "b", "b")
    assert plan_text(attributed(noise)) == "No changes\n"


def test_a_provisional_plan_and_reasons_and_findings() -> None:
    """What a plan knows beyond its differences."""
    plan = attributed(TAG, action=Action.REPLACE, reason="name forces replacement")
    findings = (Finding("c", "the lock file is missing", Place("a.tf", 3), "run init"),)
    plan = replace(plan, provisional=True, plan=replace(plan.plan, findings=findings))
    text = plan_text(plan)
    assert "(provisional: this stack was never adopted)" in text.splitlines()[0]
    assert "  replace aws_security_group.app: name forces replacement" in text
    assert "  a.tf:3: the lock file is missing (run init)" in text


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (
            Difference(("a",), Cause.GHOST_REVERT, 1, 2, 1),
            " a: would CHANGE 2 back to 1 — made by hand, never",
        ),
        (Difference(("a",), Cause.GHOST_REVERT, 1, None, 1), " a: would PUT BACK 1 — made by hand, never"),
        (Difference((), Cause.GHOST_REVERT, {}, None, {}), ": would CREATE it again — made by hand, never"),
        (Difference((), Cause.GHOST_REVERT, None, {}, None), ": would DESTROY it — made by hand, never"),
        (Difference(("a",), Cause.CONFLICT, 1, 2, 3), " a: was 1, is 2 by hand, and the code wants 3"),
        (Difference(("a",), Cause.UNKNOWN, None, 2, 3), " a: is 2, nobody ever settled it, and the code wants 3"),
        (Difference(("a",), Cause.UNMANAGED, 1, 2, 2), " a: was 1, is 2 by hand; the code does not set it"),
        (Difference(("a",), Cause.CONVERGED, 1, 2, 2), " a: was 1, is 2, which the code wants too"),
        (Difference(("a",), Cause.INTENDED, 1, 1, 2), " a: 1 -> 2"),
        (Difference(("a",), Cause.INTENDED, 1, 1, None), " a: remove 1"),
        (Difference((), Cause.INTENDED, None, None, {}), ": update"),
    ],
)
def test_a_sentence_for_each_cause(difference: Difference, said: str) -> None:
    """What was, what is, what would be."""
    codified = " codified" if said.endswith("never") else ""
    assert f"  {GROUP}{said}{codified}\n" in plan_text(attributed(difference))


def test_attributes_are_counted_not_their_parts() -> None:
    """Three tags are one change of tags; two kinds of cause are two."""
    tags = [Difference(("tags", name), Cause.INTENDED, None, None, "x") for name in "abc"]
    assert plan_text(attributed(*tags, GHOST)).startswith("1 change intended, 1 would undo a change made by hand\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (masked("abc"), "(secret)"),
        (UNKNOWN, "(known after apply)"),
        ({"password": masked("abc"), "n": [UNKNOWN]}, '{"n": ["(known after apply)"], "password": "(secret)"}'),
        (RULE, "8443/tcp from 0.0.0.0/0"),
        ({"from_port": 0, "to_port": 0, "protocol": "-1", "self": True}, "all ports from itself"),
        ({"from_port": 1, "to_port": 9, "ip_protocol": "udp", "cidr_ipv4": "10.0.0.0/8"}, "1-9/udp from 10.0.0.0/8"),
        ("é\n", '"é\\n"'),
    ],
)
def test_values(value: JSON, text: str) -> None:
    """One line each; nothing secret, nothing endless."""
    assert shown(value) == text
    assert len(shown("x" * 1000)) == 200


def test_a_drift_that_is_being_codified() -> None:
    """It says by which change request."""
    codifying = replace(DRIFT, state=DriftState.CODIFYING, request=7)
    assert "being codified by change request #7" in plan_text(attributed(GHOST), [codifying])


def test_a_night_between_two_days() -> None:
    """Both dates, when there are two."""
    late = replace(DRIFT, not_before=SEEN - timedelta(hours=4))
    assert "between 2026-10-31 23:05 UTC and 2026-11-01 03:05 UTC" in plan_text(attributed(GHOST), [late])
