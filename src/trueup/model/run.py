"""Run: one walk for one stack, and the one table of what may follow what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from trueup.model.errors import Broken
from trueup.model.people import Approval, Release
from trueup.model.plan import Finding, Loss
from trueup.model.stack import StackId
from trueup.model.values import JSON, Digest

RunId = NewType("RunId", str)
"""`run-` and ten characters, sortable by time."""


class RunKind(StrEnum):
    PROPOSAL = "proposal"
    DELIVERY = "delivery"
    REVERT = "revert"
    DESTROY = "destroy"


class RunState(StrEnum):
    QUEUED = "queued"
    DEFERRED = "deferred"
    PLANNING = "planning"
    JUDGING = "judging"
    BLOCKED = "blocked"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    APPLYING = "applying"
    UNCERTAIN = "uncertain"
    RECOVERING = "recovering"
    VERIFYING = "verifying"
    FINISHED = "finished"
    FAILED = "failed"
    REFUSED = "refused"
    DISCARDED = "discarded"
    SUPERSEDED = "superseded"

    @property
    def ended(self) -> bool:
        return not LEGAL[self]

    @property
    def parked(self) -> bool:
        """Waiting for a person; no worker holds it."""
        return self in (RunState.BLOCKED, RunState.AWAITING_APPROVAL, RunState.DEFERRED)

    @property
    def begun(self) -> bool:
        """An effect may have reached the live system: a newer commit does not supersede it any more."""
        return self in (RunState.APPLYING, RunState.UNCERTAIN, RunState.RECOVERING, RunState.VERIFYING)


_S = RunState
LEGAL: Mapping[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.PLANNING, _S.DEFERRED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.DEFERRED: frozenset({_S.QUEUED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.PLANNING: frozenset({_S.JUDGING, _S.QUEUED, _S.FAILED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.JUDGING: frozenset(
        {
            _S.AWAITING_APPROVAL,
            _S.APPROVED,
            _S.BLOCKED,
            _S.REFUSED,
            _S.FINISHED,
            _S.QUEUED,
            _S.FAILED,
            _S.SUPERSEDED,
            _S.DISCARDED,
        }
    ),
    _S.BLOCKED: frozenset({_S.QUEUED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.AWAITING_APPROVAL: frozenset({_S.APPROVED, _S.REFUSED, _S.QUEUED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.APPROVED: frozenset({_S.APPLYING, _S.QUEUED, _S.SUPERSEDED, _S.DISCARDED}),
    _S.APPLYING: frozenset({_S.JUDGING, _S.QUEUED, _S.VERIFYING, _S.FAILED, _S.UNCERTAIN}),
    _S.UNCERTAIN: frozenset({_S.RECOVERING}),
    _S.RECOVERING: frozenset({_S.VERIFYING, _S.FAILED, _S.UNCERTAIN}),
    _S.VERIFYING: frozenset({_S.FINISHED, _S.VERIFYING, _S.UNCERTAIN}),
    _S.FINISHED: frozenset(),
    _S.FAILED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.DISCARDED: frozenset(),
    _S.SUPERSEDED: frozenset(),
}


def check_move(before: RunState, after: RunState) -> None:
    """Raises Broken for a move that the table does not have. Staying is no move: an approval only adds to a row."""
    if after is not before and after not in LEGAL[before]:
        raise Broken(f"a run cannot go from {before} to {after}")


@dataclass(frozen=True)
class ChangeSummary:
    """One planned change as people see it in lists and comments; values are already masked."""

    address: str
    kind: str
    action: str
    differences: tuple["DifferenceSummary", ...] = ()


@dataclass(frozen=True)
class DifferenceSummary:
    path: str
    cause: str
    settled: JSON = None
    real: JSON = None
    desired: JSON = None


@dataclass(frozen=True)
class Urgency:
    """Ahead of the queue, for a reason and by two people. Changes the order and nothing else: the gate stays."""

    person: str
    reason: str
    at: datetime
    second: str = ""
    """Another person, who agrees; until then it waits its turn."""
    second_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    id: RunId
    stack: StackId
    kind: RunKind
    state: RunState
    revision: str
    created_at: datetime
    updated_at: datetime
    requested_by: str
    reason: str = ""
    ticket: str = ""
    request: int | None = None
    """Number of the change request that it came from, in the stack's repository."""
    authors: tuple[str, ...] = ()
    """Everyone in baseline..head, the opener, the requester of a codification: none of them may approve."""
    generation: int = 0
    """Counts transitions; every one compares and sets it."""
    effect: Digest | None = None
    basis: Digest | None = None
    changes: tuple[ChangeSummary, ...] = ()
    losses: tuple[Loss, ...] = ()
    findings: tuple[Finding, ...] = ()
    approvals_needed: int = 0
    approvers: str | tuple[str, ...] = "anyone"
    approvals: tuple[Approval, ...] = ()
    releases: tuple[Release, ...] = ()
    reverts: tuple[str, ...] = ()
    """Of a revert: ids of the drifts that it may undo."""
    waiting_for: tuple[str, ...] = ()
    """Of a deferred run: names of the stacks that go first."""
    superseded_by: RunId | None = None
    attempts: int = 0
    not_before: datetime | None = None
    """After Unavailable: when to try again."""
    converged: bool | None = None
    """Of a finished delivery: did the plan after the apply come out empty?"""
    error: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    urgency: Urgency | None = None

    @property
    def urgent(self) -> bool:
        """Two people want it ahead of the queue."""
        return self.urgency is not None and bool(self.urgency.second)

    @property
    def destroys(self) -> bool:
        return any(change.action in ("delete", "replace") for change in self.changes)
