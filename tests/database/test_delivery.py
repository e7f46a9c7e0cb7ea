"""Delivering migrations to a real PostgreSQL: what is written, in which transaction, and what is said."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.database.deliveries import Stack
from tests.database.servers import OWNER, Server
from trueup.drivers.database.migrations.checksums import postgres_lock_key
from trueup.model.errors import Invalid, Rejected, Unavailable
from trueup.model.plan import Address, Outcome

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);"


@pytest.fixture
def stack(server: Server, database: str, tmp_path: Path) -> Stack:
    return Stack(server, database, tmp_path, {"V1__users.sql": USERS})


def test_pending_migrations_and_their_rows_are_written(stack: Stack) -> None:
    """As Flyway writes them: rank, version, description, checksum, who, and how long."""
    stack.files["V2__add_phone.sql"] = "ALTER TABLE users ADD phone text;\nCREATE INDEX users_phone ON users (phone);"
    stack.files["R__names.sql"] = "CREATE VIEW names AS SELECT email FROM users;"
    plan = stack.plan(stack.order())
    applied = stack.deliver(plan)
    assert applied.complete and not applied.error
    assert stack.query(
        "SELECT version, description, type, script FROM flyway_schema_history ORDER BY installed_rank"
    ) == [
        ("1", "users", "SQL", "V1__users.sql"),
        ("2", "add phone", "SQL", "V2__add_phone.sql"),
        (None, "names", "SQL", "R__names.sql"),
    ]
    assert stack.query("SELECT DISTINCT (installed_by, success)::text FROM flyway_schema_history") == [f"({OWNER},t)"]
    assert set(applied.outcomes) == {change.address for change in plan.changes}
    assert set(applied.outcomes.values()) == {Outcome.DONE}
    assert any("3 of 3" in line for line in stack.lines)


def test_s_is_what_is_there_right_behind_the_apply(stack: Stack) -> None:
    """Catalog and history, so that nothing is drift."""
    applied = stack.deliver(stack.plan(stack.order()))
    catalog = {address: each for address, each in applied.resources.items() if each.kind != "migration"}
    assert catalog == stack.snapshot() and Address("table.public.users") in catalog
    assert set(applied.resources) - set(catalog) == {Address("migration.1")}


def test_nothing_to_do_is_one_empty_step(stack: Stack) -> None:
    """The second apply changes nothing."""
    first = stack.deliver()
    stack.journal.entries.clear()
    again = stack.deliver()
    assert again.complete and again.resources == first.resources and again.live == first.live
    assert [entry.event for entry in stack.journal.entries] == ["begin", "end"]


def test_the_history_table_is_flyways(stack: Stack) -> None:
    """Types, defaults, key and index to the letter."""
    stack.deliver()
    columns = stack.query(
        "SELECT format('%s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
        "pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid "
        "AND d.adnum = a.attnum WHERE a.attrelid = 'flyway_schema_history'::regclass AND a.attnum > 0 ORDER BY a.attnum"
    )
    assert [" ".join(each.split()) for each in columns] == [
        "installed_rank integer t",
        "version character varying(50) f",
        "description character varying(200) t",
        "type character varying(20) t",
        "script character varying(1000) t",
        "checksum integer f",
        "installed_by character varying(100) t",
        "installed_on timestamp without time zone t now()",
        "execution_time integer t",
        "success boolean t",
    ]
    assert stack.query("SELECT indexdef FROM pg_indexes WHERE tablename = 'flyway_schema_history' ORDER BY 1") == [
        "CREATE INDEX flyway_schema_history_s_idx ON public.flyway_schema_history USING btree (success)",
        "CREATE UNIQUE INDEX flyway_schema_history_pk ON public.flyway_schema_history USING btree (installed_rank)",
    ]


def test_a_refused_migration_leaves_nothing_and_the_ones_before_it_stay(stack: Stack) -> None:
    """Its words have file and line; what was done is settled, what was not is as it was."""
    stack.files["V2__half.sql"] = "CREATE TABLE half (id int);\n\nINSERT INTO nowhere VALUES (1);"
    stack.files["V3__never.sql"] = "CREATE TABLE never (id int);"
    applied = stack.deliver()
    assert not applied.complete
    assert "db/migration/V2__half.sql:3" in applied.error and 'relation "nowhere" does not exist' in applied.error
    assert "1 of 3 migrations are done" in applied.error
    assert applied.outcomes[Address("migration.1")] is Outcome.DONE
    assert applied.outcomes[Address("migration.2")] is applied.outcomes[Address("migration.3")] is Outcome.FAILED
    assert Address("table.public.users") in applied.resources
    assert Address("table.public.half") not in applied.resources
    assert stack.query("SELECT version FROM flyway_schema_history") == ["1"]
    stack.files["V2__half.sql"] = "CREATE TABLE half (id int);"
    assert stack.deliver().complete


def test_a_group_is_all_or_nothing(stack: Stack) -> None:
    """With `group` everything pending is one transaction."""
    stack.spec["group"] = True
    stack.files["V2__no.sql"] = "INSERT INTO nowhere VALUES (1);"
    assert not stack.deliver().complete
    assert stack.query("SELECT count(*) FROM flyway_schema_history") == [0]
    assert stack.query("SELECT to_regclass('users')::text") == [None]


def test_what_a_migration_sets_is_gone_before_the_next_one(stack: Stack) -> None:
    """Role, search path and time-outs: a dump's empty search path does not reach the next file."""
    stack.files["V1__users.sql"] = (
        "SELECT pg_catalog.set_config('search_path', '', false);\nSET lock_timeout = 0;\n"
        "CREATE TABLE public.users (id bigint PRIMARY KEY, email text NOT NULL);"
    )
    stack.files["V2__notes.sql"] = "CREATE TABLE notes AS SELECT current_setting('lock_timeout') AS timeout;"
    assert stack.deliver().complete
    assert stack.query("SELECT timeout FROM public.notes") == ["300ms"]


