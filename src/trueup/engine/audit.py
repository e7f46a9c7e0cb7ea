"""Audit of ourselves: what live systems recorded of Trueup's own sessions, and whether any wrote without a run's
apply."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trueup.model.break_glass import of_session
from trueup.model.errors import Invalid
from trueup.model.run import RunId
from trueup.ports.store import LedgerFilter, Store

SECOND = timedelta(seconds=1)
LONGEST = timedelta(hours=1)
"""Between the ledger's entry of a tool and what that writes first."""
SESSION = "trueup-"
"""Role sessions of ours are named so, with the run's, check's or proof's id behind it."""
CONNECTION = "trueup "
"""Connections to databases are called so, with the run's id or a plan's purpose behind it."""
DATABASES = "postgresql:"
"""How the identity of a database's connection begins: `postgresql:USER@DATABASE/APPLICATION`."""


@dataclass(frozen=True)
class Activity:
    """Everything that one identity did, as the cloud saw it."""

    identity: str
    ours: bool
    session: str
    """The id behind our session's name; "" for others."""
    reads: int
    writes: Mapping[str, int]
    """`ec2:CreateVpc` to how often."""
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Audit:
    activities: Sequence[Activity]
    violations: Sequence[str]
    """Writes of ours that no apply explains; must be empty."""

    @property
    def wrote(self) -> int:
        return sum(sum(each.writes.values()) for each in self.activities if each.ours)


def audit(records: Iterable[Mapping[str, Any]], store: Store) -> Audit:
    """`records` are CloudTrail records (eventVersion 1.x: eventTime, eventSource, eventName, readOnly,
    userIdentity.arn), or what was made of a database's log in their form. A session of ours may write only for a run
    that began to apply, for a tool that the ledger names, or under an open break-glass. Raises Invalid."""
    by_identity: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_identity.setdefault(_identity(record), []).append(record)
    activities = [_activity(identity, found) for identity, found in sorted(by_identity.items())]
    violations = []
    for activity in activities:
        wrote = [_time(record) for record in by_identity[activity.identity] if not record.get("readOnly", False)]
        if activity.ours and wrote and not _may_write(activity, wrote, store):
            named = ", ".join(f"{count}x {action}" for action, count in sorted(activity.writes.items()))
            when = (
                "outside of its break-glass" if of_session(activity.identity) else "although nothing was being applied"
            )
            violations.append(f"{activity.identity} wrote {when}: {named}")
    return Audit(activities, violations)


def _may_write(activity: Activity, wrote: Sequence[datetime], store: Store) -> bool:
    """A run that began to apply, a tool that a person used, or a person under break-glass while it was open."""
    id = of_session(activity.identity)
    with store.transaction() as tx:
        if id is None:
            begun = any(entry.event == "begin" for entry in tx.journal(RunId(activity.session)))
            then = LedgerFilter(kind="stack.tool", since=activity.first - LONGEST, until=activity.last + SECOND)
            return begun or any(each.draft.details.get("session") == activity.session for each in tx.entries(then))
        glass = tx.break_glass(id)
    # CloudTrail cuts times to whole seconds.
    return glass is not None and all(glass.contains(at) or glass.contains(at + SECOND) for at in wrote)


def _identity(record: Mapping[str, Any]) -> str:
    try:
        who = record["userIdentity"]
        return str(who.get("arn") or who.get("accessKeyId") or "unknown")
    except (KeyError, AttributeError, TypeError):
        raise Invalid(
            "this is not a CloudTrail record: it has no userIdentity", hint="one JSON object a line"
        ) from None


def _activity(identity: str, records: Sequence[Mapping[str, Any]]) -> Activity:
    name = identity.rpartition("/")[2]
    mark = CONNECTION if identity.startswith(DATABASES) else SESSION
    ours = name.startswith(mark) and (mark == CONNECTION or ":assumed-role/" in identity)
    times = sorted(_time(record) for record in records)
    writes = Counter(_action(record) for record in records if not record.get("readOnly", False))
    return Activity(
        identity=identity,
        ours=ours,
        session=name.removeprefix(mark).partition(" ")[0] if ours else "",
        reads=len(records) - sum(writes.values()),
        writes=dict(writes),
        first=times[0],
        last=times[-1],
    )


def _action(record: Mapping[str, Any]) -> str:
    return f"{str(record.get('eventSource', '')).partition('.')[0]}:{record.get('eventName', '?')}"


def _time(record: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(record["eventTime"]).replace("Z", "+00:00"))
    except (KeyError, ValueError):
        raise Invalid(f"a record of {record.get('eventName', 'an event')} has no eventTime") from None
