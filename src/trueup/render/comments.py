"""What change requests are told: a proposal's plan, and the evidence of a codification. Markdown."""

import html
import re
from collections.abc import Sequence

from trueup.model.drift import Drift
from trueup.model.plan import Finding
from trueup.model.run import Run, RunState
from trueup.model.values import JSON
from trueup.render.sentences import ORDER, TITLES, Told, headline, of_run, sentence
from trueup.render.values import counted, shown

LIMIT = 65_536
"""Characters that the strictest forge with long comments takes (GitHub)."""
_MOST_GUARDED = 50


def run_markdown(run: Run, stack: str) -> str:
    """The sticky comment about one stack of a change request: what matters, a table by cause, details folded.
    Too long, it names the changes only, and in the end only counts them."""
    told = of_run(run)
    head = [f"### {_escaped(stack)}", "", f"**{_headline(run, told)}**", ""]
    body = [*_findings(run.findings), *_table(told), *_guarded(told)]
    shortened = [f"Shortened: `trueup run show {run.id}` has all of it."]
    forms = [[*body, *_details(run)], [*body, *_names(run), "", *shortened], [*_table(told), *shortened]]
    texts = ("\n".join([*head, *form]).rstrip() + "\n" for form in forms)
    return next((text for text in texts if len(text) <= LIMIT), "\n".join([*head[:2], *shortened]))


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


def _headline(run: Run, told: Sequence[Told]) -> str:
    if run.state is RunState.FAILED:
        return f"The plan failed: {_escaped(run.error)}"
    return headline(told) if told or not run.changes else counted(len(run.changes), "change", "changes")


def _findings(findings: Sequence[Finding]) -> list[str]:
    lines = [f"* {'**stops:** ' if each.stops else ''}{_escaped(each.message)}" for each in findings]
    return [*lines, ""] if lines else []


def _table(told: Sequence[Told]) -> list[str]:
    """How many of each cause."""
    counts = [(cause, len({each.unit for each in told if each.cause is cause})) for cause in ORDER]
    rows = [f"| {TITLES[cause]} | {count} |" for cause, count in counts if count]
    return ["| | |", "| --- | --: |", *rows, ""] if rows else []


def _guarded(told: Sequence[Told]) -> list[str]:
    """What an apply would lose stands outside of the folded part."""
    lines = [f"* {_escaped(sentence(each))}" for each in told if each.cause.is_guarded][:_MOST_GUARDED]
    return [*lines, ""] if lines else []


def _details(run: Run) -> list[str]:
    lines: list[str] = []
    for change in run.changes:
        summary = f"{change.action} {change.address}"
        lines += [f"<details><summary><code>{html.escape(summary)}</code></summary>", ""]
        lines += ["| path | cause | now | after |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_code(each.path) if each.path else '(all of it)'} | {each.cause} | {_value(each.real)} "
            f"| {_value(each.desired)} |"
            for each in change.differences
        ]
        lines += ["", "</details>", ""]
    return lines


def _names(run: Run) -> list[str]:
    return [f"* {_code(f'{change.action} {change.address}')}" for change in run.changes]


def _escaped(text: str) -> str:
    """Neither HTML, nor a mention, nor a table or emphasis."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", html.escape(flat, quote=False)).replace("@", "@\u200b")


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def _value(value: JSON) -> str:
    text = shown(value)
    return text if value is None or text.startswith("(") else _code(text)
