"""Plan -> JudgedPlan -> ApprovedPlan: what would change, what is said about it, and that people agreed.

Only the stage of that name builds a JudgedPlan or an ApprovedPlan (a test checks it), and none of the three is
ever read back from storage: another process makes them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

from trueup.model.address import Address as Address
from trueup.model.causes import Cause, Difference
from trueup.model.child import Child
from trueup.model.closure import Closure
from trueup.model.errors import Place
from trueup.model.people import Approval
from trueup.model.shape import ANY, Shape
from trueup.model.stack import Purpose
from trueup.model.values import JSON, Digest, digest

StepId = NewType("StepId", str)

OUTPUT = "output"
"""The kind of a stack's outputs, which are addressed `output.NAME`: they change and are approved like anything else."""


class Action(StrEnum):
    NOTHING = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    """Leave it alive and stop managing it."""

    @property
    def destroys(self) -> bool:
        return self in (Action.REPLACE, Action.DELETE)


@dataclass(frozen=True)
class Resource:
    """One live thing as it is now (R), or was settled (S): secret leaves masked, empty values left as they are."""

    kind: str
    values: JSON
    identity: str = ""
    """The live system's own name for it (an ARN, an id), where it has one."""


@dataclass(frozen=True)
class PlannedChange:
    """What the plan would do at one address. `before` is R, `after` is D with UNKNOWN leaves."""

    address: Address
    kind: str
    action: Action
    before: JSON
    after: JSON
    reason: str = ""
    """Why it is replaced or deleted, in the technology's words."""
    moved_from: Address | None = None
    imported: bool = False

    @property
    def word(self) -> str:
        """What people call it: an import or a move that changes nothing is not nothing."""
        if self.action is not Action.NOTHING:
            return str(self.action)
        return "import" if self.imported else "move" if self.moved_from else str(self.action)


@dataclass(frozen=True)
class Step:
    """One indivisible effect of an apply: Terraform's whole apply, one statement, one zone, one wave."""

    id: StepId
    summary: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True)
class LiveIdentity:
    """What moves when somebody else writes: state lineage and serial, catalog hash, zone hash, inventory."""

    values: Mapping[str, str] = field(default_factory=dict)
    proves: bool = True
    """As a token: an equal one says that nobody changed anything. False: only another one says something."""

    @property
    def exists(self) -> bool:
        return bool(self.values)


@dataclass(frozen=True)
class Basis:
    """What a plan was made from. Moved: plan again."""

    revision: str
    closure: Closure
    inputs: Digest
    """Of variables and their values; keyed, so that it tells nothing."""
    live: LiveIdentity
    engine: str
    """`terraform 1.11.4`."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """Provider address to version and hashes."""

    @property
    def digest(self) -> Digest:
        return digest(
            {
                "closure": self.closure.digest,
                "inputs": self.inputs,
                "live": dict(self.live.values),
                "engine": self.engine,
                "providers": dict(self.providers),
            }
        )


@dataclass(frozen=True)
class Finding:
    """Something that a person should know, or that stops the run when `stops` says so."""

    code: str
    message: str
    place: Place | None = None
    hint: str = ""
    stops: bool = False
    approvals: int = 0
    """How many people must agree because of it, at least, whatever the environment asks for otherwise."""
    more: int = 0
    """How many people more than that must agree because of it."""


@dataclass(frozen=True)
class Plan:
    """What the code wants against what is real, at one moment."""

    purpose: Purpose
    basis: Basis
    changes: tuple[PlannedChange, ...]
    """Without no-ops, in the order of their addresses."""
    real: Mapping[Address, Resource]
    """R of every managed address that is live, outputs included."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """By kind of resource."""
    sets: Mapping[Address, frozenset[str]] = field(default_factory=dict)
    """Top-level attributes and blocks that the code sets. An address that is missing: everything is; one with none is
    not the code's at all, so that its coming or going by hand is drift that no plan undoes."""
    ignored: Mapping[Address, frozenset[str]] = field(default_factory=dict)
    """Top-level names that the code tells the technology not to look at; `*` is all of them. Never among `sets`."""
    explained: Mapping[Address, JSON] = field(default_factory=dict)
    """Where the code is steps and no state: what those steps make of what was settled, None for nothing, changes by
    hand left out. A path at which that is real is the code's doing; whatever else left S did so by hand."""
    stored: Mapping[Address, Resource] | None = None
    """The stored state before the refresh, where the technology has one: a provisional S when there is no baseline."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Contents that act without showing in a value (a provisioner's script): a name to a digest."""
    children: tuple[Child, ...] | None = None
    """Live parts of the managed things that may be resources of their own. None: nobody looked."""
    watched: frozenset[str] = frozenset()
    """Where children were looked for with success: PARENT/KIND. Of other places nothing is known."""
    told: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    """Attributes of a parent that the code leaves out and that its children tell better, each with their kind."""
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    artifact: Any = None
    """What the session applies; lives and dies with the session, never stored."""

    def shape_of(self, kind: str) -> Shape:
        return self.shapes.get(kind, ANY)

    def desired(self, address: Address) -> JSON:
        """D: what the code wants at an address; R where nothing is planned."""
        change = self.change_at(address)
        if change is not None:
            return change.after
        resource = self.real.get(address)
        return resource.values if resource else None

    def change_at(self, address: Address) -> PlannedChange | None:
        return next((change for change in self.changes if change.address == address), None)

    @property
    def empty(self) -> bool:
        return not self.changes

    @property
    def idle(self) -> bool:
        """Nothing live would change: what is planned only takes things in or renames them."""
        return all(change.action is Action.NOTHING for change in self.changes)

    @property
    def destroys(self) -> bool:
        return any(change.action.destroys for change in self.changes)

    @property
    def effect(self) -> Digest:
        """Digest of what would happen: approvals bind to it. Not of sources or inputs as such."""
        return digest(
            {
                "changes": [
                    [change.address, change.action, change.before, change.after, change.moved_from, change.imported]
                    for change in sorted(self.changes, key=lambda change: change.address)
                ],
                "unseen": dict(self.unseen),
            }
        )


