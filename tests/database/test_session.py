"""Plans of a real database: history, catalog and files, with what a scratch database says to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.database.jobs import Place, files
from tests.database.servers import OWNER, Server
from trueup.drivers.database.dialect import Options, Table
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.history.history import applied, next_rank, resolve
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.errors import Unavailable
from trueup.model.plan import Action, Address, Applied, AttributedPlan, Plan
from trueup.model.stack import StackId
from trueup.stages.attribute import attribute
from trueup.stages.record import settled

NOW = datetime(2026, 11, 1, tzinfo=UTC)
USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
CODE = {"V1__users.sql": USERS}
HOTFIX = "CREATE INDEX users_email_idx ON users (email)"
INDEX = Address("index.public.users_email_idx")
TABLE = Address("table.public.users")
HISTORY = Table("public", "flyway_schema_history")


@dataclass
class Live:
    """One database, the people beside Trueup, and what was settled of it."""

    server: Server
    name: str
    place: Place
    baseline: Baseline | None = None

    def by_hand(self, sql: str) -> None:
        self.server.execute(sql, self.name, OWNER)

    def flyway(self, code: Mapping[str, str]) -> None:
        """Flyway migrates when a service starts."""
        with Postgres().connect(self.server.url(self.name, OWNER), Options(read_only=False)) as database:
            migrations = read_migrations(files(code), "db", self.place.spec(), {})
            if database.rows(HISTORY) is None:
                database.create_history(HISTORY)
            for each in resolve(migrations, database.rows(HISTORY) or (), migrations.settings).pending:
                with database.transaction():
                    database.execute(each.sql)
                    database.add_row(HISTORY, applied(each, next_rank(database.rows(HISTORY) or ()), OWNER))

    def plan(self, code: Mapping[str, str], **more: Any) -> Plan:
        with DatabaseDriver().observe(self.place.job(files(code), **more)) as observation:
            return observation.plan()

    def look(self, code: Mapping[str, str], **more: Any) -> AttributedPlan:
        return attribute(self.plan(code, **more), self.baseline)

    def settle(self, code: Mapping[str, str]) -> Plan:
        """As a foreign apply that is explained, or an adoption, is settled."""
        looked = self.look(code)
        plan = looked.plan
        resources = plan.real
        if self.baseline is not None:
            resources = settled(self.baseline, looked, Applied(True, plan.real, {}, plan.basis.live))
        self.baseline = Baseline(StackId("stk-1"), 1, plan.basis, resources, NOW, "adopt:carla")
        self.place.settled = resources
        return plan


@pytest.fixture
def live(server: Server, database: str, tmp_path: Path) -> Iterator[Live]:
    yield Live(server, database, Place(tmp_path, server.url(database, OWNER)))


@pytest.fixture
def adopted(live: Live) -> Live:
    live.flyway(CODE)
    live.settle(CODE)
    return live


def causes(looked: AttributedPlan) -> dict[str, set[Cause]]:
    return {change.address: {each.cause for each in change.differences} for change in looked.changes}


def test_nothing_is_pending_and_nothing_drifted(adopted: Live) -> None:
    """An existing project, pointed at: no changes, no drift, one resource for each object and each migration."""
    looked = adopted.look(CODE)
    assert looked.plan.empty and not looked.changes and not looked.plan.findings
    assert {TABLE, Address("migration.1")} <= looked.plan.real.keys()


def test_a_pending_migration_is_intended_with_all_that_it_does(adopted: Live) -> None:
    """The row, the column and the index: planned, pending, and no drift."""
    code = {**CODE, "V2__active.sql": f"ALTER TABLE users ADD active boolean; {HOTFIX};"}
    looked = adopted.look(code)
    assert {change.address: change.action for change in looked.plan.changes} == {
        INDEX: Action.CREATE,
        "migration.2": Action.CREATE,
        TABLE: Action.UPDATE,
    }
    assert set.union(*causes(looked).values()) == {Cause.INTENDED}
    assert looked.plan.steps[0].addresses == ("migration.2", INDEX, TABLE)
    owner = looked.plan.desired(TABLE)["owner"]
    assert owner == OWNER


def test_an_index_made_by_hand_is_drift_that_no_plan_undoes(adopted: Live) -> None:
    """The night's hotfix: unmanaged, whether or not something else is pending."""
    adopted.by_hand(HOTFIX)
    assert causes(adopted.look(CODE)) == {INDEX: {Cause.UNMANAGED}}
    pending = {**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"}
    assert causes(adopted.look(pending))[INDEX] == {Cause.UNMANAGED}


def test_a_comment_that_somebody_removed_is_drift(live: Live) -> None:
    """What is gone is as much a change as what came."""
    live.flyway({**CODE, "V2__c.sql": "COMMENT ON TABLE users IS 'people';"})
    code = {**CODE, "V2__c.sql": "COMMENT ON TABLE users IS 'people';"}
    live.settle(code)
    live.by_hand("COMMENT ON TABLE users IS NULL")
    assert causes(live.look(code)) == {TABLE: {Cause.UNMANAGED}}


def test_a_migration_that_says_what_a_hand_did_is_only_written_down(adopted: Live) -> None:
    """The codified hotfix: nothing runs, a person is asked, and the drift has converged."""
    adopted.by_hand(HOTFIX)
    code = {**CODE, "V2__hotfix.sql": "CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);"}
    looked = adopted.look(code)
    (change,) = looked.plan.changes
    assert (change.address, change.action, change.imported) == ("migration.2", Action.NOTHING, True)
    assert looked.plan.idle and not looked.plan.unseen
    assert causes(looked) == {INDEX: {Cause.CONVERGED}, "migration.2": {Cause.CONVERGED}}
    assert [finding.approvals for finding in looked.plan.findings] == [1]


def test_a_repeatable_that_would_undo_a_fix_is_a_ghost_revert(live: Live) -> None:
    """The view was fixed by hand; the file was only reformatted, and would bring the old one back."""
    view = "CREATE OR REPLACE VIEW v AS SELECT id FROM users;"
    live.flyway({**CODE, "R__v.sql": view})
    live.settle({**CODE, "R__v.sql": view})
    live.by_hand("CREATE OR REPLACE VIEW v AS SELECT id FROM users WHERE email IS NOT NULL")
    found = causes(live.look({**CODE, "R__v.sql": f"-- users\n{view}"}))
    assert found["view.public.v"] == {Cause.GHOST_REVERT}
    other = causes(live.look({**CODE, "R__v.sql": "CREATE OR REPLACE VIEW v AS SELECT id FROM users WHERE id > 0;"}))
    assert other["view.public.v"] == {Cause.CONFLICT}


def test_what_flyway_ran_at_a_service_s_start_is_explained_by_its_files(adopted: Live) -> None:
    """The live identity moved, nothing is pending, and every difference is the code's."""
    code = {**CODE, "V2__active.sql": f"ALTER TABLE users ADD active boolean; {HOTFIX};"}
    before = adopted.baseline
    adopted.flyway(code)
    looked = adopted.look(code)
    assert before is not None and looked.plan.basis.live != before.basis.live
    assert looked.plan.empty and not looked.drifted
    assert causes(looked) == {address: {Cause.CONVERGED} for address in (INDEX, TABLE, Address("migration.2"))}
    adopted.settle(code)
    assert not adopted.look(code).changes


def test_what_flyway_ran_from_a_file_that_no_commit_has_is_drift(adopted: Live) -> None:
    """Nobody can say what it should be: the row and what it made wait for a person."""
    adopted.flyway({**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"})
    assert causes(adopted.look(CODE)) == {TABLE: {Cause.UNMANAGED}, "migration.2": {Cause.UNMANAGED}}


def test_a_hand_and_flyway_on_one_table_are_told_apart(adopted: Live) -> None:
    """Column by column: the code's one has converged, the other one is drift, and stays it."""
    code = {**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"}
    adopted.flyway(code)
    adopted.by_hand("ALTER TABLE users ADD note text")
    looked = adopted.look(code)
    (drifted,) = looked.drifted
    hand = {each.path[:2] for each in drifted.differences if each.cause.is_drift}
    code_s = {each.path[:2] for each in drifted.differences if each.cause is Cause.CONVERGED}
    assert hand == {("columns", "note")} and code_s == {("columns", "active")}
    adopted.settle(code)
    again = adopted.look(code)
    assert {each.path[:2] for change in again.drifted for each in change.differences} == {("columns", "note")}


def test_a_row_that_somebody_deleted_is_not_run_again_without_a_word(adopted: Live) -> None:
    """The history says less than was settled: an apply would run the newest one a second time, which is guarded; an
    older one would not run at all, and its row is missed."""
    code = {**CODE, "V2__active.sql": "ALTER TABLE users ADD IF NOT EXISTS active boolean;"}
    adopted.flyway(code)
    adopted.settle(code)
    adopted.by_hand("DELETE FROM flyway_schema_history WHERE version = '2'")
    assert causes(adopted.look(code)) == {"migration.2": {Cause.GHOST_REVERT}}
    adopted.by_hand("DELETE FROM flyway_schema_history WHERE version = '1'")
    looked = adopted.look(code)
    assert causes(looked)["migration.1"] == {Cause.UNMANAGED}
    assert [finding.code for finding in looked.plan.findings if finding.stops] == ["no-history"]


def test_a_schema_without_history_is_not_migrated_blindly(live: Live) -> None:
    """Which files made what is there, nobody can know: said, and nothing is planned."""
    live.by_hand(USERS)
    plan = live.plan(CODE)
    assert plan.empty and [finding.code for finding in plan.findings if finding.stops] == ["no-history"]


def test_a_script_that_does_not_end_hides_nothing_else(adopted: Live) -> None:
    """It is a finding at its line, beside what is wrong with other files and what the rest would do."""
    code = {
        "V1__users.sql": f"{USERS} -- edited",
        "V2__open.sql": "SELECT 1;\nINSERT INTO users VALUES (1, 'a);",
        "V3__active.sql": "ALTER TABLE users ADD active boolean;",
    }
    plan = adopted.plan(code, purpose="proposal")
    found = {str(finding.place): finding.code for finding in plan.findings if finding.stops}
    assert found == {"db/V1__users.sql": "checksum-mismatch", "db/V2__open.sql:2:30": "bad-migration"}
    assert {change.address for change in plan.changes} == {"migration.3", "table.public.users"}


def test_flyway_s_baseline_row_comes_first_where_the_project_says_so(live: Live) -> None:
    """baselineOnMigrate: what the baseline stands for is not run, what is above it is."""
    live.by_hand(USERS)
    code = {**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"}
    plan = live.plan(code, spec={"baselineOnMigrate": True})
    assert {change.address: change.action for change in plan.changes} == {
        "migration.1": Action.CREATE,
        "migration.2": Action.CREATE,
        TABLE: Action.UPDATE,
    }


def test_without_scratch_only_the_history_is_planned_and_that_is_said(adopted: Live) -> None:
    """Nobody guesses what a script does."""
    code = {**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"}
    wrong = adopted.server.url(adopted.name)
    plan = adopted.plan(code, spec={"scratch": wrong})
    assert [change.address for change in plan.changes] == ["migration.2"]
    assert [finding.code for finding in plan.findings] == ["not-foreseen"]


def test_a_migration_that_fails_on_a_copy_of_what_is_live_stops(adopted: Live) -> None:
    """Somebody made its index by hand already, under another definition: said at file and line."""
    adopted.by_hand(HOTFIX)
    code = {**CODE, "V2__hotfix.sql": "CREATE INDEX users_email_idx ON users (id);"}
    (finding,) = (each for each in adopted.plan(code).findings if each.code == "migration-fails")
    assert finding.stops and finding.place is not None and finding.place.file == "db/V2__hotfix.sql"


def test_a_scratch_connection_that_is_lost_says_nothing_of_a_migration(adopted: Live) -> None:
    """It is planned again later; neither the file nor somebody's hand is blamed."""
    code = {**CODE, "V2__gone.sql": "SELECT pg_terminate_backend(pg_backend_pid());"}
    with pytest.raises(Unavailable, match="connection was lost"):
        adopted.plan(code)


def test_rows_that_only_production_has_stop_nothing(adopted: Live) -> None:
    """A copy of the structure is empty: what fails there for want of rows is said, and the rest is foreseen."""
    code = {
        **CODE,
        "V2__active.sql": "ALTER TABLE users ADD active boolean; DO $$ BEGIN IF NOT EXISTS (SELECT FROM users) "
        "THEN RAISE EXCEPTION 'no users'; END IF; END $$;",
    }
    plan = adopted.plan(code)
    assert TABLE in {change.address for change in plan.changes}
    assert [(each.code, each.stops) for each in plan.findings] == [("migration-needs-rows", False)]


def test_an_unadopted_stack_plans_what_is_pending_and_calls_nothing_drift(live: Live) -> None:
    """Before anybody settled anything."""
    live.flyway(CODE)
    live.by_hand(HOTFIX)
    looked = live.look({**CODE, "V2__active.sql": "ALTER TABLE users ADD active boolean;"})
    assert not looked.drifted and {Cause.INTENDED} == set.union(*causes(looked).values())


def test_a_secret_that_a_placeholder_wrote_into_a_function_is_never_shown(live: Live) -> None:
    """It is stored as a keyed hash, and plans go on with it."""
    live.place.secrets["env:TOKEN"] = "canary-4711"
    body = "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '%s' $$;"
    code = {**CODE, "V2__f.sql": body % "${token}"}
    live.flyway({**CODE, "V2__f.sql": body % "canary-4711"})
    spec = {"placeholders": {"token": "env:TOKEN"}}
    plan = live.plan(code, spec=spec)
    live.baseline = Baseline(StackId("stk-1"), 1, plan.basis, plan.real, NOW, "adopt:carla")
    live.place.settled = plan.real
    assert "canary-4711" not in repr(replace(plan, artifact=None))
    more = {**code, "V3__active.sql": "ALTER TABLE users ADD active boolean;"}
    live.by_hand(HOTFIX)
    looked = live.look(more, spec=spec)
    assert "canary-4711" not in repr(replace(looked.plan, artifact=None))
    assert causes(looked)[INDEX] == {Cause.UNMANAGED} and causes(looked)[TABLE] == {Cause.INTENDED}
