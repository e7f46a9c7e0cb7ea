"""Teams: a Workflows URL with an Adaptive Card. A message may have about 28 KB.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

import json
from dataclasses import dataclass

from trueup.adapters.notify.posting import Posting
from trueup.model.notice import Notice, Notification
from trueup.model.values import JSON
from trueup.ports.notifier import Delivered, Later
from trueup.render.notices import cut, facts, headline, title, ways_on

LARGEST = 28_000
"""Bytes of the whole message."""


@dataclass(frozen=True)
class Teams:
    """The URL is the secret."""

    url: str

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        posting = Posting("Teams", frozenset({self.url}))
        answer = posting.send(
            "POST", self.url, content=message(notification), headers={"Content-Type": "application/json"}
        )
        return answer if isinstance(answer, Later) else Delivered()


def message(notification: Notification) -> bytes:
    """With as many notices as there is room for."""
    for shown in range(len(notification.notices), -1, -1):
        made = json.dumps(_message(notification, notification.notices[:shown])).encode()
        if len(made) <= LARGEST:
            return made
    return made


def _message(notification: Notification, shown: tuple[Notice, ...]) -> JSON:
    missing = notification.count - len(shown)
    head = {
        "type": "TextBlock",
        "size": "Medium",
        "weight": "Bolder",
        "wrap": True,
        "text": cut(headline(notification), 300),
    }
    body: list[JSON] = [head, *(part for notice in shown for part in _parts(notice))]
    remarks = [notification.remark, f"and {missing} more: trueup what-changed" if missing else ""]
    body += [{"type": "TextBlock", "isSubtle": True, "wrap": True, "text": text} for text in remarks if text]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _parts(notice: Notice) -> list[JSON]:
    told = [{"title": name, "value": cut(value, 200)} for name, value in facts(notice)]
    if command := ways_on(notice):
        told.append({"title": "more", "value": command})
    text = {"type": "TextBlock", "wrap": True, "text": f"**{title(notice)}**: {_plain(cut(notice.summary, 1_200))}"}
    return [text, {"type": "FactSet", "facts": told}]


def _plain(text: str) -> str:
    """Without what Markdown would make links, images or emphasis of."""
    return "".join("\\" + each if each in "\\[]*_`<>" else each for each in text)
