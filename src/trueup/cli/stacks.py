"""`trueup stack`: what is reconciled."""

import time
from pathlib import Path
from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import PLANNING, Api, connect
from trueup.cli.coverage import write_code
from trueup.cli.failures import FAILED, FOUND
from trueup.cli.lazy import Noun
from trueup.cli.options import Environment, ExitCode, OptionalReason, Reason, StackName, Wait, Yes
from trueup.cli.output import aside, emit
from trueup.cli.questions import confirm
from trueup.cli.runs import show_run, wait_for
from trueup.cli.tooling import At, Write, use
from trueup.cli.views import coverage as coverage_views
from trueup.cli.views import stacks as views
from trueup.cli.waiting import poll, waiting
from trueup.model.drift import CheckState
from trueup.model.errors import Invalid
from trueup.model.values import JSON

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def stack() -> None:
    """Stacks: what is reconciled.

    \b
    trueup stack list --env prod
    trueup stack check prod/app
    """


@app.command("list")
def list_(
    ctx: typer.Context,
    env: Environment = None,
    standing: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only unadopted, settled, orphaned or forgotten ones.")
    ] = None,
    mode: Annotated[str | None, typer.Option(metavar="WORD", help="Only in mode observe, propose or deliver.")] = None,
) -> None:
    """List the stacks, each with its mode, newest check and open drifts.

    \b
    trueup stack list --env prod --standing unadopted
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("stacks", env=env, standing=standing, mode=mode), views.stacks)


@app.command()
def show(ctx: typer.Context, name: StackName) -> None:
    """Show one stack: where its books stand, its newest check and its run.

    \b
    trueup stack show prod/app
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("stacks", _id(api, name)), views.stack)


@app.command()
def plan(ctx: typer.Context, name: StackName, exit_code: ExitCode = False) -> None:
    """Plan at the branch's head and say the cause of every difference; changes nothing.

    \b
    trueup stack plan prod/app --exit-code
    """
    with connect(ctx.obj) as api:
        document = api.get("stacks", _id(api, name), "plan", patience=PLANNING)
    emit(ctx.obj.output, document, views.plan)
    if exit_code and document.get("changes"):
        raise typer.Exit(FOUND)


@app.command()
def check(ctx: typer.Context, name: StackName, wait: Wait = True, exit_code: ExitCode = False) -> None:
    """Look for drift now; changes nothing.

    \b
    trueup stack check prod/app --exit-code
    """
    with connect(ctx.obj) as api:
        id = _id(api, name)
        document = api.post("stacks", id, "check")
        if wait:
            with waiting("looking for drift"):
                document = poll(lambda: api.get("stacks", id, "check"), _ended, time.sleep)
    emit(ctx.obj.output, document, views.checked)
    state = document.get("state")
    if wait and state in (CheckState.FAILED, CheckState.INVALIDATED):
        raise typer.Exit(FAILED)
    if exit_code and state == CheckState.DRIFTED:
        raise typer.Exit(FOUND)


@app.command()
def coverage(
    ctx: typer.Context,
    name: StackName,
    write: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the code that would take in what is found there.")
    ] = None,
) -> None:
    """Say what is watched beside the plan, and what was found there that no code has; changes nothing.

    A plan sees only what code manages. Rules of a managed security group, routes of a managed table, policies of a
    managed role and records of a managed zone are looked for as well. Each that no code has is shown with the resource
    and the import block that would manage it.

    \b
    trueup stack coverage prod/app
    trueup stack coverage prod/app --write imports
    """
    with connect(ctx.obj) as api:
        document = api.get("stacks", _id(api, name), "coverage", patience=PLANNING)
    emit(ctx.obj.output, document, coverage_views.coverage)
    if write is not None:
        for path in write_code(write, document["strays"]):
            aside(f"wrote {path}")


@app.command()
def tool(
    ctx: typer.Context,
    name: StackName,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Without one: what there is.", show_default=False)] = "",
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="What the tool takes.", show_default=False)
    ] = None,
    at: At = "",
    write: Write = None,
    reason: OptionalReason = "",
) -> None:
    """Use a tool of the stack's driver: what `trueup db` and `trueup dns` do, and those of other drivers.

    \b
    trueup stack tool prod/orders
    trueup stack tool prod/orders diff a=settled b=live
    """
    if tool:
        use(ctx, name, tool, _named(arguments or []), at=at, write=write, reason=reason)
        return
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("stacks", _id(api, name), "tools"), views.tools)


