"""Approve: whether enough people, none of them an author, agreed to exactly this effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from trueup.model.people import Approval
from trueup.model.plan import ApprovedPlan, JudgedPlan
from trueup.model.values import Digest


@dataclass(frozen=True)
class Ballot:
    """Everything that was said about a run, and who may not have a say."""

    approvals: Sequence[Approval]
    authors: frozenset[str]
    effect: Digest | None
    needed: int
    approvers: str | tuple[str, ...] = "anyone"


@dataclass(frozen=True)
class Count:
    """Who counts, who does not and why, and what is missing."""

    counted: tuple[Approval, ...]
    ignored: tuple[tuple[Approval, str], ...]
    needed: int
    approvers: str | tuple[str, ...]

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.counted))

    @property
    def enough(self) -> bool:
        return self.missing == 0

    def explain(self) -> str:
        """One sentence for `run show --why`: what is missing and from whom."""
        if self.enough:
            return f"{len(self.counted)} of {self.needed} approvals are there"
        whom = "anyone but the authors" if self.approvers == "anyone" else _names(self.approvers)
        return f"{self.missing} of {self.needed} approvals missing, from {whom}"


def count(ballot: Ballot) -> Count:
    """A person counts once, for the effect that they agreed to, and never for their own change."""
    counted: dict[str, Approval] = {}
    ignored: list[tuple[Approval, str]] = []
    for approval in ballot.approvals:
        if approval.effect != ballot.effect:
            ignored.append((approval, "given to another effect: the plan changed since"))
        elif approval.person in ballot.authors:
            ignored.append((approval, "is an author of this change"))
        elif not _may(approval.person, ballot.approvers):
            ignored.append((approval, f"is not among {_names(ballot.approvers)}"))
        else:
            counted.setdefault(approval.person, approval)
    return Count(tuple(counted.values()), tuple(ignored), ballot.needed, ballot.approvers)


def approve(judged: JudgedPlan, approvals: Sequence[Approval], authors: frozenset[str]) -> ApprovedPlan | Count:
    """The approved plan, or what is missing. The verdict must be clean: a blocked or refused plan is never asked."""
    verdict = judged.verdict
    tally = count(Ballot(approvals, authors, judged.plan.effect, verdict.approvals_needed, verdict.approvers))
    if verdict.blocked or verdict.refused or not tally.enough:
        return tally
    return ApprovedPlan(judged, tally.counted)


def _may(person: str, approvers: str | tuple[str, ...]) -> bool:
    return approvers == "anyone" or person in approvers


def _names(approvers: str | tuple[str, ...]) -> str:
    if isinstance(approvers, str):
        return approvers
    return ", ".join(approvers) or "the owners, and nobody is: name them in CODEOWNERS or with `owner:`"
