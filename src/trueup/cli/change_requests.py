"""`trueup request`: change requests of the repositories."""

import sys
from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import Api, connect
from trueup.cli.lazy import Noun
from trueup.cli.options import OptionalReason
from trueup.cli.output import aside, declare_boundary, emit
from trueup.cli.views import requests as views
from trueup.model.errors import Refused
from trueup.model.values import JSON

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)

RequestName = Annotated[
    str, typer.Argument(metavar="REQUEST", help="Like aws#12; 12 where there is one repository.", show_default=False)
]
Repository = Annotated[
    str, typer.Argument(metavar="REPOSITORY", help="Its key in trueup.yaml; not needed when there is one.")
]


@app.callback()
def request() -> None:
    """Change requests of the repositories.

    \b
    trueup request list
    trueup request approve aws#12 --as ben
    """


@app.command("open")
def open_(
    ctx: typer.Context,
    head: Annotated[str, typer.Option("--head", metavar="BRANCH", help="The branch with the changes.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="One line that says what changes.")],
    repository: Repository = "",
    body: Annotated[str, typer.Option(metavar="TEXT", help="Why; - reads it from standard input.")] = "",
    base: Annotated[str | None, typer.Option(metavar="BRANCH", help="Where it goes; else the default branch.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Not yet to be merged.")] = False,
) -> None:
    """Open a change request for a branch that was pushed.

    \b
    trueup request open aws --head tag-the-web-group --title "Tag the web group"
    """
    text = sys.stdin.read() if body == "-" else body
    new = {"title": title, "body": text, "head_branch": head, "base_branch": base, "draft": draft}
    with connect(ctx.obj) as api:
        key = lookup.repository(api, repository)
        emit(ctx.obj.output, api.post("repositories", key, "requests", body=new), views.request)


@app.command("list")
def list_(
    ctx: typer.Context,
    repository: Repository = "",
    state: Annotated[str, typer.Option(metavar="WORD", help="open, merged, closed or all.")] = "open",
) -> None:
    """List change requests.

    \b
    trueup request list aws --state merged
    """
    with connect(ctx.obj) as api:
        if repository:
            key = lookup.repository(api, repository)
            found = api.get("repositories", key, "requests", state=state)
        else:
            found = _everywhere(api, state)
        emit(ctx.obj.output, found, views.requests)


@app.command()
def show(ctx: typer.Context, name: RequestName) -> None:
    """Show one change request with its statuses, comments and diff.

    \b
    trueup request show aws#12
    """
    with connect(ctx.obj) as api:
        found = lookup.request(api, name)
        emit(ctx.obj.output, api.get("repositories", found.repository, "requests", found.number), views.request)


@app.command()
def approve(
    ctx: typer.Context,
    name: RequestName,
    commit: Annotated[
        str | None, typer.Option(metavar="SHA", help="Only if this is still its head; else what is there now.")
    ] = None,
) -> None:
    """Approve a change request of somebody else at its present commit.

    \b
    trueup request approve aws#12 --as ben
    """
    with connect(ctx.obj) as api:
        found = lookup.request(api, name)
        place = ("repositories", found.repository, "requests", found.number)
        seen = commit or api.get(*place)["head"]
        document = api.post(*place, "approve", body={"commit": seen})
        emit(ctx.obj.output, document, views.request)
        declare_boundary(document)


@app.command()
def merge(ctx: typer.Context, name: RequestName) -> None:
    """Merge a change request.

    \b
    trueup request merge aws#12 --as anna
    """
    with connect(ctx.obj) as api:
        found = lookup.request(api, name)
        document = api.post("repositories", found.repository, "requests", found.number, "merge")
        emit(ctx.obj.output, document, views.request)


@app.command()
def close(ctx: typer.Context, name: RequestName, reason: OptionalReason = "") -> None:
    """Close a change request without merging it.

    \b
    trueup request close aws#12 --reason "done another way"
    """
    with connect(ctx.obj) as api:
        found = lookup.request(api, name)
        place = ("repositories", found.repository, "requests", found.number)
        emit(ctx.obj.output, api.post(*place, "close", body={"reason": reason or None}), views.request)


@app.command()
def comment(
    ctx: typer.Context,
    name: RequestName,
    body: Annotated[str, typer.Option(metavar="TEXT", help="What to say; - reads it from standard input.")],
) -> None:
    """Say something on a change request.

    \b
    trueup request comment aws#12 --body "Which ticket is this for?"
    """
    text = sys.stdin.read() if body == "-" else body
    with connect(ctx.obj) as api:
        found = lookup.request(api, name)
        place = ("repositories", found.repository, "requests", found.number)
        emit(ctx.obj.output, api.post(*place, "comment", body={"body": text}), views.request)


def _everywhere(api: Api, state: str) -> list[JSON]:
    """Of all repositories; one whose forge is out of reach is named and hides none of the others."""
    found: list[JSON] = []
    for each in api.get("repositories"):
        try:
            found += api.get("repositories", each["name"], "requests", state=state)
        except Refused as error:
            aside(f"left out: {error.message}")
    return found
