"""What concerns a table that the delivery itself creates holds nobody up; one that only looks so does."""

from collections.abc import Sequence

import pytest

from tests.database.trying import migration
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.model.address import Address
from trueup.model.plan import Finding, Resource

USERS = "CREATE TABLE users (id int);"
FOUND: Sequence[tuple[str, str]] = (
    # The old one goes before the new one is there.
    (f"DROP TABLE users;\n{USERS}", "drop-table"),
    # Another schema's.
    ("CREATE TABLE archive.users (id int);\nDROP TABLE public.users;", "drop-table"),
    ("CREATE TABLE archive.users (id int);\nALTER TABLE users DROP COLUMN email;", "drop-column"),
    # The temporary one is gone by then.
    ("CREATE TEMP TABLE users AS SELECT 1 AS id;\nDROP TABLE users;\nDROP TABLE users;", "drop-table"),
    ("WITH gone AS (DELETE FROM users RETURNING *) UPDATE n SET a = 1 WHERE a = 2;", "unbounded-delete"),
)
SILENT: Sequence[str] = (
    f"{USERS}\nALTER TABLE public.users DROP COLUMN id;",
    f"{USERS}\nALTER TABLE users RENAME TO people;\nALTER TABLE people ADD COLUMN name text NOT NULL;",
    "SELECT id INTO copies FROM users;\nDELETE FROM copies;",
    "CREATE TABLE n (team int);\nALTER TABLE n ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams (id);",
    "CREATE TABLE n (id int, a int);\nUPDATE n SET a = users.a FROM users;",
)


def found(sql: str, about: Circumstances | None = None) -> Sequence[Finding]:
    return lint([migration("V1", sql)], Postgres(), about or Circumstances(major=15))


@pytest.mark.parametrize(("sql", "code"), FOUND)
def test_a_table_is_new_only_behind_what_creates_it_and_under_its_own_name(sql: str, code: str) -> None:
    """The order of the statements counts, and the schema."""
    assert code in {each.code for each in found(f"CREATE TABLE n (a int);\n{sql}")}


@pytest.mark.parametrize("sql", SILENT)
def test_what_a_delivery_creates_it_may_change(sql: str) -> None:
    """Under a new name too, and whatever a foreign key or an UPDATE reads."""
    assert found(sql) == ()


def test_if_not_exists_creates_nothing_where_a_table_is() -> None:
    """Production has one of that name, so its column is not new."""
    sql = "CREATE TABLE IF NOT EXISTS users (id int);\nALTER TABLE users DROP COLUMN id;"
    there = Circumstances(major=15, real={Address("table.public.users"): Resource("table", {"columns": {}})})
    assert found(sql) == () and [each.code for each in found(sql, there)] == ["drop-column"]


def test_the_index_of_a_partitioned_table_alone_locks_nobody_out() -> None:
    """ON ONLY builds nothing: that is how the safe sequence begins. Of a plain table it is as any other."""
    sql = "CREATE INDEX i ON ONLY orders (a);"
    values = {"columns": {}, "partition_by": "RANGE (placed)"}
    there = Circumstances(major=15, real={Address("table.public.orders"): Resource("table", values)})
    assert found(sql, there) == () and [each.code for each in found(sql)] == ["index-not-concurrent"]


def test_several_statements_of_one_line_are_told_apart() -> None:
    """What squawk finds in the first is not the last one's: here the function is made again, the view is not."""
    again = "DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT 1';"
    assert found(again) == ()
    findings = found(f"{again} DROP VIEW v; CREATE VIEW w AS SELECT 1 AS one;")
    assert [each.code for each in findings] == ["drop-object"]
