"""Tooling: a driver's tool, asked for over the API: its words for people, its data for programs, its files on disk."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from trueup.cli import lookup
from trueup.cli.client import PLANNING, connect
from trueup.cli.failures import FAILED
from trueup.cli.output import aside, emit
from trueup.model.errors import Invalid

At = Annotated[str, typer.Option("--at", metavar="COMMIT", help="Of this commit or branch; else of the branch's head.")]
Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="DIR", help="Write the files below this directory, a checkout of the repository."),
]
DRIVERS = {"db": "database", "dns": "dns"}


def use(
    ctx: typer.Context,
    name: str,
    tool: str,
    arguments: Mapping[str, str] | None = None,
    *,
    at: str = "",
    write: Path | None = None,
    reason: str = "",
) -> None:
    """Ends with 1 where what the tool looked at is not as it should be."""
    body = {
        "arguments": {key: value for key, value in (arguments or {}).items() if value},
        "commit": at,
        "reason": reason,
    }
    with connect(ctx.obj) as api:
        stack = lookup.stack(api, name)
        noun = ctx.parent.info_name if ctx.parent else None
        if stack["driver"] != DRIVERS.get(noun or "", stack["driver"]):
            raise Invalid(f"{stack['name']} is no stack for `trueup {noun}`: its driver is `{stack['driver']}`")
        document = api.post("stacks", stack["id"], "tools", tool, body=body, patience=PLANNING)
    emit(ctx.obj.output, document, lambda told, _: Text(str(told["text"]).rstrip("\n")))
    if write is not None:
        for path in _written(write, document["files"]):
            aside(f"wrote {path}")
    elif document["files"]:
        aside("nothing is written yet: --write DIR writes this below a checkout")
    if not document["passed"]:
        raise typer.Exit(FAILED)


def _written(directory: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """Never over a file that is there, and nothing at all where one of them is. Raises Invalid."""
    paths = {directory / name: text for name, text in files.items()}
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise Invalid(f"already there: {', '.join(there)}", hint="move it away, or name another directory")
    for path, text in paths.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise Invalid(f"{path} cannot be written: {error.strerror}", hint="name a directory of yours") from None
        yield path