@app.command()
def deliver(ctx: typer.Context, name: StackName, reason: Reason, wait: Wait = False) -> None:
    """Start a delivery of the branch's head, through the gate.

    \b
    trueup stack deliver prod/app --reason "retry after the quota was raised" --wait
    """
    with connect(ctx.obj) as api:
        document = api.post("stacks", _id(api, name), "deliver", body={"reason": reason})
        _show(ctx, api, document, wait=wait)


@app.command()
def pause(ctx: typer.Context, name: StackName, reason: Reason) -> None:
    """Stop deliveries and automatic responses of a stack; checks go on.

    \b
    trueup stack pause prod/app --reason "migration of the load balancer by hand"
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.post("stacks", _id(api, name), "pause", body={"reason": reason}), views.stack)


@app.command()
def resume(ctx: typer.Context, name: StackName) -> None:
    """Let a paused stack be delivered again.

    \b
    trueup stack resume prod/app
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.post("stacks", _id(api, name), "resume"), views.stack)


@app.command()
def unlock(
    ctx: typer.Context,
    name: StackName,
    lock: Annotated[str, typer.Option(metavar="ID", help="The lock that you looked at; without it, only look.")] = "",
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="How you know that its holder is gone.")
    ] = "",
) -> None:
    """Show who holds a stack's lock in the live system, and break exactly that one.

    \b
    trueup stack unlock prod/app
    trueup stack unlock prod/app --lock 3f2a... --reason "the laptop that held it is switched off"
    """
    with connect(ctx.obj) as api:
        id = _id(api, name)
        if lock:
            document = api.post("stacks", id, "unlock", body={"lock": lock, "reason": reason}, patience=PLANNING)
        else:
            document = api.get("stacks", id, "lock", patience=PLANNING)
    emit(ctx.obj.output, document, views.lock)


@app.command("mv")
def move(
    ctx: typer.Context,
    name: StackName,
    to: Annotated[str, typer.Argument(help="The stack as it is declared now.", show_default=False)],
) -> None:
    """Give the books of a stack that left its path to the one that is declared at the new path.

    \b
    trueup stack mv aws//legacy/app aws//environments/prod/app
    """
    with connect(ctx.obj) as api:
        new = lookup.stack(api, to)["name"]
        emit(ctx.obj.output, api.post("stacks", _id(api, name), "move", body={"to": new}), views.stack)


@app.command()
def forget(ctx: typer.Context, name: StackName, reason: Reason) -> None:
    """Stop watching a stack that is gone from Git; nothing live is touched.

    \b
    trueup stack forget aws//legacy/app --reason "handed over to the data team"
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.post("stacks", _id(api, name), "forget", body={"reason": reason}), views.stack)


@app.command()
def destroy(ctx: typer.Context, name: StackName, reason: Reason, yes: Yes = False, wait: Wait = False) -> None:
    """Take down everything that a stack manages, through the gate.

    \b
    trueup stack destroy dev/app --reason "the trial is over"
    """
    with connect(ctx.obj) as api:
        found = lookup.stack(api, name)
        confirm(f"Take down everything that {found['name']} manages?", yes)
        document = api.post("stacks", found["id"], "destroy", body={"reason": reason})
        _show(ctx, api, document, wait=wait)


def _id(api: Api, name: str) -> str:
    return str(lookup.stack(api, name)["id"])


def _ended(check: JSON) -> bool:
    return check.get("state") not in (CheckState.DUE, CheckState.CHECKING)


def _show(ctx: typer.Context, api: Api, run: JSON, *, wait: bool) -> None:
    if wait:
        run = wait_for(api, run["id"])
    show_run(ctx.obj.output, api, run, with_why=False)
    if wait:
        raise typer.Exit(0 if run["state"] == "finished" else FAILED)


def _named(arguments: list[str]) -> dict[str, str]:
    pairs = [argument.partition("=") for argument in arguments]
    wrong = [name for name, separator, _ in pairs if not separator]
    if wrong:
        raise Invalid(f"{', '.join(wrong)} has no value", hint="write NAME=VALUE")
    return {name: value for name, _, value in pairs}
