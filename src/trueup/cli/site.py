"""`trueup refresh` and `whoami`: the site as a whole."""

import typer

from trueup.cli.client import PLANNING, connect
from trueup.cli.failures import FAILED
from trueup.cli.output import emit
from trueup.cli.views import site as views

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def group() -> None:
    """The site."""


@app.command()
def refresh(ctx: typer.Context) -> None:
    """Look at Git now and take in what is new.

    Without it the next poll does. Ends with 1 when a repository could not be read.

    \b
    trueup refresh
    """
    with connect(ctx.obj) as api:
        document = api.post("refresh", patience=PLANNING)
    emit(ctx.obj.output, document, views.refreshed)
    if document["errors"]:
        raise typer.Exit(FAILED)


@app.command()
def whoami(ctx: typer.Context) -> None:
    """Say whom the server takes you for, and what you may do.

    \b
    trueup whoami --as anna
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("whoami"), views.caller)
