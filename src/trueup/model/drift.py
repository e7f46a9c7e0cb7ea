"""Drift: reality left what was settled. Checks look for it; people decide what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from trueup.model.causes import Cause, Difference
from trueup.model.plan import Address
from trueup.model.run import RunId
from trueup.model.severity import Severity as Severity
from trueup.model.stack import StackId

DriftId = NewType("DriftId", str)
"""`dft-` and ten characters."""


class DriftState(StrEnum):
    OPEN = "open"
    CODIFYING = "codifying"
    REVERTING = "reverting"
    TOLERATED = "tolerated"
    IGNORED = "ignored"
    """A rule of the manifest or of `.driftignore` says that nobody needs to know. Still guarded."""
    RESOLVED = "resolved"


class Resolution(StrEnum):
    CODIFIED = "codified"
    REVERTED = "reverted"
    ADOPTED = "adopted"
    RELEASED = "released"
    """A delivery undid it because a named person accepted the loss."""
    VANISHED = "vanished"
    """Somebody undid it by hand."""
    UNDONE = "undone"
    """An apply beside us undid it, and nobody had decided so."""
    FOREIGN = "foreign"
    """A foreign apply whose commit explains it."""


GRAVEST = (Cause.CONFLICT, Cause.UNKNOWN, Cause.GHOST_REVERT, Cause.UNMANAGED)
"""Causes of drift: first what a person has to think about most."""


@dataclass(frozen=True)
class Origin:
    """Who did it, as the live system's own log tells."""

    actor: str
    """The person as `people:` names them, else the identity itself."""
    at: datetime
    event: str
    """Id of the record in the live system's log."""
    name: str = ""
    """What was called: `AuthorizeSecurityGroupIngress`."""
    address: str = ""
    """Where the call came from: an IP address, or a service of the cloud."""
    user_agent: str = ""
    session: str = ""
    """The principal in the live system's words: an ARN."""
    break_glass: str = ""
    """Id of the break-glass under whose session it was done."""


@dataclass(frozen=True)
class Ignored:
    """One path that left its settled value, and the rule that says that nobody needs to know."""

    difference: Difference
    by: str
    """`.driftignore:3`, or the reason that trueup.yaml gives."""


@dataclass(frozen=True)
class Drift:
    """One address that left what was settled, with every path that did. Seen again, it is updated."""

    id: DriftId
    stack: StackId
    address: Address
    kind: str
    differences: tuple[Difference, ...]
    """Without the ignored ones; only of an ignored drift it is empty."""
    fingerprint: str
    """Of the address and its deviating paths and values: the same deviation seen again is the same drift. Ignored
    and quarantined paths are not part of it."""
    state: DriftState
    first_seen: datetime
    last_seen: datetime
    not_before: datetime | None = None
    """The last check that did not have it: it happened between then and `first_seen`."""
    identity: str = ""
    origin: Origin | None = None
    """Who did it, where an event told."""
    severity: Severity = Severity.STRUCTURAL
    because: str = ""
    """Which rule weighed it so."""
    owner: tuple[str, ...] = ()
    """Who must decide, as the manifest or CODEOWNERS says."""
    deadline: datetime | None = None
    """Codified or reverted by then, else it is a breach."""
    sightings: int = 1
    """Checks that saw this deviation."""
    ignored: tuple[Ignored, ...] = ()
    restless: Mapping[str, int] = field(default_factory=dict)
    """Paths to how many looks in a row found another value there, with nobody known to have done it."""
    quarantine: tuple[str, ...] = ()
    """Paths whose value was another one at every look: told once, never responded to, until somebody releases it."""
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
    counting_from: datetime | None = None
    """Since when its deadline counts, where that is not `first_seen`: its tolerance ended, its stack was adopted."""
    reminders: int = 0
    """Reminders of its deadline that were given."""
    escalated_at: datetime | None = None
    breached_at: datetime | None = None
    """When it was found that the deadline had passed."""
    generation: int = 0

    @property
    def cause(self) -> Cause:
        """The gravest of its causes."""
        found = {each.cause for each in (*self.differences, *(each.difference for each in self.ignored))}
        return next((cause for cause in GRAVEST if cause in found), Cause.UNKNOWN)

    @property
    def counts_from(self) -> datetime:
        return self.counting_from or self.first_seen

    @property
    def actor(self) -> str:
        """Who did it; empty where nobody knows yet."""
        return self.origin.actor if self.origin else ""


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
    ignored: int = 0
    """Paths that deviate and that a rule ignores."""
    reason: str = "schedule"
    """schedule, a signal's name, or a person."""
    error: str = ""
    planned_at: datetime | None = None
    """Begin of the newest check that planned, and came to a conclusion."""
    token: str = ""
    """Of everything that check depended on; empty where that cannot be told without planning."""
    vouched_at: datetime | None = None
    """When it was last found unchanged since then, by an equal token and an event stream that lives; no plan was made,
    so nothing else of this row is newer than the plan."""
    foreign: str = ""
    """What was said of a foreign apply: the commit that explains it, or that none does."""


@dataclass(frozen=True)
class Declined:
    """Why a drift cannot be written into code by itself, and what a person should write."""

    address: Address
    reason: str
    suggestion: str = ""
    language: str = ""
    """Of a suggestion that is code, as Markdown calls it: `hcl`; "" for a sentence."""
