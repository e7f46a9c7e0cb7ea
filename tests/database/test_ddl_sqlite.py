"""SQLite: a snapshot rebuilt, and one made into another."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pytest

from trueup.drivers.database.ddl.sqlite import difference, restore
from trueup.drivers.database.sqlite.catalog import snapshot
from trueup.model.plan import Address, Resource

START = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL /* who */, \"odd, name)\" text DEFAULT 'a, b(')",
    "CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id), total numeric)",
    "CREATE INDEX orders_user ON orders (user_id)",
    "CREATE UNIQUE INDEX users_name ON users (lower(name)) WHERE name <> ''",
    "CREATE VIEW names AS SELECT name FROM users",
    "CREATE TRIGGER stamp AFTER INSERT ON users BEGIN UPDATE users SET name = upper(name) WHERE id = NEW.id; END",
)


def database(statements: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection


def look(*statements: str) -> Mapping[Address, Resource]:
    with closing(database(statements)) as connection:
        return snapshot(connection)


@pytest.fixture
def start() -> Iterator[sqlite3.Connection]:
    """A database that holds START."""
    with closing(database(START)) as connection:
        yield connection


def test_a_snapshot_comes_back() -> None:
    """The texts that SQLite keeps are the statements."""
    structure = look(*START)
    assert len(structure) == 6
    assert look(*restore(structure)) == structure


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX users_by_id ON users (id DESC)",
        "DROP INDEX orders_user",
        "CREATE TABLE more (a, b)",
        "DROP TABLE orders",
        "ALTER TABLE users ADD COLUMN age integer NOT NULL DEFAULT 0 CHECK (age >= 0)",
        "ALTER TABLE orders DROP COLUMN total",
        "DROP VIEW names; CREATE VIEW names AS SELECT id, name FROM users",
        "CREATE VIEW more AS SELECT * FROM orders",
        "DROP TRIGGER stamp",
        "CREATE TRIGGER other BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'no; never'); END",
    ],
)
def test_a_change_by_hand_is_written_down(start: sqlite3.Connection, change: str) -> None:
    """What the difference says gives what the change gave; where the change was made already, it does no harm; and
    what undoes it undoes it, where SQLite can."""
    before = snapshot(start)
    with closing(database(START)) as changed:
        changed.executescript(change)
        after = snapshot(changed)
        draft = difference(before, after)
        assert draft.declined == ()
        for statement in draft.statements:
            start.execute(statement)
        assert snapshot(start) == after
        if all(" COLUMN " not in each for each in draft.undo):
            for statement in draft.undo:
                changed.execute(statement)
            assert snapshot(changed) == before


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users RENAME COLUMN name TO title",
        "DROP TABLE orders; CREATE TABLE orders (id integer PRIMARY KEY, user_id text, total numeric)",
        "DROP TABLE orders; CREATE TABLE orders (id integer PRIMARY KEY, user_id integer, total numeric UNIQUE)",
    ],
)
def test_what_only_a_rebuilt_table_can_have_is_declined(start: sqlite3.Connection, change: str) -> None:
    """With the reason, and where SQLite says how."""
    before = snapshot(start)
    start.executescript(change)
    (declined,) = difference(before, snapshot(start)).declined
    assert declined.address.startswith("table.main.")
    assert "sqlite.org" in declined.suggestion


@pytest.mark.parametrize(
    ("change", "declined"),
    [
        ("ALTER TABLE orders RENAME TO sales", {"table.main.orders", "table.main.sales", "index.main.orders_user"}),
        ("ALTER TABLE orders RENAME total TO amount", {"table.main.orders"}),
        ("ALTER TABLE orders RENAME total TO amount; ALTER TABLE orders ADD note text", {"table.main.orders"}),
    ],
)
def test_what_may_be_renamed_is_not_made_anew_without_its_rows(
    start: sqlite3.Connection, change: str, declined: set[str]
) -> None:
    """Declined with the statement to write, there and back."""
    before = snapshot(start)
    with closing(database(START)) as changed:
        changed.executescript(change)
        draft = difference(before, snapshot(changed))
    assert {each.address for each in draft.declined} == declined == {each.address for each in draft.kept}
    assert all("RENAME" in each.suggestion for each in draft.declined)
