"""Every lint rule: a migration that breaks it, and the safe one that does not."""

from dataclasses import dataclass

import pytest

from trueup.drivers.database.lint.codes import CODES
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.migrations.migrations import Kind, Migration, Version
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.sqlite.sqlite import SQLite
from trueup.model.address import Address
from trueup.model.plan import Finding, Resource

FUNCTION = Address("function.public.total(integer)")
REAL = {FUNCTION: Resource("function", {"definition": "BEGIN RETURN (SELECT sum(price) FROM orders); END"})}


POSTGRES_15 = Circumstances(major=15)


@dataclass(frozen=True)
class Case:
    bad: str
    good: str
    line: int = 1
    """Of the finding in `bad`."""
    about: Circumstances = POSTGRES_15
    in_transaction: bool | None = None


CASES = {
    "drop-column": Case("ALTER TABLE t DROP COLUMN c;", "ALTER TABLE t ALTER COLUMN c DROP DEFAULT;"),
    "drop-table": Case("SELECT 1;\nDROP TABLE t;", "SELECT 1;", line=2),
    "drop-schema": Case("DROP SCHEMA s;", "CREATE SCHEMA s;"),
    "drop-database": Case("DROP DATABASE d;", "SELECT 1;"),
    "drop-object": Case("DROP VIEW v;", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;"),
    "drop-cascade": Case("DROP TABLE t CASCADE;", "DROP TABLE t;"),
    "still-used": Case(
        "ALTER TABLE orders DROP COLUMN price;",
        "ALTER TABLE orders DROP COLUMN colour;",
        about=Circumstances(major=15, real=REAL),
    ),
    "rename-column": Case("ALTER TABLE t RENAME COLUMN a TO b;", "ALTER TABLE t ADD COLUMN b text;"),
    "rename-table": Case("ALTER TABLE t RENAME TO u;", "CREATE VIEW u AS SELECT * FROM t;"),
    "rename-object": Case("ALTER TABLE t RENAME CONSTRAINT a TO b;", "SELECT 1;"),
    "drop-not-null": Case("ALTER TABLE t ALTER COLUMN a DROP NOT NULL;", "SELECT 1;"),
    "type-change": Case("ALTER TABLE t ALTER COLUMN a TYPE bigint;", "ALTER TABLE t ALTER COLUMN a TYPE text;"),
    "volatile-default": Case(
        "ALTER TABLE t ADD COLUMN a timestamptz DEFAULT clock_timestamp();",
        "ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now();",
    ),
    "generated-column": Case(
        "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED;", "ALTER TABLE t ADD COLUMN a int;"
    ),
    "serial-column": Case(
        "ALTER TABLE t ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY;", "ALTER TABLE t ADD COLUMN a bigint;"
    ),
    "rewrite-table": Case("ALTER TABLE t SET TABLESPACE fast;", "ALTER TABLE t SET (fillfactor = 80);"),
    "required-column": Case(
        "ALTER TABLE t ADD COLUMN a text NOT NULL;", "ALTER TABLE t ADD COLUMN a text NOT NULL DEFAULT '';"
    ),
    "set-not-null": Case(
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;",
    ),
    "foreign-key": Case(
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id);",
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) NOT VALID;",
    ),
    "check-constraint": Case(
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"
    ),
    "validate-together": Case(
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;",
        "ALTER TABLE t VALIDATE CONSTRAINT c;",
        line=2,
    ),
    "unique-constraint": Case(
        "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a);", "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i;"
    ),
    "primary-key": Case("ALTER TABLE t ADD PRIMARY KEY (a);", "ALTER TABLE t ADD PRIMARY KEY USING INDEX i;"),
    "exclusion-constraint": Case(
        "ALTER TABLE t ADD CONSTRAINT c EXCLUDE USING gist (a WITH &&);",
        "CREATE TABLE n (a int4range, CONSTRAINT c EXCLUDE USING gist (a WITH &&));",
    ),
    "domain-constraint": Case(
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0);",
        "ALTER DOMAIN d VALIDATE CONSTRAINT c;",
    ),
    "index-not-concurrent": Case("CREATE INDEX i ON t (a);", "CREATE INDEX CONCURRENTLY i ON t (a);"),
    "drop-index-not-concurrent": Case("DROP INDEX i;", "DROP INDEX CONCURRENTLY i;"),
    "reindex-not-concurrent": Case("REINDEX TABLE t;", "REINDEX TABLE CONCURRENTLY t;"),
    "detach-not-concurrent": Case(
        "ALTER TABLE p DETACH PARTITION q;", "ALTER TABLE p DETACH PARTITION q CONCURRENTLY;"
    ),
    "refresh-not-concurrent": Case("REFRESH MATERIALIZED VIEW m;", "REFRESH MATERIALIZED VIEW CONCURRENTLY m;"),
    "lock-table": Case("LOCK TABLE t;", "LOCK TABLE t IN ACCESS SHARE MODE;"),
    "create-trigger": Case(
        "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    "json-column": Case("ALTER TABLE t ADD COLUMN j json;", "ALTER TABLE t ADD COLUMN j jsonb;"),
    "truncate": Case("TRUNCATE t;", "DELETE FROM t WHERE id < 100;"),
    "unbounded-update": Case("UPDATE t SET a = 1;", "UPDATE t SET a = 1 WHERE id < 100;"),
    "unbounded-delete": Case("DELETE FROM t;", "DELETE FROM t WHERE id < 100;"),
    "lock-timeout": Case(
        "ALTER TABLE t ADD COLUMN a text;",
        "SET lock_timeout = '5s';\nALTER TABLE t ADD COLUMN a text;",
        about=Circumstances(major=15, delivered=False),
    ),
    "statement-timeout": Case(
        "ALTER TABLE t ADD COLUMN a text;",
        "SET statement_timeout = '5s';\nALTER TABLE t ADD COLUMN a text;",
        about=Circumstances(major=15, delivered=False),
    ),
    "timeout-off": Case("SET lock_timeout = 0;", "SET LOCAL lock_timeout = '30s';"),
    "not-in-transaction": Case("VACUUM t;", "SELECT 1;", in_transaction=True),
    "mixed-transaction": Case(
        "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);", "CREATE INDEX CONCURRENTLY i ON t (a);", line=2
    ),
    "transaction-control": Case("SELECT 1;\nCOMMIT;", "SELECT 1;", line=2),
    "unreadable-statement": Case("SELECT 1;\nALTER TABEL t ADD x int;", "SELECT 1;", line=2),
    "waiver": Case("-- trueup: allow truncate\nTRUNCATE t;", "-- trueup: allow truncate a cache\nTRUNCATE t;"),
}


