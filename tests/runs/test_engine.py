"""The engine by itself: what is queued once, what runs beside what, and what a sweep puts right."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dbos import DBOS

from tests.runs.conftest import PATIENCE, until
from tests.store import nouns
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.workflows import DELIVERIES, PROPOSALS, Engine, Work
from trueup.model.drift import CheckState
from trueup.model.errors import Broken, Unavailable
from trueup.model.plan import StepId
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import StackId
from trueup.ports.driver import JournalEntry
from trueup.ports.store import LedgerFilter
from trueup.settings import MAX_ATTEMPTS
from trueup.system.sealing import open_key


class Bench:
    """Work that says when it begins and waits until it may end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.work = Work(*(self.do(what) for what in ("plan", "apply", "recover", "check", "follow-up")))

    def do(self, what: str) -> Callable[[str], None]:
        def work(subject: str) -> None:
            self.begun.append(f"{what} {subject}")
            if subject in self.gates:
                assert self.gates[subject].wait(PATIENCE)
            if subject in self.errors:
                raise self.errors[subject]
            self.ended.append(f"{what} {subject}")

        return work

    def hold(self, subject: str) -> threading.Event:
        return self.gates.setdefault(subject, threading.Event())


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path}/trueup.db", open_key(tmp_path / "key"))
    yield store
    store.close()


