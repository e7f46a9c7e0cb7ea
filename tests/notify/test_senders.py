"""Senders against local servers that hold them to the documented shapes and limits."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notify import made, servers
from tests.notify.servers import reply, serving
from trueup.adapters.notify import slack, teams, webhook
from trueup.adapters.notify.jira import Jira
from trueup.adapters.notify.pagerduty import PagerDuty
from trueup.adapters.notify.posting import Posting
from trueup.adapters.notify.slack import SlackBot, SlackWebhook
from trueup.adapters.notify.teams import Teams
from trueup.adapters.notify.webhook import Webhook
from trueup.model.errors import Rejected, Unavailable
from trueup.ports.notifier import Delivered, Later

LONG = "<!channel> & `x` " * 200


@pytest.fixture
def at() -> Iterator[Any]:
    """Starts a service: at(servers.Slack())."""
    with ExitStack() as stack:
        yield lambda service: stack.enter_context(serving(service))


def bot(service: servers.Slack) -> SlackBot:
    return SlackBot(service.token, f"{service.url}/api")


def test_slack_gets_a_message_and_answers_behind_it(at: Any) -> None:
    """A bot writes to the owner's channel; what ends the drift goes into the thread of its first message."""
    service = at(servers.Slack())
    first = bot(service).send(made.notification(), "")
    assert first == Delivered("1700000000.000001")
    bot(service).send(made.notification(made.over()), "1700000000.000001")
    head, tail = service.messages
    assert head["channel"] == "#platform-infra" and "thread_ts" not in head
    assert "8443 was opened by hand" in head["blocks"][1]["text"]["text"]
    assert "trueup drift show dft-0000000001" in head["blocks"][1]["text"]["text"]
    assert tail["thread_ts"] == "1700000000.000001" and "over" in tail["text"]


def test_slack_takes_two_hundred_drifts_as_one_message(at: Any) -> None:
    """The first ones and a count, within all limits, whatever is in the texts; nobody's value calls the channel."""
    service = at(servers.Slack())
    many = [made.notice(number, summary=LONG, reason=LONG, address=LONG) for number in range(20)]
    bot(service).send(made.notification(*many, count=200, remark=LONG), "")
    (message,) = service.messages
    shown = sum(block["type"] == "section" for block in message["blocks"])
    assert shown >= 3
    assert f"and {200 - shown} more" in message["blocks"][-1]["elements"][-1]["text"]
    assert "<!channel>" not in str(message)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=2000), min_size=1, max_size=60), st.text(max_size=500), st.integers(0, 500))
def test_no_text_breaks_a_limit(texts: list[str], remark: str, more: int) -> None:
    """Slack's blocks and the card of Teams stay within their limits for any content."""
    told = [made.notice(number, summary=text, address=text[:300]) for number, text in enumerate(texts)]
    notification = made.notification(*told, count=len(told) + more, remark=remark)
    assert servers.Slack.wrong(slack.message(notification)) == ""
    assert len(teams.message(notification)) <= 28_000


def test_an_incoming_webhook_of_slack_takes_the_same_blocks(at: Any) -> None:
    """The URL is the secret; it gives messages no name."""
    service = at(servers.Slack())
    assert SlackWebhook(f"{service.url}/services/T0/B0/secret").send(made.notification(), "") == Delivered("")
    assert len(service.messages) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(429, {"ok": False}, Retry_After="30"), Later),
        (reply(200, {"ok": False, "error": "ratelimited"}), Later),
        (reply(200, {"ok": False, "error": "internal_error"}), Unavailable),
        (reply(200, {"ok": False, "error": "channel_not_found"}), Rejected),
        (reply(200, {"ok": False, "error": "invalid_auth"}), Rejected),
        (reply(200, b"<html>"), Unavailable),
        (reply(500, b"oops"), Unavailable),
    ],
)
def test_slack_says_no_in_several_ways(at: Any, answer: servers.Reply, expected: type) -> None:
    """What passes is tried again, what does not is not."""
    service = at(servers.Slack(trouble=[answer]))
    try:
        found: object = bot(service).send(made.notification(), "")
    except (Unavailable, Rejected) as error:
        found = error
        assert service.token not in str(error)
    assert type(found) is expected


