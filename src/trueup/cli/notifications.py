"""`trueup notifications`: who was told what, what nobody took, and whether a route works."""

from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import connect
from trueup.cli.failures import FAILED
from trueup.cli.lazy import Noun
from trueup.cli.output import emit
from trueup.cli.questions import confirm
from trueup.cli.views import notifications as views
from trueup.model.notice import NotificationState

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NOTIFICATION", help="Its id, or as much of it as only one has.", show_default=False)
]


@app.callback()
def notifications() -> None:
    """Notifications: who was told what, and what nobody took.

    \b
    trueup notifications list --state dead
    trueup notifications routes
    trueup notifications test 1
    """


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[NotificationState | None, typer.Option(help="Only in this state.")] = None,
) -> None:
    """List notifications, newest first: where to, how often it was tried, why it did not arrive.

    \b
    trueup notifications list --state dead
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("notifications", state=state), views.notifications)


@app.command()
def show(ctx: typer.Context, name: Name) -> None:
    """Show one notification and what it says.

    \b
    trueup notifications show ntf-3f9a1c
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("notifications", lookup.notification(api, name)), views.notification)


@app.command()
def routes(ctx: typer.Context) -> None:
    """List every place that an alert of trueup.yaml names.

    \b
    trueup notifications routes
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("notifications", "routes"), views.routes)


@app.command()
def test(
    ctx: typer.Context,
    route: Annotated[int, typer.Argument(metavar="ROUTE", help="Its number: `trueup notifications routes`.")],
    owner: Annotated[str, typer.Option(metavar="NAME", help="Whom `{owner}` stands for.")] = "",
    env: Annotated[str, typer.Option("--env", "-e", metavar="NAME", help="What `{env}` stands for.")] = "",
) -> None:
    """Send a message to one route, to see whether it arrives. It pages nobody.

    \b
    trueup notifications test 1 --owner platform
    """
    with connect(ctx.obj) as api:
        document = api.post("notifications", "test", body={"route": route, "owner": owner, "env": env})
    emit(ctx.obj.output, document, views.notification)
    if document["state"] != "sent":
        raise typer.Exit(FAILED)


@app.command()
def retry(ctx: typer.Context, name: Name) -> None:
    """Send one again from the beginning, with the same key.

    \b
    trueup notifications retry ntf-3f9a1c
    """
    with connect(ctx.obj) as api:
        document = api.post("notifications", lookup.notification(api, name), "retry")
        emit(ctx.obj.output, document, views.notification)


@app.command()
def drop(
    ctx: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Give one up: nobody needs it any more.

    \b
    trueup notifications drop ntf-3f9a1c
    """
    confirm(f"Give up the notification {name}?", yes)
    with connect(ctx.obj) as api:
        document = api.post("notifications", lookup.notification(api, name), "drop")
        emit(ctx.obj.output, document, views.notification)
