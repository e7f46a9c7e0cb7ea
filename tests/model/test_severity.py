"""Severity: what a deviation at a place, between two values, is worth."""

import pytest

from trueup.model.causes import Cause, Difference
from trueup.model.severity import TABLE, Severity, SeverityRule, weigh
from trueup.model.values import JSON, Path, masked

MINOR, STRUCTURAL = Severity.MINOR, Severity.STRUCTURAL


def change(*path: str | int, settled: JSON = "a", real: JSON = "b") -> Difference:
    return Difference(path, Cause.GHOST_REVERT, settled, real, settled)


def of(kind: str, *differences: Difference, rules: tuple[SeverityRule, ...] = ()) -> Severity:
    return weigh(f"{kind}.x", kind, differences, rules).severity


@pytest.mark.parametrize(
    ("kind", "path", "severity"),
    [
        ("aws_security_group", ("tags", "Owner"), MINOR),
        ("aws_instance", ("tags",), MINOR),
        ("google_compute_instance", ("labels", "team"), MINOR),
        ("aws_db_instance", ("description",), MINOR),
        ("aws_security_group", ("ingress", "841dfb392262"), STRUCTURAL),
        ("aws_iam_role", ("tags", "team"), STRUCTURAL),
        ("aws_subnet", ("tags", "kubernetes.io/role/elb"), STRUCTURAL),
        ("kubernetes_deployment", ("metadata", 0, "labels", "app"), STRUCTURAL),
        ("aws_db_instance", ("publicly_accessible",), STRUCTURAL),
        ("aws_s3_bucket", ("lifecycle_rule", 0, "id"), STRUCTURAL),
        ("aws_instance", (), STRUCTURAL),
    ],
)
def test_the_place_decides(kind: str, path: Path, severity: Severity) -> None:
    """Tags and descriptions are minor where nobody acts on them; whatever no row knows is structural."""
    assert of(kind, change(*path)) is severity


@pytest.mark.parametrize(
    ("settled", "real", "severity"),
    [
        ("1.2.3", "1.2.4", MINOR),
        ("v1.30.4", "v1.30.9-eks", MINOR),
        ("8.0.35", "8.0.36", MINOR),
        ("1.2.3", "1.3.3", STRUCTURAL),
        ("14.7", "14.8", STRUCTURAL),
        ("1.2.3", None, STRUCTURAL),
        (123, 124, STRUCTURAL),
        (masked("x"), masked("y"), STRUCTURAL),
    ],
)
def test_patch_versions_are_minor(settled: JSON, real: JSON, severity: Severity) -> None:
    """Three numbers of which only the last one moved; anything else that looks like a version is not."""
    assert of("aws_db_instance", change("engine_version", settled=settled, real=real)) is severity


def test_the_worst_path_counts() -> None:
    """A tag beside a port is as severe as the port, and the reason is the port's."""
    weight = weigh(
        "aws_security_group.a", "aws_security_group", [change("tags", "Owner"), change("ingress", "841dfb392262")]
    )
    assert (weight.severity, weight.why) == (STRUCTURAL, "network: who may reach what")
    assert of("aws_instance") is STRUCTURAL


def test_the_control_repository_may_say_otherwise() -> None:
    """Everything that a rule names must match; of several rules the last one counts."""
    rules = (
        SeverityRule(MINOR, types=("aws_autoscaling_group",), paths=("desired_capacity", "tag*")),
        SeverityRule(STRUCTURAL, addresses=("aws_autoscaling_group.x",), paths=("tags.*",)),
    )
    group = "aws_autoscaling_group"
    assert of(group, change("desired_capacity", settled=2, real=3), rules=rules) is MINOR
    assert of(group, change("tags", "Owner"), rules=rules) is STRUCTURAL
    assert of("aws_instance", change("desired_capacity"), rules=rules) is STRUCTURAL
    assert of("aws_instance", change("tags", "Owner"), rules=rules) is MINOR


def test_the_table_ends_with_everything() -> None:
    """No path is without a row, and the last one is structural."""
    assert (TABLE[-1].type, TABLE[-1].path, TABLE[-1].severity) == ("*", "*", STRUCTURAL)
