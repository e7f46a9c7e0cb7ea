"""Driver: what the walk needs from one technology."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from trueup.model.child import Child
from trueup.model.closure import Closure
from trueup.model.drift import Declined, Drift
from trueup.model.plan import Address, Applied, Finding, LiveIdentity, Outcome, Plan, Resource, StepId
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import Purpose, Respond, StackId
from trueup.model.values import JSON
from trueup.ports.tree import Edits, Tree
from trueup.settings import APPLY_LIMIT, PLAN_LIMIT

SpecT = TypeVar("SpecT")
SpecT_contra = TypeVar("SpecT_contra", contravariant=True)


@dataclass(frozen=True)
class Reading:
    """What a stack's files mean, found offline."""

    closure: Closure
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Limits:
    plan: timedelta = PLAN_LIMIT
    apply: timedelta = APPLY_LIMIT
    parallelism: int | None = None


@dataclass(frozen=True)
class Walls:
    """What a job's subprocesses may see of this machine. A driver adds what its technology needs to read."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()


class StateVault(Protocol):
    """Sealed, versioned copies of a state that has no backend of its own."""

    def newest(self) -> bytes | None: ...
    def store(self, content: bytes) -> None: ...


class Fence(Protocol):
    """The lease of this run, as an apply sees it."""

    @property
    def seconds(self) -> float:
        """The whole length of the lease."""
        ...

    def renew(self) -> None:
        """Raises LostLease when somebody else may have it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Job(Generic[SpecT]):
    """Everything that a driver may use for one plan or apply. Nothing else of ours reaches a subprocess."""

    stack: StackId
    name: str
    """The stack's name, for messages."""
    purpose: Purpose
    spec: SpecT
    path: str
    """The stack's directory (or file) in the tree."""
    tree: Tree
    directory: Path
    """The stack's own working directory on this worker; kept between jobs so that a second one is quick, and
    used by one job at a time. Holds nothing that may not be lost."""
    environment: Mapping[str, str]
    """The whole environment for subprocesses: credentials of this purpose, contexts, PATH, HOME. Never ours."""
    inputs: Mapping[str, JSON] = field(default_factory=dict)
    """Values handed over from other stacks' outputs."""
    sensitive_inputs: frozenset[str] = frozenset()
    limits: Limits = Limits()
    hash_secret: Callable[[JSON], str]
    """Keyed hash of a secret leaf (see values.masked)."""
    redact: Callable[[str], str]
    """Removes every secret that this installation holds."""
    log: Callable[[str], None]
    """One line of output; already goes through `redact`."""
    state: StateVault | None = None
    evidence: Path | None = None
    """A durable directory of this run: the supervisor's status, the event log, an errored state."""
    fence: Fence | None = None
    """Given for `open`: an apply hands it to its supervisor."""
    destroy: bool = False
    routine: bool = False
    """One of many that are alike: a program that it starts may stay for the next one with the same credentials."""
    elsewhere: Callable[[frozenset[str]], Iterable[tuple[str, Address, Resource]]] = lambda kinds: ()
    """What other stacks of this driver settled last, of these kinds of resources: the stack's name, address and values.
    A live child of one stack's resource may be another stack's."""
    settled: Callable[[], "Mapping[Address, Resource] | None"] = lambda: None
    """S of this stack: what was settled last, of every address; None before it is adopted. A technology that keeps no
    state of its own has nothing else to tell what somebody changed from what nobody wrote down."""
    agreed: Callable[[], Tree | None] = lambda: None
    """The files of the repository's default branch now: what people agreed to, for what a proposal must not change by
    itself (whose code runs, with which secrets). None where nobody asked for a branch."""
    secret: Callable[[str], str] = lambda reference: reference
    """The value behind a secret reference of the spec (`file:`, `env:`, `awssm:`...); any other text stays as it is.
    From then on `redact` and `log` hide it. Raises Invalid, Rejected, Unavailable."""
    walls: Callable[[], Walls | None] = lambda: None
    """Asked by a driver that runs programs. None: nothing confines them, because nothing here can, or because the
    control repository says so. Raises Refused where the environment requires what this machine cannot do."""


