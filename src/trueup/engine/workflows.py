"""Durable workflows: the only module that knows DBOS. Workflows take ids; the rows in the store are the truth.

A workflow's step may run twice (its worker died, or was thought dead), so everything that it calls looks at the row
first, and an apply is fenced by its lease. What a crash leaves out, `sweep` puts in again.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID, WorkflowStatus, error
from sqlalchemy.exc import SQLAlchemyError

from trueup.engine.lost import Lost
from trueup.model.break_glass import BreakGlass, BreakGlassId
from trueup.model.errors import Broken, TrueupError, Unavailable
from trueup.model.run import Run, RunId, RunKind
from trueup.model.stack import StackId
from trueup.ports.store import Conflict, Store
from trueup.settings import CONCURRENCY, QUEUE_SECONDS, SILENT_SECONDS, URGENT_CONCURRENCY

VERSION = "trueup-1"
"""Of the workflows below, not of the program: only workers with the same one take over each other's workflows."""

DELIVERIES = "deliveries"
"""Deliveries, reverts and destroys; one at a time for each stack."""
PROPOSALS = "proposals"
"""Apart from deliveries, so that they never starve behind applies."""
CHECKS = "checks"
URGENT = "urgent"
"""Deliveries and reverts that two people want ahead of the others: a queue of its own, because the order inside of
one with partitions is not ours to say. A lease keeps those of one stack apart whatever queue they come from."""

UNENDED = ["PENDING", "ENQUEUED", "DELAYED"]
LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Work:
    """What the workflows do. Each looks at the row first and does nothing for one that has moved on."""

    plan: Callable[[RunId], object]
    apply: Callable[[RunId], object]
    recover: Callable[[RunId], object]
    check: Callable[[StackId], object]
    follow_up: Callable[[BreakGlassId], object] = lambda _: None


@dataclass(frozen=True)
class _Installed:
    work: Work
    store: Store


_installed: list[_Installed] = []
"""At most one: DBOS has one instance for each process, and its workflows are functions of a module."""


@DBOS.workflow(name="plan")
def _plan(run: str) -> str:
    return _plan_step(run)


@DBOS.step(name="plan")
def _plan_step(run: str) -> str:
    return _done(run, lambda work: work.plan(RunId(run)))


@DBOS.workflow(name="apply")
def _apply(run: str) -> str:
    return _apply_step(run)


@DBOS.step(name="apply")
def _apply_step(run: str) -> str:
    return _done(run, lambda work: work.apply(RunId(run)))


@DBOS.workflow(name="recover")
def _recover(run: str) -> str:
    return _recover_step(run)


@DBOS.step(name="recover")
def _recover_step(run: str) -> str:
    return _done(run, lambda work: work.recover(RunId(run)))


@DBOS.workflow(name="check")
def _check(stack: str) -> str:
    return _check_step(stack)


@DBOS.step(name="check")
def _check_step(stack: str) -> str:
    return _done(f"check:{stack}", lambda work: work.check(StackId(stack)))


@DBOS.workflow(name="follow-up")
def _follow_up(glass: str) -> str:
    return _follow_up_step(glass)


@DBOS.step(name="follow-up")
def _follow_up_step(glass: str) -> str:
    return _done(glass, lambda work: work.follow_up(BreakGlassId(glass)))


def _done(log: str, work: Callable[[Work], object]) -> str:
    """Known errors end the workflow and not the row: as long as that stands where it stood, it is enqueued again."""
    if not _installed:
        raise Broken("a workflow ran before the engine was started")
    installed = _installed[0]
    try:
        work(installed.work)
    except Conflict:
        return "moved on"
    except TrueupError as known:
        installed.store.log(log, [str(known)])
        return type(known).__name__
    return "done"


