"""A break-glass as one Markdown page: who and why, what changed by whom, codified where, what is owed."""

import html
import re
from collections.abc import Sequence
from datetime import datetime

from trueup.model.break_glass import BreakGlass, BreakGlassState
from trueup.model.drift import Drift, DriftState
from trueup.model.ledger import Entry
from trueup.render.sentences import of_drift
from trueup.render.values import shown, shown_span, shown_time


def heading(glass: BreakGlass) -> list[tuple[str, str]]:
    """Name and value of everything that its first lines say; empty values are left out."""
    second = glass.second or ("owed" if glass.owes_second else "")
    asked = f" ({glass.asked} was asked)" if glass.owes_second and glass.asked else ""
    scope = f"everything in {glass.environment}" if glass.whole else ""
    ended = f"{glass.ended_by}, {shown_time(glass.ended_at)}" if glass.ended_at else ""
    extension = glass.extension
    told = [
        ("state", str(glass.state) + (", written down afterwards" if glass.retroactive else "")),
        ("who", glass.requested_by),
        ("second person", f"{second}{asked}"),
        ("because", str(glass.because)),
        ("why", glass.reason),
        ("ticket", glass.ticket),
        ("scope", scope),
        ("open", _window(glass)),
        ("extended", f"by {extension.person}, {shown_time(extension.at)}: {extension.reason}" if extension else ""),
        ("ended by", ended),
        ("escalated", f"{glass.escalations} times" if glass.escalations else ""),
    ]
    return [(name, value) for name, value in told if value]


def codified_where(drift: Drift, request: int | None, *, draft: bool) -> str:
    """What became of one change, in a few words."""
    match drift.state:
        case DriftState.CODIFYING:
            return f"being codified: #{request}" if request else "being codified"
        case DriftState.RESOLVED:
            where = f" in #{request}" if request and drift.resolution == "codified" else ""
            return f"{drift.resolution}{where}"
        case DriftState.OPEN if draft and request:
            return f"undecided: #{request} is a draft that a person has to finish"
        case DriftState.OPEN:
            return "undecided"
        case DriftState.TOLERATED | DriftState.REVERTING | DriftState.IGNORED:
            return str(drift.state)


def happened(drift: Drift) -> str:
    """When, as exactly as it is known."""
    return shown_time(drift.origin.at) if drift.origin else shown_span(drift.not_before, drift.first_seen)


def markdown(
    glass: BreakGlass,
    names: Sequence[str],
    changes: Sequence[tuple[Drift, str, str]],
    entries: tuple[Sequence[Entry], Sequence[Entry]],
    owed: Sequence[str],
    at: datetime,
) -> str:
    """`changes` hold the drift, its stack's name and what became of it; `entries` what happened beside it and what
    was written down about itself."""
    beside, steps = entries
    lines = [f"# Break-glass {glass.id}", ""]
    lines += [f"* **{name}**: {_plain(value)}" for name, value in heading(glass)]
    lines += [f"* **stacks**: {', '.join(_code(name) for name in names)}", "", "## What changed", ""]
    if changes:
        lines += ["| what | stack | who | when | codified where |", "| --- | --- | --- | --- | --- |"]
    for drift, name, where in changes:
        what = "; ".join(
            f"{_code(told.place)}: {shown(told.settled)} became {shown(told.real)}" for told in of_drift(drift)
        )
        who = drift.actor or "nobody knows yet"
        lines.append(f"| {_cell(what)} | {_code(name)} | {_plain(who)} | {happened(drift)} | {_plain(where)} |")
    lines += [] if changes else [_nothing(glass)]
    lines += ["", "## What is owed", "", *([f"* {_plain(each)}" for each in owed] or ["Nothing."])]
    if beside:
        lines += ["", "## Beside it", "", *(_entry(entry) for entry in beside)]
    lines += ["", "## Step by step", "", *(_entry(entry) for entry in steps), "", f"As of {shown_time(at)}.", ""]
    return "\n".join(lines)


def _nothing(glass: BreakGlass) -> str:
    if glass.state in (BreakGlassState.REQUESTED, BreakGlassState.WITHDRAWN, BreakGlassState.LAPSED):
        return "It was never open."
    if glass.state is BreakGlassState.OPEN:
        return "Nothing was seen yet; it is open."
    return "Nothing that a check could see."


def _window(glass: BreakGlass) -> str:
    if glass.opened_at is None:
        return ""
    until = glass.ended_at or glass.until
    return f"{shown_time(glass.opened_at)} to {shown_time(until)}" if until else shown_time(glass.opened_at)


def _entry(entry: Entry) -> str:
    return f"* {shown_time(entry.time)}: {_plain(entry.draft.summary)}"


def _plain(text: str) -> str:
    """Neither HTML, nor a mention, nor a table or emphasis."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(flat, quote=False)).replace("@", "@\u200b")


def _cell(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("`", "'") + "`"
