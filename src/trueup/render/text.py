"""A plan as plain text."""

from collections.abc import Iterable, Sequence

from trueup.model.drift import Drift
from trueup.model.plan import AttributedPlan, Finding
from trueup.render.sentences import ORDER, TITLES, Told, headline, of_plan, sentence


def plan_text(plan: AttributedPlan, drifts: Sequence[Drift] = ()) -> str:
    """What would change and why. `drifts` tell when and by whom a change by hand was made."""
    told = of_plan(plan)
    provisional = " (provisional: this stack was never adopted)" if plan.provisional else ""
    reasons = [
        f"  {change.planned.action} {change.address}: {change.planned.reason}"
        for change in plan.changes
        if change.planned and change.planned.reason
    ]
    replaced = ["", "Replaced or deleted because:", *reasons] if reasons else []
    return _joined([headline(told) + provisional, *_by_cause(told, drifts), *replaced, *_findings(plan.plan.findings)])


def _by_cause(told: Sequence[Told], drifts: Sequence[Drift]) -> list[str]:
    lines: list[str] = []
    for cause in ORDER:
        here = [each for each in told if each.cause is cause]
        if here:
            lines += ["", f"{TITLES[cause]}:", *(f"  {sentence(each, drifts)}" for each in here)]
    return lines


def _findings(findings: Sequence[Finding]) -> list[str]:
    return ["", "Findings:", *(f"  {_finding(finding)}" for finding in findings)] if findings else []


def _finding(finding: Finding) -> str:
    where = f"{finding.place}: " if finding.place else ""
    return f"{where}{finding.message}" + (f" ({finding.hint})" if finding.hint else "")


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
