"""Running migrations on an open connection: those that are one transaction, with the history's row in it; rows alone;
and callbacks."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trueup.drivers.database.delivery.patience import Manner, Patient, committing
from trueup.drivers.database.delivery.ways import Way
from trueup.drivers.database.dialect import Database, Held, Table
from trueup.drivers.database.history.history import NewRow, Repair, Row, applied, next_rank
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.render.values import counted


@dataclass
class Runner:
    database: Database
    held: Held
    table: Table
    migrations: Migrations
    manner: Manner
    rows: list[Row] = field(default_factory=list)
    """The history as it is, with what was written since."""
    notes: list[str] = field(default_factory=list)
    """What somebody should hear of who does not read the log."""

    def together(self, ways: Sequence[Way], at_the_end: Callable[[], None] = lambda: None) -> None:
        """All of them, and their rows, in one transaction. Raises LostLease, CommitLost; otherwise nothing happened."""

        def once() -> None:
            self.database.reset()
            written: list[Row] = []
            with committing(self.database) as last:
                for way in ways:
                    written.append(self._one(way, next_rank([*self.rows, *written])))
                at_the_end()
                self.held.check()
                last()
            self.rows += written

        self.patient.through(once, " and ".join(str(way.migration) for way in ways))

    def mark(self, way: Way) -> None:
        """Only the history's row: what the migration says is live."""
        row = applied(way.migration, next_rank(self.rows), self.manner.by)
        self.held.check()
        self.write(insert=row)
        self.manner.log(f"{way.migration}: marked as already applied")

    def write_first(self, rows: Sequence[NewRow], schemas: Sequence[str]) -> None:
        """The history table, where there is none yet, the schemas that are missing, and the rows that begin it."""
        with self.database.transaction():
            for schema in schemas:
                self.database.create_schema(schema)
            if not self.database.has_table(self.table):
                self.database.create_history(self.table)
                if self.manner.reader:
                    self.database.let_read(self.table, self.manner.reader)
            for row in rows:
                self.database.add_row(self.table, row)
        self.rows += [row.at(datetime.now(UTC)) for row in rows]
        self.database.reset()

    def write(self, insert: NewRow, *, instead: bool = False, beside: Callable[[], None] = lambda: None) -> None:
        """One row, `instead` of the one of its rank, and what belongs to it, in one transaction. Raises CommitLost."""
        with committing(self.database) as last:
            self.database.repair(self.table, Repair((insert.rank,) if instead else (), (insert,)))
            beside()
            last()
        self.rows = [*(row for row in self.rows if row.rank != insert.rank), insert.at(datetime.now(UTC))]

    def callbacks(self, event: str) -> None:
        """In a transaction of their own, as far as they can be in one."""
        for each in self.migrations.on(event):
            self.manner.log(f"{event}: {each.path}")
            statements = self.database.dialect.split(each.sql, each.path)
            together = all(statement.in_transaction for statement in statements)
            with self.patient.watched(), self._transaction(together):
                for statement in statements:
                    self.database.run(statement)

    @contextmanager
    def timed(self, way: Way) -> Iterator[Callable[[], int]]:
        """Milliseconds so far; said at the end, and once more where it is longer than expected."""
        began = time.monotonic()
        yield lambda: int((time.monotonic() - began) * 1000)
        seconds = time.monotonic() - began
        self.manner.log(f"{way.migration}: done in {seconds:.2f} s")
        if seconds > self.manner.expected_seconds:
            expected = self.manner.expected_seconds
            self.notes.append(f"{way.migration} took {seconds:.1f} s, longer than its expectedTime of {expected:g} s")
            self.manner.log(self.notes[-1])

    @property
    def patient(self) -> Patient:
        return Patient(self.database, self.held, self.manner)

    def _one(self, way: Way, rank: int) -> Row:
        self._inside("beforeEachMigrate")
        self.manner.log(f"{way.migration}: {counted(len(way.statements), 'statement', 'statements')}")
        with self.timed(way) as milliseconds:
            for statement in way.statements:
                self.database.run(statement)
        row = applied(way.migration, rank, self.manner.by, milliseconds())
        self._inside("afterEachMigrate")
        self.database.add_row(self.table, row)
        return row.at(datetime.now(UTC))

    def _inside(self, event: str) -> None:
        for callback in self.migrations.on(event):
            for statement in self.database.dialect.split(callback.sql, callback.path):
                self.database.run(statement)

    @contextmanager
    def _transaction(self, wanted: bool) -> Iterator[None]:
        if wanted:
            with self.database.transaction():
                yield
        else:
            yield
