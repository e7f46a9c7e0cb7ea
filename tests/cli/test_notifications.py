"""Notifications and the trend as people see them."""

from tests.cli import nouns
from tests.cli.test_views import _seen
from tests.notify import made
from trueup.cli.views import notifications as views
from trueup.model.notice import NotificationState
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.render.notices import headline


def shown(**more: object) -> JSON:
    noun = made.notification(**more)  # type: ignore[arg-type]
    return {**to_json(noun), "headline": headline(noun)}


def test_a_dead_notification_says_why_and_what_to_do() -> None:
    """In the list by its error; by itself with the ways on."""
    dead = shown(state=NotificationState.DEAD, error="Slack refuses #web: channel_not_found", attempts=1, count=22)
    listed = _seen(views.notifications([dead], nouns.WHEN), 160)
    assert "channel_not_found" in listed and "dead" in listed
    whole = _seen(views.notification(dead, nouns.WHEN), 160)
    assert f"trueup notifications retry {dead['id']}" in whole and "and 21 more" in whole
    assert "8443 was opened by hand" in whole
    assert "Ways on" not in _seen(views.notification(shown(state=NotificationState.SENT), nouns.WHEN))


def test_the_trend_is_a_table_by_week() -> None:
    """With what is open now below."""
    week = {"start": "2026-11-16", "owner": "web", "opened": 3, "resolved": {"codified": 2, "reverted": 1}}
    document = {
        "weeks": [{**week, "breached": 1, "median_hours": 4.5}],
        "open_now": {"web": 2},
        "breached_now": {"web": 1},
    }
    seen = _seen(views.trend(document, nouns.WHEN))
    assert "2 codified, 1 reverted" in seen and "4.5 h" in seen and "2 web" in seen and "1 web" in seen


def test_nothing_is_said_in_words() -> None:
    """An empty list explains itself."""
    assert _seen(views.notifications([], nouns.WHEN)) == "There is no such notification."
    assert "alerts:" in _seen(views.routes([], nouns.WHEN))
    empty = {"weeks": [], "open_now": {}, "breached_now": {}}
    assert "Nothing drifted" in _seen(views.trend(empty, nouns.WHEN))
