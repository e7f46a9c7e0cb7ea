"""Another tool by its own commands: real alembic on a real SQLite file."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.database.deliveries import Lease
from tests.database.folders import tree
from tests.docs.pages import ROOT
from tests.runs.conftest import until
from trueup.drivers.database.command import Commands, commands, files_of
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.spec import CommandSpec
from trueup.model.baseline import Baseline
from trueup.model.errors import Invalid, LostLease, Rejected, Unavailable
from trueup.model.plan import Address, Outcome, StepId
from trueup.model.stack import StackId
from trueup.ports.driver import Job, JournalEntry, Walls
from trueup.stages.attribute import attribute
from trueup.stages.record import settled
from trueup.system import confinement
from trueup.system.sessions import process

ALEMBIC = (sys.executable, "-m", "alembic")
INI = "[alembic]\nscript_location = migrations\npath_separator = os\n"
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine

if context.is_offline_mode():
    context.configure(url=os.environ["DATABASE_URL"], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        context.configure(connection=connection)
        context.run_migrations()
"""
USERS = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
"""
EMAIL = """
import sys

import sqlalchemy as sa
from alembic import op

revision, down_revision = "b2", "a1"


def upgrade():
    print("adding email", file=sys.stderr)
    op.add_column("users", sa.Column("email", sa.String(100)))
"""
FILES = {
    "app/alembic.ini": INI,
    "app/migrations/env.py": ENV,
    "app/migrations/script.py.mako": "",
    "app/migrations/versions/a1_users.py": USERS,
}
MORE = {**FILES, "app/migrations/versions/b2_email.py": EMAIL}
SPEC: dict[str, Any] = {
    "plan": [*ALEMBIC, "upgrade", "${CURRENT}:head", "--sql"],
    "check": [*ALEMBIC, "heads"],
    "apply": [*ALEMBIC, "upgrade", "head"],
    "history": [*ALEMBIC, "current"],
}


class Diary:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def begin(self, step: StepId) -> None:
        self.entries.append(f"begin {step}")

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self.entries.append(f"report {outcome}")

    def end(self, step: StepId) -> None:
        self.entries.append(f"end {step}")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "app.db"


def job_in(place: Path, contents: dict[str, str], lines: list[str] | None = None, /, **keys: Any) -> Job[CommandSpec]:
    return Job(
        stack=StackId("stk-0000000001"),
        name="data//app",
        purpose="delivery",
        spec=CommandSpec.model_validate({**SPEC, **keys}),
        path="app",
        tree=tree(contents),
        directory=place / "work",
        environment={"PATH": "/usr/bin:/bin", "HOME": str(place / "home")},
        hash_secret=str,
        redact=lambda text: text.replace("hunter2", "***"),
        log=(lines if lines is not None else []).append,
        fence=Lease(),
    )


@pytest.fixture
def job(tmp_path: Path, database: Path) -> Callable[..., Job[CommandSpec]]:
    """Makes a job of some files and keys of the spec."""
    return partial(job_in, tmp_path)


def working_for_ever(place: Path) -> Job[CommandSpec]:
    """Its tool says who it is."""
    script = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"
    return job_in(place, FILES, apply=[sys.executable, "-c", script, str(place / "pid")])


def work_until_killed(place: Path) -> None:
    """The whole of a worker, in a process of its own."""
    with commands(working_for_ever(place), url(place / "data" / "app.db")) as tool:
        applied_by(tool)


def applied_by(tool: Commands) -> None:
    tool.apply(tool.attempt())


def url(database: Path) -> str:
    return f"sqlite:///{database}"


def test_alembic_plans_applies_and_then_plans_nothing(job: Any, database: Path) -> None:
    """From nothing, then the next revision only: `${CURRENT}` is what its own history says."""
    lines: list[str] = []
    with commands(job(FILES), url(database)) as tool:
        assert "CREATE TABLE users" in tool.plan()
        assert tool.history() == ""
        applied_by(tool)
        assert tool.history().split()[0] == "a1"
        assert tool.plan() == ""
    with commands(job(MORE, lines), url(database)) as tool:
        assert "ADD COLUMN email" in tool.plan() and "CREATE TABLE users" not in tool.plan()
        applied_by(tool)
        assert tool.plan() == ""
    with sqlite3.connect(database) as connection:
        assert [column[1] for column in connection.execute("PRAGMA table_info(users)")] == ["id", "email"]
    connection.close()
    assert "adding email" in lines


def test_planning_writes_nothing(job: Any, database: Path) -> None:
    """Not even the tool's own history table."""
    with commands(job(FILES), url(database)) as tool:
        tool.plan()
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


