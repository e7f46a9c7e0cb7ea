"""The drift check of an unchanged database that is watched: one connection, asked for its token."""

import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.figure import Figure
from tests.database.jobs import Place, files
from tests.database.servers import READER, Server, running
from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Options
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.postgres.postgres import Postgres

TABLES, MIGRATIONS, ROUNDS = 1000, 500, 50
HISTORY = """
CREATE TABLE flyway_schema_history (
    installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL
);
INSERT INTO flyway_schema_history
SELECT n, n, 'step', 'SQL', 'V' || n || '__step.sql', n, 'owner', now(), 1, true FROM generate_series(1, %d) AS n;
GRANT SELECT ON flyway_schema_history TO reader;
"""


def measure() -> Iterable[Figure]:
    with running(15) as server, server.fresh_database() as name, tempfile.TemporaryDirectory() as directory:
        _fill(server, name)
        driver = DatabaseDriver()
        code = {f"V{number}__step.sql": "SELECT 1;" for number in range(1, MIGRATIONS + 1)}
        job = Place(Path(directory), server.url(name, READER)).job(files(code))
        first = driver.token(job)
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            again = driver.token(job)
            took.append((time.perf_counter() - began) * 1000)
            if again != first or not again.proves:
                raise SystemExit("the token moved, or proves nothing")
    yield Figure(
        f"check of an unchanged database of {TABLES} tables with the DDL signal", statistics.median(took), "ms", 20
    )


def _fill(server: Server, name: str) -> None:
    with Postgres().connect(server.url(name), Options(read_only=False)) as administrator:
        watch.install(administrator, READER)
    tables = "".join(f"CREATE TABLE t{number} (id bigint PRIMARY KEY, a text);\n" for number in range(TABLES))
    server.execute(tables, name)
    server.execute(HISTORY % MIGRATIONS, name)
