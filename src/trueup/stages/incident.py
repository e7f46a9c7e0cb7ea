"""Incident: what changed shortly before a moment, most likely causes first. Pure: ledger entries in, a ranking out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from trueup.model.ledger import Entry

HALF = timedelta(minutes=60)
"""What happened so long before counts half of what happened at the moment itself."""
VAGUE = timedelta(minutes=10)
"""People remember moments vaguely: so long afterwards still counts, for less."""


class Effect(StrEnum):
    """What an entry did to the live system."""

    CHANGED = "changed the live system"
    PERMITTED = "let people change the live system by hand"
    UNSURE = "may have changed the live system"
    DECIDED = "decided something, and changed nothing by itself"


class Nearness(StrEnum):
    """How an entry's stack is related to the one that was asked about."""

    NAMED = "the stack that was asked about"
    UPSTREAM = "upstream of it"
    DOWNSTREAM = "downstream of it"
    OTHER = "no known relation to it"


WEIGHTS: Mapping[Effect | Nearness, float] = {
    Effect.CHANGED: 1.0,
    Effect.UNSURE: 0.7,
    Effect.PERMITTED: 0.5,
    Effect.DECIDED: 0.1,
    Nearness.NAMED: 1.0,
    Nearness.UPSTREAM: 0.8,
    Nearness.DOWNSTREAM: 0.4,
    Nearness.OTHER: 0.15,
}
UNDID = 2.0
"""What undid something that was made by hand weighs twice: it is how an outage comes back."""
AFTERWARDS = 0.4

_CHANGED = (
    "run.finished",
    "foreign.apply",
    "foreign.unexplained",
    "drift.open",
    "drift.reverted-by",
    "drift.resolved.",
)
_UNSURE = ("run.failed", "run.uncertain", "drift.attributed", "drift.fights-back")
_PERMITTED = ("break-glass.opened", "break-glass.extended", "stack.unlocked")


@dataclass(frozen=True)
class Span:
    """When something happened: at `until`; where only looks tell, at some time since `after`."""

    until: datetime
    after: datetime | None = None

    def before(self, moment: datetime) -> timedelta:
        """How long before; nothing when the moment is within; negative: afterwards."""
        if self.after is not None and self.after <= moment <= self.until:
            return timedelta()
        return moment - (self.after if self.after is not None and moment < self.after else self.until)


@dataclass(frozen=True)
class Graph:
    """Which stack was asked about, and its neighbours, by name."""

    named: str = ""
    upstream: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()

    def nearness(self, name: str) -> Nearness | None:
        """None where no stack was asked about."""
        if not self.named:
            return None
        if name == self.named:
            return Nearness.NAMED
        if name in self.upstream:
            return Nearness.UPSTREAM
        return Nearness.DOWNSTREAM if name in self.downstream else Nearness.OTHER


@dataclass(frozen=True)
class Suspect:
    """One thing that changed, and why it stands where it stands."""

    entry: Entry
    span: Span
    before: timedelta
    """The moment minus when it happened; negative: afterwards."""
    effect: Effect
    undid: tuple[Entry, ...]
    """Entries about what was made by hand and is gone by it."""
    nearness: Nearness | None
    score: float = 0.0


def graph(name: str, depends_on: Mapping[str, Sequence[str]]) -> Graph:
    """`depends_on` holds, for each stack, those that come first. Neighbours of neighbours count too."""
    reverse: dict[str, list[str]] = {}
    for each, first in depends_on.items():
        for other in first:
            reverse.setdefault(other, []).append(each)
    return Graph(name, _reached(name, depends_on), _reached(name, reverse))


def suspects(entries: Iterable[Entry], around: datetime, near: Graph = Graph()) -> tuple[Suspect, ...]:
    """Best first; of equals the later one. What happened after the moment is left out, but for a few minutes."""
    found = [replace(each, score=_score(each)) for each in _gathered(list(entries), around, near)]
    kept = [each for each in found if each.before >= -VAGUE]
    return tuple(sorted(kept, key=lambda each: (-each.score, each.before, -each.entry.seq)))


