"""`trueup doctor`: what is installed, what is missing, and how to get it; and whether the key is backed up."""

from typing import Annotated

import typer

from trueup.cli import examination
from trueup.cli.client import Api, beside, connect
from trueup.cli.failures import FAILED
from trueup.cli.invocation import Invocation
from trueup.cli.output import emit
from trueup.cli.views import doctor as views
from trueup.model.errors import TrueupError
from trueup.model.values import JSON

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Doctor."""


@app.command()
def doctor(
    ctx: typer.Context,
    backed_up: Annotated[
        bool, typer.Option("--backed-up", help="Note that a copy of the key is kept somewhere else.")
    ] = False,
) -> None:
    """Say what is installed, what is missing, and how to get it.

    Needs no server; of a running one it also asks how that one is. Ends with 1 when something that is needed is
    missing or wrong.

    \b
    trueup doctor
    trueup doctor --backed-up
    """
    invocation: Invocation = ctx.obj
    if backed_up:
        examination.note_backup(invocation.data)
    found = examination.examine(invocation.data, invocation.repo)
    document: JSON = {"here": [each.document for each in found], "server": _server(invocation)}
    emit(invocation.output, document, views.examined)
    server = document["server"]
    if any(each.wrong for each in found) or (server and "error" in server):
        raise typer.Exit(FAILED)


def _server(invocation: Invocation) -> JSON:
    """What the server says of itself; None when there is none to ask."""
    if not invocation.server and beside(invocation.data) is None:
        return None
    try:
        with connect(invocation) as api:
            return _asked(api)
    except TrueupError as error:
        return {"error": str(error)}


def _asked(api: Api) -> JSON:
    return {"place": api.place, "says": api.get("doctor")}
