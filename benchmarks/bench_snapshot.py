"""A schema with a thousand tables: our snapshot of its catalog beside pg_dump -s, on the same server in turns."""

import os
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.timing import Cost, cost
from tests.database.servers import Server, running
from trueup.drivers.database.catalog.catalog import snapshot

MAJORS = (15, 18)
TABLES = 1000
ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")
TABLE = """
    CREATE TABLE shop.t{n} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        parent bigint REFERENCES shop.t{parent} (id),
        email text NOT NULL, name varchar(50) DEFAULT 'none', born date CHECK (born > '1900-01-01'),
        total numeric(10, 2), flags boolean[] NOT NULL DEFAULT '{{}}', note text, made timestamptz DEFAULT now(),
        code char(3) UNIQUE
    );
    CREATE INDEX t{n}_parent ON shop.t{n} (parent);
    CREATE INDEX t{n}_mail ON shop.t{n} (lower(email)) WHERE note IS NOT NULL;
    GRANT SELECT, INSERT ON shop.t{n} TO reader;
    COMMENT ON TABLE shop.t{n} IS 'Table {n}';
    COMMENT ON COLUMN shop.t{n}.note IS 'Free text';
"""
OTHERS = """
    CREATE VIEW shop.v{n} AS SELECT a.id, b.email FROM shop.t{n} a JOIN shop.t{n} b ON b.parent = a.id;
    CREATE FUNCTION shop.f{n}(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + {n}';
    CREATE FUNCTION shop.g{n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE ON shop.t{n} FOR EACH ROW EXECUTE FUNCTION shop.g{n}();
"""


def measure() -> Iterable[Figure]:
    for major in MAJORS:
        with running(major) as server, server.fresh_database() as database:
            _fill(server, database)
            ours, theirs = _in_turns(server, database)
        name = f"snapshot of {TABLES} tables, PostgreSQL {major}"
        yield Figure(f"{name}: wall", ours.wall, "s", 2.0)
        yield Figure(f"{name}: wall, against pg_dump -s", ours.wall, "s", 1.0, theirs.wall)
        yield Figure(f"{name}: processor of client and server", ours.processor, "s", 1.0, theirs.processor)


def _fill(server: Server, database: str) -> None:
    server.execute("CREATE SCHEMA shop", database)
    for first in range(0, TABLES, 100):
        numbers = range(first, first + 100)
        server.execute("".join(TABLE.format(n=n, parent=max(n - 1, 0)) for n in numbers), database)
    server.execute("".join(OTHERS.format(n=n) for n in range(0, TABLES, 5)), database)
    server.execute("VACUUM ANALYZE", database)


def _in_turns(server: Server, database: str) -> tuple[Cost, Cost]:
    """Medians, each round with a connection of its own, as a check has it and pg_dump too."""

    def ours() -> None:
        with server.connect(database) as connection:
            assert len(snapshot(connection)) > TABLES

    def theirs() -> None:
        assert server.run("pg_dump", database, "--schema-only")

    pairs = [(_cost(server, ours), _cost(server, theirs)) for _ in range(ROUNDS + 1)][1:]
    medians = [
        Cost(statistics.median(each.wall for each in side), statistics.median(each.processor for each in side))
        for side in zip(*pairs, strict=True)
    ]
    return medians[0], medians[1]


def _cost(server: Server, call: Callable[[], None]) -> Cost:
    before = _processor(server)
    measured = cost(call)
    return Cost(measured.wall, measured.processor + _processor(server) - before)


def _processor(server: Server) -> float:
    """Seconds of the server, of its backends and of those that are gone: /proc/PID/stat."""
    postmaster = (server.directory / "data" / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if entry.name == postmaster:
                ticks += sum(int(field) for field in fields[11:15])
            elif fields[1] == postmaster:
                ticks += sum(int(field) for field in fields[11:13])
    return ticks / TICKS
