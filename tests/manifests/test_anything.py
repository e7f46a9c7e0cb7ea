"""Whatever stands in a file: mistakes are told, nothing breaks."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.manifests.samples import DESIGNED, FORMATS, tree
from trueup.manifests.expansion import diagnose
from trueup.manifests.owners import parse

TREES = {"aws": tree(["environments/prod/app/main.tf", "legacy/x/main.tf"]), "data": tree(["dns/production.yaml"])}
VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        1.5,
        "",
        "x",
        "{env}",
        "{nobody}",
        "aws//{",
        "../x",
        "env:X",
        [],
        [None],
        ["x"],
        {},
        {"x": {}},
        [[1]],
    ]
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for step, child in steps for place in places(child, (*at, step)))]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at one place."""
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(value[place[0]], place[1:], new)
    return copy


DOCUMENT = json.loads(json.dumps(YAML(typ="safe").load(DESIGNED)))


@given(st.lists(st.tuples(st.sampled_from(places(DOCUMENT)), VALUES), min_size=1, max_size=3))
def test_any_wrong_value_is_a_mistake_with_a_place(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """The design's document with anything at any place."""
    document = DOCUMENT
    for place, value in sorted(changes, key=lambda change: -len(change[0])):
        document = replaced(document, place, value)
    text = json.dumps(document, indent=1).encode()
    for finding in diagnose(text, "trueup.yaml", FORMATS, TREES):
        assert finding.message and finding.place and finding.place.line


@given(st.text(alphabet="ab/*?[]!^-\\#@ .\n{}()|&~", max_size=40), st.sampled_from(["github", "gitlab"]))
def test_any_codeowners_is_read(text: str, dialect: Any) -> None:
    """Lines that mean nothing are skipped."""
    parse(text, dialect).owners("a/b")