def test_callbacks_run_where_flyway_runs_them(stack: Stack) -> None:
    """Around everything, around each migration, behind the versioned ones; none is in the history."""
    stack.files["V1__users.sql"] = f"{USERS} INSERT INTO seen (what) VALUES ('V1');"
    stack.files["R__names.sql"] = "INSERT INTO seen (what) VALUES ('R');"
    stack.files["beforeMigrate.sql"] = "CREATE TABLE seen (n serial, what text);"
    for event in ("beforeEachMigrate", "afterEachMigrate", "afterVersioned", "afterMigrateApplied", "afterMigrate"):
        stack.files[f"{event}__note.sql"] = f"INSERT INTO seen (what) VALUES ('{event}');"
    assert stack.deliver().complete
    assert stack.query("SELECT what FROM seen ORDER BY n") == [
        *("beforeEachMigrate", "V1", "afterEachMigrate", "afterVersioned"),
        *("beforeEachMigrate", "R", "afterEachMigrate", "afterMigrateApplied", "afterMigrate"),
    ]
    assert stack.query("SELECT count(*) FROM flyway_schema_history") == [2]


def test_a_migration_that_stands_for_what_is_live_is_only_written_down(stack: Stack) -> None:
    """The hotfix that was made by hand and then codified."""
    stack.deliver()
    stack.server.execute("CREATE INDEX users_email ON users (email)", stack.database, OWNER)
    stack.files["V2__hotfix.sql"] = "CREATE INDEX users_email ON users (email);"
    applied = stack.deliver(imported=frozenset({Address("migration.2")}))
    assert applied.complete and applied.outcomes[Address("migration.2")] is Outcome.DONE
    assert stack.query("SELECT version FROM flyway_schema_history ORDER BY 1") == ["1", "2"]


def test_copied_data_arrives(stack: Stack) -> None:
    """As pg_dump writes it, with COPY ... FROM STDIN."""
    stack.files["V2__data.sql"] = "COPY users (id, email) FROM stdin;\n1\ta;b@acme.com\n2\t\\\\.x\n\\.\nSELECT 1;\n"
    assert stack.deliver().complete
    assert stack.query("SELECT email FROM users ORDER BY id") == ["a;b@acme.com", "\\.x"]


