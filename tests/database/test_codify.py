"""Drift of a real database becomes its next migration: proven, in the folder's own style, harmless where it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.database.jobs import PATH, Place, files
from tests.database.servers import OWNER, Server
from tests.database.test_session import CODE, INDEX, NOW, TABLE, Live, adopted, live
from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Options
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.spec import MigrationsSpec
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState, Origin
from trueup.model.plan import Address, AttributedChange
from trueup.model.stack import StackId
from trueup.ports.driver import Codification

__all__ = ["adopted", "live"]
AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def drift_of(change: AttributedChange, statement: str = "") -> Drift:
    origin = Origin("anna", AT, "1", statement) if statement else None
    state, id = DriftState.OPEN, DriftId(f"dft-{change.address[-10:]}")
    return Drift(
        id, StackId("stk-1"), change.address, change.kind, change.differences, "", state, NOW, NOW, origin=origin
    )


def codified(
    live: Live, code: Mapping[str, str], statement: str = "", *, inline: bool = False, only: Sequence[str] = ()
) -> Codification:
    """Everything that drifted, or these addresses."""
    looked = live.look(code)
    drifts = [drift_of(each, statement) for each in looked.drifted if not only or each.address in only]
    assert drifts
    return DatabaseDriver().codify(live.place.job(files(code)), drifts, looked.plan, inline=inline)


def written(edits: Codification) -> dict[str, str]:
    return {path.removeprefix(f"{PATH}/"): (text or b"").decode() for path, text in edits.edits.items()}


BY_HAND = """
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    ALTER TABLE users ADD mood mood DEFAULT 'ok', ALTER email SET NOT NULL;
    ALTER TABLE users ADD CONSTRAINT mail CHECK (email LIKE '%@%');
    CREATE TABLE notes (id serial PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE, text text);
    CREATE INDEX users_email_idx ON users (email); CREATE INDEX notes_user ON notes (user_id);
    CREATE VIEW emails AS SELECT email FROM users WHERE email <> '${x}';
    CREATE FUNCTION loud(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) $$;
    COMMENT ON TABLE users IS 'it''s people'; GRANT SELECT ON users TO reader;
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER quiet AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()
"""


@pytest.mark.parametrize("inline", [False, True])
def test_a_night_of_changes_becomes_proven_migrations(adopted: Live, inline: bool) -> None:
    """All together: one file, and one behind it for what no transaction may hold. With them nothing is pending and
    nothing has drifted; and a Flyway that runs them where the changes were made finds nothing to do."""
    adopted.by_hand(BY_HAND)
    edits = codified(adopted, CODE, inline=inline)
    assert not edits.declined and len(edits.done) >= 10
    found = {name: text for name, text in written(edits).items() if name.endswith(".sql") and name[0] == "V"}
    assert sorted(name.partition("__")[0] for name in found) == (["V2"] if inline else ["V2", "V3"])
    assert "reader" in " ".join(edits.notes)
    code = {**CODE, **written(edits)}
    looked = adopted.look(code)
    assert looked.plan.idle and not looked.drifted
    assert all(change.imported for change in looked.plan.changes) and len(looked.plan.changes) == len(found)
    before = adopted.plan(CODE).real
    for text in found.values():
        for statement in text.split(";\n\n") if "CONCURRENTLY" in text else [text]:
            adopted.by_hand(statement)
    assert adopted.plan(CODE).real == before


def test_an_index_is_built_beside_the_work(adopted: Live) -> None:
    """Elsewhere too nobody has to wait: CONCURRENTLY, with the script setting, named for what it is, and who did it."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    edits = written(codified(adopted, CODE))
    assert list(edits) == ["V2__add_index_users_email_idx.sql"]
    lines = edits["V2__add_index_users_email_idx.sql"].splitlines()
    assert lines[0] == "-- flyway:executeInTransaction=false"
    assert "index.public.users_email_idx by somebody, seen at 2026-11-01" in lines[2]
    assert lines[-1].startswith("CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON public.users")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "CREATE INDEX users_email_idx ON users (email)",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);",
        ),
        ("alter table users add nick varchar(20)", "alter table users ADD COLUMN IF NOT EXISTS nick varchar(20);"),
        ("CREATE VIEW mine AS SELECT id FROM users", "CREATE OR REPLACE VIEW mine AS SELECT id FROM users;"),
    ],
)  # fmt: skip
def test_the_original_statement_is_used_where_the_log_has_it(adopted: Live, statement: str, expected: str) -> None:
    """In the words of whoever did it, and with a name and a time."""
    adopted.by_hand(statement)
    edits = codified(adopted, CODE, statement)
    (text,) = written(edits).values()
    assert expected in text and "by anna, at 2026-11-22 03:12 UTC" in text
    looked = adopted.look({**CODE, **written(edits)})
    assert looked.plan.idle and not looked.drifted


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        (
            "CREATE INDEX users_some_idx ON users (id)\n  WHERE "
            + " OR ".join(f"email = 'customer-{number}@example.com'" for number in range(12)),
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_some_idx ON users (id) WHERE email = 'customer-0@",
        ),
        (
            "CREATE OR REPLACE FUNCTION loud(word text) RETURNS text LANGUAGE sql AS $$\n"
            "  SELECT upper(word)  -- as the report has it\n$$;",
            "LANGUAGE sql AS $$\n  SELECT upper(word)  -- as the report has it\n$$;",
        ),
    ],
)
def test_a_long_statement_is_taken_whole_from_the_databases_log(adopted: Live, statement: str, kept: str) -> None:
    """A drift has only a title of it; where event triggers watch, all of it is there, with its lines."""
    driver, job = DatabaseDriver(), adopted.place.job(files(CODE))
    with Postgres().connect(adopted.server.url(adopted.name), Options(read_only=False)) as database:
        watch.install(database, OWNER)
    adopted.by_hand(statement)
    (event,) = driver.logged(job, NOW)
    looked = adopted.look(CODE)
    (drift,) = (drift_of(each) for each in looked.drifted)
    drift = replace(drift, origin=Origin("anna", AT, event.id, event.name[:160]))
    edits = driver.codify(job, [drift], looked.plan)
    (text,) = written(edits).values()
    assert kept in text
    after = adopted.look({**CODE, **written(edits)})
    assert after.plan.idle and not after.drifted


