"""Liquibase itself, by the commands that docs/databases.md shows, on a real PostgreSQL."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ruamel.yaml import YAML

from tests.database.deliveries import Journal, Lease
from tests.database.jobs import Place, files
from tests.database.servers import OWNER, PASSWORD, READER, Server
from tests.docs.pages import blocks
from trueup.drivers.database.command import commands
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.spec import CommandSpec
from trueup.model.errors import Rejected
from trueup.model.plan import Outcome
from trueup.ports.driver import Job, Walls
from trueup.system import confinement

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
ABSENT = {
    "liquibase": "Liquibase is absent: make liquibase",
    "java": "java is absent: apt-get install default-jre-headless",
}
pytestmark = [pytest.mark.skipif(shutil.which(name, path=PATH) is None, reason=how) for name, how in ABSENT.items()]

REFERENCE = "env:SHOP_URL"
PROPERTIES = "changelogFile: changelog.sql\nliquibase.showBanner: false\n"
CUSTOMER = """--liquibase formatted sql

--changeset anna:1
CREATE TABLE customer (id int PRIMARY KEY);
"""
INDEX = """
--changeset anna:2
ALTER TABLE customer ADD email text;
CREATE INDEX customer_email ON customer (email);
"""
OWN = {"databasechangelog", "databasechangeloglock"}


def _shown() -> dict[str, Any]:
    """The keys of the page's stack, without those that say where things are."""
    found = [
        stack
        for block in blocks("yaml")
        for stack in YAML(typ="safe").load(block.text).get("stacks", [])
        if block.page == "databases.md" and stack.get("plan", [""])[0] == "liquibase"
    ]
    (stack,) = found
    return {key: value for key, value in stack.items() if key not in ("command", "env", "url")}


def _jdbc(server: Server, database: str, user: str = OWNER) -> str:
    return f"jdbc:postgresql://127.0.0.1:{server.port}/{database}?user={user}&password={quote(PASSWORD)}"


@pytest.fixture
def database(postgres15: Server) -> Iterator[str]:
    """Without anything in it."""
    with postgres15.fresh_database() as name:
        yield name


@pytest.fixture
def job(postgres15: Server, database: str, tmp_path: Path) -> Callable[..., Job[CommandSpec]]:
    """Makes a job of a changelog, confined where this machine can."""
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    secrets = {REFERENCE: _jdbc(postgres15, database), "env:READER": _jdbc(postgres15, database, READER)}
    place = Place(tmp_path / "work", REFERENCE, secrets=secrets, spec=CommandSpec)
    # It is started a dozen times, for two or three changesets each.
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    environment = {"PATH": PATH, "HOME": str(tmp_path / "home"), "JAVA_OPTS": quick}

    def walls() -> Walls | None:
        if confinement.obstacle():
            return None
        found = confinement.confined(environment, [tmp_path / "home"], [])
        return Walls(found.readable, found.writable, found.hidden)

    def made(changelog: str, **keys: Any) -> Job[CommandSpec]:
        these: Mapping[str, str] = {"liquibase.properties": PROPERTIES, "changelog.sql": changelog}
        return place.job(
            files(these), "delivery", {**_shown(), **keys}, environment=environment, walls=walls, fence=Lease()
        )

    return made


def _tables(server: Server, database: str) -> set[str]:
    with server.connect(database) as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_liquibase_plans_applies_and_then_plans_nothing(postgres15: Server, database: str, job: Any) -> None:
    """Planning writes nothing and says the same twice; its tables are no part of the schema; a role that only reads
    finds the history that the delivery left."""
    driver = DatabaseDriver()
    with driver.observe(job(CUSTOMER)) as observation:
        before = observation.plan()
    assert _tables(postgres15, database) == set()
    with driver.open(job(CUSTOMER)) as session:
        plan = session.plan()
        (change,) = plan.changes
        assert (plan.effect, plan.basis.live) == (before.effect, before.basis.live)
        assert "CREATE TABLE customer" in change.after["sql"] and not plan.findings
        applied = session.apply(plan, Journal())
    assert applied.complete and set(applied.outcomes.values()) == {Outcome.DONE}
    assert _tables(postgres15, database) == {"customer", *OWN}
    assert "table.public.customer" in applied.resources
    assert not [each for each in applied.resources if "databasechangelog" in each]
    postgres15.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}", database)
    with driver.observe(job(CUSTOMER, planUrl="env:READER")) as observation:
        again = observation.plan()
    assert again.empty and again.basis.live == applied.live and not again.findings
    with driver.observe(job(CUSTOMER + INDEX, check=())) as observation:
        (change,) = observation.plan().changes
    assert "CREATE INDEX customer_email" in change.after["sql"] and "CREATE TABLE customer" not in change.after["sql"]


def test_an_applied_changeset_that_was_edited_is_refused(database: str, job: Any) -> None:
    """In Liquibase's own words, and with no password in them."""
    driver = DatabaseDriver()
    with driver.open(job(CUSTOMER, check=())) as session:
        assert session.apply(session.plan(), Journal()).complete
    with (
        driver.observe(job(CUSTOMER.replace("int", "bigint"))) as observation,
        pytest.raises(Rejected, match="changesets check sum") as caught,
    ):
        observation.plan()
    assert PASSWORD not in str(caught.value)


def test_files_are_validated_without_the_database(postgres15: Server, database: str, job: Any) -> None:
    """The page's `check`: what is wrong with them is told, and no table of Liquibase is created for that."""
    with commands(job(CUSTOMER), _jdbc(postgres15, database)) as tool:
        assert tool.check().passed
    with commands(job(CUSTOMER + INDEX.replace("anna:2", "anna:1")), _jdbc(postgres15, database)) as tool:
        checked = tool.check()
    assert not checked.passed and "duplicate identifiers" in checked.text
    assert _tables(postgres15, database) == set()