def test_a_change_by_hand_during_the_apply_is_not_absorbed(stack: Stack) -> None:
    """What is settled is what the plan wanted; the rest stays drift."""
    stack.deliver()
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
    plan = stack.plan(stack.order())
    stack.files["afterMigrate__x.sql"] = "ALTER TABLE users ADD by_hand text; CREATE TABLE by_hand (id int);"
    applied = stack.deliver(plan)
    settled = applied.resources[Address("table.public.users")].values
    assert "phone" in settled["columns"] and "by_hand" not in settled["columns"]
    assert Address("table.public.by_hand") not in applied.resources


def test_what_moved_since_the_plan_is_planned_again(stack: Stack) -> None:
    """Before anything is begun: a change by hand at a planned place, or a migration that somebody else ran."""
    stack.deliver()
    stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
    order = stack.order()
    plan = stack.plan(order)
    stack.journal.entries.clear()
    stack.server.execute("ALTER TABLE users ADD fax text", stack.database, OWNER)
    with pytest.raises(Unavailable, match=r"somebody changed table\.public\.users"):
        stack.deliver(plan)
    stack.server.execute("ALTER TABLE users DROP fax", stack.database, OWNER)
    stack.server.execute("DELETE FROM flyway_schema_history", stack.database, OWNER)
    with pytest.raises(Unavailable, match="migrations ran since"):
        stack.deliver(plan, rows=order.rows)
    assert not stack.journal.entries


def test_a_file_that_mixes_both_kinds_of_statements_is_refused(stack: Stack) -> None:
    """Unless it is allowed: then each statement commits by itself."""
    stack.files["V2__mixed.sql"] = "ALTER TABLE users ADD phone text;\nCREATE INDEX CONCURRENTLY i ON users (phone);"
    with pytest.raises(Invalid, match="line 1 of the same file") as caught:
        stack.deliver()
    assert caught.value.place is not None and caught.value.place.line == 2
    assert not stack.journal.entries
    stack.spec["mixed"] = True
    assert stack.deliver().complete
    assert stack.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [True]


def test_flyway_and_trueup_exclude_each_other(stack: Stack) -> None:
    """By the same lock: while Flyway's transaction has it nothing is delivered, and while we have it Flyway waits."""
    key = postgres_lock_key("public", "flyway_schema_history")
    with stack.server.connect(stack.database, OWNER) as flyway:
        with flyway.transaction():
            assert flyway.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,)).fetchone() == (True,)
            with pytest.raises(Unavailable, match=f"held by pid {flyway.info.backend_pid} of {OWNER}"):
                stack.deliver()
        assert not stack.journal.entries
        asked = []

        def ask(line: str) -> None:
            asked.append(flyway.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,)).fetchone())

        assert stack.deliver(job=stack.job(log=ask)).complete
        assert asked and set(asked) == {(False,)}
        assert flyway.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,)).fetchone() == (True,)


def test_a_read_only_server_is_told_apart(stack: Stack) -> None:
    """Before anything is begun, and with what to do."""
    stack.server.execute(f"ALTER DATABASE {stack.database} SET default_transaction_read_only = on")
    with pytest.raises(Rejected, match="read-only") as caught:
        stack.deliver()
    assert "primary" in caught.value.hint and not stack.journal.entries


def test_what_took_longer_than_expected_is_said(stack: Stack) -> None:
    """In the log, and in what the run reports to people; it is no error."""
    stack.spec["expected_time"] = timedelta(milliseconds=10)
    stack.files["V1__users.sql"] = f"{USERS} SELECT pg_sleep(0.05);"
    applied = stack.deliver()
    assert applied.complete
    (note,) = applied.notes
    assert note.startswith("1 (users) took 0.") and "expectedTime of 0.01 s" in note and note in stack.lines
