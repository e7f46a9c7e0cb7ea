"""A worker is killed with -9; another one takes over. Nothing is applied twice, and what is uncertain is said to be."""

import pytest
from dbos import DBOSClient

from tests.fakes.file_driver import real, writes
from tests.runs.conftest import Workers, until
from tests.runs.site import Place, commit, new_run, settle
from trueup.adapters.store.store import SqlStore
from trueup.model.plan import Outcome
from trueup.model.run import Run, RunId, RunState
from trueup.ports.store import LedgerFilter


@pytest.fixture
def stack(place: Place, store: SqlStore) -> str:
    """Its code at commit `c2` has three files; none of them is live."""
    commit(place, "c1", {"app/readme": {}})
    commit(place, "c2", {"app/a": {"port": 1}, "app/b": {"port": 2}, "app/c": {"port": 3}})
    settle(place, store, "app", "c1")
    return "app"


def run_of(store: SqlStore, id: str) -> Run:
    with store.transaction() as tx:
        run = tx.run(RunId(id))
    assert run is not None
    return run


def ended(store: SqlStore, id: str) -> bool:
    return run_of(store, id).state.ended


def kinds(store: SqlStore, id: str) -> list[str]:
    with store.transaction() as tx:
        return [entry.draft.kind for entry in tx.entries(LedgerFilter(run=id))]


def kill_at(point: str, place: Place, workers: Workers) -> None:
    """The first worker stops at the point. The second is there before it dies, where both may be at once."""
    workers.start("first", point)
    until(lambda: workers.reached("first"), f"the first worker reaches {point!r}")
    if not place.alone:
        workers.start("second")
        until(lambda: workers.started("second"), "the second worker starts")
    workers.kill("first")
    if place.alone:
        workers.start("second")


def test_a_delivery_that_nobody_disturbs(place: Place, store: SqlStore, stack: str, workers: Workers) -> None:
    """Two runs of one stack, one after the other; each file is written once, and the baseline says what is live."""
    new_run(store, "run-1", stack, "c2")
    workers.start("only")
    until(lambda: ended(store, "run-1"), "the run ends")
    run = run_of(store, "run-1")
    assert (run.state, run.converged, run.error) == (RunState.FINISHED, True, "")
    assert writes(place.live(stack)) == ["a", "b", "c"]
    with store.transaction() as tx:
        baseline = tx.baseline(run.stack)
    assert baseline is not None
    assert baseline.generation == 2
    assert {at: each.values for at, each in baseline.resources.items()} == {
        "a": {"port": 1},
        "b": {"port": 2},
        "c": {"port": 3},
    }
    assert workers.stop("only") == 0
    assert store.verify_ledger().intact


def test_killed_in_planning(place: Place, store: SqlStore, stack: str, workers: Workers) -> None:
    """Nothing had happened: the run is planned again and delivered."""
    new_run(store, "run-1", stack, "c2")
    kill_at("planning", place, workers)
    until(lambda: ended(store, "run-1"), "the run ends")
    assert run_of(store, "run-1").state is RunState.FINISHED
    assert writes(place.live(stack)) == ["a", "b", "c"]
    assert "run.uncertain" not in kinds(store, "run-1")
    assert "run.queued" in kinds(store, "run-1")
    client = DBOSClient(system_database_url=place.queues)
    found = {(each.queue_name, each.queue_partition_key) for each in client.list_workflows(workflow_id_prefix="run-1:")}
    client.destroy()
    assert found == {("deliveries", stack)}


def test_killed_before_the_first_begin(place: Place, store: SqlStore, stack: str, workers: Workers) -> None:
    """Applying, and nothing begun: the run starts again, and is certain."""
    new_run(store, "run-1", stack, "c2")
    kill_at("begin a", place, workers)
    until(lambda: ended(store, "run-1"), "the run ends")
    assert run_of(store, "run-1").state is RunState.FINISHED
    assert writes(place.live(stack)) == ["a", "b", "c"]
    assert "run.uncertain" not in kinds(store, "run-1")
    assert "run.queued" in kinds(store, "run-1")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_who_was_killed_is_known_to_be_gone_at_once(
    place: Place, store: SqlStore, stack: str, workers: Workers
) -> None:
    """At the next start with the same data directory: long before its lease and its silence end, which the run still
    waits for."""
    new_run(store, "run-1", stack, "c2")
    workers.start("first", "write b")
    until(lambda: workers.reached("first"), "the first worker writes")
    workers.kill("first")
    assert [worker.id for worker in store.workers()] == ["first"]
    workers.start("second")
    until(lambda: workers.started("second"), "the second worker starts")
    assert [worker.id for worker in store.workers()] == ["second"]
    until(lambda: ended(store, "run-1"), "the run is recovered")