class Engine:
    """One worker: takes workflows from the queues, beats, and looks after what others left. One for each process."""

    def __init__(
        self,
        store: Store,
        work: Work,
        *,
        database: str,
        worker: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        alone: bool = False,
        silence: float = SILENT_SECONDS,
    ) -> None:
        """`database`: where DBOS keeps its own tables; with SQLite another file than the store's. `worker` is unique
        to this process and the one that its leases name. `alone`: this process holds the lock of an embedded data
        directory, so whoever was there before is dead. `silence`: seconds without a beat after which a worker
        counts as dead; at least as long as a lease."""
        self._store, self._work, self._database, self._worker = store, work, database, worker
        self._alone, self._silence = alone, silence
        self._lost = Lost(store, now)
        self._under_way: frozenset[str] = frozenset()
        """Names of what had not ended at the newest sweep: asked for again at each tick, and known without a query."""
        self._stop = Event()
        self._heart = Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self, *, concurrency: int = CONCURRENCY, polling: float = QUEUE_SECONDS) -> None:
        """`concurrency`: workflows at once from each queue; `polling`: seconds between two looks at a queue.
        Raises Unavailable when DBOS's database does not answer."""
        if _installed:
            raise Broken("this process has an engine already")
        self._store.beat(self._worker, {})
        if self._alone:  # whoever was there is dead, and nobody has to wait for its silence to know
            for worker in self._store.workers():
                if worker.id != self._worker:
                    self._store.forget_worker(worker.id)
        config: DBOSConfig = {
            "name": "trueup",
            "system_database_url": self._database,
            "executor_id": self._worker,
            "application_version": VERSION,
            "log_level": "ERROR",
            # Nothing here waits for messages; this only says how soon a stop is noticed.
            "notification_listener_polling_interval_sec": polling,
        }
        try:
            self._launch(config, concurrency, polling)
        except Unavailable:
            DBOS.destroy()
            _installed.clear()
            raise
        self._heart.start()

    def _launch(self, config: DBOSConfig, concurrency: int, polling: float) -> None:
        with _answering():
            DBOS(config=config)
            _installed.append(_Installed(self._work, self._store))
            DBOS.launch()
            for queue in (PROPOSALS, CHECKS):
                DBOS.register_queue(queue, worker_concurrency=concurrency, polling_interval_sec=polling)
            for queue, slots in ((DELIVERIES, concurrency), (URGENT, URGENT_CONCURRENCY)):
                DBOS.register_queue(
                    queue, worker_concurrency=slots, partition_concurrency=1, polling_interval_sec=polling
                )

    def stop(self, patience: int = 0) -> None:
        """Takes nothing new and waits so many seconds for what is under way. What does not end is left to the next
        worker, who sees this one silent; an apply's lease and supervisor end by themselves with the process."""
        DBOS.destroy(workflow_completion_timeout_sec=patience)
        _installed.clear()
        self._stop.set()
        self._heart.join()

    def enqueue_plan(self, run: Run) -> None:
        self._enqueue(_plan, _queue(run), _name(run, "plan"), run.id, run.stack)

    def enqueue_apply(self, run: Run) -> None:
        self._enqueue(_apply, _queue(run), _name(run, "apply"), run.id, run.stack)

    def enqueue_recover(self, run: Run) -> None:
        self._enqueue(_recover, _queue(run), _name(run, "recover"), run.id, run.stack)

    def enqueue_check(self, stack: StackId, due_at: datetime) -> None:
        self._enqueue(_check, CHECKS, f"{stack}:check:{due_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}", stack, stack)

    def enqueue_follow_up(self, glass: BreakGlass) -> None:
        self._enqueue(_follow_up, PROPOSALS, f"{glass.id}:follow-up:{glass.generation}", glass.id, glass.id)

    def sweep(self) -> None:
        """Takes over what dead workers left: rows first, so that their workflows, resumed, find something to do."""
        # Rows before workflows: a row at work has a workflow, unless it moved on since, and then it stays as it is.
        rows = self._lost.candidates()
        with _answering():
            unended = DBOS.list_workflows(status=UNENDED, load_input=False, load_output=False)
        self._under_way = frozenset(each.workflow_id.rpartition(":")[0] for each in unended)
        living = self._living()
        held = {_subject(each) for each in unended if each.status == "PENDING" and each.executor_id in living}
        waiting = self._lost.move(rows, held)
        self._lost.restart_checks(held | {_subject(each) for each in unended})
        orphans = [each for each in unended if each.status == "PENDING" and each.executor_id not in living]
        for orphan in orphans:
            if _subject(orphan) not in waiting:
                with _answering():
                    # Without its queue's name it would lose its partition, and two runs of one stack overlap.
                    DBOS.resume_workflow(orphan.workflow_id, queue_name=orphan.queue_name)
        left = {each.executor_id for each in orphans}
        for worker in self._store.workers():
            if worker.id not in living and worker.id not in left:
                self._store.forget_worker(worker.id)

    def _living(self) -> set[str | None]:
        if self._alone:
            return {self._worker}
        silent = {worker.id for worker in self._store.workers(silent_for=self._silence)}
        return {self._worker, *(worker.id for worker in self._store.workers() if worker.id not in silent)}

    def _enqueue(self, workflow: Callable[[str], str], queue: str, name: str, subject: str, stack: str) -> None:
        """Twice is once: the id follows from the row's generation. A workflow that ended and left the row as it was
        is followed by another one, later and later."""
        if name in self._under_way:
            return
        with _answering():
            tries = DBOS.list_workflows(workflow_id_prefix=f"{name}:", load_input=False, load_output=False)
            if any(each.status in UNENDED for each in tries):
                return
            pause = min(LONGEST_PAUSE, 2.0 ** len(tries)) if tries else None
            key = stack if queue in (DELIVERIES, URGENT) else None
            with SetWorkflowID(f"{name}:{len(tries)}"), SetEnqueueOptions(queue_partition_key=key, delay_seconds=pause):
                DBOS.enqueue_workflow(queue, workflow, subject)

    def _beat(self) -> None:
        while not self._stop.wait(self._silence / 4):
            with contextlib.suppress(Unavailable):
                self._store.beat(self._worker, {})


def _queue(run: Run) -> str:
    if run.kind is RunKind.PROPOSAL:
        return PROPOSALS
    return URGENT if run.urgent else DELIVERIES


def _name(run: Run, phase: str) -> str:
    """Attempts are told apart by the row's generation: a deferred run comes back without having been attempted."""
    return f"{run.id}:{phase}:{run.generation}"


def _subject(workflow: WorkflowStatus) -> str:
    """The run, or the stack of a check."""
    return workflow.workflow_id.partition(":")[0]


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (error.DBOSException, SQLAlchemyError) as failure:
        raise Unavailable(f"the queues do not answer: {failure}", hint="check the database and try again") from failure
