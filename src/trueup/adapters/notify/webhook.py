"""Webhooks: JSON, signed as Standard Webhooks (https://www.standardwebhooks.com) describes: headers, signature v1."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trueup.adapters.notify.posting import Posting
from trueup.model.ledger import stamp
from trueup.model.notice import Notification
from trueup.model.values import JSON
from trueup.ports.notifier import Delivered, Later
from trueup.render.encoding import to_json

PREFIX = "whsec_"


@dataclass(frozen=True)
class Webhook:
    url: str
    """Counts as a secret: many hold one."""
    secret: str
    now: Callable[[], datetime]

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        content = json.dumps(document(notification), ensure_ascii=False).encode()
        seconds = str(int(self.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": notification.id,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(self.secret, notification.id, seconds, content),
        }
        posting = Posting("the webhook", frozenset({self.url, self.secret}))
        answer = posting.send("POST", self.url, content=content, headers=headers)
        return answer if isinstance(answer, Later) else Delivered()


def signature(secret: str, id: str, timestamp: str, content: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over `id.timestamp.content`."""
    signed = hmac.new(key_of(secret), f"{id}.{timestamp}.".encode() + content, hashlib.sha256)
    return "v1," + base64.b64encode(signed.digest()).decode()


def key_of(secret: str) -> bytes:
    """The bytes behind `whsec_`; of any other text its own."""
    try:
        return (
            base64.b64decode(secret.removeprefix(PREFIX), validate=True)
            if secret.startswith(PREFIX)
            else secret.encode()
        )
    except binascii.Error:
        return secret.encode()


def document(notification: Notification) -> JSON:
    """`type` is the ledger's kind of the first notice."""
    first = notification.first
    return {
        "type": first.kind,
        "timestamp": stamp(first.at),
        "data": {
            "id": notification.id,
            "count": notification.count,
            "notices": [to_json(each) for each in notification.notices],
        },
    }
