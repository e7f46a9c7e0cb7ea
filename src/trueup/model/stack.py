"""Stack: the unit of reconciliation, and how far Trueup may go with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, NewType

from trueup.model.ignores import Ignore
from trueup.model.severity import SeverityRule

StackId = NewType("StackId", str)
"""`stk-` and ten characters; survives renames. The path is an attribute."""

Purpose = Literal["proposal", "delivery", "check", "revert", "destroy"]


class Mode(StrEnum):
    """How far Trueup may go. Everything discovered starts in observe."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    DELIVER = "deliver"

    def allows(self, needed: "Mode") -> bool:
        order = list(Mode)
        return order.index(self) >= order.index(needed)


class Respond(StrEnum):
    """What drift leads to by itself; alert is always included."""

    ALERT = "alert"
    CODIFY = "codify"
    REVERT_MINOR = "revert-minor"
    REVERT = "revert"

    @property
    def needs(self) -> Mode:
        if self is Respond.ALERT:
            return Mode.OBSERVE
        return Mode.PROPOSE if self is Respond.CODIFY else Mode.DELIVER


class Confinement(StrEnum):
    """Whether what a plan runs is kept from the rest of this machine (bubblewrap)."""

    REQUIRED = "required"
    """Where it cannot be, nothing runs. The default of a critical environment."""
    PREFERRED = "preferred"
    """Where it can be. The default of the others."""
    OFF = "off"


@dataclass(frozen=True)
class ApprovalPolicy:
    """How many people must agree. `people` is `anyone`, `owners` or names; an author never counts."""

    count: int = 0
    people: str | tuple[str, ...] = "anyone"
    destroy: int | None = None
    """Approvals for a plan that destroys or replaces; None: the same as `count`."""

    def needed(self, *, destroys: bool) -> int:
        return max(self.count, self.destroy or 0) if destroys else self.count


@dataclass(frozen=True)
class BreakGlassRules:
    """Of one environment; None: the installation's own setting."""

    ttl: timedelta | None = None
    """Without a word of who opens it."""
    longest: timedelta | None = None
    """The most that may be asked for; never more than the installation's."""
    second: bool = False
    """A second person has to confirm."""


@dataclass(frozen=True)
class Escalation:
    """When drift that nobody decided about is told to the next ones: whichever comes first."""

    sightings: int | None = None
    after: timedelta | None = None


@dataclass(frozen=True)
class Environment:
    """The rules of one environment. One that nobody declared counts as critical."""

    name: str
    critical: bool = True
    mode: Mode = Mode.OBSERVE
    respond: Respond = Respond.ALERT
    checks: timedelta | None = None
    """Between two scheduled checks; None: the driver's default."""
    deadline: timedelta = timedelta(hours=48)
    approve: ApprovalPolicy = ApprovalPolicy()
    sandbox: Confinement = Confinement.REQUIRED
    break_glass: BreakGlassRules = BreakGlassRules()
    reverts_per_hour: int | None = None
    """Automatic reverts in this environment; None: the setting's."""
    escalate_after: Escalation | None = None


@dataclass(frozen=True)
class OutputReference:
    """An input that another stack hands over: `networking-prod.vpc_id`."""

    stack: str
    output: str


@dataclass(frozen=True)
class Declaration:
    """A stack as the control repository declares it now, at one commit."""

    name: str
    """Unique and readable: `aws//environments/prod/app`, with `@env` where one directory holds several."""
    repository: str
    """The key below `repositories:`."""
    path: str
    """The directory (or file) in that repository, POSIX, without a leading slash."""
    format: str
    """The key in trueup.yaml that names the technology: terraform, tofu, flyway, ..."""
    driver: str
    environment: Environment
    spec: Any
    """The driver's own frozen spec."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Captures of the pattern: {"env": "prod", "name": "app"}."""
    mode: Mode = Mode.OBSERVE
    respond: Respond = Respond.ALERT
    owner: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Names of stacks that must have delivered first; the stacks of `inputs` are among them."""
    inputs: Mapping[str, OutputReference] = field(default_factory=dict)
    moved_from: str | None = None
    ignores: tuple[Ignore, ...] = ()
    """Of `.driftignore` first, then of the control repository."""
    severities: tuple[SeverityRule, ...] = ()

    def with_environment(self, name: str) -> bool:
        return self.environment.name == name


class Standing(StrEnum):
    """What Trueup knows of a stack's books."""

    UNADOPTED = "unadopted"
    SETTLED = "settled"
    ORPHANED = "orphaned"
    """No longer in Git; still checked, never destroyed implicitly."""
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class Stack:
    """A stack as the store knows it: an identity, the newest declaration and where its books stand."""

    id: StackId
    name: str
    repository: str
    path: str
    driver: str
    environment: str
    standing: Standing = Standing.UNADOPTED
    paused: str | None = None
    """Why a person paused it; a paused stack is checked but neither delivered nor reverted."""
    attempted: str | None = None
    """The newest commit whose delivery began."""
    settled: str | None = None
    """The commit of the newest baseline."""
    delivered_closure: str = ""
    """Digest of the closure of the newest delivery or baseline: another one at the branch's head is pending."""
    generation: int = 0
