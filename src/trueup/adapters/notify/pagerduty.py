"""PagerDuty Events API v2: what lasts is an incident that resolves itself; what merely happened is a change event.

https://developer.pagerduty.com/docs/events-api-v2-overview, .../send-change-event
"""

import json
from dataclasses import dataclass

from trueup.adapters.notify.posting import Posting
from trueup.model.ledger import stamp
from trueup.model.notice import Notice, Notification, pages
from trueup.model.values import JSON
from trueup.ports.notifier import Delivered, Later
from trueup.render.notices import cut, facts, headline, plain

SUMMARY = 1_024
DEDUP_KEY = 255
DETAILS = 20_000
"""Characters of the details; the whole event may have 512 KB."""


@dataclass(frozen=True)
class PagerDuty:
    routing_key: str
    url: str

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        first = notification.first
        posting = Posting("PagerDuty", frozenset({self.routing_key}))
        path = "/v2/enqueue" if pages(first.event) else "/v2/change/enqueue"
        body = self._event(notification) if pages(first.event) else self._change(notification)
        headers = {"Content-Type": "application/json"}
        answer = posting.send("POST", self.url + path, content=json.dumps(body).encode(), headers=headers)
        return answer if isinstance(answer, Later) else Delivered(dedup_key(first))

    def _event(self, notification: Notification) -> JSON:
        first = notification.first
        event: dict[str, JSON] = {
            "routing_key": self.routing_key,
            "event_action": "resolve" if first.follows else "trigger",
            "dedup_key": dedup_key(first),
            "client": "Trueup",
        }
        if not first.follows:
            event["payload"] = {**_payload(notification), "severity": _severity(first)}
            if first.name:
                event["payload"] |= {"component": first.name, "group": first.environment or "trueup"}
        return event

    def _change(self, notification: Notification) -> JSON:
        return {"routing_key": self.routing_key, "payload": _payload(notification)}


def dedup_key(notice: Notice) -> str:
    """Equal for the same condition of the same stack, for as long as the stack lives."""
    return f"trueup/{notice.condition}"[:DEDUP_KEY]


def _payload(notification: Notification) -> dict[str, JSON]:
    first = notification.first
    told = dict(facts(first))
    return {
        "summary": cut(f"{headline(notification)}: {first.summary}", SUMMARY),
        "source": first.name or "trueup",
        "timestamp": stamp(first.at),
        "custom_details": {**told, "id": notification.id, "text": cut(plain(notification), DETAILS)},
    }


def _severity(notice: Notice) -> str:
    if notice.kind in ("drift.breached", "run.uncertain", "drift.escalated", "break-glass.escalated"):
        return "critical"
    if not notice.urgent or notice.event in ("approval", "check-overdue", "blind"):
        return "warning"
    return "error"
