"""What a change request and a delivery of a database say, by the driver itself: risks, approvals, rollbacks, tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.database.jobs import Place, files
from tests.database.servers import Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.scratch.scratch import OPTIONS
from trueup.drivers.database.tools import use
from trueup.model.errors import Refused
from trueup.model.plan import Finding
from trueup.model.stack import Purpose

LIVE = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) NOT NULL);"
DRIVER = DatabaseDriver()


@pytest.fixture
def place(postgres15: Server, tmp_path: Path) -> Any:
    """A database on which nothing but V1 was done, by hand: its first delivery has V1's table to come."""
    with postgres15.fresh_database() as name:
        yield Place(tmp_path, postgres15.url(name))


def findings(
    place: Place, texts: Mapping[str, str], purpose: Purpose, spec: Mapping[str, Any] | None = None
) -> dict[str, Finding]:
    with DRIVER.observe(place.job(files(texts), purpose, spec)) as observation:
        return {each.code: each for each in observation.plan().findings}


def with_v1(place: Place, server: Server) -> None:
    """As after a delivery of V1: table and history row."""
    with Postgres().connect(place.url, OPTIONS) as database:
        database.execute(LIVE)
        database.execute(
            "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description "
            "varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, "
            "installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT "
            "NULL, success boolean NOT NULL);"
            "INSERT INTO flyway_schema_history VALUES "
            "(1, '1', 'users', 'SQL', 'V1__users.sql', NULL, 'postgres', now(), 1, true)"
        )


def test_a_proposal_shows_time_locks_and_what_is_refused(place: Place, postgres15: Server) -> None:
    """A change of a column that exists without a rollback stops, and a delivery says so too."""
    with_v1(place, postgres15)
    texts = {"V1__users.sql": LIVE, "V2__wider.sql": "ALTER TABLE users ALTER COLUMN name TYPE text;"}
    for purpose in ("proposal", "delivery"):
        found = findings(place, texts, purpose)
        assert found["rollback-missing"].stops and "public.users.name" in found["rollback-missing"].message
        assert "AccessExclusiveLock on users" in found["rehearsed"].message
    assert "rollback-missing" not in findings(place, texts, "proposal", {"undo_required": False})
    waived = findings(place, texts, "delivery", {"undo_waived": {"2": "text holds it all"}})["rollback-missing"]
    assert not waived.stops and waived.approvals == 1 and "text holds it all" in waived.message


def test_a_delivery_asks_for_people_by_severity(place: Place, postgres15: Server) -> None:
    """Two for what is gone, one for what is written anew or locks; nobody for a new table."""
    with_v1(place, postgres15)
    one = "ALTER TABLE users ALTER COLUMN id TYPE numeric;"
    two = "DROP TABLE users;"
    asked = [
        max(each.approvals for each in findings(place, {"V1__users.sql": LIVE, **more}, "delivery").values())
        for more in (
            {"V2__new.sql": "CREATE TABLE n (id bigint PRIMARY KEY);"},
            {"V2__type.sql": one, "U2__type.sql": "ALTER TABLE users ALTER COLUMN id TYPE bigint;"},
            {"V2__drop.sql": two, "U2__drop.sql": LIVE},
        )
    ]
    assert asked == [0, 1, 2]


def test_a_check_tries_nothing(place: Place, postgres15: Server) -> None:
    """It looks for drift; what files will do is said where people decide."""
    with_v1(place, postgres15)
    texts = {"V1__users.sql": LIVE, "V2__wider.sql": "ALTER TABLE users ALTER COLUMN name TYPE text;"}
    assert not findings(place, texts, "check").keys() & {"rehearsed", "rollback-missing"}


def test_the_tools_tell_the_same(place: Place, postgres15: Server) -> None:
    """lint and rehearse by hand; plan-rename hands over files that are ready to commit."""
    with_v1(place, postgres15)
    tree = files({"V1__users.sql": LIVE, "V2__drop.sql": "ALTER TABLE users RENAME COLUMN name TO label;"})
    linted = use(place.job(tree), "lint", {})
    assert not linted.passed and "db/V2__drop.sql:1" in linted.text and "plan-rename" in linted.text
    rehearsed = use(place.job(tree), "rehearse", {})
    assert "AccessExclusiveLock on users" in rehearsed.text and not rehearsed.passed
    only = files({"V1__users.sql": LIVE})
    told = use(place.job(only), "plan-rename", {"column": "users.name", "to": "label"})
    assert "db/V2__expand_users_name_to_label.sql" in told.files and len(told.files) == 8
    proposed = files(
        {path.removeprefix("db/"): text for path, text in {"db/V1__users.sql": LIVE, **told.files}.items()}
    )
    assert [each for each in use(place.job(proposed), "rehearse", {}).data["findings"] if each["stops"]] == []


def test_a_rename_on_sqlite_is_refused(tmp_path: Path) -> None:
    """With what to do instead."""
    (tmp_path / "app.db").touch()
    place = Place(tmp_path, f"sqlite://{tmp_path}/app.db")
    with pytest.raises(Refused, match="SQLite"):
        use(place.job(files({"V1__t.sql": "CREATE TABLE t (a int);"})), "plan-rename", {"column": "t.a", "to": "b"})
