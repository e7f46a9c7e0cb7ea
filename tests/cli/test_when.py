"""Times: relative and absolute as shown, and spans of time as typed."""

from datetime import datetime, timedelta

import pytest

from tests.cli.nouns import NOW, WHEN
from trueup.cli.output import clock
from trueup.cli.when import moment
from trueup.model.errors import Invalid


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (5, "5 s ago"), (-90, "in 1 min"), (7300, "2 h ago"), (3 * 86400, "3 d ago")],
)
def test_times_are_relative(seconds: int, words: str) -> None:
    """In the largest unit that is at least one."""
    assert WHEN.ago((NOW - timedelta(seconds=seconds)).isoformat()) == words


def test_times_are_shown_in_the_zone_of_the_person() -> None:
    """UTC comes in, local time is shown."""
    assert WHEN.at("2026-11-22T08:00:00+00:00") == "2026-11-22 09:00:00 CET, 30 min ago"
    assert WHEN.short("2026-11-22T08:00:00+00:00") == "09:00:00"
    assert WHEN.short("2026-11-20T08:00:00+00:00") == "11-20 09:00"
    assert WHEN.short("2025-11-20T08:00:00+00:00") == "2025-11-20"
    assert WHEN.at(None) == "-"


@pytest.mark.parametrize(
    ("typed", "past", "meant"),
    [
        ("90m", True, NOW - timedelta(minutes=90)),
        ("14d", False, NOW + timedelta(days=14)),
        ("2026-12-24", False, datetime(2026, 12, 24, tzinfo=NOW.tzinfo)),
        ("2026-11-22T03:00+00:00", True, datetime.fromisoformat("2026-11-22T03:00+00:00")),
    ],
)
def test_spans_and_dates_are_understood(typed: str, past: bool, meant: datetime) -> None:
    """A span counts from now; a date without a zone is in the person's own."""
    assert datetime.fromisoformat(moment(typed, NOW, past=past)) == meant


@pytest.mark.parametrize("typed", ["yesterday", "", "5", "1y"])
def test_anything_else_is_wrong_with_examples(typed: str) -> None:
    """The message shows what would be right."""
    with pytest.raises(Invalid, match="no time") as caught:
        moment(typed, NOW, past=True)
    assert "90m" in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("03:05", "2026-11-22T03:05:00+01:00"),
        ("3:05", "2026-11-22T03:05:00+01:00"),
        ("23:50", "2026-11-21T23:50:00+01:00"),
        ("03:05Z", "2026-11-22T03:05:00+00:00"),
        ("03:05 UTC", "2026-11-22T03:05:00+00:00"),
        ("23:50+05:30", "2026-11-21T23:50:00+05:30"),
        ("2026-11-20 03:05", "2026-11-20T03:05:00+01:00"),
        ("2026-11-20T03:05 UTC", "2026-11-20T03:05:00+00:00"),
    ],
)
def test_a_time_of_day_is_the_most_recent_one(typed: str, means: str) -> None:
    """In the local zone unless another one is typed; with a date, of that date."""
    assert moment(typed, NOW, past=True) == means


def test_which_time_was_meant_is_said_in_both_zones() -> None:
    """The local one, and UTC beside it."""
    assert WHEN.exactly("2026-11-22T03:05:00+01:00") == "2026-11-22 03:05:00 CET (02:05 UTC)"
    assert WHEN.exactly("2026-11-22T00:05:00+01:00") == "2026-11-22 00:05:00 CET (2026-11-21 23:05 UTC)"
    with pytest.raises(Invalid, match="no time of a day"):
        moment("25:00", NOW, past=True)


def test_a_date_has_the_offset_of_its_own_season(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summer time in summer, whenever it is typed; a zone that does not exist is no reason to fail."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert moment("2026-07-01T03:05", clock().now, past=True).endswith("T03:05:00+02:00")
    assert moment("2026-12-01T03:05", clock().now, past=True).endswith("T03:05:00+01:00")
    monkeypatch.setenv("TZ", "Nowhere/Atall")
    assert clock().now.tzinfo is not None
