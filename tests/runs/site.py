"""One site for the run suite: a real store, real queues, the real walk, and a directory of files as the live system."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.file_driver import FileDriver, FileSpec, Reach, closure, identity, nowhere
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine import scheduler
from trueup.engine.attribution import Attribution
from trueup.engine.books import Books
from trueup.engine.drift_records import DriftRecords
from trueup.engine.errands import Errands
from trueup.engine.jobs import Jobs
from trueup.engine.leases import Leases
from trueup.engine.reconciler import Reconciler
from trueup.engine.recovery import Recovery
from trueup.engine.scheduler import Scheduler
from trueup.engine.settling import Settling
from trueup.engine.subjects import Subjects
from trueup.engine.vault import CLOSURE, closure_bytes
from trueup.engine.workflows import Engine, Work
from trueup.manifests.manifest import Manifest
from trueup.model.baseline import Baseline
from trueup.model.errors import Refused
from trueup.model.people import People
from trueup.model.plan import Basis
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Declaration, Environment, Mode, Stack, StackId, Standing
from trueup.model.values import Digest
from trueup.ports.credentials import Granted, Lent
from trueup.ports.tree import StoredTree
from trueup.system.clock import SystemClock
from trueup.system.sealing import open_key

LEASE = 6.0
"""Seconds; a dead worker is noticed after as many. Long enough for a living one on a busy machine."""
PAUSE = 0.3
"""Seconds between two looks at the queues, and between two rounds of the scheduler."""
REPOSITORY = "files"


@dataclass(frozen=True)
class Place:
    """Where everything is; a worker process gets it as JSON."""

    directory: str
    store: str
    queues: str
    alone: bool
    """SQLite: one process at a time."""

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @property
    def data(self) -> Path:
        return Path(self.directory)

    def live(self, stack: str) -> Path:
        return self.data / "live" / stack

    def open(self) -> SqlStore:
        return open_store(self.store, open_key(self.data / "key"))


class Files:
    """What engine.catalog.Catalog is to the walk: here the commits are directories, `code/COMMIT/STACK/NAME.json`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        free = Environment("dev", critical=False, mode=Mode.DELIVER)
        declarations = tuple(
            Declaration(name, REPOSITORY, name, "files", "files", free, FileSpec(place.live(name)), mode=Mode.DELIVER)
            for name in sorted(file.name for file in (place.data / "live").iterdir())
        )
        self.manifest = Manifest({}, declarations, {"dev": free}, People())

    def tree(self, _repository: str, commit: str) -> StoredTree:
        root = self._place.data / "code" / commit
        files = {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.json"))}
        return StoredTree(commit, files)

    def head(self, _repository: str) -> str:
        return max(file.name for file in (self._place.data / "code").iterdir())


class Nobody:
    """Credentials of a live system that asks for none; reports to nobody."""

    def grant(self, _stack: Declaration, _right: str, _session: str) -> Granted:
        return Granted({}, frozenset())

    def lend(self, stack: Declaration, _session: str, _until: datetime) -> Lent:
        raise Refused(f"nothing is lent for {stack.name}")

    def publish(self) -> None:
        """There is no forge to write to."""


@dataclass(frozen=True)
class Built:
    store: SqlStore
    errands: Errands
    work: Work


def build(place: Place, worker: str, reach: Reach = nowhere) -> Built:
    store, clock, files, nobody = place.open(), SystemClock(), Files(place), Nobody()
    jobs = Jobs(store, {"files": FileDriver(reach)}, lambda: nobody, str, place.data, str)  # type: ignore[dict-item]
    errands = Errands(store, files, jobs)  # type: ignore[arg-type]
    books = Books(store, files, lambda _name: None, clock)  # type: ignore[arg-type]
    catalog: Any = files
    settling = Settling(books, errands, DriftRecords(catalog, clock, Attribution(catalog), Subjects({})), clock)
    leases = Leases(store, worker, LEASE)
    reconciler = Reconciler(errands, books, settling, leases, clock)
    recovery = Recovery(books, errands, settling, leases)
    work = Work(
        plan=lambda run: reconciler.walk(run, "plan"),
        apply=lambda run: reconciler.walk(run, "apply"),
        recover=recovery.recover,
        check=lambda stack: store.log(f"check:{stack}", ["looked"]),
    )
    return Built(store, errands, work)


def engine_of(place: Place, built: Built, worker: str) -> Engine:
    return Engine(built.store, built.work, database=place.queues, worker=worker, alone=place.alone, silence=LEASE)


def scheduler_of(built: Built, engine: Engine, worker: str) -> Scheduler:
    """Never looks at Git: the runs are put in by the tests."""
    scheduler.LEADER_SECONDS = LEASE  # type: ignore[attr-defined]
    never = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    return Scheduler(
        store=built.store,
        catalog=None,  # type: ignore[arg-type]
        intake=None,  # type: ignore[arg-type]
        errands=built.errands,
        reports=Nobody(),  # type: ignore[arg-type]
        queues=engine,
        clock=SystemClock(),
        holder=worker,
        _next_look=never,
    )


def settle(place: Place, store: SqlStore, name: str, commit: str) -> Stack:
    """A stack whose books say that nothing is there yet."""
    place.live(name).mkdir(parents=True)
    tree = Files(place).tree(REPOSITORY, commit)
    files = closure(tree, name)
    basis = Basis(commit, files, Digest("none"), identity({}), "files 1")
    with store.transaction() as tx:
        tx.put_baseline(Baseline(StackId(name), 1, basis, {}, datetime.now(UTC), "adopt:anna"))
        tx.seal(CLOSURE, files.digest, closure_bytes(tree, files))
        stack = Stack(StackId(name), name, REPOSITORY, name, "files", "dev", Standing.SETTLED, settled=commit)
        return tx.put_stack(stack)


def commit(place: Place, revision: str, files: Mapping[str, object]) -> None:
    for path, content in files.items():
        file = place.data / "code" / revision / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))


def new_run(store: SqlStore, id: str, stack: str, revision: str, kind: RunKind = RunKind.DELIVERY) -> Run:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        return tx.put_run(Run(RunId(id), StackId(stack), kind, RunState.QUEUED, revision, now, now, "anna"))
