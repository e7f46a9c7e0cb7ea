"""What was renamed by hand keeps its rows: where the migration runs, when it runs twice, and when it is taken back."""

from collections.abc import Mapping

import pytest

from tests.database.servers import Server
from trueup.drivers.database.catalog.catalog import snapshot
from trueup.drivers.database.codify_text import guarded
from trueup.drivers.database.ddl.ddl import difference
from trueup.drivers.database.ddl.renames import halves
from trueup.drivers.database.session.inverse import Sides, reversal
from trueup.model.plan import Address, Resource

START = """
    CREATE SCHEMA other;
    CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN place AS text CHECK (VALUE <> '');
    CREATE TABLE teams (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'ok', place place
    );
    CREATE TABLE users (
        id serial PRIMARY KEY, team int REFERENCES teams, note text, born date, CHECK (born > '1900-01-01')
    );
    CREATE INDEX users_note ON users (note);
    CREATE VIEW members AS SELECT note, name FROM users JOIN teams ON teams.id = users.team;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE days (day date, id int) PARTITION BY RANGE (day);
    CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE SEQUENCE numbers; SELECT nextval('numbers');
    CREATE PUBLICATION changes FOR TABLE users;
    GRANT SELECT ON users TO reader; COMMENT ON TABLE users IS 'see public.users';
    INSERT INTO teams (name) VALUES ('red'); INSERT INTO users (team, note, born) VALUES (1, 'x', '2000-01-01');
    INSERT INTO days VALUES ('2026-05-05', 1)
"""
RENAMED = {
    "ALTER TABLE users RENAME TO people": "SELECT note FROM people",
    "ALTER TABLE users SET SCHEMA other": "SELECT note FROM other.users",
    "ALTER TABLE users SET SCHEMA other; ALTER TABLE other.users RENAME TO people": "SELECT note FROM other.people",
    'ALTER TABLE teams RENAME TO "Te.ams"; ALTER TABLE users RENAME TO "us""ers"': 'SELECT note FROM "us""ers"',
    "ALTER TABLE teams RENAME TO groups": "SELECT name FROM groups",
    "ALTER TABLE days RENAME TO dates": "SELECT id FROM dates",
    "ALTER TABLE days_2026 RENAME TO days_26": "SELECT id FROM days_26",
    "ALTER TYPE mood RENAME TO temper": "SELECT mood FROM teams",
    "ALTER DOMAIN place SET SCHEMA other": "SELECT place FROM teams",
    "ALTER TABLE teams RENAME id TO number": "SELECT number FROM teams",
    "ALTER TABLE teams RENAME name TO title": "SELECT title FROM teams",
    "ALTER TABLE days RENAME day TO at": "SELECT at FROM days",
    "ALTER TABLE teams RENAME CONSTRAINT teams_pkey TO teams_key": "SELECT id FROM teams",
    "ALTER INDEX users_note RENAME TO users_by_note": "SELECT id FROM users",
    "ALTER SEQUENCE numbers RENAME TO digits": "SELECT last_value FROM digits",
    "ALTER TABLE users RENAME born TO birth; ALTER TABLE users ADD since date": "SELECT birth FROM users",
}  # fmt: skip
"""What a hand did, and a look at what it must not lose."""
Snapshot = Mapping[Address, Resource]


def looked(server: Server, name: str) -> Snapshot:
    with server.connect(name) as connection:
        return snapshot(connection)


@pytest.mark.parametrize("by_hand", sorted(RENAMED))
def test_rows_stay_under_the_new_name_there_and_back(server: Server, by_hand: str) -> None:
    """On another database with the same rows; again, where there is nothing to do; and when it is taken back."""
    with server.fresh_database() as here, server.fresh_database() as there:
        server.execute(START, here)
        server.execute(START, there)
        before = looked(server, here)
        server.execute(by_hand, here)
        after = looked(server, here)
        draft = difference(before, after)
        assert not draft.declined and not draft.kept
        assert any("RENAME" in each.sql or "SET SCHEMA" in each.sql for each in draft.changes)
        assert not any(each.sql.startswith(("DROP", "CREATE INDEX")) for each in draft.changes)
        with server.connect(there) as connection:
            for _ in range(2):
                for statement in draft.changes:
                    connection.execute(guarded(statement))
                assert looked(server, there) == after
            assert connection.execute(RENAMED[by_hand]).fetchone() is not None
            for text in draft.undo:
                connection.execute(text)
            assert looked(server, there) == before or "ADD" in by_hand
            assert connection.execute("SELECT 1 FROM users, days, teams WHERE note = 'x'").fetchone() == (1,)


def test_a_table_that_only_resembles_the_one_that_is_gone_is_declined(postgres15: Server) -> None:
    """Renamed and changed at once: no difference tells that from another table. With all that is part of them."""
    with postgres15.fresh_database() as name:
        postgres15.execute(START, name)
        before = looked(postgres15, name)
        postgres15.execute("ALTER TABLE users RENAME TO people; ALTER TABLE people DROP born, ADD age int", name)
        draft = difference(before, looked(postgres15, name))
    declined = {each.address: each for each in draft.declined}
    assert {"table.public.users", "table.public.people", "constraint.public.people.users_pkey"} <= declined.keys()
    assert "may be table.public.users under another name" in declined[Address("table.public.people")].reason


def test_one_name_of_two_is_declined(postgres15: Server) -> None:
    """The new one alone would be made empty, and the old one alone dropped."""
    with postgres15.fresh_database() as name:
        postgres15.execute(START, name)
        before = looked(postgres15, name)
        postgres15.execute("ALTER TABLE users RENAME TO people", name)
        after = looked(postgres15, name)
    both = {Address("table.public.users"), Address("table.public.people")}
    assert not list(halves(both, before, after))
    trigger = Address("trigger.public.people.touched")
    asked = {Address("table.public.people"), trigger}
    assert {each.address for each in halves(asked, before, after)} == asked


def test_a_revert_takes_both_names_or_none(postgres15: Server) -> None:
    """The table is renamed back; neither is made or dropped on its own."""
    with postgres15.fresh_database() as name:
        postgres15.execute(START, name)
        before = looked(postgres15, name)
        postgres15.execute("ALTER TABLE users RENAME TO people", name)
        sides = Sides(real=looked(postgres15, name), settled=before)
    both = reversal(sides, None, "postgresql")
    assert both.draft.statements[0] == "ALTER TABLE public.people RENAME TO users"
    assert not both.draft.declined and not any("DROP TABLE" in text for text in both.draft.statements)
    half = reversal(sides, [Address("table.public.people")], "postgresql")
    assert not half.draft.changes and "name the drifts of both" in half.draft.declined[0].suggestion


def test_another_table_in_place_of_one_that_is_gone_is_made(postgres15: Server) -> None:
    """Nothing in common: it is dropped, and the other one made."""
    with postgres15.fresh_database() as name:
        postgres15.execute(START, name)
        before = looked(postgres15, name)
        postgres15.execute("DROP VIEW members; DROP TABLE users; CREATE TABLE prices (amount numeric)", name)
        draft = difference(before, looked(postgres15, name))
    assert not draft.declined
    assert "DROP TABLE IF EXISTS public.users" in draft.statements