def test_a_change_of_columns_brings_its_rollback(adopted: Live, server: Server, tmp_path: Path) -> None:
    """Another environment rehearses it: up, down, up again, and nothing stops it."""
    adopted.by_hand("ALTER TABLE users ADD nick text; ALTER TABLE users ALTER email TYPE varchar(200)")
    edits = written(codified(adopted, CODE))
    assert list(edits) == ["V2__change_table_users.sql", "U2__change_table_users.sql"]
    assert "DROP COLUMN IF EXISTS nick" in edits["U2__change_table_users.sql"]
    with server.fresh_database() as name:
        other = Live(server, name, Place(tmp_path, server.url(name, OWNER)))
        other.flyway(CODE)
        other.settle(CODE)
        plan = other.plan({**CODE, **edits}, purpose="proposal")
        assert {change.address for change in plan.changes} == {"migration.2", TABLE}
        assert not [finding for finding in plan.findings if finding.stops]
    assert adopted.look({**CODE, **edits}).plan.idle


def test_a_renamed_table_keeps_its_rows_elsewhere(adopted: Live, server: Server, tmp_path: Path) -> None:
    """It is renamed there too, with a note for whoever reads the file; one name alone is declined."""
    adopted.by_hand("ALTER TABLE users RENAME TO people")
    half = codified(adopted, CODE, only=[Address("table.public.people")])
    assert not half.edits and "was renamed to" in half.declined[0].reason
    edits = codified(adopted, CODE)
    assert not edits.declined and "public.users is taken to be renamed to public.people" in edits.notes[0]
    code = {**CODE, **written(edits)}
    looked = adopted.look(code)
    assert looked.plan.idle and not looked.drifted
    with server.fresh_database() as name:
        other = Live(server, name, Place(tmp_path, server.url(name, OWNER)))
        other.flyway(CODE)
        other.by_hand("INSERT INTO users VALUES (1, 'a@b')")
        other.flyway({path: text for path, text in code.items() if path[0] == "V"})
        with server.connect(name) as connection:
            assert connection.execute("SELECT email FROM people").fetchall() == [("a@b",)]


def test_one_of_two_drifts_leaves_the_other(adopted: Live) -> None:
    """What was not asked for stays drift."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email); ALTER TABLE users ADD nick text")
    edits = codified(adopted, CODE, only=[INDEX])
    looked = adopted.look({**CODE, **written(edits)})
    assert [change.address for change in looked.drifted] == [TABLE] and edits.done == (INDEX,)


def test_what_was_deleted_by_hand_is_deleted_elsewhere(adopted: Live) -> None:
    """A table's key, and a whole table."""
    adopted.by_hand("ALTER TABLE users DROP CONSTRAINT users_pkey")
    edits = codified(adopted, CODE)
    assert "DROP CONSTRAINT IF EXISTS users_pkey" in "".join(written(edits).values())
    assert adopted.look({**CODE, **written(edits)}).plan.idle


def test_conflicts_rows_and_unsettled_stacks_are_declined(adopted: Live) -> None:
    """Each with the reason, and nothing is written."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    looked = adopted.look(CODE)
    (drift,) = map(drift_of, looked.drifted)
    (difference,) = drift.differences
    conflict = replace(drift, differences=(replace(difference, cause=Cause.CONFLICT),))
    row = replace(drift, address=Address("migration.1"), kind="migration")
    job = adopted.place.job(files(CODE))
    edits = DatabaseDriver().codify(job, [conflict, row], looked.plan)
    assert not edits.edits and [each.address for each in edits.declined] == [INDEX, "migration.1"]
    assert "by a migration that was not applied" in edits.declined[0].reason and edits.declined[1].suggestion
    unsettled = replace(job, settled=lambda: None)
    assert "adopt" in DatabaseDriver().codify(unsettled, [drift], looked.plan).declined[0].reason


def test_a_plain_folder_keeps_its_own_style(live: Live) -> None:
    """`001_create_users.sql` is followed by `002_...`."""
    live.place.spec = MigrationsSpec
    code = {"001_create_users.sql": CODE["V1__users.sql"]}
    live.by_hand("CREATE TABLE users (id bigint PRIMARY KEY, email text)")
    live.place.settled = {at: each for at, each in live.plan(code).real.items() if each.kind != "migration"}
    live.by_hand("CREATE INDEX users_email_idx ON users (email)")
    plan = live.plan(code)
    index = plan.real[INDEX].values
    difference = Difference((), Cause.UNMANAGED, None, index, index)
    change = AttributedChange(INDEX, "index", None, (difference,))
    edits = DatabaseDriver().codify(live.place.job(files(code)), [drift_of(change)], plan)
    assert list(written(edits)) == ["002_add_index_users_email_idx.sql"]
