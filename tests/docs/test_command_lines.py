"""Command lines in README and docs: each parses as it stands."""

import shlex

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from tests.docs.pages import Said, blocks, command_lines, inline
from trueup.cli.commands import COMMANDS
from trueup.cli.main import app

LINES = [line for line in command_lines() if not line.text.endswith("...")]


def _command(words: list[str]) -> tuple[TyperCommand, list[str]]:
    """The command that these words name, and the words behind it."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    command = root.get_command(None, words[0])
    assert command is not None, f"there is no command {words[0]}"
    rest = words[1:]
    if isinstance(command, TyperGroup):
        assert rest and rest[0] in command.commands, f"{words[0]} has no such verb"
        command, rest = command.commands[rest[0]], rest[1:]
    assert isinstance(command, TyperCommand)
    return command, rest


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_parses(line: Said) -> None:
    """Its command exists, with these options and as many arguments, of these types."""
    words = shlex.split(line.text)[1:]
    if words and words[0] not in ("--help", "--version"):
        command, rest = _command(words)
        command.make_context(command.name, rest, resilient_parsing=False)


def test_lines_were_found() -> None:
    """A pattern that finds nothing proves nothing."""
    assert len(LINES) > 60
    assert {line.page for line in LINES} >= {"README.md", "operations.md", "commands.md"}


def test_commands_between_backticks_exist() -> None:
    """They may lack arguments; command, verb and options are real."""
    for said in inline():
        if said.text.startswith("trueup ") and not said.text.startswith("trueup ..."):
            words = [word.strip("[]") for word in said.text.split()[1:]]
            if words in (["--help"], ["--version"]) or (len(words) == 1 and COMMANDS[words[0]].group):
                continue
            command, rest = _command(words)
            options = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
            used = {word.partition("=")[0] for word in rest if word.startswith("-")}
            assert used <= options | {"--help"}, str(said)


@pytest.mark.parametrize("block", list(blocks("sh")), ids=lambda block: f"{block.page}:{block.line}")
def test_shell_blocks_are_shell(block: Said) -> None:
    """Each line splits into words."""
    for line in block.text.splitlines():
        assert shlex.split(line, comments=True)
