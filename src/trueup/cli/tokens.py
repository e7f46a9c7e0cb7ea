"""`trueup token`: tokens for the API."""

from typing import Annotated

import typer

from trueup.cli.client import connect
from trueup.cli.lazy import Noun
from trueup.cli.output import clock, emit
from trueup.cli.questions import confirm
from trueup.cli.views import tokens as views
from trueup.cli.when import moment

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def token() -> None:
    """Tokens for the API.

    \b
    trueup token create anna --scope decide --expires 90d
    """


@app.command()
def create(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help="Whom it speaks for: a name from `people:`.", show_default=False)],
    scope: Annotated[list[str] | None, typer.Option(metavar="WORD", help="read, decide or admin; else read.")] = None,
    expires: Annotated[str, typer.Option(metavar="TIME", help="When it ends: 90d or a date, within a year.")] = "90d",
) -> None:
    """Make a token. Its text is shown once and never again.

    \b
    trueup token create anna --scope read --expires 30d
    """
    ends = moment(expires, clock().now, past=False)
    with connect(ctx.obj) as api:
        body = {"person": person, "scopes": scope or None, "expires_at": ends}
        emit(ctx.obj.output, api.post("tokens", body=body), views.created)


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """List the tokens, never their texts.

    \b
    trueup token list
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("tokens"), views.tokens)


@app.command()
def revoke(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id: `trueup token list`.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Make a token worthless, from its next use on.

    \b
    trueup token revoke 9f31c2ab04
    """
    confirm(f"Revoke the token {id}?", yes)
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.delete("tokens", id), views.revoked)
