"""Programs: built environment, streaming, limits, whole sessions."""

import os
import sys
import threading
from pathlib import Path

import pytest

from trueup.model.errors import Invalid, Unavailable
from trueup.system import sessions
from trueup.system.processes import Captured, Command, Limits, Sandbox, Stream, capture, run

PATH = {"PATH": "/usr/bin:/bin"}


def shell(script: str, cwd: Path, stdin: bytes = b"", **env: str) -> Command:
    return Command(("sh", "-c", script), cwd, PATH | env, stdin)


def test_lines_of_both_streams_arrive_and_the_code_is_the_programs(tmp_path: Path) -> None:
    """Output is handed on by line, the last one without a line end too; the tail keeps the end of it."""
    lines: list[tuple[Stream, str]] = []
    end = run(shell("echo one; echo two >&2; printf three; exit 7", tmp_path), lambda *line: lines.append(line))
    assert end.code == 7
    assert end.ended_by == "itself"
    assert [text for name, text in lines if name == "stdout"] == ["one", "three"]
    assert ("stderr", "two") in lines
    assert set(end.tail.split()) == {"one", "two", "three"}


def test_nothing_of_our_environment_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program gets what was built for it and no more."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    seen = capture(
        Command((sys.executable, "-c", "import os; print(sorted(os.environ))"), tmp_path, {"GIVEN": "1"}), seconds=30
    )
    assert b"GIVEN" in seen.stdout
    assert b"AWS" not in seen.stdout


def test_standard_input_longer_than_a_pipe_is_fed_while_reading(tmp_path: Path) -> None:
    """A program that echoes a megabyte does not lock up with us."""
    size = 0

    def count(_: Stream, text: str) -> None:
        nonlocal size
        size += len(text)

    assert run(shell("cat", tmp_path, b"x" * 1_000_000), count).code == 0
    assert size == 1_000_000


def test_a_program_that_does_not_read_its_input_is_no_error(tmp_path: Path) -> None:
    """A closed standard input is the program's right."""
    assert run(shell("exec 0<&-; exit 3", tmp_path, b"x" * 1_000_000)).code == 3


def test_past_its_limit_a_program_is_interrupted_and_may_finish(tmp_path: Path) -> None:
    """The interrupt comes first: Terraform saves its state in the grace period."""
    script = "trap 'echo saved; exit 1' INT; echo ready; while :; do sleep 0.05; done"
    end = run(shell(script, tmp_path), limits=Limits(seconds=2, grace=60))
    assert end.ended_by == "timeout"
    assert end.code == 1
    assert "saved" in end.tail


def test_who_ignores_the_interrupt_is_killed_with_all_children(tmp_path: Path) -> None:
    """After the grace period nobody of the session is left, grandchildren in groups of their own included."""
    pids: list[int] = []
    script = (
        "trap '' INT; setsid true; (trap '' INT; echo $(exec sh -c 'echo $PPID'); while :; do sleep 0.05; done) & wait"
    )
    end = run(shell(script, tmp_path), lambda _, text: pids.append(int(text)), limits=Limits(seconds=2, grace=0.2))
    assert end.code == -9
    assert pids
    assert all(not alive(pid) for pid in pids)


def test_children_do_not_outlive_a_leader_that_ended_well(tmp_path: Path) -> None:
    """A background child keeps neither running nor the pipe open for us."""
    pids: list[int] = []
    end = run(shell("sleep 600 & echo $!", tmp_path), lambda _, text: pids.append(int(text)))
    assert end.code == 0
    assert not alive(pids[0])


def test_cancelling_interrupts(tmp_path: Path) -> None:
    """The event given by the caller ends the program as a limit would, and the end says so."""
    cancel = threading.Event()
    end = run(shell("echo ready; exec sleep 600", tmp_path), lambda *_: cancel.set(), cancel=cancel)
    assert end.ended_by == "cancel"
    assert end.code == -2


def test_an_error_in_the_callback_ends_the_program(tmp_path: Path) -> None:
    """A lost lease raised while reading does not leave an apply behind."""
    pids: list[int] = []

    def fail(_: Stream, text: str) -> None:
        pids.append(int(text))
        raise Unavailable("lease lost")

    with pytest.raises(Unavailable, match="lease lost"):
        run(shell("echo $$; exec sleep 600", tmp_path), fail)
    assert not alive(pids[0])


def test_the_tail_is_bounded(tmp_path: Path) -> None:
    """Ten thousand lines leave only the end."""
    end = run(shell("seq 1 10000", tmp_path), limits=Limits(tail=100))
    assert len(end.tail) == 100
    assert end.tail.endswith("10000\n")


def test_capture_keeps_everything_and_respects_its_limit(tmp_path: Path) -> None:
    """Short programs: all output, or Unavailable with the session killed."""
    assert capture(shell("cat; echo no >&2; exit 4", tmp_path, b"all"), seconds=30) == Captured(4, b"all", b"no\n")
    pid_file = tmp_path / "pid"
    with pytest.raises(Unavailable, match=r"did not end within 0\.3 seconds"):
        capture(shell(f"echo $$ > {pid_file}; exec sleep 600", tmp_path), seconds=0.3)
    assert not alive(int(pid_file.read_text()))


def test_a_missing_program_or_directory_is_named(tmp_path: Path) -> None:
    """The error says what does not exist, in words."""
    with pytest.raises(Invalid, match="the program no-such-program does not exist"):
        run(Command(("no-such-program",), tmp_path, PATH))
    with pytest.raises(Invalid, match=r"the directory .*nowhere does not exist"):
        run(Command(("true",), tmp_path / "nowhere", PATH))


def test_the_sandbox_hides_what_was_not_given(tmp_path: Path, sandbox: Sandbox) -> None:
    """Inside, only the listed paths exist and only the writable one can be written; other processes are not seen."""
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    hidden.mkdir()
    script = (
        f"touch {shown}/made; touch /usr/made-here; ls {hidden} || echo hidden; ls -d /proc/{os.getpid()} || echo alone"
    )
    end = run(Command(("sh", "-c", script), shown, PATH, sandbox=sandbox))
    assert (shown / "made").exists()
    assert not Path("/usr/made-here").exists()
    assert {"hidden", "alone"} <= set(end.tail.split("\n"))


def test_a_program_in_the_sandbox_is_interrupted_not_the_sandbox(tmp_path: Path, sandbox: Sandbox) -> None:
    """It finishes its work: the sandbox itself would take it along at once."""
    script = "trap 'echo saved; exit 3' INT; echo ready; while :; do sleep 0.05; done"
    command = Command(("sh", "-c", script), tmp_path / "shown", PATH, sandbox=sandbox)
    cancel = threading.Event()
    end = run(command, lambda *_: cancel.set(), limits=Limits(grace=60), cancel=cancel)
    assert (end.code, end.tail.split()) == (3, ["ready", "saved"])


def test_a_sandbox_without_bubblewrap_is_invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its absence is never a silent run without walls."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Invalid, match="bubblewrap is not installed"):
        run(Command(("true",), tmp_path, PATH, sandbox=Sandbox((), ())))


def alive(pid: int) -> bool:
    found = sessions.process(pid)
    return found is not None and found.state not in "ZX"
