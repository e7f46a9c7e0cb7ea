"""One transaction: reads see what it wrote, and everything is written at its end or not at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from trueup.adapters.store import break_glasses, codec, leases, ledger, outbox, rows, signals, tables
from trueup.adapters.store.checkpoints import Signer
from trueup.adapters.store.dialect import upsert_values
from trueup.adapters.store.sealer import Sealer
from trueup.model.baseline import Baseline
from trueup.model.break_glass import BreakGlass, BreakGlassId
from trueup.model.drift import Check, Drift, DriftId
from trueup.model.ledger import Checkpoint, Draft, Entry, stamp
from trueup.model.notice import Notification, NotificationState, Thread
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.signal import LiveEvent, Subject, Wake
from trueup.model.stack import Stack, StackId
from trueup.ports.driver import JournalEntry
from trueup.ports.store import Conflict, Lease, LedgerFilter, NotificationFilter, RunFilter
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Tools:
    """What every transaction of a store uses."""

    sealer: Sealer
    clock: Clock
    signer: Signer | None
    every: int
    """Entries between two checkpoints that are signed by themselves."""


class SqlTransaction:
    """ports.store.Transaction on one connection. The first write takes the ledger's lock: see ledger.lock."""

    def __init__(self, connection: Connection, tools: Tools) -> None:
        self._reading = connection
        self._tools = tools
        self._locked = False

    @property
    def _writing(self) -> Connection:
        if not self._locked:
            ledger.lock(self._reading)
            self._locked = True
        return self._reading

    def stack(self, id: StackId) -> Stack | None:
        return rows.one(self._reading, tables.stacks, codec.STACK, id=id)

    def stack_named(self, name: str) -> Stack | None:
        return rows.one(self._reading, tables.stacks, codec.STACK, name=name)

    def stacks(self) -> Sequence[Stack]:
        return rows.stacks(self._reading)

    def put_stack(self, stack: Stack) -> Stack:
        return rows.put_stack(self._writing, stack)

    def run(self, id: RunId) -> Run | None:
        return rows.one(self._reading, tables.runs, codec.RUN, id=id)

    def runs(self, wanted: RunFilter) -> Sequence[Run]:
        return rows.runs(self._reading, wanted)

    def run_counts(self) -> Mapping[tuple[RunKind, RunState], int]:
        return rows.run_counts(self._reading)

    def put_run(self, run: Run) -> Run:
        return rows.put_run(self._writing, run)

    def journal(self, run: RunId) -> Sequence[JournalEntry]:
        return rows.journal(self._reading, run)

    def add_journal(self, run: RunId, entry: JournalEntry, lease: Lease) -> None:
        leases.check(self._writing, lease)
        rows.add_journal(self._writing, run, entry, lease.fence)

    def baseline(self, stack: StackId, generation: int | None = None) -> Baseline | None:
        column = tables.baselines.c
        query = select(column.generation, column.sealed).where(column.stack == stack)
        if generation is not None:
            query = query.where(column.generation == generation)
        row = self._reading.execute(query.order_by(column.generation.desc()).limit(1)).first()
        if row is None:
            return None
        return codec.BASELINE.load(self._tools.sealer.unseal(row.sealed, _baseline_context(stack, row.generation)))

    def put_baseline(self, baseline: Baseline) -> None:
        column = tables.baselines.c
        newest = self._writing.scalar(select(func.max(column.generation)).where(column.stack == baseline.stack)) or 0
        if baseline.generation != newest + 1:
            raise Conflict(f"the newest baseline of stack {baseline.stack} is generation {newest}")
        context = _baseline_context(baseline.stack, baseline.generation)
        values = {
            "stack": baseline.stack,
            "generation": baseline.generation,
            "settled_at": stamp(baseline.settled_at),
            "sealed": self._tools.sealer.seal(codec.BASELINE.dump(baseline), context),
        }
        self._writing.execute(insert(tables.baselines).values(values))

    def drift(self, id: DriftId) -> Drift | None:
        return rows.drift(self._reading, id)

    def drifts(self, stack: StackId | None = None, *, unresolved: bool = True) -> Sequence[Drift]:
        return rows.drifts(self._reading, stack, unresolved=unresolved)

    def put_drift(self, drift: Drift) -> Drift:
        return rows.put_drift(self._writing, drift)

    def check(self, stack: StackId) -> Check | None:
        body = self._reading.scalars(select(tables.checks.c.body).filter_by(stack=stack)).first()
        return None if body is None else codec.CHECK.load(body)

    def checks(self) -> Sequence[Check]:
        query = select(tables.checks.c.body).order_by(tables.checks.c.stack)
        return [codec.CHECK.load(body) for body in self._reading.scalars(query)]

    def put_check(self, check: Check) -> None:
        upsert_values(self._writing, tables.checks, {"stack": check.stack}, {"body": codec.CHECK.text(check)})

    def break_glass(self, id: BreakGlassId) -> BreakGlass | None:
        return break_glasses.one(self._reading, id)

    def break_glasses(self, *, ended: bool = False) -> Sequence[BreakGlass]:
        return break_glasses.every(self._reading, ended=ended)

    def put_break_glass(self, glass: BreakGlass) -> BreakGlass:
        return break_glasses.put(self._writing, glass)

    def put_subjects(self, stack: StackId, subjects: Collection[Subject]) -> None:
        signals.put_subjects(self._writing, stack, subjects)

    def subjects(self, stack: StackId) -> Sequence[Subject]:
        return signals.subjects(self._reading, stack)

    def subjects_named(self, texts: Collection[str]) -> Sequence[tuple[StackId, Subject]]:
        return signals.subjects_named(self._reading, texts)

    def add_events(self, stack: StackId, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        return signals.add_events(self._writing, stack, events)

    def events(self, stack: StackId, since: datetime, until: datetime) -> Sequence[LiveEvent]:
        return signals.events(self._reading, stack, since, until)

    def forget_events(self, before: datetime, most: int) -> None:
        signals.forget_events(self._writing, before, most)

    def wakes(self) -> Sequence[Wake]:
        return signals.wakes(self._reading)

    def put_wake(self, wake: Wake) -> None:
        signals.put_wake(self._writing, wake)

    def drop_wake(self, stack: StackId) -> None:
        signals.drop_wake(self._writing, stack)

    def record(self, draft: Draft) -> Entry:
        entry = ledger.append(self._writing, draft, self._tools.clock.now())
        if (entry.seq + 1) % self._tools.every == 0:
            self.sign_checkpoint()
        return entry

    def sign_checkpoint(self) -> Checkpoint | None:
        """Over the ledger as it is now, unless the newest one already says so. None without entries or a signer."""
        size, root = ledger.tip(self._writing)
        if self._tools.signer is None or size == 0:
            return None
        body = self._reading.scalars(select(tables.checkpoints.c.body).filter_by(size=size)).first()
        if body is not None:
            return codec.CHECKPOINT.load(body)
        checkpoint = self._tools.signer.sign(size, root, self._tools.clock.now())
        self.put_checkpoint(checkpoint)
        return checkpoint

    def entries(self, wanted: LedgerFilter) -> Sequence[Entry]:
        return ledger.entries(self._reading, wanted)

    def ledger_values(self, column: Literal["kind", "actor", "environment"]) -> Sequence[str]:
        return ledger.values_of(self._reading, column)

    def entry_bytes(self, after: int, limit: int) -> Sequence[bytes]:
        return ledger.entry_bytes(self._reading, after, limit)

    def size(self) -> int:
        return ledger.tip(self._reading)[0]

    def checkpoints(self) -> Sequence[Checkpoint]:
        return ledger.checkpoints(self._reading)

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        ledger.put_checkpoint(self._writing, checkpoint)

    def notification(self, id: str) -> Notification | None:
        return outbox.one(self._reading, id)

    def notifications(self, wanted: NotificationFilter) -> Sequence[Notification]:
        return outbox.many(self._reading, wanted)

    def notification_heads(self) -> Sequence[Notification]:
        return outbox.heads(self._reading)

    def notification_counts(self) -> Mapping[tuple[str, NotificationState], int]:
        return outbox.counts(self._reading)

    def put_notification(self, notification: Notification) -> Notification:
        return outbox.put(self._writing, notification)

    def forget_notifications(self, before: datetime) -> int:
        return outbox.forget(self._writing, before)

    def threads(self, subject: str) -> Sequence[Thread]:
        return outbox.threads(self._reading, subject)

    def put_thread(self, thread: Thread) -> None:
        outbox.put_thread(self._writing, thread)

    def seal(self, kind: str, name: str, content: bytes) -> int:
        column = tables.blobs.c
        here = (column.kind == kind) & (column.name == name)
        version = (self._writing.scalar(select(func.max(column.version)).where(here)) or 0) + 1
        sealed = self._tools.sealer.seal(content, _blob_context(kind, name, version))
        self._writing.execute(insert(tables.blobs).values(kind=kind, name=name, version=version, sealed=sealed))
        return version

    def unseal(self, kind: str, name: str, version: int | None = None) -> bytes | None:
        column = tables.blobs.c
        query = select(column.version, column.sealed).where(column.kind == kind, column.name == name)
        if version is not None:
            query = query.where(column.version == version)
        row = self._reading.execute(query.order_by(column.version.desc()).limit(1)).first()
        if row is None:
            return None
        return self._tools.sealer.unseal(row.sealed, _blob_context(kind, name, row.version))

    def fact(self, name: str) -> str | None:
        return self._reading.scalars(select(tables.facts.c.value).filter_by(name=name)).first()

    def facts(self, prefix: str) -> Mapping[str, str]:
        column = tables.facts.c
        query = select(column.name, column.value).where(column.name.startswith(prefix, autoescape=True))
        return {row.name: row.value for row in self._reading.execute(query.order_by(column.name))}

    def put_fact(self, name: str, value: str) -> None:
        upsert_values(self._writing, tables.facts, {"name": name}, {"value": value})


def _baseline_context(stack: StackId, generation: int) -> str:
    return f"baseline\n{stack}\n{generation}"


def _blob_context(kind: str, name: str, version: int) -> str:
    return f"blob\n{kind}\n{name}\n{version}"
