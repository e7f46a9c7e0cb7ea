"""Deliveries through the driver's own session: planned on scratch, applied, and then nothing is left or drifted."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg.errors import UniqueViolation

from tests.database.deliveries import Journal, Stack
from tests.database.servers import OWNER, READER, Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.tools import use
from trueup.model.baseline import Baseline
from trueup.model.errors import LostLease
from trueup.model.plan import Address, Applied, AttributedPlan, Outcome, Plan, Resource
from trueup.model.stack import StackId
from trueup.ports.driver import Evidence, JournalEntry
from trueup.stages.attribute import attribute
from trueup.stages.record import settled

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def stack(postgres15: Server, tmp_path: Path) -> Iterator[Stack]:
    with postgres15.fresh_database() as name:
        files = {"V1__users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);"}
        yield Stack(postgres15, name, tmp_path, files, spec={"scratch": postgres15.url()})


class Books:
    """What is settled, kept as the engine keeps it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.baseline: Baseline | None = None

    def deliver(self) -> tuple[Plan, Applied]:
        self.stack.journal = Journal()
        with DatabaseDriver().open(self.stack.job(settled=self._settled)) as session:
            plan = session.plan()
            attributed = attribute(plan, self.baseline)
            applied = session.apply(plan, self.stack.journal)
        self._settle(attributed, applied)
        return plan, applied

    def recover(self, journal: list[JournalEntry]) -> Evidence:
        evidence = DatabaseDriver().recover(self.stack.job(settled=self._settled), journal)
        assert evidence.applied is not None
        self._settle(self.look(), evidence.applied)
        return evidence

    def look(self) -> AttributedPlan:
        with DatabaseDriver().observe(self.stack.job(settled=self._settled)) as observation:
            return attribute(observation.plan(), self.baseline)

    def drifted(self) -> list[Address]:
        """What a check finds."""
        looked = self.look()
        assert looked.plan.empty
        return [change.address for change in looked.drifted]

    def _settle(self, attributed: AttributedPlan, applied: Applied) -> None:
        basis = replace(attributed.plan.basis, live=applied.live)
        resources = settled(self.baseline, attributed, applied)
        self.baseline = Baseline(StackId("stk-0000000001"), 1, basis, resources, NOW, "run:7")

    def _settled(self) -> Mapping[Address, Resource] | None:
        return self.baseline.resources if self.baseline else None


@pytest.fixture
def books(stack: Stack) -> Books:
    return Books(stack)


PARTS = (
    "ALTER TABLE users ADD n int;\nINSERT INTO users VALUES (1, 1), (2, 1);\n"
    "CREATE UNIQUE INDEX CONCURRENTLY users_n ON users (n);\nALTER TABLE users ADD note text;"
)


def test_what_callbacks_change_is_part_of_the_plan_and_no_drift(stack: Stack, books: Books) -> None:
    """Grants behind every migration are how Flyway projects do it."""
    stack.files["afterMigrate__grants.sql"] = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};"
    _, applied = books.deliver()
    assert applied.complete
    assert READER in str(applied.resources[Address("table.public.users")].values)
    assert not books.drifted()


def test_a_migration_that_stopped_in_the_middle_is_planned_from_there(stack: Stack, books: Books) -> None:
    """Its first part is live and settled; the plan shows what is left, and the delivery does exactly that."""
    assert books.deliver()[1].complete
    stack.spec["mixed"] = True
    stack.files["V2__parts.sql"] = PARTS
    _, applied = books.deliver()
    assert not applied.complete and "2 of 4 parts are done" in applied.error
    assert applied.outcomes[Address("migration.2")] is Outcome.FAILED
    stack.server.execute("DELETE FROM users WHERE id = 2", stack.database, OWNER)
    looked = books.look()
    assert not looked.drifted
    assert {"migration.2", "index.public.users_n"} <= {change.address for change in looked.plan.changes}
    planned, applied = books.deliver()
    assert applied.complete, applied.error
    assert not [finding for finding in planned.findings if finding.stops]
    assert not books.drifted()