def test_files_that_the_tool_refuses(job: Any, database: Path) -> None:
    """A check says what is wrong; a plan is rejected in the tool's own words, with the command to try."""
    broken = {**FILES, "app/migrations/versions/a1_users.py": "revision = 'a1'\nthis is not Python at all"}
    with commands(job(broken), url(database)) as tool:
        checked = tool.check()
        assert not checked.passed and "SyntaxError" in checked.text
        with pytest.raises(Rejected, match="SyntaxError") as caught:
            tool.plan()
        assert "alembic" in caught.value.hint
    with commands(job(FILES), url(database)) as tool:
        assert tool.check().passed


def test_no_secret_in_an_error(job: Any, database: Path) -> None:
    """What a tool says goes through the redactor."""
    given = job(FILES, plan=["sh", "-c", "echo $DATABASE_URL >&2; exit 3"])
    said = r"`sh` ended with 3: db://u:\*\*\*@h"
    with commands(given, "db://u:hunter2@h") as tool, pytest.raises(Rejected, match=said):
        tool.plan()


def test_a_program_that_is_not_there(job: Any, database: Path) -> None:
    """The job's PATH counts, not ours."""
    given = job(FILES, plan=["liquibase", "update-sql"])
    with commands(given, url(database)) as tool, pytest.raises(Invalid, match="`liquibase` is not installed"):
        tool.plan()


def test_a_stack_without_a_command_for_applying(job: Any, database: Path) -> None:
    """It is never delivered."""
    with commands(job(FILES, apply=[]), url(database)) as tool, pytest.raises(Invalid, match="no `apply:` command"):
        applied_by(tool)


def test_a_command_that_never_ends_is_interrupted(job: Any, database: Path) -> None:
    """Nothing of it is left running."""
    given = job(FILES, plan=["sh", "-c", "exec sleep 600"], timeout="500ms")
    with commands(given, url(database)) as tool, pytest.raises(Unavailable, match=r"did not end within 0.5 s"):
        tool.plan()


def test_an_apply_that_never_ends_is_interrupted(job: Any, database: Path) -> None:
    """Nobody knows how far it came."""
    given = job(FILES, apply=["sh", "-c", "exec sleep 600"], timeout="500ms")
    with commands(given, url(database)) as tool, pytest.raises(Unavailable, match=r"did not end within 0.5 s"):
        applied_by(tool)


def test_an_apply_ends_with_its_lease(job: Any, database: Path) -> None:
    """Somebody else may have the stack by now, or a person asked the run to stop."""

    class Lost(Lease):
        def renew(self) -> None:
            raise LostLease("somebody else may have it")

    given = replace(job(FILES, apply=["sh", "-c", "exec sleep 600"]), fence=Lost())
    with commands(given, url(database)) as tool, pytest.raises(LostLease):
        applied_by(tool)
    assert DatabaseDriver().recover(given, [JournalEntry(StepId("pending"), "begin")]).gone


def test_what_a_lost_worker_started_is_ended_and_proven_gone(tmp_path: Path, database: Path) -> None:
    """Nothing is concluded while it may still write; then a person is told whom to ask, and the run comes to an end."""
    given, begun = working_for_ever(tmp_path), [JournalEntry(StepId("pending"), "begin")]
    elsewhere = DatabaseDriver().recover(given, begun)
    assert not elsewhere.gone and "another machine" in elsewhere.advice[0]
    work = f"from pathlib import Path; from {__name__} import *; work_until_killed(Path({str(tmp_path)!r}))"
    with subprocess.Popen([sys.executable, "-c", work], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}) as worker:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", "the tool runs")
        worker.kill()
    evidence = DatabaseDriver().recover(given, begun)
    assert evidence.gone and evidence.applied is None and "ask the tool how far it came" in evidence.advice[0]
    running = process(int((tmp_path / "pid").read_text()))
    assert running is None or running.state in "ZX"


def test_only_the_stacks_own_files_are_there(job: Any, tmp_path: Path) -> None:
    """And what `files:` names; the copy goes when the job is done."""
    files = {**FILES, "lib/models.py": "x = 1", "other/secret.py": ""}
    with commands(job(files, plan=["sh", "-c", "cd .. && find . -type f | sort"], files=["../lib"]), "x") as tool:
        assert set(tool.plan().split()) == {f"./{path}" for path in (*FILES, "lib/models.py")}
        assert tool.copy.is_dir()
    assert not tool.copy.exists()


