"""Trend: what became of drift, by week and owner: how much opened, how it was resolved, how long that took."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median

from trueup.model.drift import Drift, DriftState

NOBODY = "nobody"
"""Owns what nobody owns."""


@dataclass(frozen=True)
class Week:
    start: date
    """A Monday, in UTC."""
    owner: str
    opened: int = 0
    resolved: Mapping[str, int] = field(default_factory=dict)
    """By resolution: codified, reverted, ..."""
    breached: int = 0
    """Deadlines that passed in this week."""
    median_hours: float | None = None
    """From first seen to resolved, of those that were resolved in this week."""


@dataclass(frozen=True)
class Trend:
    weeks: tuple[Week, ...]
    """Newest first; only those in which something happened."""
    open_now: Mapping[str, int]
    """By owner."""
    breached_now: Mapping[str, int]
    """Of these, those past their deadline."""


def trend(drifts: Iterable[Drift], now: datetime, weeks: int, owner: str = "") -> Trend:
    """Of the last `weeks` weeks, this one included. A drift of several owners counts for each of them."""
    counted = [drift for drift in drifts if drift.state is not DriftState.IGNORED and not drift.provisional]
    first = monday(now) - timedelta(weeks=weeks - 1)
    opened, breached, resolved = (
        Counter[tuple[date, str]](),
        Counter[tuple[date, str]](),
        Counter[tuple[date, str, str]](),
    )
    hours: dict[tuple[date, str], list[float]] = {}
    open_now, breached_now = Counter[str](), Counter[str]()
    for drift in counted:
        for whose in drift.owner or (NOBODY,):
            if owner not in ("", whose):
                continue
            opened[monday(drift.first_seen), whose] += 1
            if drift.breached_at is not None:
                breached[monday(drift.breached_at), whose] += 1
            if drift.state is not DriftState.RESOLVED:
                open_now[whose] += 1
                breached_now[whose] += drift.breached_at is not None
            elif drift.resolved_at is not None:
                place = (monday(drift.resolved_at), whose)
                resolved[(*place, str(drift.resolution or "resolved"))] += 1
                hours.setdefault(place, []).append((drift.resolved_at - drift.first_seen).total_seconds() / 3600)
    places = sorted({*opened, *breached, *hours}, key=lambda place: (-place[0].toordinal(), place[1]))
    rows = tuple(
        Week(
            start=start,
            owner=whose,
            opened=opened[start, whose],
            resolved={
                how: count for (when, who, how), count in sorted(resolved.items()) if (when, who) == (start, whose)
            },
            breached=breached[start, whose],
            median_hours=round(median(hours[start, whose]), 1) if (start, whose) in hours else None,
        )
        for start, whose in places
        if start >= first
    )
    return Trend(
        rows, dict(sorted(open_now.items())), {who: count for who, count in sorted(breached_now.items()) if count}
    )


def monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