def test_an_index_that_failed_is_planned_again_as_the_failed_run_says(stack: Stack, books: Books) -> None:
    """Alone in its file, without `mixed`: nothing of what Trueup does beside it is held against the file."""
    assert books.deliver()[1].complete
    stack.server.execute("INSERT INTO users VALUES (1), (2)", stack.database, OWNER)
    stack.files["V2__unique.sql"] = "CREATE UNIQUE INDEX CONCURRENTLY users_one ON users ((id > 0));"
    assert "deliver again" in books.deliver()[1].error
    status = use(stack.job(settled=books._settled), "status", {})
    assert status.passed and "\n1 pending\nV2__unique.sql: 0 of 1 parts are done" in status.text
    stack.server.execute("DELETE FROM users WHERE id = 2", stack.database, OWNER)
    planned, applied = books.deliver()
    assert not [finding for finding in planned.findings if finding.stops]
    assert applied.complete, applied.error
    assert not books.drifted()


def test_what_a_lost_worker_did_in_parts_is_no_drift_of_anybody(stack: Stack, books: Books) -> None:
    """Recovery finds what is done; the next delivery is not blocked by it."""
    assert books.deliver()[1].complete
    stack.spec["mixed"] = True
    stack.files["V2__parts.sql"] = PARTS.replace("(2, 1)", "(2, 2)")
    lost = Journal()

    class Fence:
        """Gone once the index is next."""

        seconds = 0.1

        def renew(self) -> None:
            if any("3 of 4" in line for line in stack.lines):
                raise LostLease("somebody else may have it")

    with stack.server.connect(stack.database) as other, other.transaction():
        # An old snapshot is what the index waits for.
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        with DatabaseDriver().open(stack.job(settled=books._settled, fence=Fence())) as session:
            plan = session.plan()
            with pytest.raises(LostLease):
                session.apply(plan, lost)
    evidence = books.recover(lost.entries)
    assert evidence.gone and any("2 of 4 parts are done" in line for line in evidence.advice)
    looked = books.look()
    assert not looked.drifted, looked.drifted
    assert books.deliver()[1].complete
    assert not books.drifted()


def test_a_schema_that_is_missing_is_created_as_flyway_does(stack: Stack, books: Books) -> None:
    """With the row that says so, at rank 0."""
    stack.spec["schemas"] = ("app",)
    planned, applied = books.deliver()
    assert Address("schema.app") in {change.address for change in planned.changes}
    assert applied.complete, applied.error
    assert stack.query("SELECT installed_rank, type, description, script FROM app.flyway_schema_history") == [
        (0, "SCHEMA", "<< Flyway Schema Creation >>", '"app"'),
        (1, "SQL", "users", "V1__users.sql"),
    ]
    assert stack.query("SELECT to_regclass('app.users')::text") == ["app.users"]
    assert not books.drifted()


def test_without_a_scratch_database_a_delivery_settles_what_it_changed(
    stack: Stack, books: Books, postgres18: Server
) -> None:
    """The plan knows the migrations alone; what changed in the catalog meanwhile is theirs."""
    stack.spec["scratch"] = postgres18.url()
    planned, applied = books.deliver()
    assert applied.complete and [change.address for change in planned.changes] == ["migration.1"]
    assert Address("table.public.users") in applied.resources
    assert not books.drifted()


def test_an_invalid_index_of_somebody_else_is_said(stack: Stack, books: Books) -> None:
    """With what to do about it; nothing of ours is dropped or stopped by it."""
    assert books.deliver()[1].complete
    with stack.server.connect(stack.database, OWNER) as other:
        other.execute("ALTER TABLE users ADD n int; INSERT INTO users VALUES (1, 1), (2, 1)")
        with pytest.raises(UniqueViolation):
            other.execute("CREATE UNIQUE INDEX CONCURRENTLY by_hand ON users (n)")
    (said,) = [finding for finding in books.look().plan.findings if finding.code == "invalid-index"]
    assert "public.by_hand is invalid" in said.message and not said.stops
    assert said.hint.startswith("DROP INDEX CONCURRENTLY public.by_hand;")