class Journal(Protocol):
    """The engine's record of an apply; checks the fence before it writes, raises LostLease."""

    def begin(self, step: StepId) -> None:
        """Durable before the effect."""
        ...

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None: ...

    def end(self, step: StepId) -> None: ...


class Observation(Protocol):
    def plan(self) -> Plan:
        """Pure: leaves no trace in the live system. Raises Invalid, Rejected, Unavailable."""
        ...


@runtime_checkable
class Session(Observation, Protocol):
    def apply(self, plan: Plan, journal: Journal) -> Applied:
        """Applies a plan that this same session made. Raises Unavailable or Rejected only while nothing has
        begun; afterwards the outcome is in what it returns."""
        ...


class Driver(Protocol[SpecT_contra]):
    name: ClassVar[str]
    specs: ClassVar[Mapping[str, type[Any]]]
    """The key in trueup.yaml (terraform, tofu, flyway, ...) to its pydantic model, frozen."""
    files: ClassVar[tuple[str, ...]]
    """Globs of file names: a directory is a stack only when it directly holds one of them, or holds it in the directory
    below it that the glob names (`db/migration/*.sql`). Empty: any directory."""
    checks: ClassVar[timedelta]
    """Between two scheduled checks unless the environment says otherwise."""
    respond: ClassVar[Respond]
    """What drift leads to when the manifest does not say; lowered to what mode and environment allow."""

    def read(self, tree: Tree, path: str, spec: SpecT_contra) -> Reading:
        """Offline. Raises Invalid with file and line."""
        ...

    def observe(self, job: Job[Any]) -> AbstractContextManager[Observation]:
        """With plan credentials only; the result cannot apply."""
        ...

    def open(self, job: Job[Any]) -> AbstractContextManager[Session]: ...


@dataclass(frozen=True)
class Evidence:
    """What is left of an apply whose worker died: from the journal, the supervisor's log and the live system."""

    gone: bool
    """The old process is proven gone; otherwise nothing may be concluded yet."""
    applied: Applied | None
    """What can be said of every address; None when nothing can."""
    advice: tuple[str, ...] = ()
    """For what stays uncertain: exact commands for a person."""


