"""After a worker was killed in the middle of a delivery; and the lock that another one holds."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.database.deliveries import Journal, Stack
from tests.database.servers import OWNER, Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.migrations.checksums import postgres_lock_key
from trueup.drivers.database.recovery import recover
from trueup.model.errors import Refused
from trueup.model.plan import Address, Outcome, StepId
from trueup.ports.driver import Evidence, Job, JournalEntry

V2 = Address("migration.2")
V3 = Address("migration.3")


@pytest.fixture
def stack(postgres15: Server, tmp_path: Path) -> Iterator[Stack]:
    """One migration is applied."""
    with postgres15.fresh_database() as name:
        made = Stack(postgres15, name, tmp_path, {"V1__users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);"})
        assert made.deliver().complete
        made.journal = Journal()
        yield made


def killed_when(stack: Stack, condition: Callable[[], bool]) -> list[JournalEntry]:
    """The journal of a worker that was killed as soon as the condition held."""
    given = {
        "major": stack.server.major,
        "binaries": str(stack.server.binaries),
        "port": stack.server.port,
        "directory": str(stack.server.directory),
        "database": stack.database,
        "here": str(stack.directory),
        "files": stack.files,
        "spec": stack.spec,
    }
    command = [sys.executable, "-m", "tests.database.dying"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(json.dumps(given))
        worker.stdin.close()
        while not condition():
            assert worker.poll() is None, "it ended too soon"
        worker.kill()
        return [_entry(*line.split()) for line in worker.stdout]


def _entry(event: str, name: str, outcome: str = "") -> JournalEntry:
    if event == "report":
        return JournalEntry(StepId(name), event, Address(name), Outcome(outcome))
    return JournalEntry(StepId(name), event)


def asleep(stack: Stack) -> Callable[[], bool]:
    return lambda: bool(stack.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))


def slow_here(stack: Stack) -> str:
    """On this database alone: not on scratch."""
    return f"SELECT pg_sleep(CASE current_database() WHEN '{stack.database}' THEN 600 ELSE 0 END);"


def recovered(stack: Stack, journal: list[JournalEntry]) -> Evidence:
    return DatabaseDriver().recover(stack.job(), journal)


def test_a_killed_worker_stops_writing_and_the_history_says_what_happened(stack: Stack) -> None:
    """The server notices within seconds that its client is gone; what had no row did not happen."""
    stack.spec["scratch"] = stack.server.url()
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
    stack.files["V3__long.sql"] = f"CREATE TABLE half (id int);\n{slow_here(stack)}"
    journal = killed_when(stack, asleep(stack))
    evidence = recovered(stack, journal)
    assert evidence.gone and evidence.applied is not None
    assert not evidence.applied.complete
    assert evidence.applied.outcomes[V2] is Outcome.DONE and evidence.applied.outcomes[V3] is Outcome.FAILED
    assert "phone" in evidence.applied.resources[Address("table.public.users")].values["columns"]
    assert Address("table.public.half") not in evidence.applied.resources
    stack.files["V3__long.sql"] = "CREATE TABLE half (id int);"
    assert stack.deliver().complete


def test_a_worker_killed_behind_its_last_commit_had_done_everything(stack: Stack) -> None:
    """Only its words are missing."""
    stack.spec["scratch"] = stack.server.url()
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
    stack.files["afterMigrate.sql"] = slow_here(stack)
    journal = killed_when(stack, asleep(stack))
    evidence = recovered(stack, journal)
    assert evidence.gone and evidence.applied is not None and evidence.applied.complete
    assert evidence.applied.outcomes[V2] is Outcome.DONE and not evidence.advice


def test_a_worker_killed_between_parts_is_gone_on_with(stack: Stack) -> None:
    """What is done is said, and what the next delivery does about the rest."""
    stack.spec |= {"scratch": stack.server.url(), "mixed": True}
    stack.files["V2__parts.sql"] = "CREATE TABLE one (id int);\nCREATE INDEX CONCURRENTLY i ON users (id);"
    with stack.server.connect(stack.database) as other, other.transaction():
        other.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE")
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'virtualxid' AND application_name = 'trueup run-7'"
        journal = killed_when(stack, lambda: bool(stack.query(waits)))
        evidence = recovered(stack, journal)
    assert evidence.gone and evidence.applied is not None and evidence.applied.outcomes[V2] is Outcome.FAILED
    said = "\n".join(evidence.advice)
    assert "V2__parts.sql: 1 of 2 parts are done" in said and "public.i is invalid" in said
    assert stack.deliver().complete
    assert stack.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [True]


def test_nothing_is_concluded_while_a_connection_of_the_worker_lives(stack: Stack) -> None:
    """Who may end it is a person, who gets the exact command."""
    with stack.server.connect(stack.database, OWNER) as other:
        other.execute("SET application_name = 'trueup run-7'")
        other.execute("SELECT 'at work'")
        with DatabaseDriver().open(stack.job()) as session:
            from_recovery = _without_waiting(session, [JournalEntry(StepId(V2), "begin")])
        assert not from_recovery.gone and from_recovery.applied is None
        (advice,) = from_recovery.advice
        assert f"SELECT pg_terminate_backend({other.info.backend_pid});" in advice and "at work" in advice


def _without_waiting(session, journal: list[JournalEntry]) -> Evidence:  # type: ignore[no-untyped-def]
    return recover(session._opened, journal, pause=lambda seconds: None)


def test_the_locks_holder_is_shown_and_exactly_that_one_is_ended(stack: Stack) -> None:
    """A lock that somebody else holds by then is left alone."""
    driver, job = DatabaseDriver(), stack.job()
    key = postgres_lock_key("public", "flyway_schema_history")
    assert driver.locked_by(job) is None
    with stack.server.connect(stack.database, OWNER) as flyway:
        flyway.execute("SET application_name = 'Flyway by Redgate'")
        flyway.execute("SELECT pg_advisory_lock(%s)", (key,))
        lock = driver.locked_by(job)
        assert lock is not None and lock.holder == f"{OWNER} (Flyway by Redgate)"
        assert lock.id == str(flyway.info.backend_pid) and lock.created.startswith("20")
    with stack.server.connect(stack.database, OWNER) as another:
        another.execute("SELECT pg_advisory_lock(%s)", (key,))
        with pytest.raises(Refused, match=f"pid {another.info.backend_pid}"):
            driver.unlock(job, lock)
        held = driver.locked_by(job)
        assert held is not None
        unseen = replace(held, created="")  # what a role that only plans sees of another one's connection
        with pytest.raises(Refused, match="now, not by"):
            driver.unlock(job, replace(unseen, holder=f"{OWNER} (psql)"))
        driver.unlock(job, unseen)
    assert _free(driver, job)


def _free(driver: DatabaseDriver, job: Job) -> bool:  # type: ignore[type-arg]
    """Soon: the server is ending that connection."""
    return any(driver.locked_by(job) is None for _ in range(1000))
