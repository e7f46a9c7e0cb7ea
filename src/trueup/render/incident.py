"""Incident: a ranking of what changed before a moment, in words."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from trueup.model.ledger import Entry
from trueup.model.values import JSON
from trueup.render.encoding import to_json

_VERB = re.compile(r"^(delivered|reverted in|destroyed|drift open): ")
"""Said already by the noun before it."""
_RUNS: Mapping[str, str] = {"delivery": "delivery", "revert": "revert", "destroy": "destroy"}


def noun_of(entry: Entry) -> str:
    """What kind of thing an entry of the time line is, in one or two words."""
    kind, details = entry.draft.kind, entry.draft.details
    noun, _, verb = kind.partition(".")
    if kind in ("run.finished", "run.failed", "run.uncertain"):
        word = _RUNS.get(str(details.get("run_kind") or ""), "run")
        return word if kind == "run.finished" else f"{word} {verb}"
    if kind == "drift.reverted-by":
        return "ghost revert"
    match noun:
        case "drift":
            return "drift" if verb in ("open", "attributed") else f"drift {verb.rpartition('.')[2]}"
        case "foreign":
            return "foreign apply" if verb != "refresh" else "state written"
        case "break-glass":
            return f"break-glass {verb}"
        case "run":
            return "approval" if verb == "approved" else verb.replace("-", " ")
        case _:
            return f"{noun} {verb}".replace("-", " ").strip()


def when(before: timedelta, within: bool) -> str:
    """`2 min before`, `40 s after`, `between two looks at that time`."""
    if within:
        return "at about that time"
    seconds = int(abs(before).total_seconds())
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= length:
            return f"{seconds // length} {unit} {'before' if before > timedelta() else 'after'}"
    return "at that moment"


def story(entry: Entry, undid: Sequence[Entry], ago: str) -> str:
    """`2 min before: delivery of #12 by ben to infra//app: 1 update`, and what it undid."""
    draft = entry.draft
    request = f" of #{draft.request}" if draft.request is not None else ""
    who = f" by {draft.actor}" if draft.actor not in ("", "trueup") else ""
    where = f" on {draft.name}" if draft.name else ""
    lost = [each for each in undid if each.seq != entry.seq]
    ghosts = "".join(f". It {_lost(each)}" for each in lost)
    return f"{ago}: {noun_of(entry)}{request}{who}{where}: {_plain(draft.summary, draft.name)}{ghosts}"


def reasons(effect: str, undid: Sequence[Entry], nearness: str | None, name: str) -> list[str]:
    """Why it stands where it stands, besides the time."""
    hand = sorted({str(each.draft.details.get("actor") or "somebody") for each in undid})
    return [
        effect,
        *([f"undid what {', '.join(hand)} made by hand"] if undid else []),
        *([f"{name or 'it'}: {nearness}"] if nearness else []),
    ]


def shown_entry(entry: Entry) -> JSON:
    """The document that is hashed, flat, its leaf, and what kind of thing it is."""
    return {**to_json(entry.document), "leaf": entry.leaf, "what": noun_of(entry)}


def shown_span(until: datetime, after: datetime | None) -> JSON:
    return {"after": after.isoformat() if after else None, "until": until.isoformat()}


def _plain(summary: str, name: str) -> str:
    """Without the stack's name, which stands before it."""
    short = summary.removeprefix(f"{name}: ").replace(f" on {name}", "").replace(f" {name}:", ":")
    return _VERB.sub("", short)


def _lost(entry: Entry) -> str:
    """`REVERTED aws_security_group.web ingress 8443/tcp, added 31 Oct 2026 by anna, never codified`."""
    _, found, rest = entry.draft.summary.partition("REVERTED ")
    return f"REVERTED {rest}" if found else entry.draft.summary
