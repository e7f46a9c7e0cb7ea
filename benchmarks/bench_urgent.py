"""The emergency lane: from a commit to its apply, while every worker is busy and the queue is full."""

import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.figure import Figure
from tests.runs.site import Place, build, commit, engine_of, new_run, scheduler_of, settle
from trueup.engine.scheduler import Scheduler
from trueup.model.run import RunId, RunState, Urgency
from trueup.settings import CONCURRENCY, POLL, QUEUE_SECONDS

WAITING = 200
"""Deliveries of other stacks in the queue."""
EACH = 20.0
"""Seconds that one of their applies takes."""
AIM = 300.0
"""Seconds from the commit to the applied change; the next look at Git is part of them."""
TICK = 1.0


def measure() -> Iterable[Figure]:
    """Planned, approved by nobody's leave (the environment asks for none), applied and verified by real workers; the
    applies in front of it are slow on purpose. The time that people need to agree is not in it."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        took = _commit_to_applied(Path(name))
    queue = f"{WAITING} deliveries of {EACH:.0f} s waiting, {CONCURRENCY} workers busy"
    yield Figure(f"urgent commit to applied, {queue}", took + POLL.total_seconds(), "s", AIM)


def _commit_to_applied(base: Path) -> float:
    """Seconds since the run was there. Git is looked at once in POLL at the latest: whoever is in a hurry says
    `trueup refresh`."""
    (base / "live").mkdir()
    place = Place(str(base), f"sqlite:///{base}/trueup.db", f"sqlite:///{base}/queues.db", alone=True)
    store = place.open()
    names = [f"slow{number}" for number in range(WAITING)]
    for name in ("fix", *names):
        commit(place, "c1", {f"{name}/readme": {}})
        commit(place, "c2", {f"{name}/{name}": {"size": 2}})
        settle(place, store, name, "c1")
    for name in names:
        new_run(store, f"run-{name}", name, "c2")
    store.close()
    ended, busy = threading.Event(), threading.Semaphore(0)

    def reach(point: str) -> None:
        if point.startswith("write slow"):
            busy.release()
            ended.wait(EACH)

    built = build(place, "bench", reach)
    engine = engine_of(place, built, "bench")
    engine.start(polling=QUEUE_SECONDS)
    scheduler = scheduler_of(built, engine, "bench")
    try:
        scheduler.tick()
        for _ in range(CONCURRENCY):
            while not busy.acquire(timeout=TICK):
                scheduler.tick()
        began = time.perf_counter()
        run = new_run(built.store, "run-fix", "fix", "c2")
        with built.store.transaction() as tx:
            tx.put_run(replace(run, urgency=Urgency("anna", "down", run.created_at, "ben", run.created_at)))
        while not _finished(scheduler):
            time.sleep(TICK)
        return time.perf_counter() - began
    finally:
        ended.set()
        engine.stop(patience=60)
        built.store.close()


def _finished(scheduler: Scheduler) -> bool:
    scheduler.tick()
    with scheduler.store.transaction() as tx:
        run = tx.run(RunId("run-fix"))
    return run is not None and run.state is RunState.FINISHED
