"""Notices and notifications: what happened that people want to know, and the messages that tell them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EVENTS: Mapping[str, tuple[str, ...]] = {
    "drift": ("drift.open", "drift.reopened"),
    "attributed": ("drift.attributed",),
    "fights-back": ("drift.fights-back",),
    "quarantined": ("drift.quarantined",),
    "response": ("drift.responding",),
    "held": ("drift.held",),
    "codification": ("drift.codifying", "drift.draft", "drift.proof-outdated"),
    "tolerated": ("drift.tolerated",),
    "resolved": ("drift.resolved.",),
    "undone": ("drift.reverted-by",),
    "deadline": ("drift.reminded", "drift.breached"),
    "escalation": ("drift.escalated", "break-glass.escalated"),
    "blocked": ("run.blocked",),
    "approval": ("run.waiting",),
    "failed": ("run.failed",),
    "uncertain": ("run.uncertain",),
    "refused": ("run.refused",),
    "finished": ("run.finished",),
    "urgent": ("run.urgent",),
    "foreign-apply": ("foreign.apply", "foreign.unexplained"),
    "break-glass": ("break-glass.",),
    "blind": ("signals.blind",),
    "check-overdue": ("check.overdue",),
}
"""What `on:` of an alert may name, and the ledger's kinds that it means; one that ends in a dot means all below it."""

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "drift": ("drift.resolved.", "drift.tolerated", "drift.ignored"),
    "fights-back": ("drift.resumed", "drift.resolved."),
    "quarantined": ("drift.released-from-quarantine", "drift.resolved."),
    "deadline": ("drift.resolved.", "drift.tolerated", "drift.ignored"),
    "escalation": ("drift.resolved.", "drift.tolerated", "drift.ignored", "break-glass.followed"),
    "blocked": ("run.",),
    "approval": ("run.",),
    "failed": ("run.finished",),
    "uncertain": ("run.finished", "run.failed"),
    "break-glass": ("break-glass.followed",),
    "blind": ("signals.back",),
    "check-overdue": ("check.back",),
}
"""The kinds after which what an event told of is over: who was told hears that too, and a page resolves itself."""

SERVICES = ("slack", "teams", "pagerduty", "webhook", "email", "jira")
"""Where a notification can go: keys of an alert."""


def means(kinds: tuple[str, ...], kind: str) -> bool:
    """Is it one of these kinds, or below one that ends in a dot?"""
    return any(kind.startswith(each) if each.endswith(".") else kind == each for each in kinds)


def events_of(kind: str) -> tuple[str, ...]:
    """The events that an entry of the ledger is, of which an alert may ask for any."""
    return tuple(event for event, kinds in EVENTS.items() if means(kinds, kind))


def pages(event: str) -> bool:
    """Does it last until something ends it? The others are records: they page nobody."""
    return event in ENDINGS


@dataclass(frozen=True)
class Notice:
    """One thing that happened, for people. Everything in it was redacted before the ledger got it."""

    event: str
    """A key of EVENTS: the first one that its kind is."""
    kind: str
    """The ledger's."""
    seq: int
    """Of the ledger's entry that it was made from; -1: made to try a route."""
    at: datetime
    summary: str
    subject: str
    """What it is about, for threads and issues: a drift's id, a run's, else the stack's or the source's."""
    stack: str = ""
    """The stack's id."""
    name: str = ""
    environment: str = ""
    severity: str = "structural"
    owner: tuple[str, ...] = ()
    actor: str = ""
    address: str = ""
    cause: str = ""
    reason: str = ""
    deadline: datetime | None = None
    earlier: str = ""
    """The drift's earlier life, when it came back."""
    ends: bool = False
    """Its subject is over, for now: a page or an issue is closed."""
    follows: bool = False
    """It is told only where its subject was told of before."""
    condition: str = ""
    """Of the stack as a whole, for pages: open while any drift of the stack is, `stk-...:drift`."""
    over: bool = False
    """The whole condition is over."""

    @property
    def urgent(self) -> bool:
        """Is it what `severity: structural` asks for? Whatever is not about minor drift."""
        return self.severity != "minor"


class NotificationState(StrEnum):
    HELD = "held"
    """Waits for the end of quiet hours, to become part of a digest."""
    PENDING = "pending"
    SENT = "sent"
    DIGESTED = "digested"
    """Its notices went with a digest."""
    DEAD = "dead"
    """Not delivered, and not tried any more until a person says so."""
    DROPPED = "dropped"
    """A person decided that nobody needs it."""


@dataclass(frozen=True)
class Notification:
    """One message to one place, as the outbox keeps it. Its id is the key by which receivers tell a repetition."""

    id: str
    service: str
    """One of SERVICES."""
    target: str
    """A channel, an address, a project, or a reference to a secret that holds where to; never the secret."""
    notices: tuple[Notice, ...]
    """The first ones; `count` says how many there are."""
    count: int
    state: NotificationState
    created_at: datetime
    due_at: datetime
    position: int = 0
    """What is sent to one place is sent in this order."""
    attempts: int = 0
    error: str = ""
    """Why it was not delivered; redacted."""
    remark: str = ""
    """Why it comes here, where that is not the rule: nobody owns the stack."""
    digest: bool = False
    ended_at: datetime | None = None
    generation: int = 0

    @property
    def place(self) -> str:
        return f"{self.service} {self.target}"

    @property
    def first(self) -> Notice:
        return self.notices[0]


@dataclass(frozen=True)
class Thread:
    """Somebody was told of a subject in a place: what comes next belongs behind it."""

    subject: str
    service: str
    target: str
    receipt: str = ""
    """What the service called the first message: a Slack timestamp, a Jira key, a Message-ID. Empty: not sent yet."""
