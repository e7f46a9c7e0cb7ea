"""Companions: programs that serve a worker and cannot outlive it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from trueup.model.errors import Unavailable
from trueup.system import sessions
from trueup.system.companion import Companion
from trueup.system.processes import Command

SERVES = "echo $$ $0; sleep 1000 & exec sleep 1000"
WORKER = """
import sys, time
from pathlib import Path
from trueup.system.companion import Companion
from trueup.system.processes import Command
serving = Companion(Command(("sh", "-c", sys.argv[1]), Path("/"), {"PATH": sys.argv[2]}), seconds=30)
print(serving.pid, flush=True)
time.sleep(1000)
"""


def shell(script: str, cwd: Path) -> Command:
    return Command(("sh", "-c", script), cwd, {"PATH": os.environ["PATH"]})


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, for a minute at most."""
    pause = Event()
    for _ in range(1200):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it never happened")


def runs(pid: int) -> bool:
    found = sessions.process(pid)
    return found is not None and found.state not in "ZX"


def test_it_serves_until_it_is_ended(tmp_path: Path) -> None:
    """Its first line is known, it runs while it is needed, and with it ends whatever it started."""
    serving = Companion(shell(SERVES, tmp_path), seconds=30)
    assert serving.first_line.split() == [str(serving.pid), "sh"]
    found = sessions.process(serving.pid)
    assert serving.alive and found is not None and len(sessions.members(found.session)) >= 2
    serving.end()
    assert not serving.alive and not sessions.members(found.session)


def test_one_that_dies_is_noticed(tmp_path: Path) -> None:
    """A companion that was killed is not alive any more, and ending it does no harm."""
    serving = Companion(shell(SERVES, tmp_path), seconds=30)
    os.kill(serving.pid, signal.SIGKILL)
    until(lambda: not serving.alive)
    serving.end()


def test_one_that_says_nothing_is_unavailable(tmp_path: Path) -> None:
    """A program that ends, is silent or is not there raises Unavailable, and nothing of it is left."""
    for command in (shell("exit 3", tmp_path), shell("sleep 1000", tmp_path), Command(("/no/such",), tmp_path, {})):
        with pytest.raises(Unavailable, match="did not begin to serve"):
            Companion(command, seconds=0.5)


def test_a_killed_worker_takes_it_along(tmp_path: Path) -> None:
    """kill -9 of the worker, or of the keeper, leaves nobody behind."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", WORKER, SERVES, os.environ["PATH"]]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        assert runs(pid)
        worker.kill()
    until(lambda: not runs(pid))

    serving = Companion(shell(SERVES, tmp_path), seconds=30)
    found = sessions.process(serving.pid)
    assert found is not None
    os.kill(found.session, signal.SIGKILL)
    until(lambda: not runs(serving.pid))
    sessions.kill(found.session)
    serving.end()
