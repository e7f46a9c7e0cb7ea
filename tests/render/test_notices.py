"""Notifications as text: one line for a phone, and everything for whoever reads on."""

from dataclasses import replace

from tests.notify import made
from trueup.model.notice import EVENTS
from trueup.render.notices import TITLES, headline, plain, title


def test_a_headline_says_what_and_where_or_how_many() -> None:
    """One, several of one stack, several stacks, a digest."""
    one, two = made.notice(1), made.notice(2)
    assert headline(made.notification(one)) == "Drift: infra//prod/app"
    assert headline(made.notification(one, two)) == "2 notices on infra//prod/app"
    other = replace(two, name="infra//prod/net")
    assert headline(made.notification(one, other, count=200)) == "200 notices on 2 stacks"
    assert headline(made.notification(one, digest=True)) == "While it was quiet: 1 notice"
    assert headline(made.notification(replace(one, name="a\nb", environment=""))) == "Drift: a b"


def test_every_event_has_a_title() -> None:
    """And what ends says so."""
    assert TITLES.keys() == EVENTS.keys()
    assert title(made.over()) == "Drift: over"
    assert title(made.notice(kind="drift.breached", event="deadline")) == "Deadline passed"


def test_the_text_tells_who_what_and_the_command() -> None:
    """What is unknown is left out; what is not shown is counted; what comes back says so."""
    told = made.notice(earlier="dft-0000000009", deadline=made.NOW, reason="incident")
    text = plain(made.notification(told, count=3, remark="nobody owns it"))
    for part in (
        "by: anna",
        "owner: @acme/Platform",
        "deadline: 2026-11-20 12:00 UTC",
        "came back: earlier dft-0000000009",
        "cause: ghost revert",
        "reason: incident",
        "trueup drift show dft-0000000001",
        "and 2 more",
        "nobody owns it",
    ):
        assert part in text
    assert "by:" not in plain(made.notification(replace(told, actor="trueup")))
    assert "trueup" not in plain(made.notification(made.over(actor="anna")))