@dataclass(frozen=True)
class AttributedChange:
    """What differs at one address and why. `planned` is None for drift that the plan would leave alone."""

    address: Address
    kind: str
    planned: PlannedChange | None
    differences: tuple[Difference, ...]
    identity: str = ""

    def having(self, *causes: Cause) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if difference.cause in causes)


@dataclass(frozen=True)
class AttributedPlan:
    plan: Plan
    changes: tuple[AttributedChange, ...]
    provisional: bool
    """There is no baseline: S is the stored state before the refresh, or nothing."""

    @property
    def drifted(self) -> tuple[AttributedChange, ...]:
        """Where reality left what was settled, whether or not the plan touches it."""
        return tuple(change for change in self.changes if self.drift_of(change))

    def drift_of(self, change: AttributedChange) -> tuple[Difference, ...]:
        """Before a stack is adopted only what an apply would undo: one resource's apply that filled another's list
        looks like a change by hand to a stored state that nobody refreshed since."""
        return tuple(
            each for each in change.differences if (each.cause.is_guarded if self.provisional else each.cause.is_drift)
        )


@dataclass(frozen=True)
class Loss:
    """A difference that an apply would undo without anybody having decided so."""

    address: Address
    difference: Difference
    drift: str | None = None
    """Id of the drift record, where there is one."""
    tolerated: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a plan, before any person is asked."""

    losses: tuple[Loss, ...] = ()
    """Not released: the run is blocked."""
    refusals: tuple[Finding, ...] = ()
    """Rules that said no."""
    approvals_needed: int = 0
    approvers: str | tuple[str, ...] = "anyone"
    why: tuple[str, ...] = ()
    """One line for each reason that raised `approvals_needed`."""

    @property
    def blocked(self) -> bool:
        return bool(self.losses)

    @property
    def refused(self) -> bool:
        return bool(self.refusals)


@dataclass(frozen=True)
class JudgedPlan:
    attributed: AttributedPlan
    verdict: Verdict

    @property
    def plan(self) -> Plan:
        return self.attributed.plan


@dataclass(frozen=True)
class ApprovedPlan:
    judged: JudgedPlan
    approvals: tuple[Approval, ...]

    @property
    def plan(self) -> Plan:
        return self.judged.plan


class Outcome(StrEnum):
    """What became of one address in an apply."""

    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """Begun, and nobody saw the end."""


@dataclass(frozen=True)
class Applied:
    """What the writes returned; never a later read, which would absorb somebody's concurrent change."""

    complete: bool
    resources: Mapping[Address, Resource]
    """S of every address as the writes left it."""
    outcomes: Mapping[Address, Outcome]
    live: LiveIdentity
    error: str = ""
    """The live system's words when not complete, redacted."""
    unsaved: bool = False
    """What was written is not where the next plan would look (a state that its backend did not take): only recovery
    may go on from here."""
    notes: tuple[str, ...] = ()
    """What somebody should hear of although it is no error: it took longer than expected."""
