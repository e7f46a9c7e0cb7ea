"""Break-glass: a recorded, time-limited permission to change the live system by hand, and what may follow what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from trueup.model.drift import Drift, DriftId
from trueup.model.errors import Broken
from trueup.model.stack import StackId

BreakGlassId = NewType("BreakGlassId", str)
"""`bg-` and ten characters. A role session under it is called `trueup-bg-XXXXXXXXXX-PERSON`."""

_SESSION = re.compile(r"trueup-(bg-[0-9a-z]{10})(?:-|$)")


class Because(StrEnum):
    """Why the live system has to be changed by hand. Under `security` and `down` nobody can wait for a second
    person: it opens at once, and the second person is owed afterwards."""

    OUTAGE = "outage"
    SECURITY = "security"
    DOWN = "down"
    """Trueup itself cannot be used."""

    @property
    def opens_at_once(self) -> bool:
        return self is not Because.OUTAGE


class BreakGlassState(StrEnum):
    REQUESTED = "requested"
    """Waits for its second person; nothing is permitted and nothing is paused yet."""
    OPEN = "open"
    CLOSED = "closed"
    """A person closed it; what was found is being written into code."""
    EXPIRED = "expired"
    """Its time was over; what was found is being written into code."""
    FOLLOWED = "followed"
    """Everything that it left behind is decided, and nobody owes anything any more."""
    WITHDRAWN = "withdrawn"
    """A person took the request back before it was open."""
    LAPSED = "lapsed"
    """No second person came in time."""

    @property
    def ended(self) -> bool:
        return not LEGAL[self]

    @property
    def over(self) -> bool:
        """It was open and is not any more: its follow-up is under way."""
        return self in (BreakGlassState.CLOSED, BreakGlassState.EXPIRED)


_S = BreakGlassState
LEGAL: Mapping[BreakGlassState, frozenset[BreakGlassState]] = {
    _S.REQUESTED: frozenset({_S.OPEN, _S.WITHDRAWN, _S.LAPSED}),
    _S.OPEN: frozenset({_S.CLOSED, _S.EXPIRED}),
    _S.CLOSED: frozenset({_S.FOLLOWED}),
    _S.EXPIRED: frozenset({_S.FOLLOWED}),
    _S.FOLLOWED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.LAPSED: frozenset(),
}


def check_step(before: BreakGlassState, after: BreakGlassState) -> None:
    """Raises Broken for a step that the table does not have. Staying is none."""
    if after is not before and after not in LEGAL[before]:
        raise Broken(f"a break-glass cannot go from {before} to {after}")


@dataclass(frozen=True)
class Extension:
    """More time, once only."""

    person: str
    reason: str
    at: datetime
    until: datetime
    """When it ends now."""


@dataclass(frozen=True)
class Written:
    """One change request that its follow-up opened."""

    stack: StackId
    request: int
    proven: bool
    """False: a draft with the evidence, which a person has to finish."""
    drifts: tuple[DriftId, ...]


@dataclass(frozen=True)
class BreakGlass:
    """Of one stack, or of a whole environment."""

    id: BreakGlassId
    state: BreakGlassState
    because: Because
    reason: str
    requested_by: str
    """The person who works under it: the only one who gets credentials."""
    requested_at: datetime
    ttl: timedelta
    environment: str
    """Of its stacks."""
    stacks: tuple[StackId, ...]
    """Covered ones. Of a whole environment it grows while it is open; a stack that is renamed or moves to another
    environment stays covered, because somebody may have worked on it."""
    whole: bool = False
    """The whole environment, stacks declared later included."""
    ticket: str = ""
    needs_second: bool = False
    asked: str = ""
    """The second person that the first one named; anybody else may confirm as well."""
    second: str = ""
    second_at: datetime | None = None
    opened_at: datetime | None = None
    until: datetime | None = None
    extension: Extension | None = None
    ended_at: datetime | None = None
    """When it stopped being open."""
    ended_by: str = ""
    """A person, or `trueup` when its time was over."""
    retroactive: bool = False
    """Written down afterwards: Trueup was down. `opened_at` and `ended_at` are what a person says."""
    before: Mapping[DriftId, str] = field(default_factory=dict)
    """Drifts that were there when it opened, with their fingerprints: not its own, unless they changed since."""
    looked: tuple[StackId, ...] = ()
    """Stacks whose closing check is done."""
    written: tuple[Written, ...] = ()
    obstacles: Mapping[StackId, str] = field(default_factory=dict)
    """Why a stack's drift could not be written into code."""
    escalations: int = 0
    escalated_at: datetime | None = None
    generation: int = 0

    @property
    def owes_second(self) -> bool:
        return self.needs_second and not self.second

    @property
    def since(self) -> datetime:
        """From when on the follow-up is owed: its end, or when it was written down."""
        return max(self.requested_at, self.ended_at) if self.ended_at else self.requested_at

    @property
    def holds(self) -> bool:
        """Whether deliveries and automatic responses of its stacks wait: while it is open, and until they have been
        looked at afterwards. A look that does not succeed for an hour holds nobody any longer: the walk's own guard
        sees what was done by hand."""
        return self.state is BreakGlassState.OPEN or (self.state.over and not self.escalations)

    def holds_up(self, stack: StackId, environment: str) -> bool:
        if not self.holds or not self.covers(stack, environment):
            return False
        return self.state is BreakGlassState.OPEN or stack not in self.looked

    def made(self, drift: Drift) -> bool:
        """Whether a drift came to be under it: its session did it, or it happened then as far as anybody knows."""
        if drift.stack not in self.stacks or self.opened_at is None:
            return False
        if drift.origin is not None and drift.origin.break_glass:
            return drift.origin.break_glass == self.id
        if drift.id in self.before:
            return self.before[drift.id] != drift.fingerprint
        if drift.origin is not None:
            return self.contains(drift.origin.at)
        ended = self.ended_at or drift.first_seen
        return drift.first_seen >= self.opened_at and (drift.not_before is None or drift.not_before <= ended)

    def covers(self, stack: StackId, environment: str) -> bool:
        return stack in self.stacks or (self.whole and self.environment == environment)

    def contains(self, at: datetime) -> bool:
        """Whether that moment was between its opening and its end."""
        begins, ends = self.opened_at, self.ended_at
        return begins is not None and begins <= at and (ends is None or at <= ends)


def of_session(session: str) -> BreakGlassId | None:
    """The break-glass under whose role session something was done: `session` is the session's name, or an ARN that
    ends in it. None for every other session."""
    found = _SESSION.match(session.rpartition("/")[2])
    return BreakGlassId(found[1]) if found else None