def test_pagerduty_triggers_once_and_resolves_by_the_same_key(at: Any) -> None:
    """Two drifts of one stack are one incident; the end of the condition resolves it."""
    service = at(servers.PagerDuty())
    pager = PagerDuty(service.key, service.url)
    pager.send(made.notification(made.notice(1), service="pagerduty"), "")
    pager.send(made.notification(made.notice(2, summary="x" * 5000), service="pagerduty"), "")
    ((key, payload),) = service.open.items()
    assert key == "trueup/stk-app:drift" and payload["severity"] == "error"
    pager.send(made.notification(made.over(), service="pagerduty"), key)
    assert service.open == {} and service.resolved == [key]


def test_pagerduty_pages_nobody_for_an_apply(at: Any) -> None:
    """What merely happened is a change event."""
    service = at(servers.PagerDuty())
    told = made.notice(event="finished", kind="run.finished", subject="run-1", condition="stk-app:finished")
    PagerDuty(service.key, service.url).send(made.notification(told), "")
    assert service.open == {} and len(service.changes) == 1


def test_pagerduty_refuses_a_wrong_key(at: Any) -> None:
    """An integration key that is none is never tried again, and not repeated in the error."""
    service = at(servers.PagerDuty())
    with pytest.raises(Rejected, match="400") as caught:
        PagerDuty("f" * 32, service.url).send(made.notification(), "")
    assert "f" * 32 not in str(caught.value)


def jira(service: servers.Jira, done: str = "") -> Jira:
    return Jira(service.url, service.user, service.token, done=done)


def test_jira_gets_one_issue_and_moves_it_when_the_drift_is_resolved(at: Any) -> None:
    """Created, commented on, moved to done; each once, also when an attempt is repeated."""
    service = at(servers.Jira())
    opened = made.notification(service="jira", target="OPS")
    assert jira(service).send(opened, "") == Delivered("OPS-1")
    assert jira(service).send(opened, "") == Delivered("OPS-1"), "found again by its label"
    ended = made.notification(made.over(), service="jira", target="OPS")
    for _ in range(2):
        assert jira(service).send(ended, "OPS-1") == Delivered("OPS-1")
    ((_, issue),) = service.issues.items()
    assert issue["status"] == "done"
    assert len(issue["comments"]) == 2, "one for the repeated creation, one for the end"


def test_jira_takes_the_transition_that_was_named(at: Any) -> None:
    """`done` chooses among several; one that is not offered is said with those that are."""
    service = at(servers.Jira())
    jira(service).send(made.notification(service="jira", target="OPS"), "")
    with pytest.raises(Rejected, match="Start, Close, Won't do"):
        jira(service, "Finish").send(made.notification(made.over(), service="jira", target="OPS"), "OPS-1")
    jira(service, "won't do").send(made.notification(made.over(3), service="jira", target="OPS"), "OPS-1")
    assert service.requests[-1].json == {"transition": {"id": "41"}}


def test_jira_leaves_a_tolerated_drift_open(at: Any) -> None:
    """A tolerance has an end of its own; the issue only hears of it."""
    service = at(servers.Jira())
    jira(service).send(made.notification(service="jira", target="OPS"), "")
    jira(service).send(made.notification(made.over(kind="drift.tolerated"), target="OPS"), "OPS-1")
    assert service.issues["OPS-1"]["status"] == "new" and len(service.issues["OPS-1"]["comments"]) == 1


def test_jira_says_what_it_did_not_like(at: Any) -> None:
    """A project that is not there, and a token that is wrong; neither error holds the token."""
    service = at(servers.Jira())
    with pytest.raises(Rejected, match="project"):
        jira(service).send(made.notification(service="jira", target="NOPE"), "")
    with pytest.raises(Rejected, match="401") as caught:
        Jira(service.url, service.user, "wrong-token").send(made.notification(target="OPS"), "")
    assert "wrong-token" not in str(caught.value)


