"""Notifier: one service that people or machines are told by."""

from dataclasses import dataclass
from typing import Protocol

from trueup.model.notice import Notification


@dataclass(frozen=True)
class Delivered:
    receipt: str = ""
    """What the service calls the message or issue, to write behind it: empty where it has no such name."""


@dataclass(frozen=True)
class Later:
    """The service is there and wants less: it said when to come back."""

    seconds: float
    why: str


class Notifier(Protocol):
    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        """At least once, with `notification.id` as the key of repetitions wherever the service knows such a thing.
        `receipt` is what an earlier `send` about the same subject to the same place answered; empty for the first.

        Raises Unavailable (no answer: again later), Rejected (the service said no: never again), Invalid (a
        reference that leads nowhere, nothing configured). No message of an error holds a secret or a secret's URL."""
        ...
