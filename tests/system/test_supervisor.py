"""Supervised programs: real processes, killed in every way that was thought of."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.system import worker
from trueup.model.errors import Invalid, LostLease, Unavailable
from trueup.system import sessions
from trueup.system.processes import Command, Sandbox
from trueup.system.supervised import (
    JobFiles,
    Supervised,
    end_what_is_left,
    has_supervisor,
    proven_gone,
    wait_until_gone,
)

SAVES = "trap 'echo saved; exit 3' INT; echo ready; while :; do sleep 0.05; done"
IGNORES = "trap '' INT; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path / "job")


def shell(script: str, cwd: Path) -> Command:
    return Command(("sh", "-c", script), cwd, {"PATH": os.environ["PATH"]})


def nothing() -> None:
    """A renewal that always succeeds."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, for a minute at most."""
    pause = Event()
    for _ in range(1200):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it never happened")


def status(files: JobFiles) -> dict[str, object]:
    found: dict[str, object] = json.loads(files.status.read_text())
    return found


@contextmanager
def leads_its_session() -> Iterator[int]:
    """A process that leads a session of its own. The tests' own leader will not do: it may be outside the container."""
    with subprocess.Popen(("sleep", "infinity"), start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def start(files: JobFiles) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a worker process that supervises a script, and waits for the script's first line."""
    started: list[subprocess.Popen[str]] = []

    def begin(script: str, lease: float = 600) -> subprocess.Popen[str]:
        environment = {**os.environ, "LEASE": str(lease), "PYTHONPATH": os.pathsep.join(sys.path)}
        argv = [sys.executable, str(worker.__file__), str(files.directory), "sh", "-c", script]
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
    assert wait_until_gone(files, seconds=60)


def test_output_code_status_and_log(files: JobFiles, tmp_path: Path) -> None:
    """The ordinary end: lines to the worker and to the log, the code in the status, nothing left."""
    with Supervised(shell("echo one; echo two >&2; exit 5", tmp_path), files, lease_seconds=60) as program:
        lines = list(program.lines(nothing))
        ended = program.wait()
    assert sorted(lines) == [("stderr", "two"), ("stdout", "one")]
    assert (ended.code, ended.ended_by) == (5, "itself")
    assert sorted(ended.tail.split()) == sorted(files.log.read_text().split()) == ["one", "two"]
    assert status(files)["exit_code"] == 5
    assert proven_gone(files)


def test_a_worker_killed_in_the_middle_interrupts_its_program(
    files: JobFiles, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """kill -9 of the worker: the program gets SIGINT, saves, ends; status and log tell recovery about it."""
    process = start(SAVES)
    assert not proven_gone(files)
    process.kill()
    assert wait_until_gone(files, seconds=60)
    assert status(files)["ended_by"] == "worker lost"
    assert status(files)["exit_code"] == 3
    assert files.log.read_text().split() == ["ready", "saved"]


def test_a_program_that_ignores_the_interrupt_is_killed(
    files: JobFiles, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """After the grace period, a third of the lease, it ends anyway."""
    start(IGNORES, lease=3).kill()
    assert wait_until_gone(files, seconds=60)
    assert status(files)["exit_code"] == -9


def test_grandchildren_end_too(files: JobFiles, start: Callable[..., subprocess.Popen[str]]) -> None:
    """`sleep` in the background of the program does not outlive it."""
    process = start("trap '' INT; sleep 600 & echo $! ready; while :; do sleep 0.05; done", lease=3)
    process.kill()
    assert wait_until_gone(files, seconds=60)
    pid = int(files.log.read_text().split()[0])
    found = sessions.process(pid)
    assert found is None or found.state in "ZX"


def test_a_descendant_that_left_the_session_still_counts_as_running(files: JobFiles, tmp_path: Path) -> None:
    """It holds the lock that it inherited, so recovery is not told that everything is gone."""
    script = "setsid sh -c 'echo $$; echo out; exec sleep 600' & wait"
    with Supervised(shell(script, tmp_path), files, lease_seconds=60) as program:
        lines = program.lines(nothing)
        escaped = int(next(lines)[1])
        next(lines)
        supervisor = int(str(status(files)["session"]))
        os.kill(supervisor, signal.SIGKILL)
        with pytest.raises(Unavailable, match="still runs"):
            list(lines)
        assert not proven_gone(files)
        os.kill(escaped, signal.SIGKILL)
        until(lambda: proven_gone(files))


def test_a_lease_that_is_not_renewed_ends_the_program(files: JobFiles, tmp_path: Path) -> None:
    """The store does not answer for half a lease: the supervisor interrupts without being asked."""

    def store_is_away() -> None:
        raise Unavailable("no database")

    with Supervised(shell(SAVES, tmp_path), files, lease_seconds=6) as program:
        lines = [text for _, text in program.lines(store_is_away)]
        ended = program.wait()
    assert lines == ["ready", "saved"]
    assert (ended.code, ended.ended_by) == (3, "lease not renewed")


def test_a_worker_that_hangs_is_not_waited_for(files: JobFiles, start: Callable[..., subprocess.Popen[str]]) -> None:
    """SIGSTOP to the worker while the program writes more than the pipes hold: the lease still ends it."""
    process = start("trap 'exit 4' INT; echo ready; while :; do echo line of text that fills the pipe; done", lease=3)
    process.send_signal(signal.SIGSTOP)
    assert wait_until_gone(files, seconds=60)
    assert status(files)["ended_by"] == "lease not renewed"
    process.send_signal(signal.SIGCONT)


def test_a_lost_lease_interrupts_and_is_raised(files: JobFiles, tmp_path: Path) -> None:
    """The error reaches the caller after the program has ended, not before."""

    def lost() -> None:
        raise LostLease("another worker has it")

    with pytest.raises(LostLease), Supervised(shell(SAVES, tmp_path), files, lease_seconds=60) as program:
        list(program.lines(lost))
    assert proven_gone(files)
    assert status(files)["ended_by"] == "cancel"


def test_renewals_keep_a_program_running_beyond_its_lease(files: JobFiles, tmp_path: Path) -> None:
    """A quiet program with a short lease runs on as long as the lease is renewed."""
    with Supervised(shell("sleep 5; echo done", tmp_path), files, lease_seconds=4) as program:
        assert list(program.lines(nothing)) == [("stdout", "done")]
        assert program.wait().code == 0


def test_interrupting_is_up_to_the_caller_too(files: JobFiles, tmp_path: Path) -> None:
    """Cancel: the program ends by itself after the interrupt, and leaving early loses no line."""
    with Supervised(shell(SAVES, tmp_path), files, lease_seconds=60) as program:
        for _, text in program.lines(nothing):
            if text == "ready":
                break
        program.interrupt()
        ended = program.wait()
    assert (ended.code, ended.ended_by, ended.tail.split()) == (3, "cancel", ["ready", "saved"])


def test_a_killed_supervisor_takes_its_program_along(files: JobFiles, tmp_path: Path) -> None:
    """The kernel interrupts the program, the worker sees to the rest, and the end says what happened."""
    with Supervised(shell(SAVES, tmp_path), files, lease_seconds=60) as program:
        lines = program.lines(nothing)
        assert next(lines) == ("stdout", "ready")
        os.kill(int(str(status(files)["session"])), signal.SIGKILL)
        list(lines)
        assert program.wait().ended_by == "supervisor lost"
    assert proven_gone(files)


def test_recovery_ends_what_a_dead_supervisor_left(
    files: JobFiles, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """Worker and supervisor both gone, the program ignores interrupts: it is found by its session and killed."""
    process = start(IGNORES)
    assert has_supervisor(files)
    process.kill()
    os.kill(int(str(status(files)["session"])), signal.SIGKILL)
    until(lambda: not has_supervisor(files))
    assert not proven_gone(files)
    end_what_is_left(files, grace_seconds=0.2)
    assert proven_gone(files)


def test_another_process_with_the_old_number_is_not_taken_for_ours(files: JobFiles) -> None:
    """Pids are reused: a session leader that started at another time is somebody else."""
    files.directory.mkdir()
    with leads_its_session() as pid:
        leader = sessions.process(pid)
        assert leader is not None
        about = {"boot": sessions.boot_id(), "namespace": sessions.pid_namespace(), "session": pid, "finished_at": None}
        files.status.write_text(json.dumps({**about, "started": leader.started}))
        assert not proven_gone(files)
        files.status.write_text(json.dumps({**about, "started": leader.started + 1}))
        assert proven_gone(files)
        files.status.write_text(json.dumps({**about, "started": leader.started, "boot": "before"}))
        assert proven_gone(files)


def test_a_second_program_waits_for_the_first_to_be_gone(
    files: JobFiles, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """One job directory, one program: starting another beside it is Unavailable."""
    start(SAVES)
    with pytest.raises(Unavailable, match="still runs"), Supervised(shell("true", tmp_path), files, lease_seconds=60):
        pass


def test_a_program_that_does_not_exist_is_invalid(files: JobFiles, tmp_path: Path) -> None:
    """The supervisor says so; nothing is left behind."""
    command = Command(("no-such-terraform",), tmp_path, {"PATH": "/bin"})
    with Supervised(command, files, lease_seconds=60) as program, pytest.raises(Invalid, match="no-such-terraform"):
        list(program.lines(nothing))
    assert proven_gone(files)


def test_nothing_was_started_without_a_status(files: JobFiles) -> None:
    """The status is written before the order is sent."""
    assert proven_gone(files)


def test_a_sandboxed_program_is_fenced_like_any_other(files: JobFiles, tmp_path: Path, sandbox: Sandbox) -> None:
    """The interrupt reaches the program inside, and the lock that it inherited through the walls is free at the end."""
    command = Command(("sh", "-c", SAVES), tmp_path / "shown", {"PATH": os.environ["PATH"]}, sandbox=sandbox)
    with Supervised(command, files, lease_seconds=60) as program:
        lines = program.lines(nothing)
        assert next(lines) == ("stdout", "ready")
        assert not proven_gone(files)
        program.interrupt()
        assert list(lines) == [("stdout", "saved")]
        assert program.wait().code == 3
    assert proven_gone(files)


def test_a_killed_supervisor_leaves_a_sandboxed_program_time_to_save(
    files: JobFiles, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Its walls do not fall on it: the worker finds it, interrupts it, and waits until it has saved its work."""
    script = "trap 'sleep 0.3; touch saved; exit 3' INT; echo ready; while :; do sleep 0.05; done"
    command = Command(("sh", "-c", script), tmp_path / "shown", {"PATH": os.environ["PATH"]}, sandbox=sandbox)
    with Supervised(command, files, lease_seconds=60) as program:
        lines = program.lines(nothing)
        assert next(lines) == ("stdout", "ready")
        os.kill(int(str(status(files)["session"])), signal.SIGKILL)
        list(lines)
        assert program.wait().ended_by == "supervisor lost"
    assert (tmp_path / "shown" / "saved").exists()
    assert proven_gone(files)
