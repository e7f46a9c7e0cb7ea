"""What a snapshot of SQLite holds, and that every change of one object is in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from trueup.drivers.database.catalog.catalog import fingerprint
from trueup.drivers.database.sqlite.catalog import plain, snapshot
from trueup.model.plan import Address

START = """
    CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'none', motto TEXT);
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- never again the same
        email TEXT COLLATE NOCASE UNIQUE,
        team INTEGER REFERENCES teams (id) ON DELETE CASCADE,
        full_name TEXT GENERATED ALWAYS AS (email || '  -- ') VIRTUAL,
        CHECK (length(email) > 3)
    );
    CREATE INDEX users_team ON users (team DESC) WHERE team IS NOT NULL;
    CREATE VIEW members AS SELECT email, name FROM users JOIN teams ON teams.id = team;
    CREATE TRIGGER welcome AFTER INSERT ON users BEGIN UPDATE teams SET name = name; END;
    CREATE TABLE flyway_schema_history (installed_rank INT);
    CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (installed_rank);
"""
CHANGES = {
    "a table": "CREATE TABLE more (a)",
    "a table dropped": "DROP TABLE users",
    "a column": "ALTER TABLE users ADD COLUMN age INTEGER",
    "a column renamed": "ALTER TABLE users RENAME COLUMN email TO mail",
    "a column dropped": "ALTER TABLE teams DROP COLUMN motto",
    "an index": "CREATE UNIQUE INDEX teams_name ON teams (lower(name))",
    "an index dropped": "DROP INDEX users_team",
    "another order of an index": (
        "DROP INDEX users_team; CREATE INDEX users_team ON users (team) WHERE team IS NOT NULL"
    ),
    "another predicate": "DROP INDEX users_team; CREATE INDEX users_team ON users (team DESC) WHERE team > 0",
    "another view": "DROP VIEW members; CREATE VIEW members AS SELECT email FROM users",
    "another trigger": "DROP TRIGGER welcome; CREATE TRIGGER welcome AFTER DELETE ON users BEGIN SELECT 1; END",
    "a virtual table": "CREATE VIRTUAL TABLE search USING fts5 (body)",
    "another action of a foreign key": (
        "DROP TABLE users;CREATE TABLE users (id INTEGER PRIMARY KEY, team INTEGER REFERENCES teams ON DELETE SET NULL)"
    ),
}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(START)
        yield opened


def test_a_snapshot_reads_like_the_schema(connection: sqlite3.Connection) -> None:
    """Tables by column, keys and foreign keys as SQL says them; the history is not in it."""
    found = snapshot(connection, skip=["flyway_schema_history"])
    assert sorted(found) == [
        "index.main.users_team",
        "table.main.teams",
        "table.main.users",
        "trigger.main.users.welcome",
        "view.main.members",
    ]
    users = found[Address("table.main.users")].values
    assert users["columns"]["team"] == {"type": "integer", "after": "email"}
    assert users["columns"]["full_name"]["generated"] == "virtual"
    assert users["primary_key"] == ["id"]
    assert users["foreign_keys"] == ["(team) REFERENCES teams (id) ON DELETE CASCADE"]
    assert found[Address("index.main.users_team")].values["columns"] == ["team DESC"]
    assert found[Address("table.main.teams")].values["columns"]["name"]["default"] == "'none'"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen(connection: sqlite3.Connection, change: str) -> None:
    """One change of one object, another snapshot; no data in it, and no transaction left open."""
    before = snapshot(connection)
    connection.execute("INSERT INTO teams (name) VALUES ('x')")
    connection.commit()
    assert snapshot(connection) == before
    connection.executescript(change)
    assert fingerprint(snapshot(connection)) != fingerprint(before)
    assert not connection.in_transaction


def test_the_order_of_statements_is_no_difference() -> None:
    """Objects that do not build on each other, made in another order and written in another way."""
    one, other = (closing(sqlite3.connect(":memory:")) for _ in range(2))
    with one as first, other as second:
        first.executescript("CREATE TABLE a (x int); CREATE TABLE b (y int); CREATE INDEX a_x ON a (x)")
        second.executescript("CREATE TABLE b (y  int); CREATE TABLE a\n(x /* why */ int); CREATE INDEX a_x ON a (x)")
        assert snapshot(first) != {} and snapshot(first) == snapshot(second)


def test_blanks_inside_of_quotes_stay() -> None:
    """Comments and white space count for nothing, but not in names and texts."""
    assert plain("CREATE  TABLE \"a  b\" (x DEFAULT '--  y') -- end") == "CREATE TABLE \"a  b\" (x DEFAULT '--  y')"


def test_inside_of_a_transaction_its_own_writes_are_seen(connection: sqlite3.Connection) -> None:
    """The transaction stays open."""
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE more (a)")
    assert Address("table.main.more") in snapshot(connection)
    assert connection.in_transaction
