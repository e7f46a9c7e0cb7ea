"""A driver whose live system is a directory of JSON files: quick, real enough to lose a worker in the middle of it.

Code: `PATH/NAME.json` in the tree. Live: `NAME.json` in the directory that the spec names; every write is also noted in
`writes.log` beside it, so that a test can count them. One step for each file.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Unavailable
from trueup.model.plan import (
    Action,
    Address,
    Applied,
    Basis,
    LiveIdentity,
    Outcome,
    Plan,
    PlannedChange,
    Resource,
    Step,
    StepId,
)
from trueup.model.stack import Respond
from trueup.model.values import JSON, Digest, digest
from trueup.ports.driver import Evidence, Job, Journal, JournalEntry, Reading
from trueup.ports.tree import Tree

KIND = "file"
Reach = Callable[[str], None]
"""Called at the points where a test may stop the worker: `planning`, `begin NAME`, `write NAME`, `written NAME`,
`end NAME`, `applied`."""


def nowhere(_point: str) -> None:
    """Stops nowhere."""


@dataclass(frozen=True)
class FileSpec:
    live: Path


class FileDriver:
    name: ClassVar[str] = "files"
    specs: ClassVar[Mapping[str, type[Any]]] = {"files": FileSpec}
    checks: ClassVar[timedelta] = timedelta(minutes=30)
    respond: ClassVar[Respond] = Respond.ALERT

    def __init__(self, reach: Reach = nowhere) -> None:
        self._reach = reach

    def read(self, tree: Tree, path: str, spec: FileSpec) -> Reading:
        wanted(tree, path)
        return Reading(closure(tree, path))

    @contextmanager
    def observe(self, job: Job[FileSpec]) -> Iterator["FileObservation"]:
        yield FileObservation(job, self._reach)

    @contextmanager
    def open(self, job: Job[FileSpec]) -> Iterator["FileSession"]:
        yield FileSession(job, self._reach)

    def recover(self, job: Job[FileSpec], journal: Sequence[JournalEntry]) -> Evidence:
        """A file is replaced at once or not at all: once the old process is gone, looking at it tells."""
        if _alive(job):
            return Evidence(gone=False, applied=None, advice=("wait for the old process to end",))
        begun = {Address(entry.step) for entry in journal if entry.event == "begin"}
        code, live = wanted(job.tree, job.path), real(job.spec.live)
        done = {address for address in begun if same(code.get(address), live.get(address))}
        outcomes = {address: Outcome.DONE if address in done else Outcome.FAILED for address in begun}
        complete = all(same(code.get(address), live.get(address)) for address in {*code, *live})
        resources = {address: live[address] for address in done if address in live}
        error = "" if complete else "the worker was lost before everything was written"
        return Evidence(gone=True, applied=Applied(complete, resources, outcomes, identity(live), error))


@dataclass(frozen=True)
class FileObservation:
    job: Job[FileSpec]
    reach: Reach

    def plan(self) -> Plan:
        job = self.job
        self.reach("planning")
        code = {} if job.destroy else wanted(job.tree, job.path)
        live = real(job.spec.live)
        changes = tuple(
            PlannedChange(address, KIND, _action(address, code, live), _values(live, address), _values(code, address))
            for address in sorted({*code, *live})
            if not same(code.get(address), live.get(address))
        )
        basis = Basis(job.tree.revision, closure(job.tree, job.path), Digest("none"), identity(live), "files 1")
        steps = tuple(Step(StepId(change.address), f"write {change.address}", (change.address,)) for change in changes)
        return Plan(job.purpose, basis, changes, live, steps=steps)

    def narrowed(self, plan: Plan, addresses: Collection[Address]) -> Plan:
        """No file needs another one."""
        return replace(
            plan,
            changes=tuple(change for change in plan.changes if change.address in addresses),
            steps=tuple(step for step in plan.steps if set(step.addresses) <= set(addresses)),
        )


@dataclass(frozen=True)
class FileSession(FileObservation):
    def apply(self, plan: Plan, journal: Journal) -> Applied:
        live = self.job.spec.live
        mark = _mark(self.job)
        mark.write_text(str(os.getpid()))
        try:
            outcomes = self._write_all(plan, journal)
        finally:
            mark.unlink()
        self.reach("applied")
        # What was written, not what is there by now: somebody else may have been at it.
        kept = {address: resource for address, resource in plan.real.items() if plan.change_at(address) is None}
        wrote = {
            change.address: Resource(KIND, change.after, str(live / change.address))
            for change in plan.changes
            if change.action is not Action.DELETE
        }
        return Applied(True, {**kept, **wrote}, outcomes, identity({**kept, **wrote}))

    def _write_all(self, plan: Plan, journal: Journal) -> dict[Address, Outcome]:
        outcomes: dict[Address, Outcome] = {}
        for change in plan.changes:
            step = StepId(change.address)
            self.reach(f"begin {change.address}")
            journal.begin(step)
            self.reach(f"write {change.address}")
            _write(self.job.spec.live, change)
            self.reach(f"written {change.address}")
            journal.report(step, change.address, Outcome.DONE, str(self.job.spec.live / change.address))
            journal.end(step)
            outcomes[change.address] = Outcome.DONE
            self.reach(f"end {change.address}")
        return outcomes


def wanted(tree: Tree, path: str) -> dict[Address, Resource]:
    found = {}
    for entry in tree.entries(path):
        if entry.path.endswith(".json"):
            try:
                values = json.loads(tree.read(entry.path))
            except ValueError as error:
                raise Invalid(f"{entry.path} is not JSON: {error}") from error
            found[Address(Path(entry.path).stem)] = Resource(KIND, values)
    return found


def real(live: Path) -> dict[Address, Resource]:
    if not live.is_dir():
        raise Unavailable(f"{live} is not there")
    return {
        Address(file.stem): Resource(KIND, json.loads(file.read_text()), str(live / file.stem))
        for file in sorted(live.glob("*.json"))
    }


def same(one: Resource | None, other: Resource | None) -> bool:
    return (one and one.values) == (other and other.values)


def closure(tree: Tree, path: str) -> Closure:
    return Closure({entry.path: entry.digest for entry in tree.entries(path)})


def identity(live: Mapping[Address, Resource]) -> LiveIdentity:
    return LiveIdentity({"content": digest({address: resource.values for address, resource in live.items()})})


def writes(live: Path) -> list[str]:
    """Every write that ever happened, in order."""
    log = live / "writes.log"
    return log.read_text().splitlines() if log.exists() else []


def _values(side: Mapping[Address, Resource], address: Address) -> JSON:
    return side[address].values if address in side else None


def _action(address: Address, code: Mapping[Address, Resource], live: Mapping[Address, Resource]) -> Action:
    if address not in code:
        return Action.DELETE
    return Action.UPDATE if address in live else Action.CREATE


def _write(live: Path, change: PlannedChange) -> None:
    with (live / "writes.log").open("a") as log:
        log.write(f"{change.address}\n")
    file = live / f"{change.address}.json"
    if change.action is Action.DELETE:
        file.unlink()
        return
    partial = file.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(change.after))
    partial.replace(file)


def _mark(job: Job[FileSpec]) -> Path:
    """Says which process applies; gone when it stopped applying."""
    assert job.evidence is not None
    return job.evidence / "pid"


def _alive(job: Job[FileSpec]) -> bool:
    try:
        pid = int(_mark(job).read_text())
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status[0] not in ("Z", "X")
