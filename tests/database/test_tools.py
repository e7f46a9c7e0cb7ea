"""What the driver does for a person: each tool on a real database, with what it says and whether that passes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.database.deliveries import Journal
from tests.database.jobs import Place, files
from tests.database.servers import OWNER, READER, Server
from tests.database.test_session import CODE, HOTFIX, INDEX, Live
from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Options
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.model.errors import Invalid, Refused
from trueup.ports.driver import Told

MORE = {**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"}


@pytest.fixture
def live(postgres15: Server, tmp_path: Path) -> Iterator[Live]:
    with postgres15.fresh_database() as name:
        live = Live(postgres15, name, Place(tmp_path, postgres15.url(name, OWNER)))
        live.flyway(CODE)
        yield live


def use(live: Live, tool: str, code: Mapping[str, str] = CODE, **arguments: str) -> Told:
    return DatabaseDriver().use(live.place.job(files(code)), tool, arguments)


def test_status_says_what_became_of_every_file(live: Live) -> None:
    """Applied with when and by whom, pending with how many."""
    told = use(live, "status", MORE)
    assert told.passed and told.data["pending"] == ["2 (active)"]
    states = {each["version"]: each["state"] for each in told.data["migrations"]}
    assert states == {"1": "success", "2": "pending"} and f"by {OWNER}" in told.text and "1 pending" in told.text


def test_status_says_how_far_a_migration_came_that_stopped(live: Live) -> None:
    """It is pending; the parts of it that are done stay done."""
    first = "-- flyway:executeInTransaction=false\nCREATE INDEX CONCURRENTLY a ON users (id);\n"
    code = {**CODE, "V2__parts.sql": f"{first}SELECT 1 / (id - id) FROM users;"}
    live.by_hand("INSERT INTO users VALUES (1)")
    with DatabaseDriver().open(live.place.job(files(code), "delivery")) as session:
        assert not session.apply(session.plan(), Journal()).complete
    told = use(live, "status", code)
    assert told.data["stopped"] == [{"script": "V2__parts.sql", "done": 1, "of": 2}]
    assert "V2__parts.sql: 1 of 2 parts are done; the next delivery goes on there" in told.text
    assert {each["version"]: each["state"] for each in told.data["migrations"]} == {"1": "success", "2": "pending"}


def test_the_row_of_a_created_schema_is_no_repeatable(live: Live) -> None:
    """Flyway writes it before the first migration, without a version."""
    live.by_hand(
        "INSERT INTO flyway_schema_history VALUES "
        "(0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"app\"', NULL, 'owner', now(), 0, true)"
    )
    assert [each["version"] for each in use(live, "status").data["migrations"]] == ["", "1"]


@pytest.mark.parametrize("tool", ["status", "validate", "lint", "rehearse"])
def test_files_that_cannot_be_read_are_said_by_every_tool_of_files(live: Live, tool: str) -> None:
    """Each at its line, the others beside them: nothing is passed over without a word."""
    code = {**MORE, "V3__open.sql": "SELECT 'a", "V4__who.sql": "SELECT '${nobody}'"}
    told = use(live, tool, code)
    assert not told.passed
    assert "V3__open.sql:1:8: the quote does not end" in told.text
    assert "V4__who.sql:1: no value for the placeholder" in told.text


@pytest.mark.parametrize("tool", ["status", "validate", "lint", "rehearse"])
def test_a_schema_without_history_is_said_by_every_tool_of_files(live: Live, tool: str) -> None:
    """Which files made what is there, nobody can know: none of them passes for pending and harmless."""
    live.by_hand("DELETE FROM flyway_schema_history")
    told = use(live, tool, MORE)
    assert not told.passed
    assert "(no-history)" in told.text and "trueup db baseline" in told.text


def test_a_baseline_to_come_is_shown_as_one(live: Live) -> None:
    """baselineOnMigrate: what it stands for is not pending."""
    live.by_hand("DROP TABLE flyway_schema_history")
    code = {**MORE, "flyway.conf": "flyway.baselineOnMigrate=true"}
    told = use(live, "status", code)
    assert told.passed and told.data["pending"] == ["2 (active)"]
    assert "<< Flyway Baseline >>  with the next delivery" in told.text


def test_what_callbacks_make_is_no_difference_from_production(live: Live) -> None:
    """Grants and comments behind every migration: a new database would get them from the same files."""
    grants = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};"
    code = {
        **CODE,
        "beforeMigrate.sql": "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS app.log (id int);",
        "V2__log.sql": "ALTER TABLE app.log ADD note text;",
        "afterMigrate__grants.sql": grants,
    }
    live.by_hand(f"{code['beforeMigrate.sql']}{grants}")
    rehearsed = use(live, "rehearse", code)
    assert rehearsed.passed and not rehearsed.data["findings"], rehearsed.text
    live.flyway(code)
    live.by_hand(grants)
    assert use(live, "diff", code, a="code", b="live").text == "no difference"


def test_validate_names_an_edited_file_and_repair_takes_it_as_it_is(live: Live) -> None:
    """The text of what is applied changed; a person says that this is meant."""
    edited = {"V1__users.sql": f"-- people\n{CODE['V1__users.sql']}"}
    told = use(live, "validate", edited)
    assert not told.passed and "V1__users.sql" in told.text
    assert "set the row of 1" in use(live, "repair", edited).text
    assert use(live, "validate", edited).passed
    assert use(live, "repair", edited).text == "there was nothing to repair"


def test_lint_and_rehearse_speak_of_what_is_pending(live: Live) -> None:
    """The risk at its line with the safe sequence; every statement with its time and its locks."""
    risky = {**CODE, "V2__mail.sql": "ALTER TABLE users DROP COLUMN email;"}
    told = use(live, "lint", risky)
    assert {"drop-column"} <= {each["code"] for each in told.data} and "V2__mail.sql:1" in told.text
    rehearsed = use(live, "rehearse", MORE)
    (statement,) = rehearsed.data["statements"]
    assert statement["statement"].startswith("ALTER TABLE users ADD active")
    assert "AccessExclusiveLock" in {lock["mode"] for lock in statement["locks"]}


def test_snapshot_shows_every_object_with_its_hash(live: Live) -> None:
    """One line each, in order, without the history."""
    told = use(live, "snapshot")
    assert "table.public.users" in told.data and "flyway" not in told.text
    assert all(len(line.split("  ")[0]) == 12 for line in told.text.splitlines())


def test_diff_writes_the_sql_from_one_side_to_the_other(live: Live) -> None:
    """Settled to live is what somebody did by hand; code to settled is nothing."""
    live.settle(CODE)
    live.by_hand(HOTFIX)
    told = use(live, "diff", a="settled", b="live")
    assert not told.passed and told.data["differing"] == [INDEX]
    assert any(sql.startswith("CREATE INDEX") for sql in told.data["sql"])
    assert not use(live, "diff", a="live", b="settled").passed
    assert use(live, "diff", a="settled", b="settled").text == "no difference"
    assert use(live, "diff", a="code", b="live").data["differing"] == [INDEX], "owners are not compared with scratch"
    with pytest.raises(Invalid, match="side"):
        use(live, "diff", a="yesterday", b="live")


def test_plan_rename_writes_three_migrations_with_their_rollbacks(live: Live) -> None:
    """From the next version on, in the folder's own style; they pass their own rehearsal."""
    told = use(live, "plan-rename", column="users.email", to="mail")
    names = [path.rpartition("/")[2] for path in told.files if path.endswith(".sql")]
    assert [name[:4] for name in names] == ["V2__", "U2__", "V3__", "U3__", "V4__", "U4__"]
    code = {**CODE, **{path.removeprefix("db/"): text for path, text in told.files.items()}}
    assert use(live, "rehearse", code).passed


def test_a_baseline_is_written_once(postgres15: Server, tmp_path: Path) -> None:
    """For a database that was there before its migrations; what it stands for is not pending any more."""
    with postgres15.fresh_database() as name:
        live = Live(postgres15, name, Place(tmp_path, postgres15.url(name, OWNER)))
        live.by_hand(CODE["V1__users.sql"])
        assert use(live, "baseline", MORE, version="1").data == {"version": "1"}
        assert [change.address for change in live.plan(MORE).changes if change.kind == "migration"] == ["migration.2"]
        with pytest.raises(Refused, match="row already"):
            use(live, "baseline", MORE)


def test_watching_is_said(live: Live) -> None:
    """Not watched is no success; what an administrator installed is seen by the role that plans."""
    assert not use(live, "watch-status").passed
    with Postgres().connect(live.server.url(live.name), Options(read_only=False)) as administrator:
        watch.install(administrator, READER)
    live.place.url = live.server.url(live.name)
    assert use(live, "watch-status").data["watched"]
    use(live, "watch-uninstall")
    assert not use(live, "watch-status").passed


def test_an_unknown_tool_is_no_tool(live: Live) -> None:
    """Said with those that there are."""
    with pytest.raises(Invalid, match="no tool"):
        use(live, "polish")
