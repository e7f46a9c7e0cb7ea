"""The site of a run test, on SQLite and on PostgreSQL, and worker processes that can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runs.site import Place
from trueup.adapters.store.store import SqlStore

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
"""Seconds until a condition that does not come true fails the test; never waited for when all is well."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    (tmp_path / "live").mkdir()
    if request.param == "sqlite":
        return Place(str(tmp_path), f"sqlite:///{tmp_path}/trueup.db", f"sqlite:///{tmp_path}/queues.db", alone=True)
    url = request.getfixturevalue("postgres")
    return Place(str(tmp_path), url, url, alone=False)


@pytest.fixture
def store(place: Place) -> Iterator[SqlStore]:
    store = place.open()
    yield store
    store.close()


class Workers:
    """Worker processes of one test."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, stop_at: str = "") -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        arguments = [sys.executable, "-m", "tests.runs.worker", self._place.dump(), name, stop_at]
        with self.output(name).open("wb") as output:
            self._running[name] = subprocess.Popen(
                arguments, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )

    def output(self, name: str) -> Path:
        return self._place.data / f"{name}.output"

    def reached(self, name: str) -> bool:
        self.check(name)
        return (self._place.data / f"{name}.reached").exists()

    def started(self, name: str) -> bool:
        self.check(name)
        return (self._place.data / f"{name}.started").exists()

    def check(self, name: str) -> None:
        assert self._running[name].poll() is None, self.output(name).read_text()

    def kill(self, name: str) -> None:
        """As kill -9 does it."""
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def stop(self, name: str) -> int:
        process = self._running.pop(name)
        process.terminate()
        code = process.wait(PATIENCE)
        process.communicate()
        return code

    def end(self) -> None:
        for name in list(self._running):
            self.kill(name)


@pytest.fixture
def workers(place: Place) -> Iterator[Workers]:
    workers = Workers(place)
    yield workers
    workers.end()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        time.sleep(0.05)