def _migration(sql: str, number: int = 1, *, in_transaction: bool | None = None) -> Migration:
    version = Version.parse(str(number))
    name = f"V{number}__x.sql"
    return Migration(Kind.VERSIONED, version, "x", name, f"db/{name}", sql, 0, in_transaction=in_transaction)


def _lint(case: Case, sql: str) -> dict[str, Finding]:
    migration = _migration(sql, in_transaction=case.in_transaction)
    return {each.code: each for each in lint([migration], Postgres(), case.about)}


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_bad_migration_is_found_and_the_safe_one_is_not(code: str) -> None:
    """Code, place, why and the safe sequence are in the finding; the safe example has none of that code."""
    case = CASES[code]
    found = _lint(case, case.bad)
    assert code in found, sorted(found)
    finding, rule = found[code], CODES[code]
    assert finding.place is not None and (finding.place.file, finding.place.line) == ("db/V1__x.sql", case.line)
    assert rule.why in finding.message and finding.hint == rule.safe
    assert (finding.stops, finding.approvals) == (rule.severity.stops, rule.severity.approvals)
    assert code not in _lint(case, case.good)


def test_what_only_concerns_a_table_that_is_new_is_no_finding() -> None:
    """An index, a foreign key and an UPDATE on a table of the same delivery hold nobody up."""
    first = _migration("CREATE TABLE n (id int PRIMARY KEY, a int);\nCREATE INDEX i ON n (a);\nUPDATE n SET a = 1;")
    second = _migration("CREATE INDEX j ON n (a);\nALTER TABLE n ADD CONSTRAINT u UNIQUE (a);", 2)
    assert lint([first, second], Postgres(), POSTGRES_15) == ()


def test_a_waiver_with_a_reason_asks_for_less_and_says_why() -> None:
    """A stop becomes a question to one person, and the reason stands in the finding."""
    sql = "-- trueup: allow rename-column only this nightly job reads it\nALTER TABLE t RENAME COLUMN a TO b;"
    (finding,) = lint([_migration(sql)], Postgres(), POSTGRES_15)
    assert (finding.code, finding.stops, finding.approvals) == ("rename-column", False, 1)
    assert "only this nightly job reads it" in finding.message