def span_of(entry: Entry) -> Span:
    """Of drift: when an event says that it was done, else between the two looks; of all else, when it was recorded."""
    details, kind = entry.draft.details, entry.draft.kind
    if kind == "drift.reverted-by":
        first, last = (_time(each) for each in details.get("undone_between") or (None, None))
        return Span(last or entry.time, None if details.get("event") else first)
    if kind in ("drift.open", "drift.attributed"):
        at = _time(details.get("at"))
        seen = _time(details.get("first_seen")) or entry.time
        return Span(at) if at else Span(seen, _time(details.get("not_before")))
    return Span(entry.time)


def effect_of(entry: Entry) -> Effect:
    kind, details = entry.draft.kind, entry.draft.details
    if kind == "run.finished" and not details.get("changes"):
        return Effect.DECIDED
    if kind in ("drift.resolved.codified", "drift.resolved.adopted", "drift.resolved.foreign"):
        return Effect.DECIDED
    for names, effect in ((_CHANGED, Effect.CHANGED), (_UNSURE, Effect.UNSURE), (_PERMITTED, Effect.PERMITTED)):
        if kind.startswith(names):
            return effect
    return Effect.DECIDED


def _gathered(entries: Sequence[Entry], around: datetime, near: Graph) -> Iterable[Suspect]:
    """One for each thing that happened: what a run undid belongs to the run, what an apply beside us undid stands for
    that apply."""
    undone: dict[str, list[Entry]] = {}
    told = {_drift(each) for each in entries if each.draft.kind == "drift.reverted-by"}
    beside = {(each.draft.stack, each.time) for each in entries if each.draft.kind == "drift.reverted-by"}
    runs = {each.draft.run for each in entries if each.draft.kind == "run.finished"}
    parts: set[int] = set()
    for each in entries:
        kind, run = each.draft.kind, each.draft.run
        if kind in ("drift.resolved.reverted", "drift.resolved.released") and run in runs:
            undone.setdefault(run, []).append(each)
            parts.add(each.seq)
        elif (kind == "drift.resolved.undone" and _drift(each) in told) or (
            kind == "foreign.unexplained" and _is_told(each, beside)
        ):
            parts.add(each.seq)
    for each in entries:
        if each.seq not in parts:
            span = span_of(each)
            gone = undone.get(each.draft.run, []) if each.draft.kind == "run.finished" else _alone(each)
            effect, name = effect_of(each), each.draft.name
            yield Suspect(each, span, span.before(around), effect, tuple(gone), near.nearness(name))


def _is_told(entry: Entry, beside: Iterable[tuple[str, datetime]]) -> bool:
    """The same check wrote both, in one transaction."""
    second = timedelta(seconds=1)
    return any(stack == entry.draft.stack and abs(time - entry.time) < second for stack, time in beside)


def _alone(entry: Entry) -> list[Entry]:
    gone = ("drift.reverted-by", "drift.resolved.vanished", "drift.resolved.undone", "drift.resolved.reverted")
    return [entry] if entry.draft.kind in (*gone, "drift.resolved.released") else []


def _score(suspect: Suspect) -> float:
    score: float = 0.5 ** (abs(suspect.before) / HALF) * WEIGHTS[suspect.effect]
    score *= UNDID if suspect.undid else 1
    score *= AFTERWARDS if suspect.before < timedelta() else 1
    return score * (WEIGHTS[suspect.nearness] if suspect.nearness else 1)


def _reached(name: str, edges: Mapping[str, Sequence[str]]) -> frozenset[str]:
    found: set[str] = set()
    todo = list(edges.get(name, ()))
    while todo:
        each = todo.pop()
        if each not in found and each != name:
            found.add(each)
            todo += edges.get(each, ())
    return frozenset(found)


def _drift(entry: Entry) -> str:
    return str(entry.draft.details.get("drift") or "")


def _time(stamp: object) -> datetime | None:
    return datetime.fromisoformat(stamp) if isinstance(stamp, str) and stamp else None
