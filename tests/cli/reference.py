"""docs/commands.md from the commands themselves: `python -m tests.cli.reference > docs/commands.md`."""

import re
from collections.abc import Iterator

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from trueup.cli.commands import COMMANDS
from trueup.cli.lazy import SHARED
from trueup.cli.main import app

HEAD = """\
# Commands

Every command speaks the HTTP API: of `--server`, else of the `trueup up` that has the data directory, else of Trueup
in its own process. `--output json` and `--output yaml` print exactly what the API answers.

Exit codes: 0 fine; 1 refused or failed; 2 the input is wrong; 3, with `--exit-code`, drift or changes were found; 130
interrupted.

This page is made from the commands: `python -m tests.cli.reference > docs/commands.md`.
"""


def reference() -> str:
    """The whole page."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    lines = [HEAD, "## Everywhere", "", *_options(root), ""]
    for name, entry in COMMANDS.items():
        command = root.get_command(None, name)
        if isinstance(command, TyperGroup):
            lines += [f"## trueup {name}", "", entry.help, ""]
            for verb, each in command.commands.items():
                assert isinstance(each, TyperCommand)
                lines += _command(f"trueup {name} {verb}", each, "###")
        else:
            assert isinstance(command, TyperCommand)
            lines += _command(f"trueup {name}", command, "##")
    return "\n".join(lines).rstrip() + "\n"


def _command(title: str, command: TyperCommand, marks: str) -> Iterator[str]:
    told, _, examples = (command.help or "").partition("\b\n")
    yield from (f"{marks} {title}", "", told.strip(), "", "```console")
    yield from (f"$ {line}" for line in examples.strip().splitlines())
    yield from ("```", "", *_options(command), "")


def _options(command: TyperCommand | TyperGroup) -> list[str]:
    shared = SHARED if isinstance(command, TyperCommand) else ()
    rows = [_row(param) for param in command.params if param.name not in (*shared, "help")]
    return ["| | |", "|---|---|", *rows] if rows else []


def _row(param: object) -> str:
    assert isinstance(param, TyperArgument | TyperOption)
    if isinstance(param, TyperArgument):
        names = f"`{param.metavar or str(param.name).upper()}`"
    else:
        value = "" if param.is_flag else f" {param.metavar or ''}".rstrip()
        names = ", ".join(f"`{name}{value}`" for name in (*param.opts, *param.secondary_opts))
    known = f" Environment: `{param.envvar}`." if isinstance(param.envvar, str) else ""
    return f"| {names} | {re.sub(r'[|]', '&#124;', param.help or '')}{known} |"


if __name__ == "__main__":
    print(reference(), end="")
