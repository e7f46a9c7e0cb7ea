"""Flyway itself, where it is on PATH: it and Trueup take turns, and each accepts what the other left."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.database.deliveries import Journal
from tests.database.jobs import Place, files
from tests.database.servers import OWNER, PASSWORD, Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.model.plan import Outcome

FLYWAY = shutil.which("flyway")
HOW = "Flyway is absent: https://documentation.red-gate.com/flyway/getting-started-with-flyway/installers"
pytestmark = pytest.mark.skipif(FLYWAY is None, reason=HOW)

FILES = {
    "V1__customers.sql": "CREATE TABLE customer (id int PRIMARY KEY);\r\n",
    "V2__orders.sql": "CREATE TABLE purchase (id int, currency char(3) DEFAULT '${currency}');\n",
    "V3__index.sql": "-- flyway:executeInTransaction=false\nCREATE INDEX CONCURRENTLY purchase_id ON purchase (id);\n",
    "R__waiting.sql": "CREATE OR REPLACE VIEW waiting AS SELECT id, '${currency}' AS currency FROM purchase;\n",
    "afterMigrate.sql": "COMMENT ON TABLE customer IS 'migrated';\n",
}
PLACEHOLDERS = {"currency": "EUR"}


def _flyway(server: Server, database: str, directory: Path, *words: str) -> str:
    """What it prints. Fails the test with that where it fails."""
    assert FLYWAY is not None
    given = {
        "url": f"jdbc:postgresql://127.0.0.1:{server.port}/{database}",
        "user": OWNER,
        "password": PASSWORD,
        "locations": f"filesystem:{directory}",
        "placeholders.currency": PLACEHOLDERS["currency"],
    }
    settings = [f"-{name}={value}" for name, value in given.items()]
    ended = subprocess.run([FLYWAY, *settings, *words], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _written(directory: Path, these: Mapping[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in these.items():
        (directory / name).write_bytes(text.encode())
    return directory


def _only(*prefixes: str) -> dict[str, str]:
    return {name: text for name, text in FILES.items() if name.startswith(prefixes)}


@pytest.mark.parametrize("flyway_first", [True, False])
def test_they_take_turns(postgres15: Server, tmp_path: Path, flyway_first: bool) -> None:
    """One applies the first migrations and the other the rest; both find everything valid and nothing pending, and what
    Flyway did is no change of ours."""
    driver, everything = DatabaseDriver(), _written(tmp_path / "all", FILES)
    begun = _only("V1", "V2", "after")
    with postgres15.fresh_database() as database:
        place = Place(tmp_path / "work", postgres15.url(database, OWNER))
        place.directory.mkdir()

        def ours(these: Mapping[str, str]) -> set[Outcome]:
            spec = {"locations": ("filesystem:.",), "placeholders": PLACEHOLDERS}
            job = place.job(files(these), "delivery", spec, evidence=tmp_path / "evidence")
            with driver.open(job) as session:
                applied = session.apply(session.plan(), Journal())
                assert applied.complete, applied.error
                assert session.plan().empty
            return set(applied.outcomes.values())

        if flyway_first:
            _flyway(postgres15, database, _written(tmp_path / "begun", begun), "migrate")
            assert ours(FILES) == {Outcome.DONE}
        else:
            assert ours(begun) == {Outcome.DONE}
            _flyway(postgres15, database, everything, "migrate")
            spec = {"locations": ("filesystem:.",), "placeholders": PLACEHOLDERS}
            with driver.observe(place.job(files(FILES), "check", spec)) as live:
                assert live.plan().empty
        _flyway(postgres15, database, everything, "validate")
        assert "Pending" not in _flyway(postgres15, database, everything, "info")