def test_what_the_commands_depend_on() -> None:
    """The closure: everything in the stack's directory, and what `files:` names."""
    files = tree({**FILES, "lib/models.py": "", "lib2/x.py": ""})
    spec = CommandSpec.model_validate({**SPEC, "files": ["../lib/models.py"]})
    assert files_of(files, "app", spec) == tuple(sorted((*FILES, "lib/models.py")))
    with pytest.raises(Invalid, match="names nowhere"):
        files_of(files, "app", CommandSpec.model_validate({**SPEC, "files": ["nowhere"]}))


def test_confined_it_sees_its_own_files_only(job: Any, database: Path, tmp_path: Path) -> None:
    """In real walls: alembic works, and what is not its own is not there."""
    if why := confinement.obstacle():
        pytest.skip(f"{why}: apt install bubblewrap")
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "credentials").write_text("x")
    given = job(FILES)
    (tmp_path / "home").mkdir()
    found = confinement.confined(given.environment, [tmp_path / "home"], [tmp_path / "person"])
    walled = replace(given, walls=lambda: Walls(found.readable, found.writable, found.hidden))
    with commands(walled, url(database), writes=[database.parent]) as tool:
        applied_by(tool)
        assert tool.history().split()[0] == "a1"
    reads = replace(job(FILES, plan=["sh", "-c", f"ls {tmp_path / 'person'}"]), walls=walled.walls)
    with commands(reads, url(database)) as tool:
        assert "credentials" not in tool.plan()


def test_the_walk_by_another_tool(job: Any, database: Path) -> None:
    """Plan, apply, and nothing left: the catalog is S, the tool's own tables are no part of it, and what somebody adds
    by hand is drift that no plan undoes."""
    to_sqlalchemy = "export DATABASE_URL=$(echo $DATABASE_URL | sed s_sqlite:_sqlite:///_); exec"
    keys = {name: ["sh", "-c", f'{to_sqlalchemy} "$0" "$@"', *SPEC[name]] for name in SPEC}
    given = replace(job(FILES, **keys, url=f"sqlite:{database}"), environment={"PATH": "/usr/bin:/bin"})
    database.touch()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE before (id int)")
    connection.close()
    driver, diary = DatabaseDriver(), Diary()
    assert set(driver.read(given.tree, given.path, given.spec).closure.files) == set(FILES)
    with driver.open(given) as session:
        plan = session.plan()
        (change,) = plan.changes
        assert "CREATE TABLE users" in change.after["sql"]
        applied = session.apply(plan, diary)
    assert applied.complete and diary.entries[0] == "begin pending" and diary.entries[-1] == "end pending"
    nothing = Baseline(given.stack, 1, plan.basis, {}, datetime(2026, 1, 5, tzinfo=UTC), "adopt:anna")
    books = settled(nothing, attribute(plan, nothing), applied)
    assert set(applied.resources) - set(books) == set(plan.real), "what was there by hand stays drift"
    assert {each for each in books if each.startswith("table")} == {"table.main.users"}
    assert {each.split(".")[0] for each in applied.resources} >= {"table"}
    assert not [each for each in applied.resources if "alembic" in each]
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE INDEX by_hand ON users (id)")
    connection.close()
    with driver.observe(replace(given, settled=lambda: applied.resources)) as observation:
        again = observation.plan()
    assert again.empty and again.basis.live == applied.live
    (added,) = set(again.real) - set(applied.resources)
    assert "by_hand" in added and again.sets[added] == frozenset()


def test_an_apply_that_the_tool_refuses_is_told_as_failed(job: Any, database: Path) -> None:
    """After `begin` nothing is raised: what happened is in what it returns."""
    database.touch()
    given = job(FILES, plan=["echo", "DROP TABLE users;"], history=[], apply=["sh", "-c", "echo no >&2; exit 4"])
    given = replace(given, spec=given.spec.model_copy(update={"url": f"sqlite:{database}"}))
    diary = Diary()
    with DatabaseDriver().open(given) as session:
        applied = session.apply(session.plan(), diary)
    assert not applied.complete and "ended with 4: no" in applied.error
    assert diary.entries == ["begin pending", "report failed", "end pending"]
