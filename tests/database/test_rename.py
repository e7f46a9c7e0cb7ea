"""plan-rename, carried out on a real scratch server with rows: nobody who uses either name notices."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.database.folders import tree
from tests.database.trying import migration, migrations, scratch_job
from trueup.drivers.database.dialect import Database
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Kind, Version
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.rehearsal.compare import differing
from trueup.drivers.database.rehearsal.rehearsal import Trial, rehearse
from trueup.drivers.database.rehearsal.run import Runner
from trueup.drivers.database.rename.files import files
from trueup.drivers.database.rename.rename import Renaming, renaming, scripts
from trueup.drivers.database.scratch.scratch import OPTIONS, Scratch, scratch
from trueup.drivers.database.spec import FlywaySpec, MigrationsSpec
from trueup.model.errors import Invalid, Refused
from trueup.system.postgres_programs import binaries

TABLE = """
CREATE TABLE teams (id int PRIMARY KEY);
INSERT INTO teams VALUES (1), (2);
CREATE TABLE users (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mail varchar(80) NOT NULL DEFAULT 'nobody@example.com' CHECK (mail LIKE '%@%'),
  team int REFERENCES teams
);
COMMENT ON COLUMN users.mail IS 'where to write to';
CREATE INDEX users_mail_idx ON users (lower(mail));
ALTER TABLE users ADD CONSTRAINT users_mail_key UNIQUE (mail);
ALTER TABLE users ALTER mail SET STATISTICS 300, ALTER mail SET STORAGE external;
CREATE STATISTICS users_mail_stats ON team, mail FROM users;
INSERT INTO users (mail) SELECT format('%s@example.com', n) FROM generate_series(1, 2000) n;
"""
RENAMED = TABLE.replace("mail ", "email ").replace("(mail)", "(email)").replace("users_mail", "users_email")
RENAMED = RENAMED.replace("users.mail", "users.email")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closed at the end of the test."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def server(stack: ExitStack) -> Scratch:
    """PostgreSQL 15 for one test."""
    if binaries(15) is None:
        pytest.skip("PostgreSQL 15 is absent: apt-get install postgresql-15")
    return stack.enter_context(scratch(scratch_job(), Postgres(), 15))


def opened(server: Scratch, stack: ExitStack, sql: str) -> Database:
    """A fresh database after this script."""
    database = stack.enter_context(Postgres().connect(stack.enter_context(server.fresh()), OPTIONS))
    database.execute(sql)
    return database


def asked(database: Database, target: str = "users.mail", new: str = "email") -> Renaming:
    return renaming(database.snapshot(("public",)), target, new)


def run(database: Database, sql: str, *, alone: bool = False) -> None:
    Runner(database, None).at_once(migration("V1", sql, in_transaction=not alone))


def in_step(database: Database) -> bool:
    return database.query("SELECT count(*) FROM users WHERE mail IS DISTINCT FROM email") == [(0,)]


def test_both_names_hold_the_same_until_the_old_one_goes(server: Scratch, stack: ExitStack) -> None:
    """Writes by either name in each phase; at the end the catalog is that of a table made with the new name."""
    database = opened(server, stack, TABLE)
    expand, backfill, contract = scripts(asked(database))
    run(database, expand.up)
    database.execute("INSERT INTO users (mail) VALUES ('by@old')")
    database.execute("INSERT INTO users (email) VALUES ('by@new')")
    database.execute("INSERT INTO users (team) VALUES (1)")
    database.execute("UPDATE users SET mail = 'changed@old' WHERE id = 1")
    database.execute("UPDATE users SET email = 'changed@new' WHERE id = 2")
    database.execute("UPDATE users SET team = 1 WHERE id = 3")
    found = dict(database.query("SELECT id, email FROM users WHERE id < 5 OR id > 2000"))
    assert found == {
        1: "changed@old",
        2: "changed@new",
        3: "3@example.com",
        4: None,
        2001: "by@old",
        2002: "by@new",
        2003: "nobody@example.com",
    }
    run(database, backfill.up, alone=True)
    assert in_step(database)
    database.execute(
        "UPDATE users SET email = 'late@new' WHERE id = 4; UPDATE users SET mail = 'late@old' WHERE id = 5"
    )
    assert in_step(database)
    before = database.query("SELECT id, mail FROM users ORDER BY id")
    run(database, contract.up)
    assert database.query("SELECT id, email FROM users ORDER BY id") == before
    wanted = opened(server, stack, RENAMED).snapshot(("public",))
    made = database.snapshot(("public",))
    assert differing(made, wanted) == ()


def test_each_phase_is_rehearsed_with_its_rollback(server: Scratch) -> None:
    """Up, down and up again: what our own rules ask of everybody."""
    with ExitStack() as stack:
        three = scripts(asked(opened(server, stack, TABLE)))
    texts = {"V1": TABLE}
    for number, script in enumerate(three, 2):
        texts |= {f"V{number}": script.up, f"U{number}": script.down}
    found = migrations(texts)
    alone = [migration(f"{kind}3", texts[f"{kind}3"], in_transaction=False) for kind in "VU"]
    kept = tuple({each.path: each for each in (*found.files, *alone)}.values())
    found = type(found)(found.settings, kept)
    pending = [each for each in found.files if each.kind == "versioned"][1:]
    trial = Trial(dialect=Postgres(), migrations=found, pending=pending, structure=None, schemas=("public",))
    assert [each for each in rehearse(server, trial).findings if each.stops] == []
    assert [each.code for each in lint(pending, Postgres(), Circumstances(major=15)) if each.stops] == []


def test_a_backfill_may_be_interrupted_and_run_again(server: Scratch, stack: ExitStack) -> None:
    """Twice is as good as once, also after an index that was left half built."""
    database = opened(server, stack, TABLE)
    expand, backfill, _ = scripts(asked(database))
    run(database, expand.up)
    database.execute("CREATE INDEX users_email_idx ON users (id)")
    run(database, backfill.up, alone=True)
    run(database, backfill.up, alone=True)
    assert in_step(database)


def test_names_that_need_quotes_and_other_schemas_work(server: Scratch, stack: ExitStack) -> None:
    """Nothing of them is taken for SQL."""
    database = opened(
        server,
        stack,
        'CREATE SCHEMA "My App"; CREATE TABLE "My App"."User\'s" (id int, "Mail" text NOT NULL DEFAULT \'\');'
        'INSERT INTO "My App"."User\'s" VALUES (1, \'a\')',
    )
    wanted = renaming(database.snapshot(("My App",)), '"My App"."User\'s"."Mail"', "select")
    for script in scripts(wanted):
        run(database, script.up, alone=not script.in_transaction)
    assert database.query('SELECT "select" FROM "My App"."User\'s"') == [("a",)]


def test_a_partitioned_table_is_filled_in_every_partition(server: Scratch, stack: ExitStack) -> None:
    """By blocks of each."""
    database = opened(
        server,
        stack,
        "CREATE TABLE p (id int, a text) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (90000);"
        "INSERT INTO p SELECT n, 'x' FROM generate_series(0, 60000) n",
    )
    expand, backfill, contract = scripts(asked(database, "p.a", "b"))
    run(database, expand.up)
    run(database, backfill.up, alone=True)
    assert database.query("SELECT count(*) FROM p WHERE b IS DISTINCT FROM a") == [(0,)]
    run(database, contract.up)


def test_what_cannot_be_renamed_so_is_refused_with_the_way_out(server: Scratch, stack: ExitStack) -> None:
    """Keys, generated columns, columns that are not there, names that are taken."""
    database = opened(
        server,
        stack,
        TABLE + "CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED);"
        "CREATE TABLE once (span int4range, EXCLUDE USING gist (span WITH &&));"
        "CREATE TABLE parted (a int) PARTITION BY LIST (a); CREATE INDEX parted_a ON parted (a);",
    )
    for target, new, kind, words in (
        ("teams.id", "number", Refused, "is a key"),
        ("users.id", "number", Refused, "generated by the database"),
        ("g.b", "c", Refused, "generated by the database"),
        ("once.span", "time", Refused, "cannot be built anew CONCURRENTLY"),
        ("parted.a", "b", Refused, "parted_a on public.parted cannot be built anew CONCURRENTLY"),
        ("users.nothing", "email", Invalid, "there is no column public.users.nothing"),
        ("users.mail", "team", Invalid, "has a column team already"),
        ("mail", "email", Invalid, "is no column"),
    ):
        with pytest.raises(kind, match=words) as found:
            asked(database, target, new)
        assert found.value.hint


@pytest.mark.parametrize(
    ("spec", "first", "wanted"),
    [
        (
            FlywaySpec(),
            "V1__users.sql",
            {
                "V2__expand_users_mail_to_email.sql",
                "U2__expand_users_mail_to_email.sql",
                "V3__backfill_users_mail_to_email.sql",
                "V3__backfill_users_mail_to_email.sql.conf",
                "U3__backfill_users_mail_to_email.sql",
                "U3__backfill_users_mail_to_email.sql.conf",
                "V4__contract_users_mail_to_email.sql",
                "U4__contract_users_mail_to_email.sql",
            },
        ),
        (
            MigrationsSpec(),
            "001_users.sql",
            {
                "002_expand_users_mail_to_email.sql",
                "002_expand_users_mail_to_email.down.sql",
                "003_backfill_users_mail_to_email.sql",
                "003_backfill_users_mail_to_email.sql.conf",
                "003_backfill_users_mail_to_email.down.sql",
                "003_backfill_users_mail_to_email.down.sql.conf",
                "004_contract_users_mail_to_email.sql",
                "004_contract_users_mail_to_email.down.sql",
            },
        ),
    ],
)
def test_the_files_are_named_as_the_folder_names_its_own_and_read_back_as_planned(
    server: Scratch, stack: ExitStack, spec: MigrationsSpec, first: str, wanted: set[str]
) -> None:
    """Versions, rollbacks, and the backfill without a transaction: all of them rehearsed from the files."""
    before = read_migrations(tree({f"db/{first}": TABLE}), "db", spec)
    column = asked(opened(server, stack, TABLE))
    made = files(column, before, [Version.parse("1")], datetime(2026, 11, 22, tzinfo=UTC))
    assert {path.removeprefix("db/") for path in made} == wanted
    after = read_migrations(tree({f"db/{first}": TABLE, **made}), "db", spec)
    assert after.findings == ()
    ups = after.of(Kind.VERSIONED)
    assert [each.in_transaction for each in ups] == [None, None, False, None]
    trial = Trial(dialect=Postgres(), migrations=after, pending=ups[1:], structure=None, schemas=("public",))
    assert [each for each in rehearse(server, trial).findings if each.stops] == []
