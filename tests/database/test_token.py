"""The token of a database: equal while nothing changed, another one whoever changes something and however."""

from pathlib import Path

import pytest

from tests.database.jobs import Place, files
from tests.database.servers import OWNER, READER, Server
from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Options
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.model.plan import LiveIdentity
from trueup.ports.tree import Tree

CODE = {"V1__t.sql": "CREATE TABLE t (id int);"}
HISTORY = (
    "CREATE TABLE flyway_schema_history (installed_rank int, version text); "
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
)


@pytest.fixture
def place(server: Server, database: str, tmp_path: Path) -> Place:
    server.execute(f"CREATE TABLE users (id int); ALTER TABLE users OWNER TO {OWNER}; {HISTORY}", database)
    return Place(tmp_path, server.url(database, READER))


def watched(server: Server, database: str) -> None:
    with Postgres().connect(server.url(database), Options(read_only=False)) as connection:
        watch.install(connection, READER)


def token(place: Place, tree: Tree | None = None) -> LiveIdentity:
    driver = DatabaseDriver()
    found = driver.token(place.job(tree or files(CODE)))
    driver.close()
    return found


def test_without_event_triggers_it_tells_of_migrations_and_proves_nothing(
    server: Server, database: str, place: Place
) -> None:
    """Flyway at a service's start is seen at once; a change by hand waits for the next check."""
    before = token(place)
    assert not before.proves and before == token(place)
    server.execute("CREATE INDEX i ON users (id)", database, OWNER)
    assert token(place) == before
    server.execute("INSERT INTO flyway_schema_history VALUES (1, '1')", database)
    assert token(place) != before


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX hotfix ON users (id)",
        "DROP TABLE users",
        "ALTER TABLE users ADD COLUMN email text",
        "GRANT SELECT ON users TO reader",
        "INSERT INTO flyway_schema_history VALUES (1, '1')",
        "ALTER EVENT TRIGGER trueup_ddl DISABLE",
        "SET session_replication_role = replica; CREATE TABLE sneaked (id int)",
        "DELETE FROM trueup.ddl_log WHERE id = (SELECT min(id) FROM trueup.ddl_log)",
    ],
)
def test_watched_it_moves_with_every_change(postgres15: Server, tmp_path: Path, change: str) -> None:
    """By whomever, of whatever kind, also with what fires no trigger."""
    with postgres15.fresh_database() as name:
        postgres15.execute(f"CREATE TABLE users (id int); {HISTORY}", name)
        watched(postgres15, name)
        postgres15.execute("CREATE TABLE other (id int)", name)
        place = Place(tmp_path, postgres15.url(name, READER))
        before = token(place)
        assert before.proves and before == token(place)
        postgres15.execute(change, name)
        assert token(place) != before


def test_it_moves_with_the_code(server: Server, database: str, place: Place) -> None:
    """Another file is another question."""
    assert token(place) != token(place, files({**CODE, "V2__u.sql": "CREATE TABLE u (id int);"}))


def test_a_change_that_commits_after_a_later_one_moves_it(server: Server, database: str, place: Place) -> None:
    """Numbers are given before the commit: a long transaction's line is older than the newest, and counts."""
    watched(server, database)
    with server.connect(database) as slow, slow.transaction():
        slow.execute("CREATE TABLE slow (id int)")
        server.execute("CREATE TABLE quick (id int)", database)
        between = token(place)
    assert token(place) != between


def test_a_connection_that_the_server_ended_is_made_anew(server: Server, database: str, place: Place) -> None:
    """It is kept between two questions; a server that restarted meanwhile is no failure."""
    driver, job = DatabaseDriver(), place.job(files(CODE))
    before = driver.token(job)
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader' AND pid <> pg_backend_pid()"
    )
    assert driver.token(job) == before
    driver.close()
