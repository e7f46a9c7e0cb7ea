"""Delivering to SQLite: the same walk on a file, where DDL is part of every transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.database.deliveries import Journal, Stack
from trueup.drivers.database.dialect import Table
from trueup.drivers.database.driver import DatabaseDriver
from trueup.model.errors import Rejected
from trueup.model.plan import Address, Applied, Outcome, Plan

V2 = Address("migration.2")


@dataclass
class File(Stack):
    """A stack whose database is a file."""

    @property
    def url(self) -> str:
        return f"sqlite:{self.directory / 'app.db'}"

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.directory / "app.db", isolation_level=None)) as connection:
            yield connection

    def query(self, sql: str) -> list[Any]:
        with self.opened() as connection:
            return [row[0] if len(row) == 1 else row for row in connection.execute(sql)]

    def through(self) -> tuple[Plan, Applied]:
        self.journal = Journal()
        with DatabaseDriver().open(self.job()) as session:
            plan = session.plan()
            return plan, session.apply(plan, self.journal)


@pytest.fixture
def stack(tmp_path: Path) -> File:
    files = {"V1__users.sql": "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);"}
    return File(None, "", tmp_path, files, table=Table("main", "flyway_schema_history"))  # type: ignore[arg-type]


def test_migrations_and_their_rows_are_written_as_flyway_does(stack: File) -> None:
    """Its columns, types and index; the user is empty."""
    stack.files["V2__trigger.sql"] = (
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE users SET email = lower(email); SELECT 1; END;\n"
        "INSERT INTO users VALUES (1, 'A');"
    )
    planned, applied = stack.through()
    assert applied.complete, applied.error
    assert {change.address for change in planned.changes} == set(applied.outcomes)
    history = "SELECT installed_rank, version, type, installed_by, success FROM flyway_schema_history ORDER BY 1"
    assert stack.query(history) == [(1, "1", "SQL", "", 1), (2, "2", "SQL", "", 1)]
    assert stack.query("SELECT name FROM sqlite_master WHERE name = 'flyway_schema_history_s_idx'")
    assert stack.query("SELECT installed_on LIKE '20__-__-__ __:__:__.___' FROM flyway_schema_history LIMIT 1") == [1]
    assert stack.query("SELECT email FROM users") == ["a"]
    again, twice = stack.through()
    assert again.empty and again.real == applied.resources == twice.resources and again.basis.live == applied.live


def test_a_refused_migration_leaves_nothing(stack: File) -> None:
    """Its tables neither; the words have file and line."""
    stack.through()
    stack.files["V2__half.sql"] = "CREATE TABLE half (id INTEGER);\nINSERT INTO users VALUES (1, NULL);"
    with DatabaseDriver().open(stack.job(purpose="check")) as session:
        plan = session.plan()
        applied = session.apply(plan, Journal())
    assert not applied.complete and applied.outcomes[V2] is Outcome.FAILED
    assert "V2__half.sql:2" in applied.error and "NOT NULL constraint failed" in applied.error
    assert not stack.query("SELECT 1 FROM sqlite_master WHERE name = 'half'")
    assert stack.query("SELECT version FROM flyway_schema_history") == ["1"]


def test_what_runs_alone_is_done_in_parts(stack: File) -> None:
    """VACUUM is refused in a transaction."""
    stack.through()
    stack.files["V2__vacuum.sql"] = "VACUUM;"
    _, applied = stack.through()
    assert applied.complete, applied.error
    assert stack.query("SELECT version, success FROM flyway_schema_history") == [("1", 1), ("2", 1)]
    assert stack.query("SELECT count(*) FROM trueup_progress") == [0]
    again, _ = stack.through()
    assert again.empty and not [address for address in again.real if "trueup_progress" in address]


def test_a_file_that_somebody_writes_to_is_tried_again(stack: File) -> None:
    """And left alone when that one does not come to an end."""
    stack.through()
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone TEXT;"
    order = stack.order()
    with stack.opened() as other:
        other.execute("BEGIN IMMEDIATE")
        applied = stack.deliver(foreseen=order.foreseen)
        assert not applied.complete and "database is locked (6 times)" in applied.error
        other.execute("ROLLBACK")
    assert stack.deliver().complete


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """No directory, or no database at all."""
    (tmp_path / "app.db").write_text("this is no database, and it is long enough to be told from one" * 20)
    stack = File(None, "", tmp_path, {}, table=Table("main", "flyway_schema_history"))  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="not a database"), stack.connected() as database:
        database.rows(stack.table)
