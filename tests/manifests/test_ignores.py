"""Ignores and severities: `.driftignore` in both places, and the two sections of the control file."""

from datetime import UTC, datetime

import pytest

from tests.manifests.samples import FORMATS
from trueup.manifests.expansion import diagnose, expand
from trueup.manifests.ignores import parse
from trueup.manifests.native import load
from trueup.model.errors import Invalid
from trueup.model.ignores import Ignore, Place, ignored_by
from trueup.model.severity import Severity
from trueup.model.values import Path
from trueup.ports.tree import StoredTree

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CONTROL = b"""\
apiVersion: trueup.dev/v1
stacks:
  - terraform: live/{env}/{name}
environments: {dev: {}, prod: {critical: true}}
ignore:
  - match: {type: aws_autoscaling_group, path: desired_capacity, env: prod}
    reason: the autoscaler decides
    until: "2026-12-24"
  - match: {actor: "*role/autoscaler/*"}
    reason: a machine of ours
severity:
  - {match: {type: aws_cloudwatch_dashboard}, is: minor}
  - {match: {path: "tags.CostCenter", env: dev}, is: structural}
"""
FILES = {
    "live/dev/app/main.tf": b"",
    "live/prod/app/main.tf": b"",
    ".driftignore": b"# what our scanner writes\n*.tags.scanned_at\naws_instance.*\n",
    "live/prod/app/.driftignore": b"!aws_instance.api   # this one we want to know\nfoo bar\n\xff.x\n!\n/main.tf\nx\n",
}


def at(address: str, *path: str | int, identity: str = "", actors: tuple[str, ...] = ()) -> Place:
    return Place(address, address.split(".")[-2], identity, path, actors)


@pytest.mark.parametrize(
    ("line", "path", "covered"),
    [
        ("aws_instance.web", (), True),
        ("aws_instance.web", ("ami",), True),
        ("aws_instance.web.ami", ("ami",), True),
        ("aws_instance.web.ami", ("user_data",), False),
        ("aws_instance.web.tags.*", ("tags", "Owner"), True),
        ("aws_instance.web.tags.*", (), False),
        ("aws_instance.web.disk[0]", ("disk", 0, "size"), True),
        ("aws_instance.web.disk[0]", ("disk", 1, "size"), False),
        ("aws_instance.i-0abc.ami", ("ami",), True),
        ("aws_instance.we?.ami", ("ami",), True),
        ("*", (), True),
        ("aws_instance.w", ("ami",), False),
    ],
)
def test_a_line_covers_what_it_names_and_everything_below(line: str, path: Path, covered: bool) -> None:
    """By address or by the live id; `*` and `?` are wildcards and brackets are brackets."""
    (rule,) = parse(line.encode(), ".driftignore").rules
    found = ignored_by(at("aws_instance.web", *path, identity="i-0abc"), [rule], NOW)
    assert (found is rule) is covered


def test_the_stacks_own_lines_come_last_and_the_last_one_counts() -> None:
    """The root's `.driftignore` holds everywhere; the one beside the stack takes a line back there, and only there."""
    control = load(CONTROL, "trueup.yaml", FORMATS)
    manifest = expand(control, {control.home: StoredTree("r1", FILES)})
    dev, prod = (manifest.declaration(f"{control.home}//live/{env}/app") for env in ("dev", "prod"))
    assert dev is not None and prod is not None
    for declaration, known in ((dev, True), (prod, False)):
        found = ignored_by(at("aws_instance.api", "ami"), declaration.ignores, NOW)
        assert (found is not None and found.by == ".driftignore:3") is known
        assert ignored_by(at("aws_instance.other", "ami"), declaration.ignores, NOW)


