"""Deliveries for tests: files become a plan by trying them on another database, and an apply of it on this one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.database.servers import OWNER, Server
from trueup.drivers.database.client import dialect_of
from trueup.drivers.database.delivery import delivery
from trueup.drivers.database.delivery.order import Delivery
from trueup.drivers.database.delivery.progress import ProgressTable, own_tables, resumable
from trueup.drivers.database.dialect import Database, Options, Table
from trueup.drivers.database.history.history import NewRow, first, resolve
from trueup.drivers.database.history.records import KIND, identity_of, resources_of, wanted
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.drivers.database.spec import FlywaySpec
from trueup.model.closure import Closure
from trueup.model.plan import Action, Address, Applied, Basis, Outcome, Plan, PlannedChange, Resource, Step, StepId
from trueup.model.stack import StackId
from trueup.model.values import Digest
from trueup.ports.driver import Job, JournalEntry
from trueup.ports.tree import StoredTree

Snapshot = Mapping[Address, Resource]
SQL = "db/migration"
HISTORY = Table("public", "flyway_schema_history")


@dataclass
class Lease:
    """A Fence that is always renewed."""

    seconds: float = 60

    def renew(self) -> None:
        """It stays ours."""


@dataclass
class Journal:
    """ports.driver.Journal in memory."""

    entries: list[JournalEntry] = field(default_factory=list)

    def begin(self, step: StepId) -> None:
        self.entries.append(JournalEntry(step, "begin"))

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self.entries.append(JournalEntry(step, "report", at, outcome, identity))

    def end(self, step: StepId) -> None:
        self.entries.append(JournalEntry(step, "end"))


@dataclass
class Stack:
    """One Flyway project for one real database."""

    server: Server
    database: str
    directory: Path
    files: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    spec: dict[str, Any] = field(default_factory=dict)
    table: Table = HISTORY
    changes: dict[str, Any] = field(default_factory=dict)
    """Fields of the Delivery that are others."""

    @property
    def url(self) -> str:
        return self.server.url(self.database, OWNER)

    def job(self, **changes: Any) -> Job[FlywaySpec]:
        evidence = self.directory / "run-7"
        given: dict[str, Any] = {
            "stack": StackId("stk-0000000001"),
            "name": "app",
            "purpose": "delivery",
            "spec": FlywaySpec(url=self.url, lock_timeout=timedelta(milliseconds=300), **self.spec),
            "path": "app",
            "tree": StoredTree("r1", {f"app/{SQL}/{name}": text.encode() for name, text in self.files.items()}),
            "directory": self.directory,
            "environment": {},
            "hash_secret": str,
            "redact": lambda text: text,
            "log": self.lines.append,
            "evidence": evidence,
        }
        return Job(**{**given, **changes})

    @contextmanager
    def connected(self, *, writing: bool = False) -> Iterator[Database]:
        options = Options(read_only=not writing)
        with dialect_of(self.url).connect(self.url, options) as database:
            yield database

    def migrations(self) -> Migrations:
        job = self.job()
        return read_migrations(job.tree, job.path, job.spec, {})

    def snapshot(self) -> Snapshot:
        with self.connected() as database:
            return database.snapshot([self.table.schema], own_tables(self.table))

    def order(self, **changes: Any) -> Delivery:
        job, migrations = self.job(), self.migrations()
        with self.connected() as database:
            rows = database.rows(self.table)
            seen = resumable(rows or (), ProgressTable(database, self.table).read())
            user = database.user
        resolved = resolve(migrations, seen, migrations.settings)
        assert not [each for each in resolved.problems if each.stops], resolved.problems
        begins = first(rows, migrations.settings, user, empty=not self.snapshot())
        given: dict[str, Any] = {
            "job": job,
            "dialect": dialect_of(self.url),
            "url": self.url,
            "table": self.table,
            "schemas": (self.table.schema,),
            "skip": own_tables(self.table),
            "migrations": migrations,
            "pending": resolved.pending,
            "rows": rows,
            "first": (begins,) if isinstance(begins, NewRow) else (),
            "pause": lambda seconds: None,
        }
        return Delivery(**{**given, **self.changes, **changes})

    def plan(self, order: Delivery) -> Plan:
        """What the pending migrations make of this database, found out on a copy."""
        before = self.snapshot()
        with self.server.fresh_database(self.database) as copy:
            tried = replace(self, database=copy, directory=self.directory / "tried", lines=[], journal=Journal())
            trial = replace(order, url=tried.url, foreseen=False)
            made = delivery.apply(trial, _plan(order, before, {}, {}), tried.journal)
        assert made.complete, made.error
        after = {address: each for address, each in made.resources.items() if each.kind != KIND}
        return _plan(order, before, after, made.outcomes)

    def deliver(self, plan: Plan | None = None, **changes: Any) -> Applied:
        order = self.order(**changes)
        if plan is None:
            order = replace(order, foreseen=False)
            plan = _plan(order, self.snapshot(), {}, {})
        return delivery.apply(order, plan, self.journal)

    def outcomes(self) -> dict[str, str]:
        """Of the journal, the last one at each address."""
        return {str(each.at): str(each.outcome) for each in self.journal.entries if each.event == "report"}

    def query(self, sql: str) -> list[Any]:
        with self.server.connect(self.database) as connection:
            return [row[0] if len(row) == 1 else row for row in connection.execute(sql.encode())]


def _plan(order: Delivery, before: Snapshot, after: Snapshot, touched: Mapping[Address, Outcome]) -> Plan:
    applied = resources_of(order.rows or ())
    changes = []
    for each in order.pending:
        old = applied.get(each.address)
        action = Action.UPDATE if old else Action.CREATE
        marked = each.address in order.imported
        values = wanted(each)
        changes.append(
            PlannedChange(
                each.address,
                KIND,
                Action.NOTHING if marked else action,
                values if marked else old.values if old else None,
                values,
                imported=marked,
            )
        )
    for address in touched.keys() - {change.address for change in changes}:
        one, two = before.get(address), after.get(address)
        action = Action.CREATE if one is None else Action.DELETE if two is None else Action.UPDATE
        kind = (one or two).kind  # type: ignore[union-attr]
        changes.append(PlannedChange(address, kind, action, one and one.values, two and two.values))
    moved = tuple(change.address for change in changes if change.kind != KIND)
    steps = [Step(StepId(each.address), f"run {each}", (each.address,)) for each in order.pending]
    if len(steps) == 1:
        steps = [replace(steps[0], addresses=(*steps[0].addresses, *moved))]
    return Plan(
        purpose="delivery",
        basis=Basis("r1", Closure({}), Digest("keyed:1"), identity_of(order.rows), "PostgreSQL"),
        changes=tuple(sorted(changes, key=lambda change: change.address)),
        real={**before, **applied},
        steps=tuple(steps),
    )
