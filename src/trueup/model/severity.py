"""Severity: how much a drift matters, by one table that is read from top to bottom; what no row knows is structural."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trueup.model.causes import Difference
from trueup.model.globs import matches, matches_any
from trueup.model.values import JSON, is_masked


class Severity(StrEnum):
    MINOR = "minor"
    """Tags, descriptions, patch versions: nothing works differently."""
    STRUCTURAL = "structural"
    """Network, identity, exposure, deletion, data; and whatever no rule knows."""


_MINOR, _STRUCTURAL = Severity.MINOR, Severity.STRUCTURAL
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+.][\w.+-]*)?")


class Values(StrEnum):
    """What a row asks of the values, beside their place."""

    ANY = "any"
    PATCH = "patch"
    """1.2.3 became 1.2.4: three numbers, and only the last one differs."""


@dataclass(frozen=True)
class Row:
    type: str
    """Glob over the resource's type."""
    path: str
    """Glob over the path inside of it: `tags.*`; `` is the whole resource."""
    severity: Severity
    why: str
    values: Values = Values.ANY


@dataclass(frozen=True)
class SeverityRule:
    """What the control repository says instead; of several that match a path the last one counts."""

    severity: Severity
    types: tuple[str, ...] = ()
    """Globs; empty: any. So for the others."""
    addresses: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weight:
    severity: Severity
    why: str


TABLE = (
    Row("*", "", _STRUCTURAL, "deletion: a whole resource is gone, or new"),
    # Tags and labels that somebody acts on are more than words.
    Row("aws_iam_*", "tags*", _STRUCTURAL, "identity: policies grant by tags of principals"),
    Row("*", "tags.kubernetes.io/*", _STRUCTURAL, "network: controllers find resources by this tag"),
    Row("kubernetes_*", "*labels*", _STRUCTURAL, "network: selectors and controllers act on labels"),
    Row("kubernetes_*", "*annotations*", _STRUCTURAL, "network: controllers act on annotations"),
    Row("*", "tags", _MINOR, "a tag"),
    Row("*", "tags.*", _MINOR, "a tag"),
    Row("*", "labels", _MINOR, "a label"),
    Row("*", "labels.*", _MINOR, "a label"),
    Row("*", "description", _MINOR, "a description"),
    Row("*", "comment", _MINOR, "a comment"),
    Row("*", "*version", _MINOR, "a patch version", Values.PATCH),
    Row("*security_group*", "*", _STRUCTURAL, "network: who may reach what"),
    Row("*network_acl*", "*", _STRUCTURAL, "network: who may reach what"),
    Row("*firewall*", "*", _STRUCTURAL, "network: who may reach what"),
    Row("*route*", "*", _STRUCTURAL, "network: where traffic goes"),
    Row("*_vpc*", "*", _STRUCTURAL, "network: where traffic goes"),
    Row("*subnet*", "*", _STRUCTURAL, "network: where traffic goes"),
    Row("*_iam_*", "*", _STRUCTURAL, "identity: who may do what"),
    Row("*", "*policy*", _STRUCTURAL, "identity: who may do what"),
    Row("*", "*role*", _STRUCTURAL, "identity: who may do what"),
    Row("*", "*public*", _STRUCTURAL, "exposure: who on the internet sees it"),
    Row("*", "acl*", _STRUCTURAL, "exposure: who on the internet sees it"),
    Row("*", "*deletion*", _STRUCTURAL, "deletion: what protects it, or lets it go"),
    Row("*", "*encrypt*", _STRUCTURAL, "data: how it is protected"),
    Row("*", "*kms*", _STRUCTURAL, "data: how it is protected"),
    Row("*", "*backup*", _STRUCTURAL, "data: whether it can be brought back"),
    Row("*", "*retention*", _STRUCTURAL, "data: whether it can be brought back"),
    Row("*", "*", _STRUCTURAL, "no rule knows this path"),
)
"""docs/drift.md shows it: `make docs`."""


def weigh(address: str, kind: str, differences: Sequence[Difference], rules: Sequence[SeverityRule] = ()) -> Weight:
    """The severity of what deviates at one address: that of its worst path, and which rule said so."""
    weights = [_of_path(address, kind, each, rules) for each in differences]
    worst = [each for each in weights if each.severity is _STRUCTURAL]
    return next(iter(worst or weights), Weight(_STRUCTURAL, TABLE[-1].why))


def _of_path(address: str, kind: str, difference: Difference, rules: Sequence[SeverityRule]) -> Weight:
    for rule in reversed(rules):
        if _applies(rule, address, kind, difference.label):
            return Weight(rule.severity, "trueup.yaml says so")
    row = next(row for row in TABLE if _matches(row, kind, difference))
    return Weight(row.severity, row.why)


def _applies(rule: SeverityRule, address: str, kind: str, label: str) -> bool:
    wanted = ((kind, rule.types), (address, rule.addresses), (label, rule.paths))
    return all(not globs or matches_any(text, globs) for text, globs in wanted)


def _matches(row: Row, kind: str, difference: Difference) -> bool:
    if not (matches(kind, row.type) and matches(difference.label, row.path)):
        return False
    return row.values is Values.ANY or _is_patch(difference.settled, difference.real)


def _is_patch(settled: JSON, real: JSON) -> bool:
    """Between two versions of three numbers that differ behind the second; a secret or a range is none."""
    if is_masked(settled) or is_masked(real) or not isinstance(settled, str) or not isinstance(real, str):
        return False
    before, after = _VERSION.fullmatch(settled), _VERSION.fullmatch(real)
    return before is not None and after is not None and before.group(1, 2) == after.group(1, 2)
