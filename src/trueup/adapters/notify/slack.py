"""Slack: chat.postMessage with a bot's token, or an incoming webhook; Block Kit within every documented limit.

https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/reference/block-kit/blocks
"""

import json
from dataclasses import dataclass

from trueup.adapters.notify.posting import Posting
from trueup.model.errors import Rejected, Unavailable
from trueup.model.notice import Notice, Notification
from trueup.model.values import JSON
from trueup.ports.notifier import Delivered, Later
from trueup.render.notices import cut, facts, headline, title, ways_on

HEADER = 150
SECTION = 3_000
BLOCKS = 50
BUDGET = 12_000
"""Characters of all blocks together: messages fail near 13,200, which no document says."""
AGAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
"""Errors of the Web API that pass: they come with 200."""


@dataclass(frozen=True)
class SlackBot:
    token: str
    url: str

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        body = {
            "channel": notification.target,
            **message(notification),
            **({"thread_ts": receipt} if receipt else {}),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "trueup", "event_payload": {"id": notification.id}},
        }
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json; charset=utf-8"}
        posting = Posting("Slack", frozenset({self.token}))
        answer = posting.send(
            "POST", f"{self.url}/chat.postMessage", content=json.dumps(body).encode(), headers=headers
        )
        if isinstance(answer, Later):
            return answer
        try:
            said = json.loads(answer.body)
            error = "" if said["ok"] else str(said["error"])
        except (ValueError, KeyError, TypeError):
            raise Unavailable("Slack answered something that is not its Web API's") from None
        if not error:
            return Delivered(str(said.get("ts", "")))
        if error in ("ratelimited", "rate_limited"):
            return Later(1.0, "Slack wants less")
        if error in AGAIN:
            raise Unavailable(f"Slack said {error}")
        hint = "invite the bot, or name another channel" if error in ("channel_not_found", "not_in_channel") else ""
        raise Rejected(f"Slack refuses {notification.target}: {error}", hint=hint)


@dataclass(frozen=True)
class SlackWebhook:
    """The URL is the secret; it belongs to one channel. Its messages have no name: there are no threads."""

    url: str

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        posting = Posting("Slack's webhook", frozenset({self.url}))
        headers = {"Content-Type": "application/json"}
        answer = posting.send("POST", self.url, content=json.dumps(message(notification)).encode(), headers=headers)
        return answer if isinstance(answer, Later) else Delivered()


def message(notification: Notification) -> JSON:
    """`text` is what a phone shows; the blocks are what is read."""
    head = cut(headline(notification), HEADER)
    blocks: list[JSON] = [{"type": "header", "text": {"type": "plain_text", "text": head}}]
    left, shown = BUDGET - len(head), 0
    reserved = min(1_000, len(escaped(notification.remark))) + 100
    for notice in notification.notices:
        text = cut_escaped(_section(notice), SECTION)
        if len(text) > left - reserved or len(blocks) >= BLOCKS - 2:
            break
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
        left -= len(text)
        shown += 1
    missing = notification.count - shown
    ending = [notification.remark, f"and {missing} more: `trueup what-changed`" if missing else ""]
    if any(ending):
        elements = [{"type": "mrkdwn", "text": cut_escaped(escaped(line), 1_000)} for line in ending if line]
        blocks.append({"type": "context", "elements": elements})
    return {"text": escaped(head), "blocks": blocks}


def _section(notice: Notice) -> str:
    lines = [f"*{escaped(title(notice))}*: {escaped(cut(notice.summary, 1_200))}"]
    lines += [f"{name}: {escaped(cut(value, 200))}" for name, value in facts(notice)]
    if command := ways_on(notice):
        lines.append(f"`{command}`")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """The three characters that Slack gives a meaning: without this a tag's value could call `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut_escaped(text: str, limit: int) -> str:
    """Cut before the limit, and never inside of an entity."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    start = short.rfind("&", len(short) - 5)
    return (short[:start] if start >= 0 and ";" not in short[start:] else short) + "…"
