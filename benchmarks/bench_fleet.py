"""A fleet of eight stacks with two workers, against the commands that Atlantis and cron scripts run in fresh
directories."""

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure
from benchmarks.fleet import NAMES, Fleet, by_workers, fleet
from benchmarks.timing import side_by_side
from trueup.model.drift import CheckState
from trueup.model.stack import Stack

ROUNDS = 3


def measure() -> Iterable[Figure]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name, fleet(Path(name)) as all_of_it:
        _hear(all_of_it)
        yield from _checked(all_of_it)
        yield from _vouched(all_of_it)


def _checked(all_of_it: Fleet) -> Iterable[Figure]:
    """Each stack: `Checks.check`, with the credentials of an assumed role, against clone, init, plan and show."""

    def ours() -> None:
        by_workers(lambda stack: _planned(all_of_it, stack), all_of_it.stacks)

    def theirs() -> None:
        by_workers(lambda name: _raw(all_of_it, name), NAMES)

    mine, peer = side_by_side(ours, theirs, ROUNDS)
    each = len(NAMES)
    yield Figure("a checked stack of a fleet, two at once, wall", mine.wall / each, "s", 0.45, peer.wall / each)


def _planned(all_of_it: Fleet, stack: Stack) -> None:
    """As when somebody asked: always with a plan."""
    done = all_of_it.installed.site.checks.check(stack.id, "bench")
    assert done.state is CheckState.CLEAN and done.vouched_at is None, done


def _hear(all_of_it: Fleet) -> None:
    """What the cloud recorded of the first apply is delivered, as EventBridge would."""
    records = [dict(record.event) for record in all_of_it.cloud.records() if record.kind == "write"]
    all_of_it.installed.site.signals.take("aws", records)
    with all_of_it.installed.store.transaction() as tx:
        for wake in tx.wakes():
            tx.drop_wake(wake.stack)


def _vouched(all_of_it: Fleet) -> Iterable[Figure]:
    """The schedule's check of a stack whose state, code and inputs are the same, while the event stream lives."""
    checks = all_of_it.installed.site.checks
    for stack in all_of_it.stacks:
        _planned(all_of_it, stack)

    def seconds(stack: Stack) -> float:
        began = time.perf_counter()
        done = checks.check(stack.id)
        took = time.perf_counter() - began
        assert done.vouched_at is not None, done
        return took

    took = [seconds(stack) for _ in range(10) for stack in all_of_it.stacks]
    yield Figure("check of an unchanged stack beside a live event stream", 1000 * median(took), "ms", 20)


def _raw(all_of_it: Fleet, name: str) -> None:
    fresh, cron = all_of_it.place / "fresh" / name, all_of_it.cron
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(exist_ok=True)
    cron.git(all_of_it.place, "clone", "--quiet", str(all_of_it.repository), str(fresh))
    root = fresh / "live" / name
    cron.run(root, "init", "-input=false")
    cron.run(root, "plan", "-input=false", "-lock=false", "-out=saved.tfplan")
    cron.run(root, "show", "-json", "saved.tfplan")
