"""Judge: the gate before people. The ghost-revert guard, what a revert may undo, and how many must agree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trueup.model.baseline import Baseline
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftState
from trueup.model.people import Release
from trueup.model.plan import (
    Address,
    AttributedChange,
    AttributedPlan,
    Finding,
    JudgedPlan,
    Loss,
    Verdict,
)
from trueup.model.stack import Declaration
from trueup.model.values import Digest, digest
from trueup.stages.children import lost_with
from trueup.stages.detect import tolerated
from trueup.stages.ignore import is_ignored


@dataclass(frozen=True)
class Rulebook:
    """What judging needs to know besides the plan."""

    declaration: Declaration
    at: datetime
    """Now: tolerances run out."""
    baseline: Baseline | None = None
    drifts: Sequence[Drift] = ()
    """Unresolved ones of this stack."""
    releases: Sequence[Release] = ()
    reverts: frozenset[str] = field(default_factory=frozenset)
    """Ids of the drifts that this run may undo; empty unless it is a revert."""
    findings: Sequence[Finding] = ()
    """Of reading the files."""
    rewritten: bool = False
    """The branch was force-pushed: what the commit says about its history cannot be trusted."""
    automatic: bool = False
    """Nobody asked for this run: it responds to drift by itself."""


def judge(attributed: AttributedPlan, rules: Rulebook) -> JudgedPlan:
    """Says what a plan would lose, why it may not go ahead, and how many people must agree."""
    losses = _losses(attributed, rules)
    refusals = [finding for finding in (*rules.findings, *attributed.plan.findings) if finding.stops]
    if attributed.plan.purpose == "revert":
        refusals += _beyond_revert(attributed, rules)
    needed, why = _approvals(attributed, rules)
    return JudgedPlan(
        attributed,
        Verdict(
            losses=tuple(losses),
            refusals=tuple(refusals),
            approvals_needed=needed,
            approvers=_approvers(rules.declaration),
            why=tuple(why),
        ),
    )


def value_at_stake(differences: Iterable[Difference]) -> Digest:
    """What a release is bound to: the live values that would be lost at one address."""
    return digest(sorted([[list(each.path), each.real] for each in differences], key=repr))


def _losses(attributed: AttributedPlan, rules: Rulebook) -> list[Loss]:
    by_address = {drift.address: drift for drift in rules.drifts}
    released = {(release.address, release.values) for release in rules.releases}
    tolerances = rules.baseline.tolerances if rules.baseline else ()
    losses: list[Loss] = []
    for change in attributed.changes:
        if change.planned is None:
            continue
        guarded = tuple(each for each in change.differences if _is_guarded(change, each, rules))
        drift = by_address.get(change.address)
        if (change.address, value_at_stake(guarded)) in released or _may_undo(change, drift, rules.reverts):
            guarded = ()
        losses += [
            Loss(
                change.address,
                each,
                drift.id if drift else None,
                tolerated(change.address, each, tolerances, rules.at) is not None,
            )
            for each in guarded
        ]
        losses += _losses_with(attributed, change, rules) if change.planned.action.destroys else []
    return losses


def _losses_with(attributed: AttributedPlan, parent: AttributedChange, rules: Rulebook) -> Iterator[Loss]:
    """What nobody wrote down goes with what it is a part of."""
    by_address = {drift.address: drift for drift in rules.drifts}
    released = {(release.address, release.values) for release in rules.releases}
    for child in lost_with(attributed, parent.address):
        drift = by_address.get(child.address)
        if (child.address, value_at_stake(child.differences)) not in released:
            for each in child.differences:
                yield Loss(child.address, each, drift.id if drift else None)


def _is_guarded(change: AttributedChange, each: Difference, rules: Rulebook) -> bool:
    """Ignored drift is guarded too; only where a commit since the baseline sets an ignored path itself, it decides."""
    if each.cause is not Cause.CONFLICT:
        return each.cause.is_guarded
    ignores = rules.declaration.ignores
    return not is_ignored(change.address, change.kind, change.identity, each, ignores, rules.at)


def _may_undo(change: AttributedChange, drift: Drift | None, reverts: frozenset[str]) -> bool:
    """A revert names drifts; at other values than the ones seen it may undo nothing. A drift whose value a check
    found changed since is open again, not reverting."""
    if drift is None or drift.id not in reverts or drift.state is not DriftState.REVERTING:
        return False
    seen = {(each.path, digest(each.real)) for each in drift.differences}
    return all(
        (each.path, digest(each.real)) in seen and each.cause is Cause.GHOST_REVERT
        for each in change.differences
        if each.cause.is_guarded
    )


def _beyond_revert(attributed: AttributedPlan, rules: Rulebook) -> list[Finding]:
    named = {drift.address for drift in rules.drifts if drift.id in rules.reverts}
    planned = {change.address for change in attributed.plan.changes}
    beyond_reach = [
        Finding(
            "revert-undoes-nothing",
            f"no plan touches what was changed by hand at {change.address}: the code does not set it",
            hint="undo it by hand, tolerate it, or write it into the code; revert the others without it",
            stops=True,
        )
        for change in attributed.drifted
        if change.address in named - planned
    ]
    return beyond_reach + [
        Finding(
            "revert-touches-more",
            f"the revert would also change {change.address}, which it does not name",
            hint="deliver or codify that first, or name its drift in the revert too",
            stops=True,
        )
        for change in attributed.changes
        if change.planned is not None and (change.address not in named or change.having(Cause.INTENDED))
        if not change.address.startswith("output.")
    ]


def _approvals(attributed: AttributedPlan, rules: Rulebook) -> tuple[int, list[str]]:
    plan, environment = attributed.plan, rules.declaration.environment
    if plan.empty:
        return 0, []
    destroys = plan.destroys
    needed = environment.approve.needed(destroys=destroys)
    why = [f"{environment.name} asks for {_people(needed)}" + (" for plans that destroy" if destroys else "")]
    if environment.critical and needed < 1:
        needed = 1
        why = [f"{environment.name} is critical: a person must agree to every apply"]
    if rules.automatic and destroys and needed < 1:
        needed = 1
        why = ["nobody asked for this revert, and it would destroy: a person must agree"]
    if rules.rewritten and needed < 1:
        needed = 1
        why = ["the branch was rewritten (force-pushed): a person must look at what would be applied"]
    asking = [finding for finding in (*rules.findings, *plan.findings) if finding.approvals or finding.more]
    least = max([needed, *(finding.approvals for finding in asking)])
    needed = least + max([0, *(finding.more for finding in asking)])
    why += [f"{_asked(finding)}: {finding.message}" for finding in asking]
    return needed, why if needed else []


def _approvers(declaration: Declaration) -> str | tuple[str, ...]:
    """Owners that nobody named are nobody, not everybody, where an apply is critical."""
    people, critical = declaration.environment.approve.people, declaration.environment.critical
    if people == "owners":
        return declaration.owner if declaration.owner or critical else "anyone"
    return people


def _asked(finding: Finding) -> str:
    return f"{_people(finding.more)} more" if finding.more else f"at least {_people(finding.approvals)}"


def _people(count: int) -> str:
    return "1 approval" if count == 1 else f"{count} approvals"


def losses_by_address(losses: Iterable[Loss]) -> Mapping[Address, tuple[Difference, ...]]:
    grouped: dict[Address, tuple[Difference, ...]] = {}
    for loss in losses:
        grouped[loss.address] = (*grouped.get(loss.address, ()), loss.difference)
    return grouped
