"""Watching a database: who changed the schema, when and with which statement, and never at a statement's cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from tests.database.servers import OWNER, READER, Server
from trueup.drivers.database import watch, watch_log
from trueup.drivers.database.dialect import Database, Options
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.watch_log import Line, event_of, line_of, subjects_of
from trueup.model.errors import Rejected
from trueup.model.plan import Address, Resource

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@contextmanager
def opened(server: Server, database: str, user: str = "postgres") -> Iterator[Database]:
    with Postgres().connect(server.url(database, user), Options(read_only=False)) as connection:
        yield connection


@pytest.fixture
def watched(server: Server, database: str) -> str:
    with opened(server, database) as connection:
        watch.install(connection, READER)
    return database


def lines(server: Server, database: str, user: str = READER) -> list[Line]:
    with opened(server, database, user) as connection:
        return [line_of(row) for row in connection.query(watch_log.QUERY, (LONG_AGO,))]


def test_who_when_and_the_statement_are_written_down(server: Server, watched: str) -> None:
    """A role that may not even read the log makes an index; the reader of plans sees its name and its statement."""
    server.execute("CREATE TABLE users (id bigint PRIMARY KEY, email text)", watched, OWNER)
    server.execute("CREATE INDEX hotfix ON users (email)", watched, OWNER)
    *_, line = lines(server, watched)
    assert (line.login, line.role, line.tag, line.objects) == (OWNER, "", "CREATE INDEX", ("public.hotfix",))
    assert line.statement == "CREATE INDEX hotfix ON users (email)"
    event = event_of(line, "db", datetime.now(UTC))
    assert str(event.identity) == f"database:{OWNER}" and event.changes and not event.run
    assert event.name == "CREATE INDEX hotfix ON users (email)"
    index = {Address("index.public.hotfix"): Resource("index", {})}
    assert any(subject.is_meant_by(event) for subject in subjects_of(index))


def test_a_role_that_somebody_became_is_told_beside_the_login(server: Server, watched: str) -> None:
    """SET ROLE hides nobody."""
    server.execute(f"SET ROLE {OWNER}; CREATE TABLE t (id int)", watched)
    (line,) = lines(server, watched)
    assert (line.login, line.role) == ("postgres", OWNER)
    assert event_of(line, "db", NOW).session == f"postgres as {OWNER}"


STATEMENTS = [
    ("ALTER TABLE users ADD CONSTRAINT mail CHECK (email <> '')", "constraint.public.users.mail", "constraint"),
    ("ALTER TABLE users DROP COLUMN email", "table.public.users", "table"),
    ("DROP VIEW names", "view.public.names", "view"),
    ("COMMENT ON TABLE users IS 'x'", "table.public.users", "table"),
    ("GRANT SELECT ON users TO reader", "table.public.users", "table"),
    ('GRANT SELECT ON "Odd" TO reader', 'table.public."Odd"', "table"),
    ("CREATE OR REPLACE FUNCTION f(a int) RETURNS int RETURN 2", "function.public.f(integer)", "function"),
    ("CREATE POLICY p ON users USING (true)", "policy.public.users.p", "policy"),
    ("CREATE TYPE mood AS ENUM ('sad')", "type.public.mood", "type"),
    (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
        "default_privileges.owner(tables)",
        "default_privileges",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "address", "kind"), STATEMENTS)
def test_the_log_speaks_of_every_kind_of_object(postgres15: Server, statement: str, address: str, kind: str) -> None:
    """Whatever the statement, its line leads to the address that drifts."""
    with postgres15.fresh_database() as name:
        postgres15.execute(
            "CREATE TABLE users (id int, email text); CREATE VIEW names AS SELECT id FROM users; "
            'CREATE TABLE "Odd" (id int); '
            "CREATE FUNCTION f(a int) RETURNS int RETURN 1",
            name,
            OWNER,
        )
        with opened(postgres15, name) as connection:
            watch.install(connection, READER)
        postgres15.execute(statement, name, OWNER)
        events = [event_of(line, "db", NOW) for line in lines(postgres15, name)]
        subjects = list(subjects_of({Address(address): Resource(kind, {})}))
        assert any(subject.is_meant_by(event) for subject in subjects for event in events)


def test_statements_outside_of_transactions_are_written_down_too(server: Server, watched: str) -> None:
    """CREATE INDEX CONCURRENTLY commits in its middle; the trigger keeps it from nothing."""
    server.execute("CREATE TABLE users (email text)", watched, OWNER)
    server.execute("CREATE INDEX CONCURRENTLY hotfix ON users (email)", watched, OWNER)
    assert lines(server, watched)[-1].objects == ("public.hotfix",)


def test_what_names_a_password_is_written_down_without_its_text(server: Server, watched: str) -> None:
    """The log is no place for secrets."""
    server.execute("CREATE TABLE t (id int); COMMENT ON TABLE t IS 'the PassWord is swordfish'", watched, OWNER)
    found = lines(server, watched)
    assert found and all(not line.statement and "swordfish" not in line.title for line in found)


def test_a_log_that_cannot_be_written_fails_no_statement(server: Server, watched: str) -> None:
    """Locked, or gone: the change happens, and is only not written down."""
    with server.connect(watched) as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE trueup.ddl_log IN ACCESS EXCLUSIVE MODE")
        server.execute("CREATE TABLE kept (id int)", watched, OWNER)
    server.execute("DROP TABLE trueup.ddl_log", watched)
    server.execute("CREATE TABLE kept_too (id int)", watched, OWNER)
    with server.connect(watched) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'kept%'").fetchone()
    assert found == (2,)


def test_nobody_writes_lines_of_their_own(server: Server, watched: str) -> None:
    """Neither into the table nor through the function: what the log says happened."""
    with server.connect(watched, OWNER) as connection:
        for forged in ("INSERT INTO trueup.ddl_log (login) VALUES ('anna')", "SELECT trueup.note_commands()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forged)


def test_temporary_tables_are_of_no_interest(server: Server, watched: str) -> None:
    """A report that makes one each minute leaves no line."""
    server.execute("CREATE TEMP TABLE t (id int); CREATE INDEX i ON t (id); DROP TABLE t", watched, OWNER)
    assert lines(server, watched) == []


def test_installing_again_is_installing_once_and_uninstalling_leaves_nothing(server: Server, watched: str) -> None:
    """The log stays over a second install; after an uninstall nothing of ours is there."""
    server.execute("CREATE TABLE t (id int)", watched, OWNER)
    with opened(server, watched) as connection:
        watch.install(connection, READER)
        assert watch.watching(connection) == watch.Watching(tuple(sorted(watch.TRIGGERS)), 1)
        watch.uninstall(connection)
        assert watch.watching(connection) == watch.Watching()
        assert not watch.may_read(connection)
        left = connection.query("SELECT evtname FROM pg_event_trigger WHERE evtname LIKE 'trueup%%'")
    assert left == []


def test_only_a_superuser_may_install(server: Server, database: str) -> None:
    """Said in the server's words, and nothing is left half-way."""
    with opened(server, database, OWNER) as connection:
        with pytest.raises(Rejected, match="event trigger"):
            watch.install(connection)
        assert watch.watching(connection) == watch.Watching()
        assert connection.query("SELECT 1 FROM pg_namespace WHERE nspname = 'trueup'") == []
