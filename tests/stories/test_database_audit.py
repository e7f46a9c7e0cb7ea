"""A database's own log proves what Trueup did there: nothing while it only observes."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.database.servers import Server, running
from tests.stories.data_office import DataOffice, open_data_office
from trueup.cli.server_log import is_reading, records
from trueup.engine.audit import Audit, audit
from trueup.engine.tools import Asked
from trueup.model.people import Identity
from trueup.model.run import RunState

LOGGING = {
    "log_statement": "all",
    "log_line_prefix": "%m [%p] %q%u@%d/%a ",
    "logging_collector": "on",
    "log_destination": "stderr,csvlog,jsonlog",
    "log_directory": "log",
    "log_filename": "server.log",
    "log_timezone": "UTC",
}
FORMATS = {"stderr": "server.log", "csvlog": "server.csv", "jsonlog": "server.json"}


@pytest.fixture(scope="module")
def talkative() -> Iterator[Server]:
    """A server that writes every statement down, in all three formats."""
    with running(15, LOGGING) as server:
        yield server


@pytest.fixture
def office(talkative: Server, tmp_path: Path) -> Iterator[DataOffice]:
    with open_data_office(talkative, tmp_path) as office:
        yield office


def said(office: DataOffice, format: str) -> Audit:
    names = office.databases.values()
    text = (office.server.directory / "data" / "log" / FORMATS[format]).read_text()
    mine = [each for each in records(text) if any(name in each["userIdentity"]["arn"] for name in names)]
    return audit(mine, office.site.store)


@pytest.mark.parametrize("format", FORMATS)
def test_observing_writes_nothing_and_takes_no_lock(office: DataOffice, format: str) -> None:
    """Looked at, adopted, checked, with something pending: only reads, and they are known as ours."""
    office.adopt()
    office.pushed({"V3__note.sql": "ALTER TABLE orders ADD note text;\n"})
    office.look()
    office.check("prod")
    found = said(office, format)
    ours = [each for each in found.activities if each.ours and each.session in ("check", "proposal")]
    assert sum(each.reads for each in ours) > 0
    assert [each.writes for each in ours] == [{} for _ in ours] and not found.violations


def test_a_delivery_s_writes_are_explained_and_anybody_else_s_are_not(office: DataOffice) -> None:
    """A run that began may write; who borrows our name may not."""
    office.adopt()
    office.govern("deliver")
    office.pushed({"V3__note.sql": "ALTER TABLE orders ADD note text;\n"})
    office.look(3)
    assert office.newest("prod").state is RunState.FINISHED, office.newest("prod").error
    before = said(office, "jsonlog")
    assert before.wrote and not before.violations
    url = office.server.url(office.databases["prod"])
    with psycopg.connect(url, application_name="trueup sneaky", autocommit=True) as connection:
        connection.execute("CREATE TABLE sneaked (id int)")
    (told,) = said(office, "jsonlog").violations
    assert "trueup sneaky" in told and "1x postgresql:CREATE TABLE sneaked" in told


def test_what_a_person_repairs_through_us_is_explained(office: DataOffice) -> None:
    """The ledger has who asked for it and why, before anything is written."""
    office.adopt()
    office.govern("deliver")
    with psycopg.connect(office.server.url(office.databases["prod"]), autocommit=True) as connection:
        connection.execute("UPDATE flyway_schema_history SET description = 'other' WHERE version = '2'")
    told = office.site.tools.use(
        office.stack("prod").id, Asked("repair", {}, reason="a typo"), Identity("name", "carla")
    )
    assert "set the row of 2" in told.text
    found = said(office, "jsonlog")
    assert [each.session for each in found.activities if each.ours and each.writes] and not found.violations


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("RESET ROLE; SET lock_timeout = '1s'", True),
        ("SELECT set_config('search_path', 'a; DROP TABLE t', false)", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("COPY t TO STDOUT", True),
        ("BEGIN; DROP TABLE t", False),
        ("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", False),
        ("SELECT pg_try_advisory_lock(1)", False),
        ("SELECT * FROM t FOR UPDATE", False),
        ("COPY t FROM STDIN", False),
        ("-- SELECT\nTRUNCATE t", False),
    ],
)
def test_what_counts_as_reading(statement: str, reads: bool) -> None:
    """Whatever changes something, or makes others wait, does not."""
    assert is_reading(statement) is reads


def test_other_files_are_no_log_of_postgresql() -> None:
    """CloudTrail's records go their own way."""
    assert records(json.dumps({"Records": []})) == [] and records('{"eventTime": "x"}\n{"eventTime": "y"}') == []
