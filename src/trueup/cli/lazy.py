"""Lazy: a group of commands whose modules are imported when they are used, and the options that all of them share."""

import copy
from dataclasses import replace
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import Typer, get_group

from trueup.cli.commands import COMMANDS
from trueup.cli.invocation import Invocation

SHARED = ("output", "person", "server", "token", "data", "repo")
"""Root options that are accepted after the command as well; fields of Invocation."""

SHOWN = ("output", "person")
"""Those that the help of each command repeats; the others are in `trueup --help`."""


class LazyGroup(TyperGroup):
    """The root. Its list of commands is a table, so showing it imports nothing."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        app = import_module(entry.module).app
        assert isinstance(app, Typer), f"{entry.module} has no Typer app"
        group = get_group(app)
        command = group if entry.group else group.commands[cmd_name]
        assert isinstance(command, TyperCommand | TyperGroup)
        self._share(command)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = dict.fromkeys(COMMANDS, self)  # only the names: Typer suggests them for a mistyped one
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def _share(self, command: TyperCommand | TyperGroup) -> None:
        """Gives a command, or a noun and its verbs, the root's options, unless it has one of that name itself."""
        if isinstance(command, TyperGroup):
            for verb in command.commands.values():
                assert isinstance(verb, TyperCommand | TyperGroup)
                self._share(verb)
        own = {param.name for param in command.params}
        for param in self.params:
            if param.name in SHARED and param.name not in own:
                assert isinstance(param, TyperOption)
                command.params.append(_again(param))


class Noun(TyperGroup):
    """A noun with its verbs, whose sentences are shown whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, (verb.help or "").partition("\n")[0]) for name, verb in self.commands.items()])


def _again(param: TyperOption) -> TyperOption:
    """The same option for after the command: what it says wins over what was said before."""
    again = copy.copy(param)
    again.expose_value = False
    again.default, again.envvar, again.show_default = None, None, False
    again.hidden = param.name not in SHOWN
    again.callback = _override
    return again


def _override(ctx: Any, param: Any, value: Any) -> None:
    if value is not None and isinstance(ctx.obj, Invocation):
        ctx.obj = replace(ctx.obj, **{param.name: value})