@pytest.fixture
def engine(store: SqlStore, bench: Bench, tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(store, bench.work, database=f"sqlite:///{tmp_path}/queues.db", worker="me", alone=True)
    engine.start(polling=0.05)
    yield engine
    for gate in bench.gates.values():
        gate.set()
    engine.stop(patience=10)


def put(store: SqlStore, id: str, stack: str = "stk-app", **changes: object) -> Run:
    with store.transaction() as tx:
        if tx.stack(StackId(stack)) is None:
            tx.put_stack(nouns.a_stack(stack, f"aws//{stack}"))
        return tx.put_run(replace(nouns.a_run(id, stack=stack), **changes))  # type: ignore[arg-type]


def state(store: SqlStore, id: str) -> RunState:
    with store.transaction() as tx:
        run = tx.run(RunId(id))
    assert run is not None
    return run.state


def test_queued_twice_is_once(engine: Engine, store: SqlStore, bench: Bench) -> None:
    """Also while it runs: the id follows from the row."""
    gate = bench.hold("run-1")
    run = put(store, "run-1")
    for _ in range(3):
        engine.enqueue_plan(run)
    until(lambda: bench.begun == ["plan run-1"], "it begins")
    engine.enqueue_plan(run)
    gate.set()
    until(lambda: bench.ended == ["plan run-1"], "it ends")
    assert len(DBOS.list_workflows(workflow_id_prefix="run-1:")) == 1


def test_what_left_the_row_as_it_was_comes_again_later(engine: Engine, store: SqlStore, bench: Bench) -> None:
    """A lease that somebody else has: said in the run's log, and tried again after a pause, as one more workflow."""
    bench.errors["run-1"] = Unavailable("worker-2/run-0 is at work on this stack")
    run = put(store, "run-1")
    engine.enqueue_apply(run)
    until(lambda: bool(store.logs("run-1")), "the reason is in the log")
    until(lambda: DBOS.list_workflows(workflow_id_prefix="run-1:")[0].status == "SUCCESS", "the workflow ends")
    assert store.logs("run-1")[0][1] == "worker-2/run-0 is at work on this stack"
    engine.enqueue_apply(run)
    engine.enqueue_apply(run)
    statuses = {each.workflow_id: each.status for each in DBOS.list_workflows(workflow_id_prefix="run-1:")}
    assert statuses == {"run-1:apply:1:0": "SUCCESS", "run-1:apply:1:1": "DELAYED"}


def test_one_stack_in_turn_and_two_stacks_at_once(engine: Engine, store: SqlStore, bench: Bench) -> None:
    """A delivery waits for its stack's other one, not for another stack's, and a proposal for neither."""
    gates = [bench.hold(f"run-{number}") for number in (1, 2, 3, 4)]
    engine.enqueue_apply(put(store, "run-1", "stk-a"))
    until(lambda: "apply run-1" in bench.begun, "the first begins")
    engine.enqueue_plan(put(store, "run-2", "stk-a"))
    engine.enqueue_plan(put(store, "run-3", "stk-b"))
    engine.enqueue_plan(put(store, "run-4", "stk-a", kind=RunKind.PROPOSAL))
    until(lambda: {"plan run-3", "plan run-4"} <= set(bench.begun), "the other stack and the proposal begin")
    assert "plan run-2" not in bench.begun
    gates[0].set()
    until(lambda: "plan run-2" in bench.begun, "the second begins after the first")
    queues = {each.workflow_id[:5]: each.queue_name for each in DBOS.list_workflows()}
    assert queues == {"run-1": DELIVERIES, "run-2": DELIVERIES, "run-3": DELIVERIES, "run-4": PROPOSALS}


def test_a_follow_up_is_queued_once_for_each_state_of_its_row(engine: Engine, bench: Bench) -> None:
    """Among the proposals, where no apply is in its way."""
    glass = nouns.a_break_glass()
    engine.enqueue_follow_up(glass)
    engine.enqueue_follow_up(glass)
    until(lambda: bench.ended == [f"follow-up {glass.id}"], "it ends")
    engine.enqueue_follow_up(replace(glass, generation=glass.generation + 1))
    until(lambda: len(bench.ended) == 2, "another state is another one")
    assert {each.queue_name for each in DBOS.list_workflows()} == {PROPOSALS}


def test_a_check_is_queued_once_for_each_time_it_is_due(engine: Engine, bench: Bench) -> None:
    """Two ticks ask for the same one."""
    engine.enqueue_check(nouns.APP, nouns.NOW)
    engine.enqueue_check(nouns.APP, nouns.NOW)
    until(lambda: bench.ended == [f"check {nouns.APP}"], "it ends")
    assert len(DBOS.list_workflows()) == 1


@pytest.mark.parametrize(
    ("before", "begun", "after"),
    [
        (RunState.PLANNING, False, RunState.QUEUED),
        (RunState.JUDGING, False, RunState.QUEUED),
        (RunState.APPLYING, False, RunState.QUEUED),
        (RunState.APPLYING, True, RunState.UNCERTAIN),
        (RunState.VERIFYING, True, RunState.UNCERTAIN),
        (RunState.RECOVERING, True, RunState.UNCERTAIN),
        (RunState.BLOCKED, False, RunState.BLOCKED),
        (RunState.UNCERTAIN, True, RunState.UNCERTAIN),
    ],
)
def test_a_row_that_nobody_holds_goes_where_it_is_safe(
    before: RunState, begun: bool, after: RunState, engine: Engine, store: SqlStore
) -> None:
    """Nothing begun: again from the start. Begun: uncertain, whatever it seemed to be. Waiting ones stay."""
    put(store, "run-1", state=before)
    if begun:
        lease = store.acquire(StackId("stk-app"), "dead/run-1", 60)
        assert lease is not None
        with store.transaction() as tx:
            tx.add_journal(RunId("run-1"), JournalEntry(StepId("apply"), "begin"), lease)
        store.release(lease)
    engine.sweep()
    assert state(store, "run-1") is after


def test_a_run_that_loses_its_worker_again_and_again_fails(engine: Engine, store: SqlStore) -> None:
    """A plan that takes its worker along does not go round for ever; the row says why."""
    put(store, "run-1", state=RunState.PLANNING, attempts=MAX_ATTEMPTS)
    engine.sweep()
    assert state(store, "run-1") is RunState.FAILED
    with store.transaction() as tx:
        (entry,) = tx.entries(LedgerFilter(run="run-1"))
    assert entry.draft.kind == "run.failed"
    assert "attempt 8 or later" in entry.draft.summary


def test_a_row_under_a_lasting_lease_is_left_alone(engine: Engine, store: SqlStore) -> None:
    """Its process may still be applying; it ends with its lease."""
    put(store, "run-1", state=RunState.APPLYING)
    lease = store.acquire(StackId("stk-app"), "dead/run-1", 60)
    assert lease is not None
    engine.sweep()
    assert state(store, "run-1") is RunState.APPLYING
    store.release(lease)
    engine.sweep()
    assert state(store, "run-1") is RunState.QUEUED


def test_a_row_that_a_living_worker_holds_is_left_alone(engine: Engine, store: SqlStore, bench: Bench) -> None:
    """However often somebody sweeps."""
    bench.hold("run-1")
    run = put(store, "run-1")
    engine.enqueue_plan(run)
    until(lambda: bench.begun == ["plan run-1"], "it begins")
    with store.transaction() as tx:
        tx.put_run(replace(run, state=RunState.PLANNING))
    engine.sweep()
    engine.sweep()
    assert state(store, "run-1") is RunState.PLANNING
    assert bench.begun == ["plan run-1"]


def test_a_check_that_nobody_works_on_is_due_again(engine: Engine, store: SqlStore) -> None:
    """Its worker died in the middle of it."""
    with store.transaction() as tx:
        tx.put_check(nouns.a_check(CheckState.CHECKING))
    engine.sweep()
    with store.transaction() as tx:
        assert tx.checks() == [nouns.a_check(CheckState.DUE)]


def test_workers_that_left_nothing_are_forgotten(engine: Engine, store: SqlStore) -> None:
    """Only the living are listed."""
    store.beat("gone", {})
    engine.sweep()
    assert [worker.id for worker in store.workers()] == ["me"]


def test_a_second_engine_in_one_process_is_our_bug(engine: Engine, store: SqlStore, bench: Bench) -> None:
    """DBOS has one instance for each process."""
    with pytest.raises(Broken, match="has an engine already"):
        Engine(store, bench.work, database="sqlite://", worker="other").start()


def test_a_stop_waits_for_what_is_under_way(store: SqlStore, bench: Bench, tmp_path: Path) -> None:
    """Within its patience the work ends, and nothing new begins."""
    engine = Engine(store, bench.work, database=f"sqlite:///{tmp_path}/queues.db", worker="me", alone=True)
    engine.start(polling=0.05)
    gate = bench.hold("run-1")
    engine.enqueue_apply(put(store, "run-1"))
    until(lambda: bench.begun == ["apply run-1"], "it begins")
    engine.enqueue_apply(put(store, "run-2"))
    threading.Timer(0.3, gate.set).start()
    engine.stop(patience=30)
    assert bench.ended == ["apply run-1"]
    assert bench.begun == ["apply run-1"]


def test_queues_that_do_not_answer(store: SqlStore, bench: Bench, tmp_path: Path) -> None:
    """Unavailable, as everything that does not answer; and the next start is a first one."""
    engine = Engine(store, bench.work, database="sqlite:////nonexistent/queues.db", worker="me")
    with pytest.raises(Unavailable, match="the queues do not answer"):
        engine.start()
    again = Engine(store, bench.work, database=f"sqlite:///{tmp_path}/queues.db", worker="me")
    again.start()
    again.stop()
