"""Store: everything that must survive. One transaction holds a transition, its ledger entry and its baseline."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from trueup.model.baseline import Baseline
from trueup.model.break_glass import BreakGlass, BreakGlassId
from trueup.model.drift import Check, Drift, DriftId
from trueup.model.ledger import Checkpoint, Draft, Entry
from trueup.model.notice import Notification, NotificationState, Thread
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.signal import LiveEvent, Subject, Wake
from trueup.model.stack import Stack, StackId
from trueup.ports.driver import JournalEntry

SEALING_KEY = "sealing-key"
"""The fact that names the key which everything in a store is sealed with."""


class Conflict(Exception):
    """Somebody else changed the row since it was read: read again and decide anew. Never reaches a person."""


@dataclass(frozen=True)
class RunFilter:
    stack: StackId | None = None
    states: frozenset[RunState] = frozenset()
    """Empty: any."""
    kinds: frozenset[RunKind] = frozenset()
    request: int | None = None
    before: str = ""
    """Only runs that are older than the one with this id: for reading on."""
    limit: int = 100


@dataclass(frozen=True)
class LedgerFilter:
    since: datetime | None = None
    until: datetime | None = None
    stack: str = ""
    environment: str = ""
    actor: str = ""
    kind: str = ""
    """A prefix: `drift.` takes every entry about drift."""
    run: str = ""
    after: int = -1
    """Only entries with a greater seq: for reading on."""
    newest: bool = False
    """Of more than `limit` the newest ones; still oldest first."""
    limit: int = 1000


@dataclass(frozen=True)
class NotificationFilter:
    states: frozenset[NotificationState] = frozenset()
    """Empty: any."""
    service: str = ""
    target: str = ""
    limit: int = 200


class Transaction(Protocol):
    """Reads see what the transaction wrote; everything is written at its end or not at all.

    `put_*` compares `generation` with the stored row (0: it must be new), raises Conflict, and stores the next
    generation, which it answers.
    """

    # stacks
    def stack(self, id: StackId) -> Stack | None: ...
    def stack_named(self, name: str) -> Stack | None: ...
    def stacks(self) -> Sequence[Stack]: ...
    def put_stack(self, stack: Stack) -> Stack: ...

    # runs
    def run(self, id: RunId) -> Run | None: ...
    def runs(self, wanted: RunFilter) -> Sequence[Run]:
        """Newest first."""
        ...

    def run_counts(self) -> Mapping[tuple[RunKind, RunState], int]: ...

    def put_run(self, run: Run) -> Run:
        """Also checks the move with model.run.check_move: an illegal one raises Broken."""
        ...

    def journal(self, run: RunId) -> Sequence[JournalEntry]: ...
    def add_journal(self, run: RunId, entry: JournalEntry, lease: "Lease") -> None:
        """Raises LostLease unless the lease is held, by database time."""
        ...

    # baselines
    def baseline(self, stack: StackId, generation: int | None = None) -> Baseline | None:
        """The newest, or that generation."""
        ...

    def put_baseline(self, baseline: Baseline) -> None:
        """Its generation must be the newest plus one, else Conflict."""
        ...

    # drifts and checks
    def drift(self, id: DriftId) -> Drift | None: ...
    def drifts(self, stack: StackId | None = None, *, unresolved: bool = True) -> Sequence[Drift]: ...
    def put_drift(self, drift: Drift) -> Drift: ...
    def check(self, stack: StackId) -> Check | None: ...
    def checks(self) -> Sequence[Check]: ...
    def put_check(self, check: Check) -> None: ...

    # break-glass
    def break_glass(self, id: BreakGlassId) -> BreakGlass | None: ...
    def break_glasses(self, *, ended: bool = False) -> Sequence[BreakGlass]:
        """Oldest first; with `ended`, also those whose follow-up is over."""
        ...

    def put_break_glass(self, glass: BreakGlass) -> BreakGlass:
        """Also checks the step with model.break_glass.check_step: an illegal one raises Broken."""
        ...

    # signals
    def put_subjects(self, stack: StackId, subjects: Collection[Subject]) -> None:
        """Replaces the stack's names in the index."""
        ...

    def subjects(self, stack: StackId) -> Sequence[Subject]: ...
    def subjects_named(self, texts: Collection[str]) -> Sequence[tuple[StackId, Subject]]:
        """Whose names these are, of every stack."""
        ...

    def add_events(self, stack: StackId, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        """Answers those that the stack did not have yet."""
        ...

    def events(self, stack: StackId, since: datetime, until: datetime) -> Sequence[LiveEvent]:
        """What happened to the stack in that time, both ends included; oldest first."""
        ...

    def forget_events(self, before: datetime, most: int) -> None:
        """Those received before, and of each stack all but the newest `most` or so."""
        ...

    def wakes(self) -> Sequence[Wake]:
        """The one that is due first comes first."""
        ...

    def put_wake(self, wake: Wake) -> None: ...
    def drop_wake(self, stack: StackId) -> None: ...

    # ledger
    def record(self, draft: Draft) -> Entry:
        """Appends; size and root of the tree are updated in this same transaction."""
        ...

    def entries(self, wanted: LedgerFilter) -> Sequence[Entry]:
        """Oldest first."""
        ...

    def ledger_values(self, column: Literal["kind", "actor", "environment"]) -> Sequence[str]:
        """Every value that an entry has there, sorted; without the empty one."""
        ...

    def entry_bytes(self, after: int, limit: int) -> Sequence[bytes]:
        """The stored bytes that are hashed, in order, of entries with a greater seq: for exports and proofs."""
        ...

    def size(self) -> int: ...
    def checkpoints(self) -> Sequence[Checkpoint]: ...
    def sign_checkpoint(self) -> Checkpoint | None:
        """Over the ledger as it is now, unless the newest one already says so. None without entries or a signer."""
        ...

    def put_checkpoint(self, checkpoint: Checkpoint) -> None: ...

    # the outbox
    def notification(self, id: str) -> Notification | None: ...
    def notifications(self, wanted: NotificationFilter) -> Sequence[Notification]:
        """Newest first."""
        ...

    def notification_heads(self) -> Sequence[Notification]:
        """The oldest pending one of each place: what is sent to one place is sent in order."""
        ...

    def notification_counts(self) -> Mapping[tuple[str, NotificationState], int]:
        """By service and state."""
        ...

    def put_notification(self, notification: Notification) -> Notification: ...
    def forget_notifications(self, before: datetime) -> int:
        """Those that need nobody any more and ended before then; answers how many."""
        ...

    def threads(self, subject: str) -> Sequence[Thread]: ...
    def put_thread(self, thread: Thread) -> None: ...

    # sealed blobs: closures, outputs, local states, errored states
    def seal(self, kind: str, name: str, content: bytes) -> int:
        """Adds a version; answers its number, from 1."""
        ...

    def unseal(self, kind: str, name: str, version: int | None = None) -> bytes | None: ...

    # small facts: cursors, settings of the installation
    def fact(self, name: str) -> str | None: ...
    def facts(self, prefix: str) -> Mapping[str, str]:
        """All whose name begins so, sorted by name."""
        ...

    def put_fact(self, name: str, value: str) -> None: ...


@dataclass(frozen=True)
class Lease:
    stack: StackId
    holder: str
    """Worker and run."""
    fence: int
    """Grows with every acquisition: a late writer is told apart by it."""


@dataclass(frozen=True)
class Holding:
    """A lease that lasts now, by database time."""

    holder: str
    until: datetime
    """Unless it is renewed."""
    left: timedelta


@dataclass(frozen=True)
class Worker:
    id: str
    heard_at: datetime
    about: Mapping[str, str]


class Store(Protocol):
    def transaction(self) -> AbstractContextManager[Transaction]:
        """Short. Serialises writers on SQLite; on PostgreSQL the comparisons of generations do it."""
        ...

    def acquire(self, stack: StackId, holder: str, seconds: float) -> Lease | None:
        """By database time. None while another holder's lease lasts; the same holder's is renewed."""
        ...

    def renew(self, lease: Lease, seconds: float) -> bool: ...
    def release(self, lease: Lease) -> None: ...
    def leaseholder(self, stack: StackId) -> str | None: ...
    def leases(self) -> Mapping[StackId, Holding]:
        """All that last."""
        ...

    def beat(self, worker: str, about: Mapping[str, str]) -> None:
        """A worker is alive, by database time."""
        ...

    def workers(self, silent_for: float | None = None) -> Sequence[Worker]:
        """All, or those not heard of for that many seconds of database time."""
        ...

    def forget_worker(self, worker: str) -> None: ...

    def log(self, run: str, lines: Sequence[str]) -> None:
        """Already redacted. `run` may also be `check:STACK`."""
        ...

    def logs(self, run: str, after: int = 0) -> Sequence[tuple[int, str]]: ...
