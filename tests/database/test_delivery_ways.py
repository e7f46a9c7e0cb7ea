"""How a migration's statements are run: in one transaction, or in parts, and what of each part is known afterwards."""

from dataclasses import replace

import pytest

from trueup.drivers.database.delivery.progress import done_of, left_of, next_of, start
from trueup.drivers.database.delivery.ways import Bound, Way, way_of
from trueup.drivers.database.migrations.migrations import Kind, Migration, Version
from trueup.drivers.database.migrations.settings import Settings
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.model.errors import Invalid

SETTINGS = Settings(table="flyway_schema_history")


def way(sql: str, in_transaction: bool | None = None, **settings: bool) -> Way:
    migration = Migration(
        Kind.VERSIONED, Version.parse("7"), "x", "V7__x.sql", "db/V7__x.sql", sql, 0, in_transaction=in_transaction
    )
    return way_of(migration, Postgres(), replace(SETTINGS, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE a (b int); INSERT INTO a VALUES (1)", "BEGIN; CREATE TABLE a (b int); COMMIT;", "-- nothing"]
)
def test_an_ordinary_file_is_one_transaction(sql: str) -> None:
    """Also where it says so itself: then the history's row is in it too."""
    found = way(sql)
    assert found.in_transaction and all("BEGIN" not in each.words for each in found.statements)


@pytest.mark.parametrize(
    ("sql", "in_transaction", "bounds"),
    [
        ("CREATE INDEX CONCURRENTLY i ON a (b)", None, [Bound.ALONE]),
        ("SET lock_timeout = 0; CREATE INDEX CONCURRENTLY i ON a (b)", None, [Bound.ATOMIC, Bound.ALONE]),
        ("CREATE TABLE a (b int); CALL fill()", False, [Bound.ATOMIC, Bound.OPAQUE]),
        ("BEGIN; SELECT 1; SELECT 2; COMMIT; SELECT 3", None, [Bound.ATOMIC, Bound.ATOMIC]),
        ("SELECT 1; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 2; COMMIT", None, [Bound.ATOMIC, Bound.OPAQUE]),
        ("SELECT 1; COMMIT; SELECT 2", None, [Bound.ATOMIC, Bound.OPAQUE]),
        ("SELECT 1; SAVEPOINT a; ROLLBACK TO SAVEPOINT a", False, [Bound.ATOMIC] * 3),
    ],
)
def test_others_are_parts(sql: str, in_transaction: bool | None, bounds: list[Bound]) -> None:
    """Each its own effect; from where nobody could tell what happened, all the rest is one."""
    assert [part.bound for part in way(sql, in_transaction).parts] == bounds


def test_what_contradicts_itself_is_refused_with_its_line() -> None:
    """A file of both kinds, and one that must be in a transaction and cannot."""
    mixed = "ALTER TABLE a ADD b int;\nVACUUM a;"
    with pytest.raises(Invalid, match="line 1 of the same file") as caught:
        way(mixed)
    assert str(caught.value.place) == "db/V7__x.sql:2"
    assert len(way(mixed, mixed=True).parts) == 2 == len(way(mixed, False).parts)
    with pytest.raises(Invalid, match="refuses this in a transaction"):
        way(mixed, True)


def test_what_is_left_keeps_its_lines() -> None:
    """So that whatever the database says of it is at the right place."""
    found = way("CREATE TABLE a (b int);\n\nCREATE INDEX CONCURRENTLY i ON a (b);\nVACUUM a;", False)
    progress = next_of(start(found), found)
    left = way(left_of(found, progress).sql, False)
    assert [(each.line, each.words[0]) for each in left.statements] == [(3, "CREATE"), (4, "VACUUM")]
    assert done_of(found, progress).sql == "CREATE TABLE a (b int)"
    assert left_of(found, replace(progress, begun=True)).sql == left_of(found, progress).sql
