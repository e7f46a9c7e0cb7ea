"""What can go wrong while migrations are delivered: each clear, nothing lost, and what to do next."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.database.deliveries import Journal, Stack
from tests.database.servers import OWNER, Server
from tests.database.wire import cut_behind
from trueup.drivers.database.delivery.progress import ProgressTable, resumable
from trueup.drivers.database.history.history import resolve
from trueup.model.errors import Invalid, LostLease, Refused
from trueup.model.plan import Address, Outcome
from trueup.ports.driver import Limits

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);"
ROWS = "INSERT INTO users SELECT n, 'a' || n FROM generate_series(1, 50) n;"
V2 = Address("migration.2")
PATIENCE = 60.0


@pytest.fixture
def stack(postgres15: Server, tmp_path: Path) -> Iterator[Stack]:
    """One migration is applied."""
    with postgres15.fresh_database() as name:
        made = Stack(postgres15, name, tmp_path, {"V1__users.sql": f"{USERS} {ROWS}"})
        assert made.deliver().complete
        made.journal = Journal()
        yield made


@contextmanager
def meanwhile(stack: Stack, condition: str, act: str) -> Iterator[None]:
    """As soon as pg_stat_activity shows a connection of ours like this, somebody acts; `{pid}` is its own."""
    over = threading.Event()

    def watch() -> None:
        with stack.server.connect(stack.database) as connection:
            while not over.wait(0.01):
                row = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                    f"AND pid <> pg_backend_pid() AND application_name = 'trueup run-7' AND {condition}".encode()
                ).fetchone()
                if row is not None:
                    connection.execute(act.replace("{pid}", str(row[0])).encode())
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE)


def killed(stack: Stack, statement: str) -> AbstractContextManager[None]:
    """The backend that runs this, or waits in it, is ended."""
    at_work = "wait_event IN ('PgSleep', 'relation', 'virtualxid')"
    return meanwhile(stack, f"query ILIKE '{statement}' AND {at_work}", "SELECT pg_terminate_backend({pid})")


@pytest.mark.parametrize(
    ("sql", "like"),
    [
        ("CREATE TABLE half (id int);\nALTER TABLE users ADD phone text;\nSELECT pg_sleep(600);", "SELECT pg_sleep%"),
        ("ALTER TABLE users ADD x int;\nDO $$ BEGIN PERFORM pg_sleep(600); END $$;", "DO %"),
        ("CREATE TABLE half AS SELECT pg_sleep(600)::text AS slept;", "CREATE TABLE half%"),
        ("COPY users FROM stdin;\n901\tx\n902\ty\n\\.\n", "COPY%"),
    ],
    ids=["DDL", "DO", "CREATE AS", "COPY"],
)
def test_a_connection_lost_in_a_transaction_leaves_nothing(stack: Stack, sql: str, like: str) -> None:
    """Whatever kind of statement it was in; delivering again does it all."""
    if like == "COPY%":
        stack.server.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END';"
            "CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slow()",
            stack.database,
        )
    before = stack.snapshot()
    stack.files["V2__long.sql"] = sql
    with killed(stack, like):
        applied = stack.deliver()
    assert not applied.complete and "connection was lost" in applied.error
    assert applied.outcomes[V2] is Outcome.FAILED and "nothing remains" in applied.error
    assert stack.snapshot() == before == {a: r for a, r in applied.resources.items() if r.kind != "migration"}
    assert stack.query("SELECT version FROM flyway_schema_history") == ["1"]
    if like == "COPY%":
        stack.server.execute("DROP TRIGGER slow ON users; DROP FUNCTION slow()", stack.database)
    stack.files["V2__long.sql"] = sql.replace("600", "0")
    assert stack.deliver().complete


def test_a_connection_lost_in_the_commit_is_looked_up(stack: Stack) -> None:
    """Nobody answered; the history knows. Here it did not happen: a deferred check was still at work."""
    slow = (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';\n"
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "EXECUTE FUNCTION slow();\nINSERT INTO users VALUES (0, 'x');"
    )
    stack.files["V2__slow.sql"] = slow
    with killed(stack, "COMMIT%"):
        applied = stack.deliver()
    assert not applied.complete and applied.outcomes[V2] is Outcome.FAILED
    assert "before migration.2 was committed: nothing of it happened" in applied.error
    assert stack.query("SELECT count(*) FROM users WHERE id = 0") == [0]


def test_a_commit_that_nobody_answered_for_is_found_to_have_happened(stack: Stack) -> None:
    """The server was done and only its answer was lost: the run is complete, with its row."""
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
    plan = stack.plan(stack.order())
    with cut_behind(stack.server.port, b"COMMIT") as port:
        applied = stack.deliver(plan, url=replace(stack.server, port=port).url(stack.database, OWNER))
    assert applied.complete and applied.outcomes[V2] is Outcome.DONE
    assert "phone" in applied.resources[Address("table.public.users")].values["columns"]
    assert stack.query("SELECT version FROM flyway_schema_history ORDER BY 1") == ["1", "2"]


@pytest.mark.parametrize(
    ("sql", "like", "mode"),
    [
        ("VACUUM users;", "VACUUM%", "SHARE UPDATE EXCLUSIVE"),
        ("CREATE UNIQUE INDEX CONCURRENTLY e ON users (email);", "CREATE UNIQUE INDEX%", "ROW EXCLUSIVE"),
        ("CREATE INDEX CONCURRENTLY e ON users (email);", "CREATE INDEX%", "SHARE UPDATE EXCLUSIVE"),
    ],
    ids=["VACUUM", "CREATE INDEX CONCURRENTLY", "before it began"],
)
def test_a_connection_lost_outside_of_a_transaction_is_gone_on_with(
    stack: Stack, sql: str, like: str, mode: str
) -> None:
    """What is done stays done; an index that was left invalid is dropped and built again."""
    stack.spec["mixed"] = True
    stack.files["V2__parts.sql"] = f"CREATE TABLE one (id int);\n{sql}\nCREATE TABLE three (id int);"
    with stack.server.connect(stack.database) as other, other.transaction():
        other.execute(f"LOCK TABLE users IN {mode} MODE")
        with killed(stack, like):
            applied = stack.deliver()
    assert not applied.complete and applied.outcomes[V2] is Outcome.FAILED
    assert "goes on behind what is done" in applied.error
    assert Address("table.public.one") in applied.resources
    assert stack.query("SELECT success FROM flyway_schema_history WHERE version = '2'") == [False]
    assert stack.deliver().complete
    assert stack.query("SELECT version, success FROM flyway_schema_history ORDER BY 1") == [("1", True), ("2", True)]
    assert stack.query("SELECT count(*) FROM trueup_progress") == [0]
    assert not stack.query("SELECT 1 FROM pg_index WHERE NOT indisvalid")


def test_a_failed_index_is_said_and_built_again(stack: Stack) -> None:
    """Two equal values: the index stays invalid, and the message says what happens to it."""
    stack.files["V2__unique.sql"] = "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);"
    stack.server.execute("INSERT INTO users VALUES (900, 'a1')", stack.database)
    applied = stack.deliver()
    assert not applied.complete and "could not create unique index" in applied.error
    assert "it left the index public.users_email invalid: the next delivery drops it" in applied.error
    assert "goes on at app/db/migration/V2__unique.sql:1" in applied.error
    assert stack.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email'::regclass") == [False]
    stack.server.execute("DELETE FROM users WHERE id = 900", stack.database)
    assert stack.deliver().complete
    assert any("dropping public.users_email" in line for line in stack.lines)
    assert stack.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email'::regclass") == [True]


def test_flyway_stops_at_a_migration_that_stopped_in_the_middle(stack: Stack) -> None:
    """As behind a failed one of its own: a failed row, of a type that it knows."""
    stack.files["V2__parts.sql"] = "CREATE INDEX CONCURRENTLY i ON users (nothing);"
    assert not stack.deliver().complete
    with stack.connected() as database:
        rows = database.rows(stack.table) or ()
        progress = ProgressTable(database, stack.table).read()
    migrations = stack.migrations()
    assert [each.code for each in resolve(migrations, rows, migrations.settings).problems if each.stops]
    assert not resolve(migrations, resumable(rows, progress), migrations.settings).problems
    assert {row.type for row in rows} == {"SQL"}


def test_what_is_done_may_not_be_edited(stack: Stack) -> None:
    """What is behind it may: that is how a wrong statement is corrected."""
    stack.spec["mixed"] = True
    stack.files["V2__parts.sql"] = "ALTER TABLE users ADD a int;\nCREATE INDEX CONCURRENTLY i ON users (nothing);"
    assert not stack.deliver().complete
    stack.files["V2__parts.sql"] = "ALTER TABLE users ADD b int;\nCREATE INDEX CONCURRENTLY i ON users (a);"
    with pytest.raises(Refused, match="1 of 2 parts, and those were edited"):
        stack.deliver()
    stack.files["V2__parts.sql"] = "ALTER TABLE users ADD a int;\nCREATE INDEX CONCURRENTLY i ON users (a);"
    assert stack.deliver().complete


def test_a_procedure_that_nobody_saw_the_end_of_is_for_a_person(stack: Stack) -> None:
    """It commits in between, so that nobody can tell; the exact commands say what was found out."""
    stack.server.execute(
        "CREATE PROCEDURE fill() LANGUAGE plpgsql AS 'BEGIN INSERT INTO users VALUES (800, ''x''); COMMIT; "
        "PERFORM pg_sleep(600); END'",
        stack.database,
    )
    stack.files["V2__call.sql"] = "CALL fill();"
    stack.files["V2__call.sql.conf"] = "executeInTransaction=false"
    with killed(stack, "CALL%"):
        assert not stack.deliver().complete
    with pytest.raises(Refused, match="nobody saw what became of it: CALL fill") as caught:
        stack.deliver()
    happened = caught.value.hint.partition("it happened: ")[2].partition(";")[0]
    stack.server.execute(happened, stack.database, OWNER)
    assert stack.deliver().complete
    assert stack.query("SELECT count(*) FROM users WHERE id = 800") == [1]


def test_a_lock_that_a_long_transaction_holds_is_tried_for_again(stack: Stack) -> None:
    """With pauses that grow; the message names who is in the way and what they run. Then it goes through."""
    stack.files["V2__phone.sql"] = "CREATE TABLE first (id int);\nALTER TABLE users ADD phone text;"
    stack.spec["retries"] = 2
    with stack.server.connect(stack.database, OWNER) as other:
        with other.transaction():
            other.execute("SELECT count(*) FROM users")
            applied = stack.deliver()
            assert not applied.complete and "lock timeout (3 times)" in applied.error
            assert f"pid {other.info.backend_pid} of owner: SELECT count(*) FROM users" in applied.error
            assert "V2__phone.sql:2" in applied.error
        assert stack.query("SELECT to_regclass('first')::text") == [None]
        paused: list[float] = []

        def pause(seconds: float) -> None:
            paused.append(seconds)
            if len(paused) == 2:
                other.rollback()

        other.autocommit = False
        other.execute("SELECT count(*) FROM users")
        assert stack.deliver(pause=pause).complete
        assert paused == [1, 2]


def test_a_migration_that_never_ends_is_ended(stack: Stack) -> None:
    """By statement_timeout, which is the server's; and by the apply's own limit."""
    stack.files["V2__long.sql"] = "CREATE TABLE half (id int);\nSELECT pg_sleep(600);"
    stack.spec["statement_timeout"] = timedelta(milliseconds=200)
    applied = stack.deliver()
    assert "V2__long.sql:2: canceling statement due to statement timeout" in applied.error
    assert applied.outcomes[V2] is Outcome.FAILED
    del stack.spec["statement_timeout"]
    applied = stack.deliver(job=stack.job(limits=Limits(apply=timedelta(milliseconds=300))))
    assert "longer than its limit of 0.3 seconds" in applied.error
    assert stack.query("SELECT to_regclass('half')::text") == [None]


def test_a_cancelled_run_stops_the_statement(stack: Stack) -> None:
    """Whoever asked it to stop is heard within the lease, and the server rolls back."""

    class Fence:
        seconds = 0.1

        def renew(self) -> None:
            raise LostLease("anna asked run-7 to stop")

    stack.files["V2__long.sql"] = "CREATE TABLE half (id int);\nSELECT pg_sleep(600);"
    with pytest.raises(LostLease, match="anna"):
        stack.deliver(job=stack.job(fence=Fence()))
    assert stack.query("SELECT to_regclass('half')::text") == [None]
    assert [entry.event for entry in stack.journal.entries] == ["begin"]


def test_a_lost_lock_stops_before_the_commit(stack: Stack) -> None:
    """Somebody ended the connection that holds Flyway's lock: nobody excludes the other any more."""
    stack.files["V2__phone.sql"] = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'trueup run-7 (lock)';\n"
        "ALTER TABLE users ADD phone text;"
    )
    applied = stack.deliver()
    assert not applied.complete and applied.outcomes[V2] is Outcome.FAILED
    assert "phone" not in applied.resources[Address("table.public.users")].values["columns"]


def test_a_script_that_cannot_be_cut_is_invalid_with_file_and_line(stack: Stack) -> None:
    """Nothing is run and nothing begun."""
    stack.files["V2__open.sql"] = "SELECT 1;\nINSERT INTO users VALUES (1, 'a);"
    with pytest.raises(Invalid, match="the quote does not end") as caught:
        stack.deliver()
    assert str(caught.value.place) == "app/db/migration/V2__open.sql:2:30"
    assert not stack.journal.entries
