"""`trueup run`: one walk from plan to record for one stack."""

import time
from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import Api, connect
from trueup.cli.failures import FAILED
from trueup.cli.invocation import Output
from trueup.cli.lazy import Noun
from trueup.cli.options import OnlyStack, OptionalReason, Reason, RunName
from trueup.cli.output import clock, declare_boundary, emit, say
from trueup.cli.views import runs as views
from trueup.cli.waiting import poll, waiting
from trueup.model.run import RunState
from trueup.model.values import JSON

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def run() -> None:
    """Runs: one walk from plan to record for one stack.

    \b
    trueup run list --state blocked
    trueup run show run-0f3a --why
    """


@app.command("list")
def list_(
    ctx: typer.Context,
    stack: OnlyStack = None,
    state: Annotated[RunState | None, typer.Option(help="Only in this state.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only proposals, deliveries, reverts or destroys.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
) -> None:
    """List the newest runs.

    \b
    trueup run list --stack prod/app --state awaiting_approval
    """
    with connect(ctx.obj) as api:
        id = lookup.stack(api, stack)["id"] if stack else None
        emit(ctx.obj.output, api.get("runs", stack=id, state=state, kind=kind, limit=limit), views.runs)


@app.command()
def show(
    ctx: typer.Context,
    name: RunName,
    why: Annotated[bool, typer.Option("--why", help="Say what is missing, and from whom.")] = False,
) -> None:
    """Show one run; a blocked one with what it would undo, and the three ways on.

    \b
    trueup run show run-0f3a --why
    """
    with connect(ctx.obj) as api:
        show_run(ctx.obj.output, api, api.get("runs", lookup.run(api, name)), with_why=why)


@app.command()
def logs(
    ctx: typer.Context,
    name: RunName,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on printing until the run ends or waits for a person.")
    ] = False,
) -> None:
    """Print what a run's plan and apply said.

    \b
    trueup run logs run-0f3a --follow
    """
    with connect(ctx.obj) as api:
        id = lookup.run(api, name)
        found = api.get("runs", id, "logs")
        if not follow:
            emit(ctx.obj.output, found, views.log_lines)
            return
        while True:
            for _, line in found:
                print(line, flush=True)
            after = found[-1][0] if found else None
            # Asked before the lines: what was written before the run rested is in the next answer.
            rests = _rests(api.get("runs", id))
            found = api.get("runs", id, "logs", after=after)
            if rests and not found:
                return
            if not found:
                time.sleep(1)


@app.command()
def approve(
    ctx: typer.Context,
    name: RunName,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What to say with it.")] = None,
    effect: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Only if this is still what would happen; else what is shown now."),
    ] = None,
) -> None:
    """Agree to exactly the effect that a run shows.

    \b
    trueup run approve run-0f3a --as ben --note "checked with the network team"
    """
    with connect(ctx.obj) as api:
        id = lookup.run(api, name)
        # Without a digest typed, the one that is there now: a plan that changes meanwhile is not agreed to.
        seen = effect or api.get("runs", id).get("effect")
        document = api.post("runs", id, "approve", body={"note": note, "effect": seen})
        show_run(ctx.obj.output, api, document, with_why=False)
        declare_boundary(document)


@app.command()
def reject(ctx: typer.Context, name: RunName, reason: Reason) -> None:
    """Say no to a run that waits for approval.

    \b
    trueup run reject run-0f3a --as ben --reason "not before the freeze ends"
    """
    _decide(ctx, name, "reject", {"reason": reason})


@app.command()
def release(
    ctx: typer.Context,
    name: RunName,
    addresses: Annotated[
        list[str],
        typer.Option(
            "--losing",
            metavar="ADDRESS",
            help="What it may undo, at the values seen; once for each address.",
            show_default=False,
        ),
    ],
    reason: Reason,
) -> None:
    """Let a blocked run undo the hand-made changes at these addresses, and nothing else.

    \b
    trueup run release run-0f3a --losing aws_security_group.web --reason "the port was for a test"
    """
    _decide(ctx, name, "release", {"addresses": addresses, "reason": reason})


@app.command()
def discard(ctx: typer.Context, name: RunName, reason: OptionalReason = "") -> None:
    """End a run that has not begun to apply.

    \b
    trueup run discard run-0f3a
    """
    _decide(ctx, name, "discard", {"reason": reason or None})


@app.command()
def cancel(ctx: typer.Context, name: RunName, reason: OptionalReason = "") -> None:
    """End a run; one that applies is interrupted properly, and recovered afterwards.

    \b
    trueup run cancel run-0f3a --reason "wrong environment"
    """
    _decide(ctx, name, "cancel", {"reason": reason or None})


@app.command()
def urgent(ctx: typer.Context, name: RunName, reason: OptionalReason = "") -> None:
    """Put a delivery ahead of the queue: one person asks with a reason, another one agrees.

    The gate stays: approvals and the guard hold as always.

    \b
    trueup run urgent run-0f3a --as anna --reason "checkout is down, this is the fix"
    trueup run urgent run-0f3a --as ben
    """
    _decide(ctx, name, "urgent", {"reason": reason or None})


@app.command()
def recover(ctx: typer.Context, name: RunName) -> None:
    """Find out what an interrupted apply did, and write it down.

    \b
    trueup run recover run-0f3a
    """
    _decide(ctx, name, "recover", {})


def show_run(output: Output, api: Api, document: JSON, *, with_why: bool) -> None:
    """A run; for people, a blocked one with whose changes it would undo."""
    emit(output, document, views.run)
    if output is not Output.TABLE:
        return
    if document["state"] == RunState.BLOCKED:
        say(views.blocked(document, clock()))
    if with_why:
        say(views.why(document, clock()))
    elif document["state"] == RunState.AWAITING_APPROVAL:
        say(views.why(document if document.get("why") else api.get("runs", document["id"]), clock()))


def wait_for(api: Api, id: str) -> JSON:
    """The run, once it ended or waits for a person."""
    with waiting(f"{id} is at work"):
        return poll(lambda: api.get("runs", id), _rests, time.sleep)


def _rests(run: JSON) -> bool:
    state = RunState(run["state"])
    return state.ended or state.parked or state is RunState.UNCERTAIN


def _decide(ctx: typer.Context, name: str, verb: str, body: dict[str, object]) -> None:
    with connect(ctx.obj) as api:
        document = api.post("runs", lookup.run(api, name), verb, body=body)
        show_run(ctx.obj.output, api, document, with_why=False)
        if document["state"] == RunState.FAILED:
            raise typer.Exit(FAILED)
