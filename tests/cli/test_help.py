"""Help: instant, complete, and with an example for every command."""

import os
import re
import subprocess
import sys

import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from trueup.cli.commands import COMMANDS
from trueup.cli.lazy import SHARED
from trueup.cli.main import app, run

HEAVY = (
    *("fastapi", "starlette", "uvicorn", "dbos", "sqlalchemy", "alembic"),
    *("pydantic", "rich", "httpx", "ruamel", "psycopg", "cryptography"),
)
MAIN = "from trueup.cli.main import main; main()"

PROMISED = {
    "": "demo up worker init validate schema doctor adopt audit-self what-changed evidence uninstall",
    "stack": "list show plan check coverage deliver pause resume unlock mv forget destroy",
    "run": "list show logs approve reject release discard cancel recover",
    "drift": "list show codify revert tolerate",
    "request": "open list show approve merge close",
    "ledger": "list show verify export",
}


def _commands() -> dict[str, TyperCommand]:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    found: dict[str, TyperCommand] = {}
    for name in COMMANDS:
        command = root.get_command(None, name)
        verbs = command.commands if isinstance(command, TyperGroup) else {"": command}
        found |= {f"{name} {verb}".strip(): each for verb, each in verbs.items() if isinstance(each, TyperCommand)}
    return found


ALL = _commands()


def test_help_imports_nothing_heavy() -> None:
    """`trueup --help` is quick because it imports none of the big libraries."""
    code = "import sys; from trueup.cli.main import run; code = run(['--help']); print(*sys.modules); sys.exit(code)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(said.stdout.splitlines()[-1].split())
    assert "trueup.cli.main" in loaded
    assert not [name for name in HEAVY if name in loaded]
    assert not loaded & {entry.module for entry in COMMANDS.values()}


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    """The one line in `trueup --help` is the first line of the command's own help."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    for name, entry in COMMANDS.items():
        command = root.get_command(None, name)
        assert command is not None
        assert isinstance(command, TyperGroup) == entry.group, name
        assert (command.help or "").splitlines()[0] == entry.help, name


def test_every_promised_command_is_there() -> None:
    """The commands and verbs that the product promises."""
    promised = {f"{noun} {verb}".strip() for noun, verbs in PROMISED.items() for verb in verbs.split()}
    assert promised <= ALL.keys()


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_has_a_sentence_an_example_and_documented_options(name: str) -> None:
    """Nobody has to guess: a sentence, an example that begins with the command itself, words for each option."""
    command = ALL[name]
    told = command.help or ""
    first = told.splitlines()[0]
    assert first.endswith(".") and first[0].isupper()
    assert f"trueup {name}" in told
    for param in command.params:
        assert isinstance(param, TyperArgument | TyperOption)
        assert param.help, f"{name} {param.name}"


@pytest.mark.parametrize("name", sorted(ALL))
def test_help_is_shown_where_nothing_is_set_up(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` needs no server and no data directory, and its marks for wrapping are not shown."""
    assert run([*name.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: trueup {name}" in said
    assert "\b" not in said


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_takes_the_shared_options_behind_it(name: str) -> None:
    """`--output` and the others are accepted before the command and after it."""
    assert set(SHARED) <= {param.name for param in ALL[name].params}


def test_examples_in_help_parse() -> None:
    """Every example names a command that exists and only options that it has."""
    for name, command in ALL.items():
        for line in (command.help or "").splitlines():
            words = line.strip().split(" > ")[0].split()[1:]
            if not line.strip().startswith("trueup "):
                continue
            known = next((ALL[two] for two in (" ".join(words[:2]), words[0]) if two in ALL), None)
            assert known is not None, f"{name}: {line}"
            options = {option for param in known.params for option in (*param.opts, *param.secondary_opts)}
            used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert used <= options, f"{name}: {line}"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, for bug reports."""
    assert run(["--version"]) == 0
    assert re.fullmatch(r"trueup \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_made(shell: str) -> None:
    """The shell's own script, which asks trueup for the words."""
    environment = {**os.environ, "_TRUEUP_COMPLETE": f"source_{shell}"}
    said = subprocess.run([sys.executable, "-c", MAIN], capture_output=True, text=True, env=environment, check=False)
    assert said.returncode == 0
    assert "_TRUEUP_COMPLETE" in said.stdout


def test_words_are_completed() -> None:
    """Completing `trueup st` and `trueup stack ch` answers with the words that are there."""

    def complete(line: str) -> list[str]:
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_TRUEUP_COMPLETE": "complete_bash"}
        environment = {**os.environ, **asked}
        said = subprocess.run(
            [sys.executable, "-c", MAIN], capture_output=True, text=True, env=environment, check=False
        )
        return said.stdout.split()

    assert complete("trueup st") == ["stack"]
    assert complete("trueup stack ch") == ["check"]
