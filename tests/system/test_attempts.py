"""What an apply leaves behind for recovery to find, and what recovery may conclude from it."""

import os
from pathlib import Path

from trueup.system.attempts import Deadline, another_attempt, attempts, unproven
from trueup.system.processes import Command
from trueup.system.supervised import Supervised


def sleeping(directory: Path) -> Command:
    return Command(("sleep", "600"), directory, {"PATH": os.environ["PATH"]})


def test_attempts_are_found_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    """The tenth comes behind the ninth."""
    made = [another_attempt(tmp_path / "evidence") for _ in range(10)]
    assert attempts(tmp_path / "evidence") == made


def test_an_apply_that_left_no_trace_here_was_begun_elsewhere(tmp_path: Path) -> None:
    """Nothing is concluded of what runs on another machine; where nothing was begun there is nothing to wait for."""
    assert "another machine" in unproven([], begun=True, seconds=0)
    assert unproven([], begun=False, seconds=0) == ""


def test_nothing_is_concluded_while_the_old_process_runs(tmp_path: Path) -> None:
    """Its supervisor ends it by itself; once it is gone recovery goes on."""
    files = another_attempt(tmp_path / "evidence")
    with Supervised(sleeping(tmp_path), files, lease_seconds=600):
        assert str(files.status) in unproven([files], begun=True, seconds=0)
    assert unproven([files], begun=True, seconds=0) == ""


def test_what_takes_too_long_is_interrupted_once_and_the_lease_is_renewed_meanwhile(tmp_path: Path) -> None:
    """The end of the program is awaited like any other."""
    renewals: list[None] = []
    deadline = Deadline(lambda: renewals.append(None), seconds=0)
    with Supervised(sleeping(tmp_path), another_attempt(tmp_path / "evidence"), lease_seconds=6) as running:
        for _ in running.lines(lambda: deadline.watch(running)):
            raise AssertionError("sleep says nothing")
        assert running.wait().ended_by == "cancel"
    assert deadline.passed and renewals