def test_jira_that_wants_less_is_asked_later(at: Any) -> None:
    """In the middle of several calls too; what was done before is found again."""
    service = at(servers.Jira())
    service.trouble = [reply(429, {}, Retry_After="7")]
    assert jira(service).send(made.notification(target="OPS"), "") == Later(7.0, "Jira answered 429: {}")


def test_teams_gets_a_card(at: Any) -> None:
    """As many notices as there is room for, and the number of the others."""
    service = at(servers.Teams())
    many = [made.notice(number, summary=LONG) for number in range(20)]
    Teams(f"{service.url}/workflows/secret").send(made.notification(*many, count=50), "")
    (card,) = service.cards
    assert "50 notices" in card["body"][0]["text"]
    assert "more" in card["body"][-1]["text"]


def test_a_webhook_is_signed_as_the_standard_says(at: Any) -> None:
    """The receiver verifies it with its own arithmetic; a repetition has the same id."""
    service = at(servers.Receiver(now=lambda: made.NOW.timestamp()))
    hook = Webhook(f"{service.url}/hook?token=x", service.secret, lambda: made.NOW)
    for _ in range(2):
        assert hook.send(made.notification(service="webhook"), "") == Delivered("")
    ((id, document),) = service.taken.items()
    assert id == made.notification().id
    assert document["type"] == "drift.open" and document["data"]["notices"][0]["address"] == "aws_security_group.web"
    with pytest.raises(Rejected, match="401"):
        Webhook(hook.url, "whsec_" + "YWJj" * 8, hook.now).send(made.notification(), "")


def test_the_signature_of_the_standards_own_example() -> None:
    """The known answer that libraries of Standard Webhooks test themselves with."""
    secret, id, stamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330"
    said = webhook.signature(secret, id, stamp, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_redirect_is_not_followed(at: Any) -> None:
    """A token is never carried to another address."""
    service = at(servers.Slack(trouble=[reply(302, b"", Location="http://127.0.0.1:1/")]))
    with pytest.raises(Rejected, match="somewhere else"):
        bot(service).send(made.notification(), "")
    assert len(service.requests) == 1


def test_nobody_listens() -> None:
    """Connection refused may pass."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hidden-token"
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            Teams(url).send(made.notification(), "")
    assert "hidden-token" not in str(caught.value)


def test_a_receiver_that_says_nothing_has_an_end() -> None:
    """It accepts and is silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        posting = Posting("it", frozenset(), timeout=0.2)
        with pytest.raises(Unavailable, match=r"does not answer within 0\.2 s"):
            posting.send("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_a_receiver_without_tls_is_said(at: Any) -> None:
    """https to something that speaks none; the message names the service, not the address."""
    service = at(servers.Teams())
    with pytest.raises(Unavailable, match="Teams cannot be reached"):
        Teams(service.url.replace("http:", "https:") + "/secret").send(made.notification(), "")


@pytest.mark.parametrize("address", ["ftp://x/", "not an address", "https://"])
def test_an_address_that_is_none_is_never_tried_again(address: str) -> None:
    """A secret that holds something else than a URL."""
    with pytest.raises((Rejected, Unavailable)) as caught:
        Teams(address).send(made.notification(), "")
    assert isinstance(caught.value, Rejected), caught.value


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_seconds_or_a_date(at: Any, form: str) -> None:
    """Both forms of RFC 9110."""
    value = "30" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)
    service = at(servers.Teams(trouble=[reply(503, b"busy", Retry_After=value)]))
    later = Teams(f"{service.url}/x").send(made.notification(), "")
    assert isinstance(later, Later)
    assert later.seconds == 30 if form == "seconds" else later.seconds > 86_400


def test_what_is_tried_creates_no_page(at: Any) -> None:
    """`trueup notifications test` is a record."""
    service = at(servers.PagerDuty())
    told = replace(made.notice(), event="finished", kind="notification.tried", subject="ntf-x", stack="", name="")
    PagerDuty(service.key, service.url).send(made.notification(told), "")
    assert service.open == {} and len(service.changes) == 1
