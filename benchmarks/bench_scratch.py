"""Validating 500 migrations on scratch, against `psql -f` over the same files on the same server."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.timing import side_by_side
from tests.database.folders import tree
from tests.database.trying import scratch_job
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.rehearsal.rehearsal import Trial, rehearse
from trueup.drivers.database.scratch.scratch import Scratch, scratch
from trueup.drivers.database.spec import FlywaySpec

MAJOR = 15
MIGRATIONS = 500


def measure() -> Iterable[Figure]:
    files = {f"V{number}__step.sql": text for number, text in enumerate(_texts(MIGRATIONS), 1)}
    with (
        tempfile.TemporaryDirectory(prefix="trueup-bench-") as name,
        scratch(scratch_job(), Postgres(), MAJOR) as server,
    ):
        paths = [Path(name) / each for each in files]
        for path in paths:
            path.write_text(files[path.name], encoding="utf-8")
        ours, theirs = side_by_side(lambda: _validated(server, files), lambda: _psql(server, paths), rounds=5)
    yield Figure(f"{MIGRATIONS} migrations validated on scratch, against psql -f", ours.wall, "s", 1.25, theirs.wall)


def _validated(server: Scratch, files: dict[str, str]) -> None:
    """As for a proposal without anything new: read, run from nothing, look at the catalog."""
    spec = FlywaySpec.model_validate({})
    migrations = read_migrations(tree({f"db/{name}": text for name, text in files.items()}), "db", spec)
    found = rehearse(
        server,
        Trial(dialect=Postgres(), migrations=migrations, pending=(), structure=None, schemas=("public",)),
    )
    if found.chain is None or found.findings:
        raise SystemExit(f"the migrations do not run: {found.findings}")


def _psql(server: Scratch, paths: list[Path]) -> None:
    """One process for all files: what starting one for each would cost is nobody's merit."""
    program = shutil.which("psql") or "psql"
    order = [part for path in paths for part in ("--file", str(path))]
    with server.fresh() as url:
        command = [program, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, *order]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _texts(count: int) -> Iterator[str]:
    """Ten kinds in turn, as they come in a schema that grows: a table, columns, indexes, constraints, views, rows."""
    for number in range(count):
        table, kind = f"t{number // 10}", number % 10
        yield (
            f"-- {number}\nCREATE TABLE {table} (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
            f"  name text NOT NULL,\n  made timestamptz NOT NULL DEFAULT now()\n);\nCOMMENT ON TABLE {table} IS 'x';\n",
            f"ALTER TABLE {table} ADD COLUMN email text;\nCREATE INDEX {table}_email ON {table} (lower(email));\n",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_named CHECK (name <> '');\n",
            f"INSERT INTO {table} (name) SELECT format('n%s', n) FROM generate_series(1, 50) n;\n",
            f"CREATE VIEW {table}_names AS SELECT id, name FROM {table};\n",
            f"CREATE FUNCTION {table}_count() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM {table} $$;\n",
            f"ALTER TABLE {table} ADD COLUMN state text NOT NULL DEFAULT 'new';\n",
            f"UPDATE {table} SET state = 'old' WHERE id % 2 = 0;\n",
            f"CREATE TABLE {table}_part (id bigint REFERENCES {table}, at date, PRIMARY KEY (id, at));\n",
            f"CREATE INDEX {table}_made ON {table} (made DESC) WHERE state = 'new';\n",
        )[kind]
