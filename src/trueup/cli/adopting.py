"""`trueup adopt`: what differs on stacks that are live and have no books, and the person who settles it."""

from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import PLANNING, Api, connect
from trueup.cli.failures import FAILED
from trueup.cli.invocation import Output
from trueup.cli.output import aside, clock, emit, say
from trueup.cli.questions import agrees
from trueup.cli.views import adoption as views
from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable
from trueup.model.values import JSON

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Adoption."""


@app.command()
def adopt(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="STACK", help="Its name, or an ending or id that only one has; none: show all.")
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="Why, for the ledger: settles it; without, only show.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Settle every stack without books, asking for each.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    seen: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Only if nothing moved since the preview that showed this.")
    ] = None,
) -> None:
    """Show what differs on stacks without books, and settle them.

    Without a name, shows every such stack: clean, pending (merged and never applied), drifted (changed by hand) or
    absent (nothing is live). With a name, shows that one; with a reason, a named person settles it and the stack has
    its first baseline. What was changed by hand stays open drift: settling never undoes it.

    \b
    trueup adopt
    trueup adopt prod/app --as anna --reason "taken over from the cron job"
    trueup adopt --all --as anna --reason "first day"
    """
    if every and name:
        raise Invalid("--all and a stack exclude each other", hint="leave one of them out")
    if every and not reason:
        raise Invalid("settling needs a reason: it goes into the ledger", hint='--reason "..."')
    with connect(ctx.obj) as api:
        if every:
            _all(ctx.obj.output, api, reason, yes=yes)
        elif name:
            _one(ctx.obj.output, api, lookup.stack(api, name), reason, seen)
        else:
            emit(ctx.obj.output, [_preview(api, each) for each in _unadopted(api)], views.adoptions)


def _one(output: Output, api: Api, stack: JSON, reason: str, seen: str | None) -> None:
    if not reason:
        emit(output, api.get("stacks", stack["id"], "adoption", patience=PLANNING), views.adoption)
        if output is Output.TABLE:
            say(views.settle_it(stack["name"]))
        return
    body = {"reason": reason, "seen": seen}
    emit(output, api.post("stacks", stack["id"], "adopt", body=body, patience=PLANNING), views.adopted)


def _all(output: Output, api: Api, reason: str, *, yes: bool) -> None:
    """One after the other, each bound to the preview that the person saw. One that fails stops none of the others."""
    answers: list[JSON] = []
    for stack in _unadopted(api):
        preview = _preview(api, stack)
        if "error" in preview:
            aside(f"{stack['name']}: {preview['error']}")
            continue
        if output is Output.TABLE:
            say(views.adoption(preview, clock()))
        if agrees(f"Settle {stack['name']}?", yes):
            body = {"reason": reason, "seen": preview.get("seen")}
            try:
                answers.append(api.post("stacks", stack["id"], "adopt", body=body, patience=PLANNING))
            except TrueupError as error:
                aside(f"{stack['name']}: {error}")
    emit(output, answers, views.all_adopted)
    left = len(_unadopted(api))
    if left:
        aside(f"{left} without books still: `trueup adopt` shows them")
        raise typer.Exit(FAILED)


def _unadopted(api: Api) -> list[JSON]:
    return list(api.get("stacks", standing="unadopted"))


def _preview(api: Api, stack: JSON) -> JSON:
    """What differs, or why it cannot be told: one stack that does not plan hides none of the others."""
    try:
        document: JSON = api.get("stacks", stack["id"], "adoption", patience=PLANNING)
    except (Invalid, Rejected, Unavailable) as error:
        return {"stack": stack["id"], "name": stack["name"], "state": "failed", "error": str(error)}
    return document
