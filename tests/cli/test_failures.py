"""Failures: exit codes, words with the next step, and never a traceback for a person's own mistake."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Trueup
from trueup.cli import failures, main
from trueup.model.errors import Broken, Invalid, Place, Refused, Rejected, TrueupError, Unavailable

RUN = "from trueup.cli.main import main; main()"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Invalid("no such thing", place=Place("a.yaml", 3, 5), hint="write b"), 2, "wrong input: a.yaml:3:5: no such"),
        (Refused("not allowed", hint="ask anna"), 1, "refused: not allowed\n  ask anna\n"),
        (Rejected("AccessDenied"), 1, "rejected by the live system: AccessDenied"),
        (Unavailable("gone"), 1, "no answer: gone"),
        (Broken("odd"), 1, "this is our bug: odd"),
    ],
)
def test_each_kind_has_its_word_and_its_exit_code(
    error: TrueupError, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, where, and what to do next, on standard error; standard output stays clean."""
    assert failures.tell(error) == code
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["stak", "list"],
        ["stack", "show"],
        ["stack", "list", "--nope"],
        ["stack", "list", "--output", "xml"],
        ["run", "list", "--state", "tired"],
        ["ledger", "show", "x"],
        ["up", "--listen", "nowhere"],
        ["up", "--poll", "soon"],
        ["stack", "list", "--server", "not a url"],
        ["validate", "nowhere"],
        ["adopt", "--all", "x"],
    ],
)
def test_wrong_words_end_with_two_and_no_traceback(say: Trueup, words: list[str]) -> None:
    """Typos, missing words and wrong values."""
    said = say(*words)
    assert said.code == 2
    assert said.err.strip()
    assert "Traceback" not in said.err and "report" not in said.err


def test_a_mistyped_command_gets_a_suggestion(say: Trueup) -> None:
    """The nearest word that exists."""
    assert "Did you mean 'stack'" in say("stak").err


def test_our_bug_is_one_line_and_a_report(say: Trueup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person gets the path of a file that has everything but what they typed as values."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("trueup.cli.manifest.schema_of", broken)
    said = say("schema", "--token", "s3cr3t-t0ken")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "our bug" in said.err
    report = Path(said.err.strip().rpartition(" ")[2])
    text = report.read_text()
    assert "by nought" in text and "Traceback" in text
    assert "s3cr3t" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_an_interrupt_is_quiet_and_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it arrives."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trueup.cli.manifest.schema_of", interrupted)
    assert main.run(["schema"]) == 130
    assert capsys.readouterr().err == ""


def test_a_real_interrupt_ends_a_waiting_command(tmp_path: Path) -> None:
    """A command that waits for a server that says nothing is ended by Ctrl-C, without a word about it."""
    code = (
        "import socket, os, sys, threading, signal\n"
        "from trueup.cli.main import run\n"
        "listener, held = socket.create_server(('127.0.0.1', 0)), []\n"
        "def interrupt():\n"
        "    held.append(listener.accept())\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=interrupt, daemon=True).start()\n"
        "sys.exit(run(['stack', 'list', '--server', f'http://127.0.0.1:{listener.getsockname()[1]}']))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stderr) == (130, "")
    assert signal.getsignal(signal.SIGINT) is not None


def test_a_reader_that_leaves_is_no_failure_to_tell() -> None:
    """`trueup schema | head -1` says nothing on standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        said = subprocess.run(
            [sys.executable, "-c", RUN, "schema"], stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert said.stderr == b""


@pytest.mark.parametrize("words", [["--help"], ["doctor"]])
def test_no_colour_when_it_is_not_wanted(words: list[str], tmp_path: Path) -> None:
    """NO_COLOR, and pipes, get plain text."""
    environment = {**os.environ, "NO_COLOR": "1", "TRUEUP_DATA": str(tmp_path / "data")}
    said = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, env=environment, check=False)
    assert b"\x1b" not in said.stdout + said.stderr
