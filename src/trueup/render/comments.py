"""What change requests are told: a proposal's plan, and the evidence of a codification. Markdown."""

import html
import re
from collections.abc import Sequence

from trueup.model.drift import Declined, Drift
from trueup.model.plan import Finding
from trueup.model.run import Run, RunKind, RunState
from trueup.model.values import JSON
from trueup.render.losses import Lost, lost_by, ways_on
from trueup.render.origins import deed
from trueup.render.sentences import ORDER, TITLES, Told, headline, of_drift, of_run, sentence
from trueup.render.values import counted, shown, shown_span, shown_time

LIMIT = 65_536
"""Characters that the strictest forge with long comments takes (GitHub)."""
_MOST_GUARDED = 50
_MOST_NAMED = 100
_PROVEN = (
    "Proven: with this edit, the settled code leaves no such drift, and the branch's head plans exactly what it "
    "planned before."
)
_UNFINISHED = "**This could not be written and proven by itself. A person has to finish it:**"


def run_markdown(run: Run, stack: str, drifts: Sequence[Drift] = ()) -> str:
    """The sticky comment about one stack of a change request: what matters, a table by cause, details folded.
    Too long, it names the changes only, and in the end only counts them. `drifts` are the records that its losses
    name."""
    told = of_run(run)
    head = [f"### {_escaped(stack)}", "", f"**{_headline(run, told)}**", ""]
    body = [*_findings(run.findings), *_table(told), *_blocked(run, stack, told, drifts)]
    shortened = [f"Shortened: `trueup run show {run.id}` has all of it."]
    forms = [[*body, *_details(run)], [*body, *_names(run), "", *shortened], [*_table(told), *shortened]]
    texts = ("\n".join([*head, *form]).rstrip() + "\n" for form in forms)
    return next((text for text in texts if len(text) <= LIMIT), "\n".join([*head[:2], *shortened]))


def codification_body(
    drifts: Sequence[Drift],
    declined: Sequence[Declined],
    findings: Sequence[Finding],
    notes: Sequence[str],
    reason: str,
) -> str:
    """The description of a codifying change request. Too long, it leaves out values and suggestions, and in the end
    names only the first addresses."""
    proven = not declined and not findings
    for changes, unfinished in (
        (_by_hand(drifts), _unfinished(declined, findings)),
        (_addresses(drifts, len(drifts)), [*(f"* {_code(each.address)}" for each in declined), ""]),
        (_addresses(drifts, _MOST_NAMED), [f"{counted(len(declined), 'address', 'addresses')} in all.", ""]),
    ):
        lines = [*([reason, ""] if reason else []), "What was changed by hand:", "", *changes, ""]
        lines += [_PROVEN] if proven else [_UNFINISHED, "", *unfinished]
        lines += ["", *(f"> {note}" for note in notes)]
        text = "\n".join(lines).rstrip() + "\n"
        if len(text) <= LIMIT:
            return text
    return text[: LIMIT - 1].rpartition("\n")[0] + "\n"


def _by_hand(drifts: Sequence[Drift]) -> list[str]:
    lines = []
    for drift in drifts:
        who = f", {_escaped(deed(drift.origin))}" if drift.origin else ""
        lines.append(f"* {_code(drift.address)} ({drift.severity}), seen {shown_time(drift.first_seen)}{who}")
        lines += [
            f"  * {_code(each.attribute or 'the whole resource')}: {_value(each.settled)} became {_value(each.real)}"
            for each in of_drift(drift)
        ]
    return lines


def _addresses(drifts: Sequence[Drift], most: int) -> list[str]:
    rest = [f"* and {len(drifts) - most} more"] if len(drifts) > most else []
    return [*(f"* {_code(drift.address)}" for drift in drifts[:most]), *rest]


def _unfinished(declined: Sequence[Declined], findings: Sequence[Finding]) -> list[str]:
    lines = []
    for each in declined:
        lines.append(f"* {_code(each.address)}: {_escaped(each.reason)}")
        if each.language:
            lines += ["", *_fenced(each.suggestion, each.language), ""]
        elif each.suggestion:
            lines.append(f"  * {_escaped(each.suggestion)}")
    return lines + [f"* {_escaped(finding.message)}" for finding in findings]


def _fenced(text: str, language: str) -> list[str]:
    """Code, in a fence that is longer than any in the text."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text.rstrip("\n"), fence]


def _headline(run: Run, told: Sequence[Told]) -> str:
    if run.state is RunState.FAILED:
        return f"The plan failed: {'; '.join(_escaped(line) for line in run.error.splitlines() if line.strip())}"
    return headline(told) if told or not run.changes else counted(len(run.changes), "change", "changes")


def _findings(findings: Sequence[Finding]) -> list[str]:
    """What stops comes first, then what asks for people. The code is what a waiver names."""
    lines = []
    for each in sorted(findings, key=lambda each: (not each.stops, -max(each.approvals, each.more))):
        first, *rest = each.message.splitlines() or [""]
        stops, place = "**stops:** " if each.stops else "", f"{_code(str(each.place))} " if each.place else ""
        lines.append(f"* {stops}{place}{_escaped(first)} ({_code(each.code)}){_asked(each)}")
        lines += [f"  * {_escaped(line)}" for line in (*rest, *each.hint.splitlines()) if line.strip()]
    return [*lines, ""] if lines else []


def _asked(finding: Finding) -> str:
    if finding.more:
        return f" — {counted(finding.more, 'person', 'people')} more must agree"
    return f" — {counted(finding.approvals, 'person', 'people')} must agree" if finding.approvals else ""


def _table(told: Sequence[Told]) -> list[str]:
    """How many of each cause."""
    counts = [(cause, len({each.unit for each in told if each.cause is cause})) for cause in ORDER]
    rows = [f"| {TITLES[cause]} | {count} |" for cause, count in counts if count]
    return ["| | |", "| --- | --: |", *rows, ""] if rows else []


def _guarded(told: Sequence[Told]) -> list[str]:
    """What an apply would lose stands outside of the folded part."""
    lines = [f"* {_escaped(sentence(each))}" for each in told if each.cause.is_guarded][:_MOST_GUARDED]
    return [*lines, ""] if lines else []


def _blocked(run: Run, stack: str, told: Sequence[Told], drifts: Sequence[Drift]) -> list[str]:
    """What would be lost, whose it was, since when; and the ways on, as they are typed."""
    lost = lost_by(run, drifts)
    if not lost:
        return _guarded(told)
    lines = [f"* {_escaped(_loss(each))}" for each in lost[:_MOST_GUARDED]]
    rest = [f"* and {len(lost) - _MOST_GUARDED} more"] if len(lost) > _MOST_GUARDED else []
    merged = "A delivery of this would be blocked. " if run.kind is RunKind.PROPOSAL else ""
    ways = [f"* {_escaped(way.what)} {_code(way.command)}" for way in ways_on(run, stack, lost[:_MOST_GUARDED])]
    return [f"{merged}It would undo, without anybody having decided so:", "", *lines, *rest, "", *ways, ""]


def _loss(lost: Lost) -> str:
    who = lost.made_by or "nobody knows yet who did it"
    when = shown_span(lost.not_before, lost.first_seen) if lost.first_seen else "since the last check"
    request = f" by #{lost.request}" if lost.request is not None else ""
    record = f"{lost.drift} is {lost.state}{request}" if lost.drift else "no drift record yet"
    tolerated = ", tolerated" if lost.tolerated else ""
    place = f"{lost.address} {lost.attribute}".rstrip()
    return f"{place}: {lost.would} — made by hand, {who}, {when}; {record}{tolerated}"


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
