"""What change requests are told: a proposal's plan, and the evidence of a codification. Markdown."""

import json
from collections.abc import Sequence

from trueup.model.drift import Drift
from trueup.model.plan import Finding
from trueup.model.run import ChangeSummary, Run, RunState
from trueup.model.values import JSON, is_masked, is_unknown

LIMIT = 65_536
"""Characters that the strictest forge with long comments takes (GitHub)."""


def run_markdown(run: Run, stack: str) -> str:
    """The sticky comment about one stack of a change request."""
    text = "\n".join([f"### {stack}", "", _headline(run), "", *_findings(run.findings), *_changes(run.changes)])
    if len(text) <= LIMIT:
        return text
    return text[: LIMIT - 200].rsplit("\n", 1)[0] + f"\n\n… cut here; `trueup run show {run.id}` has all of it.\n"


def codification_body(
    drifts: Sequence[Drift],
    declined: Sequence[tuple[str, str, str]],
    findings: Sequence[Finding],
    notes: Sequence[str],
    reason: str,
) -> str:
    """The description of a codifying change request. `declined` holds address, reason and what to write."""
    lines = [reason, ""] if reason else []
    lines += ["What was changed by hand:", ""]
    for drift in drifts:
        lines.append(f"* `{drift.address}`, seen {drift.first_seen:%Y-%m-%d %H:%M} UTC" + _by(drift))
        lines += [
            f"  * `{each.label or 'the whole resource'}`: {_value(each.settled)} became {_value(each.real)}"
            for each in drift.differences
        ]
    if declined or findings:
        lines += ["", "**This could not be written and proven by itself. A person has to finish it:**", ""]
        for address, why, suggestion in declined:
            lines.append(f"* `{address}`: {why}")
            if suggestion:
                lines += ["", "```hcl", suggestion, "```", ""]
        lines += [f"* {finding.message}" for finding in findings]
    else:
        lines += ["", "Proven: with this edit, the settled code leaves no such drift, and the branch's head plans "]
        lines[-1] += "exactly what it planned before."
    lines += ["", *(f"> {note}" for note in notes)]
    return "\n".join(lines).rstrip() + "\n"


def _by(drift: Drift) -> str:
    return f", by {drift.actor}" if drift.actor else ""


def _headline(run: Run) -> str:
    if run.state is RunState.FAILED:
        return f"**The plan failed:** {run.error}"
    if not run.changes:
        return "No changes."
    lost = f"; **{len(run.losses)} would undo changes made by hand**" if run.losses else ""
    count = len(run.changes)
    return f"{count} {'change' if count == 1 else 'changes'}{lost}."


def _findings(findings: Sequence[Finding]) -> list[str]:
    lines = [f"* {'**stops:** ' if each.stops else ''}{each.message}" for each in findings]
    return [*lines, ""] if lines else []


def _changes(changes: Sequence[ChangeSummary]) -> list[str]:
    lines: list[str] = []
    for change in changes:
        lines += [f"<details><summary><code>{change.action} {change.address}</code></summary>", ""]
        lines += ["| path | cause | now | after |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {each.path or '(all of it)'} | {each.cause} | {_value(each.real)} | {_value(each.desired)} |"
            for each in change.differences
        ]
        lines += ["", "</details>", ""]
    return lines


def _value(value: JSON) -> str:
    if value is None:
        return "nothing"
    if is_masked(value):
        return "(secret)"
    if is_unknown(value):
        return "(known after apply)"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = text if len(text) <= 200 else text[:199] + "…"
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"