@dataclass(frozen=True)
class Codification:
    """Edits that make the code want what is real, and what could not be done."""

    edits: Edits
    done: tuple[Address, ...]
    declined: tuple[Declined, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Discovered:
    """A stack that nobody declared, found in a tree."""

    path: str
    format: str
    environment: str = ""
    settings: Mapping[str, JSON] = field(default_factory=dict)
    """Keys for its entry in trueup.yaml: workspace, varFiles, ..."""
    why: str = ""


@dataclass(frozen=True)
class Output:
    """A value that other stacks take as input; raw, so the caller seals it."""

    value: JSON
    sensitive: bool = False


@runtime_checkable
class HandsOver(Protocol):
    def outputs(self, job: Job[Any]) -> Mapping[str, Output]:
        """As the live system has them now, with plan credentials."""
        ...


@runtime_checkable
class Codifies(Protocol):
    def codify(self, job: Job[Any], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
        """Edits to `job.tree`. `plan` is of that tree. `inline` asks for the narrowest edits: literals in place
        of shared variables, after a proof failed."""
        ...


@dataclass(frozen=True)
class Covered:
    """How far live parts of the resources of one kind are looked for beside the plan."""

    kind: str
    resources: int
    children: str = ""
    """The kind of part that is looked for; empty where nothing is."""
    watched: int = 0
    """Resources whose parts were seen, by the inventory or (written inside the resource) by every plan."""
    why: str = ""
    """Why the others are not."""


@runtime_checkable
class Covers(Protocol):
    def coverage(self, plan: Plan) -> Sequence[Covered]:
        """Of every kind of resource in a plan."""
        ...

    def takes_in(self, child: Child, plan: Plan) -> str:
        """The code that would manage a child that nothing manages; empty where it cannot be written."""
        ...


@runtime_checkable
class Recovers(Protocol):
    def recover(self, job: Job[Any], journal: Sequence["JournalEntry"]) -> Evidence:
        """After a worker was lost: ingest what it left, look at the live system, conclude nothing by guessing."""
        ...


@runtime_checkable
class Narrows(Protocol):
    """An Observation that can leave out parts of what it planned: a revert undoes what it names, and nothing else."""

    def narrowed(self, plan: Plan, addresses: Collection[Address]) -> Plan:
        """This session's `plan` with the changes at these addresses only, and those that they cannot do without; to
        be applied in its place. R of everything stays as it was seen. Raises Unavailable when somebody wrote
        meanwhile."""
        ...


@runtime_checkable
class Unlocks(Protocol):
    """A live system with a lock of its own, which a lost process may have left behind."""

    def locked_by(self, job: Job[Any]) -> "Lock | None": ...
    def unlock(self, job: Job[Any], lock: "Lock") -> None: ...


@runtime_checkable
class Probes(Protocol):
    probes: ClassVar[timedelta | None]
    """How often the token is asked for between two checks: another one than at the last check makes a check due. None:
    only when a check is due anyway."""
    complete: ClassVar[bool]
    """An equal token says by itself that nobody changed anything, by hand or otherwise. False: only together with the
    silence of the log that `Hears` understands. One that does not prove (`LiveIdentity.proves`) never does."""

    def token(self, job: Job[Any]) -> LiveIdentity:
        """Costs milliseconds, starts no program. Equal while nobody wrote the live state and a plan for this job would
        be made of the same code and inputs; empty where that cannot be told so cheaply, or where a change by hand
        would be in no log that `Hears` understands. Raises Unavailable, Rejected."""
        ...


@runtime_checkable
class Hears(Protocol):
    hears: ClassVar[str]
    """Whose log it understands: `aws`."""

    def heard(self, document: Mapping[str, Any], received_at: datetime) -> LiveEvent:
        """One record of the live system's log, as it is delivered. Raises Invalid."""
        ...

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        """The names under which that log speaks of these resources."""
        ...


@runtime_checkable
class Logs(Protocol):
    """A live system that keeps its own log of who did what, and has to be asked for it."""

    def logged(self, job: Job[Any], since: datetime) -> Iterable[LiveEvent]:
        """What it wrote down since then, oldest first, with plan credentials. Raises Rejected, Unavailable."""
        ...

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        """The names under which that log speaks of these resources."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """Whose resources a live system's log speaks of: its own (`Logs`), one that is delivered (`Hears`), or one that
    another driver understands, in the words of that one."""

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        """The names under which that log speaks of these resources."""
        ...


@dataclass(frozen=True)
class Tool:
    """Something that a driver can do for a person besides the walk: `trueup db lint`, `trueup dns import`."""

    summary: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Name to meaning; what is left out is not given."""
    writes: bool = False
    """Changes the live system: needs apply credentials and is written into the ledger."""


@dataclass(frozen=True)
class Told:
    """What a tool has to say."""

    text: str
    """For a terminal."""
    data: JSON = None
    """The same for programs."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path in the stack's repository to content: for a person to look at and to commit."""
    passed: bool = True
    """False: what it looked at is not as it should be (`validate`, `lint`, `diff`)."""


@runtime_checkable
class Tools(Protocol):
    tools: ClassVar[Mapping[str, Tool]]

    def use(self, job: Job[Any], tool: str, arguments: Mapping[str, str]) -> Told:
        """With plan credentials, unless the tool writes. Raises Invalid, Refused, Rejected, Unavailable."""
        ...


@runtime_checkable
class Discovers(Protocol):
    """Stacks that nobody declared, found by what files hold."""

    def discover(self, tree: Tree) -> Iterable[Discovered]: ...


@dataclass(frozen=True)
class JournalEntry:
    step: StepId
    event: str
    """begin, report, end"""
    at: Address | None = None
    outcome: Outcome | None = None
    identity: str = ""


@dataclass(frozen=True)
class Lock:
    """A lock of the live system that somebody else holds."""

    id: str
    holder: str
    created: str
    """ISO 8601, as the live system says it."""
    operation: str = ""
