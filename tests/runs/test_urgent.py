"""The emergency lane: a delivery that two people want goes ahead of a full queue, and through the same gate."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.runs.conftest import PATIENCE, until
from tests.runs.site import Built, Files, Place, build, commit, engine_of, new_run, scheduler_of, settle
from trueup.engine.books import Books
from trueup.engine.decisions import RunDecisions
from trueup.engine.scheduler import Scheduler
from trueup.engine.workflows import Engine
from trueup.model.break_glass import BreakGlass
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity, People, Person
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import StackId
from trueup.ports.store import LedgerFilter
from trueup.settings import CONCURRENCY
from trueup.system.clock import SystemClock

FULL = 2 * CONCURRENCY
"""Other stacks' deliveries: twice as many as there are workers."""


@dataclass
class Works:
    """One process: every delivery but `fix` stops in the middle of its apply until the end of the test."""

    place: Place
    built: Built
    engine: Engine
    scheduler: Scheduler
    decisions: RunDecisions
    held: threading.Event
    at: list[str]
    planning: threading.Event = field(default_factory=threading.Event)
    """While it is not set, plans wait."""

    def run(self, id: str) -> Run:
        with self.built.store.transaction() as tx:
            found = tx.run(RunId(id))
        assert found is not None
        return found

    def until(self, id: str, state: RunState) -> None:
        def reached() -> bool:
            self.scheduler.tick()
            return self.run(id).state is state

        until(reached, f"{id} is {state}")

    def tick_until(self, what: str, *, writes: int) -> None:
        def reached() -> bool:
            self.scheduler.tick()
            return len([point for point in self.at if point.startswith("write slow")]) >= writes

        until(reached, what)

    def urge(self, id: str, by: str, reason: str = "") -> Run:
        return self.decisions.urge(RunId(id), Identity("name", by), reason)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    (tmp_path / "live").mkdir()
    place = Place(str(tmp_path), f"sqlite:///{tmp_path}/trueup.db", f"sqlite:///{tmp_path}/queues.db", alone=True)
    store = place.open()
    names = ("fix", *(f"slow{number}" for number in range(FULL)))
    for name in names:
        commit(place, "c1", {f"{name}/readme": {}})
        commit(place, "c2", {f"{name}/{name}": {"size": 2}})
        settle(place, store, name, "c1")
    store.close()
    held, planning, at = threading.Event(), threading.Event(), list[str]()
    planning.set()

    def reach(point: str) -> None:
        at.append(point)
        if point.startswith("write slow"):
            assert held.wait(PATIENCE)
        if point == "planning":
            assert planning.wait(PATIENCE)

    built = build(place, "me", reach)
    files = Files(place)
    anna = Person("anna", {"email": ("anna@acme.com",)})
    files.manifest = replace(files.manifest, people=People((anna,)))
    books = Books(built.store, files, lambda _name: None, SystemClock())  # type: ignore[arg-type]
    engine = engine_of(place, built, "me")
    engine.start(polling=0.05)
    made = Works(place, built, engine, scheduler_of(built, engine, "me"), RunDecisions(books), held, at, planning)
    try:
        yield made
    finally:
        held.set()
        planning.set()
        engine.stop(patience=60)
        built.store.close()


def test_an_urgent_delivery_overtakes_a_full_queue(works: Works) -> None:
    """Every worker is at an apply that does not end and as many wait; once two people want it, the fix is planned,
    applied and finished before any of them moves."""
    store = works.built.store
    for number in range(FULL):
        new_run(store, f"run-slow{number}", f"slow{number}", "c2")
    works.tick_until("every worker is busy", writes=CONCURRENCY)
    new_run(store, "run-fix", "fix", "c2")
    for _ in range(5):
        works.scheduler.tick()
    assert works.urge("run-fix", "anna", "checkout is down, this is the fix").urgent is False
    for _ in range(5):
        works.scheduler.tick()
    assert works.run("run-fix").state is RunState.QUEUED, "one person is not enough"
    assert works.urge("run-fix", "ben").urgent
    works.until("run-fix", RunState.FINISHED)
    assert len([point for point in works.at if point.startswith("write slow")]) == CONCURRENCY
    assert not any(point.startswith("written slow") for point in works.at)
    with store.transaction() as tx:
        told = [entry.draft for entry in tx.entries(LedgerFilter(run="run-fix", kind="run.urgent"))]
    assert [(draft.actor, draft.details["people"]) for draft in told] == [("anna", ["anna"]), ("ben", ["anna", "ben"])]
    assert {draft.reason for draft in told} == {"checkout is down, this is the fix"}


def test_one_person_is_never_two_and_what_cannot_hurry_is_told(works: Works) -> None:
    """Another name of the same person, a missing reason, a proposal, a run that ended, one that is urgent already."""
    store = works.built.store
    new_run(store, "run-fix", "fix", "c2")
    with pytest.raises(Invalid, match="needs a reason"):
        works.urge("run-fix", "anna")
    works.urge("run-fix", "anna@acme.com", "down")
    for same in ("anna", "ANNA", "anna@acme.com"):
        with pytest.raises(Refused, match="another person has to agree"):
            works.urge("run-fix", same)
    works.urge("run-fix", "ben")
    with pytest.raises(Refused, match="urgent already"):
        works.urge("run-fix", "carla")
    new_run(store, "run-look", "slow0", "c2", RunKind.PROPOSAL)
    with pytest.raises(Refused, match="only deliveries and reverts"):
        works.urge("run-look", "anna", "down")
    at = datetime.now(UTC)
    with store.transaction() as tx:
        over = RunState.FINISHED
        tx.put_run(Run(RunId("run-over"), StackId("slow1"), RunKind.DELIVERY, over, "c2", at, at, "anna"))
    with pytest.raises(Refused, match="nothing to hurry"):
        works.urge("run-over", "anna", "down")


def test_a_plan_under_way_is_not_begun_again(works: Works) -> None:
    """People agree while it is being planned: the worker goes on, and the apply goes through the other queue."""
    works.planning.clear()
    new_run(works.built.store, "run-fix", "fix", "c2")
    works.until("run-fix", RunState.PLANNING)
    until(lambda: "planning" in works.at, "the plan is under way")
    works.urge("run-fix", "anna", "down")
    works.urge("run-fix", "ben")
    works.planning.set()
    works.until("run-fix", RunState.FINISHED)
    # Once for the plan; once in the apply, and once to verify it.
    assert works.at.count("planning") == 3 and works.run("run-fix").attempts == 2


def test_urgent_ones_are_handed_out_first(works: Works) -> None:
    """However many came before them."""
    store, handed = works.built.store, list[str]()
    for number in range(5):
        new_run(store, f"run-{number}", f"slow{number}", "c2")
    works.urge("run-3", "anna", "down")
    works.urge("run-3", "ben")
    works.scheduler.queues = _Noted(handed)
    works.scheduler.tick()
    assert handed == ["run-3", "run-0", "run-1", "run-2", "run-4"]


@dataclass
class _Noted:
    """Queues that only say what they were given."""

    handed: list[str]

    def enqueue_plan(self, run: Run) -> None:
        self.handed.append(run.id)

    def enqueue_apply(self, run: Run) -> None:
        self.handed.append(run.id)

    def enqueue_recover(self, run: Run) -> None:
        self.handed.append(run.id)

    def enqueue_check(self, stack: StackId, due_at: datetime) -> None:
        """There are no checks here."""

    def enqueue_follow_up(self, glass: BreakGlass) -> None:
        """No glass is broken here."""

    def sweep(self) -> None:
        """Nobody dies here."""
