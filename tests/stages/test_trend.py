"""The trend of drift by week and owner."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.stages.test_announce import DRIFT
from trueup.model.drift import Drift, DriftState, Resolution
from trueup.stages.trend import NOBODY, Week, trend

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday


def drift(days: float, hours: float | None = None, how: Resolution = Resolution.CODIFIED, *owner: str) -> Drift:
    seen = NOW - timedelta(days=days)
    made = replace(DRIFT, first_seen=seen, last_seen=seen, owner=owner)
    if hours is None:
        return made
    return replace(made, state=DriftState.RESOLVED, resolution=how, resolved_at=seen + timedelta(hours=hours))


def test_a_week_tells_what_opened_and_how_it_ended() -> None:
    """By owner, with the median time; what nobody owns is nobody's."""
    found = trend(
        [
            drift(1, 2, Resolution.CODIFIED, "web"),
            drift(1, 4, Resolution.REVERTED, "web"),
            drift(2, 12, Resolution.CODIFIED, "web", "data"),
            drift(3),
            replace(drift(9, None, Resolution.CODIFIED, "web"), breached_at=NOW - timedelta(days=7)),
            drift(70, 1, Resolution.CODIFIED, "web"),
        ],
        NOW,
        8,
    )
    this, last = date(2026, 11, 16), date(2026, 11, 9)
    assert found.weeks == (
        Week(this, "data", 1, {"codified": 1}, 0, 12.0),
        Week(this, NOBODY, 1),
        Week(this, "web", 3, {"codified": 2, "reverted": 1}, 0, 4.0),
        Week(last, "web", 1, {}, 1),
    )
    assert (found.open_now, found.breached_now) == ({NOBODY: 1, "web": 1}, {"web": 1})


def test_only_one_owner() -> None:
    """And nothing of what is ignored or was never settled."""
    ignored, unsettled = replace(drift(1), state=DriftState.IGNORED), replace(drift(1), provisional=True)
    found = trend([drift(1, None, Resolution.CODIFIED, "web"), drift(1), ignored, unsettled], NOW, 1, "web")
    assert [(week.owner, week.opened) for week in found.weeks] == [("web", 1)] and found.open_now == {"web": 1}