def test_a_waiver_of_no_code_is_found() -> None:
    """A misspelt code waives nothing without a word."""
    (finding,) = lint(
        [_migration("-- trueup: allow rename-colum because\nSELECT 1;")], Postgres(), Circumstances(major=15)
    )
    assert finding.code == "waiver" and "rename-colum" in finding.message


def test_the_timeouts_are_no_finding_where_the_delivery_sets_them() -> None:
    """Our own runner makes the rule moot."""
    sql = "ALTER TABLE t ADD COLUMN a text;"
    assert lint([_migration(sql)], Postgres(), POSTGRES_15) == ()


def test_a_finding_has_the_line_and_column_within_its_statement() -> None:
    """Of a statement over several lines, the line that is meant."""
    sql = "-- one\n\nALTER TABLE t\n  ADD COLUMN a int,\n  ADD COLUMN b json;\n"
    (finding,) = lint([_migration(sql)], Postgres(), POSTGRES_15)
    assert finding.place is not None and (finding.place.line, finding.code) == (5, "json-column")


def test_sqlite_has_the_rules_that_do_not_speak_of_locks() -> None:
    """Drops, renames and unbounded writes count everywhere; an index is built at once anyway."""
    sql = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\nCREATE INDEX i ON t (a);\nDROP TABLE t;\n"
        "ALTER TABLE u RENAME COLUMN a TO b;\nDELETE FROM u;"
    )
    found = [each.code for each in lint([_migration(sql)], SQLite(), Circumstances(major=3))]
    assert found == ["drop-table", "rename-column", "unbounded-delete"]


def test_rows_of_a_copy_are_no_sql() -> None:
    """What they say is nobody's statement, and the statement behind them keeps its line."""
    sql = "COPY t (a) FROM STDIN;\nDROP TABLE u;\n'\n\\.\nDROP INDEX i;\n"
    (finding,) = lint([_migration(sql)], Postgres(), POSTGRES_15)
    assert finding.code == "drop-index-not-concurrent"
    assert finding.place is not None and finding.place.line == 5
    empty = "COPY t (a) FROM STDIN;\n\\.\nDROP INDEX i;\n"
    assert [each.code for each in lint([_migration(empty)], Postgres(), POSTGRES_15)] == ["drop-index-not-concurrent"]


def test_what_a_file_drops_to_make_it_again_is_not_dropped() -> None:
    """As repeatables do with views and functions; one that is not made again is."""
    again = (
        "DROP VIEW IF EXISTS a.v;\nCREATE VIEW a.v AS SELECT 1 AS one;\n"
        "DROP FUNCTION IF EXISTS f(int);\nCREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
        "DROP TYPE IF EXISTS e;\nCREATE TYPE e AS ENUM ('x');\n"
        "DROP MATERIALIZED VIEW IF EXISTS m;\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS one;\n"
    )
    assert lint([_migration(again)], Postgres(), POSTGRES_15) == ()
    gone = lint([_migration(f"{again}DROP VIEW a.w;\nDROP FUNCTION g(int);")], Postgres(), POSTGRES_15)
    assert [(each.code, each.place.line) for each in gone if each.place] == [("drop-object", 9), ("drop-object", 10)]