def test_a_malformed_line_is_a_finding_with_its_place_and_the_rest_counts() -> None:
    """A blank, bytes that are no UTF-8, `!` alone, a file's name, a word: each told, none in force."""
    control = load(CONTROL, "trueup.yaml", FORMATS)
    manifest = expand(control, {control.home: StoredTree("r1", FILES)})
    told = [finding for finding in manifest.findings if finding.code == "driftignore"]
    file = f"{control.home}//live/prod/app/.driftignore"
    assert [str(finding.place) for finding in told] == [f"{file}:{line}:1" for line in (2, 3, 4, 5, 6)]
    assert not any(finding.stops for finding in told)
    assert len(parse(FILES["live/prod/app/.driftignore"], "x").rules) == 1


def test_the_control_file_ignores_by_type_path_environment_and_actor() -> None:
    """Everything named must match; an end is the end of that day; without an environment it holds everywhere."""
    control = load(CONTROL, "trueup.yaml", FORMATS)
    manifest = expand(control, {control.home: StoredTree("r1", {**FILES, ".driftignore": b""})})
    dev, prod = (manifest.declaration(f"{control.home}//live/{env}/app") for env in ("dev", "prod"))
    assert dev is not None and prod is not None
    capacity = at("aws_autoscaling_group.a", "desired_capacity")
    found = ignored_by(capacity, prod.ignores, NOW)
    assert found is not None and found.by == "the autoscaler decides"
    assert ignored_by(capacity, prod.ignores, datetime(2026, 12, 24, 23, 59, tzinfo=UTC))
    assert not ignored_by(capacity, prod.ignores, datetime(2026, 12, 25, tzinfo=UTC))
    assert not ignored_by(capacity, dev.ignores, NOW)
    machine = at("aws_instance.a", "ami", actors=("ops", "arn:aws:sts::1:assumed-role/autoscaler/i-1"))
    assert ignored_by(machine, dev.ignores, NOW)
    assert not ignored_by(at("aws_instance.a", "ami", actors=("anna",)), dev.ignores, NOW)
    assert not ignored_by(at("aws_instance.a", "ami"), dev.ignores, NOW), "nobody known is nobody"
    assert [rule.severity for rule in prod.severities] == [Severity.MINOR]
    assert [rule.severity for rule in dev.severities] == [Severity.MINOR, Severity.STRUCTURAL]


def test_an_ignore_by_provider() -> None:
    """The first word of the resource's type."""
    rule = Ignore("x", providers=("datadog",))
    assert ignored_by(at("datadog_monitor.a", "query"), [rule], NOW)
    assert not ignored_by(at("aws_instance.a", "query"), [rule], NOW)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("severity: [{match: {kind: x}, is: minor}]", "unknown key `kind`"),
        ("severity: [{match: {type: x}, is: small}]", "expected one of minor, structural"),
        ("severity: [{match: {}, is: minor}]", "it matches everything"),
        ("ignore: [{match: {type: x}}]", "`reason` is missing"),
        ("ignore: [{match: {}, reason: x}]", "it matches everything"),
        ("ignore: [{match: {type: x}, reason: y, until: soon}]", "until"),
    ],
)
def test_mistakes_in_the_sections_are_named_with_their_line(section: str, said: str) -> None:
    """Nothing is ignored, and nothing becomes minor, by a mistake."""
    text = f"apiVersion: trueup.dev/v1\n{section}\n".encode()
    with pytest.raises(Invalid) as caught:
        load(text, "trueup.yaml", FORMATS)
    assert said in str(caught.value) and "trueup.yaml:2" in str(caught.value)


def test_a_layout_cannot_ignore() -> None:
    """Another repository's trueup.yaml says where its stacks are, and nothing else."""
    control = b"apiVersion: trueup.dev/v1\nrepositories: {aws: {url: x}}\n"
    layout = b"stacks: []\nignore: [{match: {type: x}, reason: y}]\n"
    trees = {"control": StoredTree("r1", {}), "aws": StoredTree("r1", {"trueup.yaml": layout})}
    found = diagnose(control, "trueup.yaml", FORMATS, trees)
    assert any("`ignore` cannot be set here" in finding.message for finding in found)
