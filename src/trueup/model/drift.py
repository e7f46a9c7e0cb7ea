"""Drift: reality left what was settled. Checks look for it; people decide what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from trueup.model.causes import Difference
from trueup.model.plan import Address
from trueup.model.run import RunId
from trueup.model.stack import StackId

DriftId = NewType("DriftId", str)
"""`dft-` and ten characters."""


class DriftState(StrEnum):
    OPEN = "open"
    CODIFYING = "codifying"
    REVERTING = "reverting"
    TOLERATED = "tolerated"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    CODIFIED = "codified"
    REVERTED = "reverted"
    ADOPTED = "adopted"
    RELEASED = "released"
    """A delivery undid it because a named person accepted the loss."""
    VANISHED = "vanished"
    """Somebody undid it by hand."""
    FOREIGN = "foreign"
    """A foreign apply whose commit explains it."""


@dataclass(frozen=True)
class Drift:
    """One address that left what was settled, with every path that did. Seen again, it is updated."""

    id: DriftId
    stack: StackId
    address: Address
    kind: str
    differences: tuple[Difference, ...]
    fingerprint: str
    """Of the address and its deviating paths and values: the same deviation seen again is the same drift."""
    state: DriftState
    first_seen: datetime
    last_seen: datetime
    not_before: datetime | None = None
    """The last check that did not have it: it happened between then and `first_seen`."""
    identity: str = ""
    actor: str = ""
    """Who did it, where an event told; else empty."""
    provisional: bool = False
    """Seen before the stack was adopted."""
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    request: int | None = None
    """The change request that codifies it."""
    requested_by: str = ""
    run: RunId | None = None
    """The revert or delivery that ended it."""
    earlier: DriftId | None = None
    """Its earlier life, when it came back."""
    generation: int = 0


class CheckState(StrEnum):
    DUE = "due"
    CHECKING = "checking"
    CLEAN = "clean"
    DRIFTED = "drifted"
    INVALIDATED = "invalidated"
    """The baseline or the live identity moved meanwhile: nothing is concluded."""
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One look for drift. Not a run: it holds no lease and changes nothing."""

    stack: StackId
    state: CheckState
    due_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_clean_at: datetime | None = None
    """End of the newest check that found no drift."""
    completed_at: datetime | None = None
    """End of the newest check that came to a conclusion, clean or drifted: its age is how long nobody has looked."""
    revision: str = ""
    pending: int = 0
    """Changes that are merged and not applied: never drift."""
    drifted: int = 0
    reason: str = "schedule"
    """schedule, a signal's name, or a person."""
    error: str = ""
    foreign: str = ""
    """What was said of a foreign apply: the commit that explains it, or that none does."""