MORE = {
    "VACUUM FULL t;": "rewrite-table",
    "CLUSTER t USING i;": "rewrite-table",
    "DROP TYPE mood;": "drop-object",
    "DROP FUNCTION f(int);": "drop-object",
    "DROP MATERIALIZED VIEW m;": "drop-object",
    "DROP SEQUENCE s;": "drop-object",
    "ALTER TABLE t ADD COLUMN n bigserial;": "serial-column",
    "ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid();": "volatile-default",
    "REINDEX INDEX i;": "reindex-not-concurrent",
    "TRUNCATE t CASCADE;": "drop-cascade",
    "DROP SCHEMA s CASCADE;": "drop-cascade",
    "CREATE UNIQUE INDEX i ON t (a);": "index-not-concurrent",
    "ALTER TABLE t ADD COLUMN r int REFERENCES u (id);": "foreign-key",
    "ALTER TABLE t ALTER COLUMN a TYPE text USING b::text;": "type-change",
    "SET statement_timeout = '0';": "timeout-off",
    "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED NOT NULL;": "generated-column",
    "ALTER TABLE t ADD COLUMN a text CHECK (a <> '');": "check-constraint",
    "ALTER TABLE t ADD CONSTRAINT n NOT NULL a;": "set-not-null",
    "ALTER TABLE t SET LOGGED;": "rewrite-table",
    "ALTER TABLE t SET UNLOGGED;": "rewrite-table",
    "ALTER TABLE t SET ACCESS METHOD columnar;": "rewrite-table",
    "ALTER TABLE t SET SCHEMA archive;": "rename-table",
    "ALTER VIEW v SET SCHEMA archive;": "rename-object",
    "ALTER FUNCTION f(int) SET SCHEMA archive;": "rename-object",
    "ALTER DOMAIN d SET NOT NULL;": "domain-constraint",
    "DROP OWNED BY app;": "drop-table",
    "UPDATE t SET a = 1 WHERE true;": "unbounded-update",
    "DELETE FROM t WHERE 1 = 1;": "unbounded-delete",
    "WITH gone AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM gone;": "unbounded-delete",
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT t_a_fkey;": (
        "validate-together"
    ),
    "DROP FUNCTION f(int);\nCREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';": "drop-object",
}


@pytest.mark.parametrize("sql", sorted(MORE))
def test_other_ways_to_write_the_same_risk_are_found(sql: str) -> None:
    """Each with the code of its rule."""
    in_transaction = False if sql.startswith("VACUUM") else None
    found = lint([_migration(sql, in_transaction=in_transaction)], Postgres(), POSTGRES_15)
    assert MORE[sql] in {each.code for each in found}


COLUMNS = {
    "short": {"type": "character varying(20)"},
    "any": {"type": "character varying"},
    "price": {"type": "numeric(10,2)"},
    "many": {"type": "integer[]"},
    "checked": {"type": "text"},
    "number": {"type": "integer", "not_null": True},
}
KNOWN = Circumstances(
    major=15,
    real={
        Address("table.public.t"): Resource("table", {"columns": COLUMNS}),
        Address("constraint.public.t.c"): Resource("constraint", {"definition": "CHECK ((checked IS NOT NULL))"}),
        Address("constraint.public.t.d"): Resource("constraint", {"definition": "CHECK ((any IS NOT NULL)) NOT VALID"}),
    },
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("short TYPE varchar(50)", None),
        ("short TYPE varchar", None),
        ("short TYPE varchar(10)", "type-change"),
        ('"any" TYPE varchar(50)', "type-change"),
        ("price TYPE numeric(12,2)", None),
        ("price TYPE numeric(12,4)", "type-change"),
        ("price TYPE numeric", None),
        ("many TYPE bigint[]", "type-change"),
        ("short TYPE varchar(50) USING upper(short)", "type-change"),
        ("unknown TYPE varchar(50)", "type-change"),
        ("checked SET NOT NULL", None),
        ('"any" SET NOT NULL', "set-not-null"),
        ("short SET NOT NULL", "set-not-null"),
        ("number TYPE text", "type-change"),
        ("number SET NOT NULL", None),
    ],
)
def test_what_the_catalog_proves_harmless_is_no_finding(change: str, code: str | None) -> None:
    """A type that the old values fit, and NOT NULL where a valid CHECK says so already."""
    found = lint([_migration(f"ALTER TABLE t ALTER COLUMN {change};")], Postgres(), KNOWN)
    assert [each.code for each in found] == ([code] if code else [])


@pytest.mark.parametrize("before", ["plain", "Größe, 値段: ¾"])
def test_a_place_is_the_same_behind_letters_of_any_alphabet(before: str) -> None:
    """squawk and PostgreSQL's parser count bytes; people and editors count characters."""
    added = "ADD COLUMN a timestamptz DEFAULT clock_timestamp()"
    sql = f"ALTER TABLE t\n  /* {before} */ {added};\nALTER TABLE u\n  /* {before} */ ADD COLUMN b serial;"
    places = {each.code: each.place for each in lint([_migration(sql)], Postgres(), POSTGRES_15)}
    lines = sql.splitlines()
    for code, line, word in (("volatile-default", 2, "clock_timestamp"), ("serial-column", 4, "b serial")):
        place = places[code]
        assert place is not None and (place.line, place.column) == (line, lines[line - 1].index(word) + 1)
