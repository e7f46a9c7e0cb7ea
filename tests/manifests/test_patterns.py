"""Patterns and what their captures fill."""

import pytest

from trueup.manifests.patterns import compile_pattern, fill, fill_all, matches, names_in
from trueup.model.errors import Invalid


@pytest.mark.parametrize(
    ("pattern", "path", "captures"),
    [
        ("environments/{env}/{name}", "environments/prod/app", {"env": "prod", "name": "app"}),
        ("environments/{env}/{name}", "environments/prod/app/deep", None),
        ("{env}/{name}/{env}.yaml", "prod/app/prod.yaml", {"env": "prod", "name": "app"}),
        ("{env}/{name}/{env}.yaml", "prod/app/dev.yaml", None),
        ("live/{name}-{env}", "live/my-app-prod", {"name": "my-app", "env": "prod"}),
        ("a.b/c", "axb/c", None),
        (".", "", {}),
    ],
)
def test_captures(pattern: str, path: str, captures: dict[str, str] | None) -> None:
    """One capture is one directory's name or a part of it; the same capture is the same text."""
    assert compile_pattern(pattern).match(path) == captures


def test_filling() -> None:
    """Captures are put in everywhere, doubled braces stay, and what nothing captures is told."""
    attributes = {"env": "prod"}
    assert fill("{env}-{{env}}-${x:y}-${env}", attributes) == "prod-{env}-${x:y}-${env}"
    assert fill_all({"a": ["{env}", 1], "b": None}, attributes) == {"a": ["prod", 1], "b": None}
    assert names_in({"a": ["{env}", "{{no}}"], "{key}": 1}) == {"env", "key"}
    with pytest.raises(Invalid) as caught:
        fill("{evn}", attributes)
    assert "`env`" in caught.value.hint


def test_matching_attributes() -> None:
    """Every attribute that is named must match one of its globs; one that a stack lacks matches nothing."""
    attributes = {"env": "prod", "name": "app"}
    assert matches({}, attributes) and matches({"env": ("dev", "pr*")}, attributes)
    assert not matches({"env": ("prod",), "team": ("*",)}, attributes)