@pytest.mark.parametrize(("point", "written"), [("write b", ["a"]), ("written b", ["a", "b"]), ("end b", ["a", "b"])])
def test_killed_in_the_middle_of_an_apply(
    point: str, written: list[str], place: Place, store: SqlStore, stack: str, workers: Workers
) -> None:
    """Said to be uncertain, looked at, and ended as failed with what was done; the next run does the rest."""
    new_run(store, "run-1", stack, "c2")
    kill_at(point, place, workers)
    until(lambda: ended(store, "run-1"), "the run is recovered")
    run = run_of(store, "run-1")
    assert run.state is RunState.FAILED
    assert "run.uncertain" in kinds(store, "run-1")
    assert writes(place.live(stack)) == written
    with store.transaction() as tx:
        baseline = tx.baseline(run.stack)
    assert baseline is not None
    assert sorted(baseline.resources) == written
    (failed,) = [entry for entry in entries(store, "run-1") if entry.draft.kind == "run.failed"]
    expected = {"a": Outcome.DONE, "b": Outcome.DONE if "b" in written else Outcome.FAILED}
    assert failed.draft.details["outcomes"] == expected

    new_run(store, "run-2", stack, "c2")
    until(lambda: ended(store, "run-2"), "the next run ends")
    assert run_of(store, "run-2").state is RunState.FINISHED
    assert writes(place.live(stack)) == ["a", "b", "c"]
    assert store.verify_ledger().intact


def entries(store: SqlStore, id: str) -> list:  # type: ignore[type-arg]
    with store.transaction() as tx:
        return list(tx.entries(LedgerFilter(run=id)))


def test_killed_after_the_apply(place: Place, store: SqlStore, stack: str, workers: Workers) -> None:
    """Everything was written and nothing recorded: uncertain first, then finished, without a second write."""
    new_run(store, "run-1", stack, "c2")
    kill_at("applied", place, workers)
    until(lambda: ended(store, "run-1"), "the run is recovered")
    run = run_of(store, "run-1")
    assert run.state is RunState.FINISHED
    assert "run.uncertain" in kinds(store, "run-1")
    assert writes(place.live(stack)) == ["a", "b", "c"]
    assert sorted(real(place.live(stack))) == ["a", "b", "c"]
    with store.transaction() as tx:
        baseline = tx.baseline(run.stack)
    assert baseline is not None
    assert sorted(baseline.resources) == ["a", "b", "c"]


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_worker_that_is_cut_off_is_fenced(place: Place, store: SqlStore, stack: str, workers: Workers) -> None:
    """Alive and thought dead: while it applies nobody concludes anything, its next entry is refused, and what it wrote
    is found. With SQLite there is only one process, which the lock of the data directory sees to."""
    new_run(store, "run-1", stack, "c2")
    workers.start("first", "deaf:write b")
    until(lambda: workers.reached("first"), "the first worker is cut off")
    workers.start("second")
    until(lambda: "run.uncertain" in kinds(store, "run-1"), "the second one says that it is uncertain")
    until(lambda: run_of(store, "run-1").state is RunState.RECOVERING, "it waits for the directory that the first has")
    assert writes(place.live(stack)) == ["a"]
    (place.data / "first.go").touch()
    until(lambda: ended(store, "run-1"), "the run is recovered")
    assert run_of(store, "run-1").state is RunState.FAILED
    assert writes(place.live(stack)) == ["a", "b"]
    new_run(store, "run-2", stack, "c2")
    until(lambda: ended(store, "run-2"), "the next run ends")
    assert writes(place.live(stack)) == ["a", "b", "c"]
