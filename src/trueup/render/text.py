"""Plain text for terminals and notifications: a plan, a verdict, a drift, a run, and what changed."""

from collections.abc import Iterable, Sequence

from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftState
from trueup.model.ledger import Entry
from trueup.model.plan import AttributedPlan, Finding, Verdict
from trueup.model.run import Run, RunState
from trueup.render.losses import lost_by, ways_on
from trueup.render.origins import happened
from trueup.render.sentences import ORDER, TITLES, Told, headline, of_drift, of_plan, of_run, sentence
from trueup.render.values import counted, shown, shown_time


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


def verdict_text(verdict: Verdict) -> str:
    """What the gate says, first whether it goes on."""
    lines = []
    if verdict.refusals:
        lines += ["Refused:", *(f"  {_finding(finding)}" for finding in verdict.refusals)]
    if verdict.losses:
        count = counted(len(verdict.losses), "change", "changes")
        lines.append(f"Blocked: it would undo {count} that nobody decided to lose")
        lines += [f"  {loss.address} {loss.difference.label}".rstrip() for loss in verdict.losses]
    if verdict.approvals_needed:
        who = verdict.approvers if isinstance(verdict.approvers, str) else ", ".join(verdict.approvers)
        lines.append(f"Needs {counted(verdict.approvals_needed, 'approval', 'approvals')} from {who}")
        lines += [f"  {reason}" for reason in verdict.why]
    return _joined(lines or ["Nothing stands in its way"])


def drift_text(drift: Drift) -> str:
    """What was changed by hand, since when, and what became of it."""
    lines = [f"{drift.address} was changed by hand {happened(drift)}"]
    lines += [f"  {_by_hand(told)}" for told in of_drift(drift)]
    state: str = drift.state
    if drift.resolution:
        state = f"{drift.state}: {drift.resolution}"
        state += f" on {shown_time(drift.resolved_at)}" if drift.resolved_at else ""
    elif drift.state is DriftState.CODIFYING and drift.request is not None:
        state = f"{drift.state} by change request #{drift.request}"
    provisional = ["  seen before the stack was adopted"] if drift.provisional else []
    again = [f"  it came back: earlier {drift.earlier}"] if drift.earlier else []
    return _joined([*lines, *provisional, *again, f"  {drift.id} is {state}"])


def run_text(run: Run, stack: str, drifts: Sequence[Drift] = ()) -> str:
    """A run with its changes, and what it waits for."""
    lines = [f"{headline(of_run(run))}", "", f"{run.kind} of {stack}: {run.state}, {run.id}"]
    if run.waiting_for:
        lines.append(f"waits for {', '.join(run.waiting_for)}")
    if run.approvals_needed:
        given = ", ".join(approval.person for approval in run.approvals) or "nobody yet"
        lines.append(f"approvals: {len(run.approvals)} of {run.approvals_needed} ({given})")
    if run.error:
        lines.append(f"error: {run.error}")
    if run.converged is False:
        lines.append("not converged: the plan after the apply still wants changes")
    lost = lost_by(run, drifts) if run.state is RunState.BLOCKED else ()
    ways = [f"  {way.what}\n      {way.command}" for way in ways_on(run, stack, lost)] if lost else []
    ways = ["", "Ways on:", *ways] if ways else []
    return _joined([*lines, *_by_cause(of_run(run), drifts), *_findings(run.findings), *ways])


def what_changed_text(entries: Iterable[Entry]) -> str:
    """One line for each entry in order, with who; the reason and the ticket below where there are any."""
    lines: list[str] = []
    for entry in entries:
        draft = entry.draft
        where = f" {draft.name}" if draft.name else ""
        lines.append(f"{shown_time(entry.time)}{where}: {draft.summary} ({draft.actor})")
        because = " ".join(part for part in (draft.reason, f"[{draft.ticket}]" if draft.ticket else "") if part)
        if because:
            lines.append(f"    because: {because}")
    return _joined(lines or ["Nothing changed"])


def _by_hand(told: Told) -> str:
    """What was done, and what the code makes of it."""
    if told.settled is None:
        done = f"added {shown(told.real)}"
    elif told.real is None:
        done = f"removed {shown(told.settled)}"
    else:
        done = f"{shown(told.settled)} became {shown(told.real)}"
    return f"{told.attribute or 'the whole resource'}: {done}{_consequence(told)}"


def _consequence(told: Told) -> str:
    match told.cause:
        case Cause.GHOST_REVERT:
            return "; a plan would undo it"
        case Cause.CONFLICT | Cause.UNKNOWN:
            return f"; the code wants {shown(told.desired)}"
        case Cause.UNMANAGED:
            return "; no plan touches it"
        case Cause.CONVERGED:
            return "; the code wants it too"
        case Cause.INTENDED | Cause.NOISE:
            return ""


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
