"""Zones: a plan of 10,000 records beside octodns-sync, 1,000 zones by serial, the memory of 100,000 records."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import big_zone
from benchmarks.figure import Figure
from benchmarks.timing import side_by_side
from tests.dns.big import as_code, fill
from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Knot, Primary
from trueup.drivers.dns.convert import ZONE as KIND
from trueup.drivers.dns.convert import zone_address
from trueup.drivers.dns.signal import MOVES, SERIAL
from trueup.model.plan import Resource

BIG, HUGE, ZONES = 10_000, 100_000, 1_000
ROUNDS = 3


def measure() -> Iterable[Figure]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        place = Path(name)
        yield from _plan(place / "big")
        yield from _serials(place / "serials")
        yield from _memory(place / "huge")


def _plan(place: Path) -> Iterator[Figure]:
    """Both sides read the same files, ask the same server, and find nothing to change."""
    with PowerDNS(place / "server") as server:
        fill(server, BIG)
        files = as_code(server, BIG)
        repository = place / "repository"
        for path, text in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text)
        sync = [str(Path(sys.executable).parent / "octodns-sync"), f"--config-file={CONFIG}", "--quiet"]
        environment = {**os.environ, **server.environment}

        def ours() -> None:
            big_zone.plan(place / "ours", server.environment, files)

        def theirs() -> None:
            subprocess.run(sync, cwd=repository, env=environment, check=True, capture_output=True)

        mine, peer = side_by_side(ours, theirs, ROUNDS)
    yield Figure(f"plan of a zone of {BIG:,} records against octodns-sync", mine.wall, "s", 1.2, peer.wall)


def _serials(place: Path) -> Iterator[Figure]:
    zones = [f"z{number:04}.example." for number in range(ZONES)]
    with PowerDNS(place / "powerdns") as powerdns:
        for zone in zones:
            powerdns.create(zone)
        yield Figure(f"{ZONES:,} unchanged zones by serial, PowerDNS", _token(place, powerdns, zones), "s", 10.0)
    with Knot(place / "knot", dict.fromkeys(zones, "")) as knot:
        yield Figure(f"{ZONES:,} unchanged zones by serial, Knot", _token(place, knot, zones), "s", 10.0)


def _token(place: Path, server: PowerDNS | Primary, zones: list[str]) -> float:
    """Seconds for the driver's token of a stack with these zones, configuration and closure included."""
    stack = Place(place, server.environment)
    settled = {zone_address(zone): Resource(KIND, {"name": zone, "target": "live", SERIAL: MOVES}) for zone in zones}
    files = {CONFIG: config(server.provider(), *zones), ZONE: "---\n"}
    job = replace(stack.job(files), settled=lambda: settled)
    began = time.perf_counter()
    token = stack.driver.token(job)
    assert token.proves and token.exists
    return time.perf_counter() - began


def _memory(place: Path) -> Iterator[Figure]:
    """Of both processes: ours, which holds R, and the one in which octoDNS walks."""
    with PowerDNS(place / "server") as server:
        fill(server, HUGE)
        files = as_code(server, HUGE)
        order = json.dumps({"place": str(place / "ours"), "environment": server.environment, "files": files})
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.big_zone"], input=order, check=True, capture_output=True, text=True
        )
    own, octodns = json.loads(ended.stdout)
    shutil.rmtree(place, ignore_errors=True)
    yield Figure(f"memory of octoDNS' process, {HUGE:,} records", octodns, "MB", 500.0)
    yield Figure(f"memory of the worker beside it, {HUGE:,} records", own, "MB", 500.0)
