"""`breakGlass:` in trueup.yaml: an environment lowers what is allowed, and a role is told apart from the others."""

from datetime import timedelta

import pytest

from trueup.manifests.layouts import FILE
from trueup.manifests.native import Control, load
from trueup.model.errors import Invalid
from trueup.model.stack import BreakGlassRules
from trueup.wiring.registry import formats

ROLE = "arn:aws:iam::111122223333:role"


def read(environment: str = "{critical: true}", credentials: str = "[]") -> Control:
    text = f"apiVersion: trueup.dev/v1\nenvironments:\n  prod: {environment}\ncredentials: {credentials}\n"
    return load(text.encode(), FILE, formats())


def test_an_environment_says_how_long_and_with_whom() -> None:
    """Without a word: as the installation allows, by one person."""
    rules = read("{breakGlass: {ttl: 30m, longest: 2h, second: true}}").rules.environments["prod"].break_glass
    assert rules == BreakGlassRules(timedelta(minutes=30), timedelta(hours=2), True)
    assert read().rules.environments["prod"].break_glass == BreakGlassRules()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{longest: 5h}", "never open for so long"),
        ("{ttl: 3h, longest: 2h}", "longer than the longest"),
        ("{ttl: 5h}", "longer than the longest"),
        ("{ttl: soon}", "duration"),
        ("{second: ben}", "second"),
        ("{forever: true}", "forever"),
    ],
)
def test_nobody_raises_what_the_installation_allows(entry: str, words: str) -> None:
    """With the place and what to write instead."""
    with pytest.raises(Invalid, match=words) as caught:
        read(f"{{breakGlass: {entry}}}")
    assert "trueup.yaml:3" in str(caught.value)


def test_a_role_for_emergencies_stands_beside_the_others() -> None:
    """Also beside one source that serves both; it must be a role, and does not replace them."""
    role = f"breakGlass: {{awsRole: '{ROLE}/emergency'}}"
    for others in (f"plan: {{awsRole: '{ROLE}/plan'}}", "passEnv: AWS_*"):
        (rule,) = read(credentials=f"[{{match: {{env: prod}}, {others}, {role}}}]").credentials
        assert rule.break_glass is not None and rule.break_glass.aws_role == f"{ROLE}/emergency"
        assert rule.plan is not None and rule.plan.aws_role != f"{ROLE}/emergency"
    with pytest.raises(Invalid, match="names an `awsRole`"):
        read(credentials="[{passEnv: AWS_*, breakGlass: {passEnv: AWS_*}}]")
    with pytest.raises(Invalid, match="either `plan:` and `apply:`"):
        read(credentials=f"[{{{role}}}]")
