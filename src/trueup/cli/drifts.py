"""`trueup drift`: where reality left what was settled."""

from enum import StrEnum
from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.client import PLANNING, connect
from trueup.cli.failures import FOUND
from trueup.cli.lazy import Noun
from trueup.cli.options import Environment, ExitCode, OnlyStack, OptionalReason, Reason
from trueup.cli.output import clock, emit
from trueup.cli.runs import show_run
from trueup.cli.views import drifts as views
from trueup.cli.views import notifications, requests
from trueup.cli.when import moment
from trueup.model.causes import Cause
from trueup.model.drift import DriftState
from trueup.model.errors import Invalid
from trueup.model.severity import Severity
from trueup.model.values import JSON

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)

DriftNames = Annotated[
    list[str],
    typer.Argument(metavar="DRIFT...", help="Ids, or as much of each as only one drift has.", show_default=False),
]
DriftName = Annotated[
    str, typer.Argument(metavar="DRIFT", help="Its id, or as much of it as only one drift has.", show_default=False)
]


@app.callback()
def drift() -> None:
    """Drifts: where reality left what was settled.

    \b
    trueup drift list --env prod
    trueup drift codify dft-0f3a --reason "the port stays"
    """


Who = Annotated[str | None, typer.Option(metavar="PERSON", help="Only what they did; `nobody`: what no event told.")]


class GroupBy(StrEnum):
    """What drifts are counted by."""

    STACK = "stack"
    OWNER = "owner"
    PERSON = "person"
    CAUSE = "cause"


@app.command("list")
def list_(
    ctx: typer.Context,
    stack: OnlyStack = None,
    env: Environment = None,
    state: Annotated[DriftState | None, typer.Option(help="Only in this state.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only of this severity.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="OWNER", help="Only what they own.")] = None,
    who: Who = None,
    ignored: Annotated[bool, typer.Option("--ignored", help="What rules ignore, and which rules.")] = False,
    group: Annotated[GroupBy | None, typer.Option(help="Count them instead: how many, how grave, how old.")] = None,
    exit_code: ExitCode = False,
) -> None:
    """List drifts: what left its settled value, how grave it is, whose it is, who did it, and until when to decide.

    \b
    trueup drift list --env prod --severity structural --exit-code
    trueup drift list --group person
    """
    wanted = DriftState.IGNORED if ignored else state
    with connect(ctx.obj) as api:
        id = lookup.stack(api, stack)["id"] if stack else None
        chosen: JSON = {"stack": id, "env": env, "state": wanted, "severity": severity, "owner": owner, "who": who}
        if group is not None:
            emit(ctx.obj.output, api.get("drifts", "groups", by=group, **chosen), views.piles)
            return
        document = api.get("drifts", **chosen)
    emit(ctx.obj.output, document, views.ignored if ignored else views.drifts)
    if exit_code and any(each["state"] == DriftState.OPEN for each in document):
        raise typer.Exit(FOUND)


@app.command()
def show(ctx: typer.Context, name: DriftName) -> None:
    """Show one drift: what differs, since when, who did it, its whole life, and the ways on.

    \b
    trueup drift show dft-0f3a
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("drifts", lookup.drift(api, name)), views.drift)


@app.command()
def trend(
    ctx: typer.Context,
    weeks: Annotated[int, typer.Option(metavar="N", min=1, max=104, help="How many weeks back.")] = 8,
    owner: Annotated[str, typer.Option(metavar="NAME", help="Only of this owner; `nobody` for none.")] = "",
) -> None:
    """Tell by week and owner what opened, how it was resolved, what missed its deadline, and how long it took.

    \b
    trueup drift trend --weeks 12 --owner platform
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("drifts", "trend", weeks=weeks, owner=owner), notifications.trend)


@app.command()
def codify(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DRIFT...]", help="Ids, or as much of each as only one drift has.", show_default=False),
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", metavar="STACK", help="Instead: all open drift of this stack.")
    ] = None,
    by: Who = None,
    cause: Annotated[Cause | None, typer.Option(help="Only what has this cause.")] = None,
    reason: OptionalReason = "",
) -> None:
    """Open a change request whose edit makes the code say what is real, proven by planning.

    A whole stack's drift becomes one for each person and cause.

    \b
    trueup drift codify dft-0f3a --as anna --reason "opened for the incident, stays"
    trueup drift codify --stack prod/app --by anna
    """
    if bool(names) == bool(stack) or (names and (by or cause)):
        raise Invalid("name drifts, or a stack", hint="trueup drift codify DRIFT..., or --stack STACK [--by] [--cause]")
    with connect(ctx.obj) as api:
        if stack:
            chosen = {"stack": lookup.stack(api, stack)["id"], "person": by, "cause": cause, "reason": reason}
            body = {name: each for name, each in chosen.items() if each}
            backlog = api.post("drifts", "codify", "backlog", body=body, patience=PLANNING)
            emit(ctx.obj.output, backlog, views.proposed)
            return
        ids = [lookup.drift(api, name) for name in names or ()]
        document = api.post("drifts", "codify", body={"ids": ids, "reason": reason or None}, patience=PLANNING)
    emit(ctx.obj.output, document, requests.codification)


@app.command()
def release(ctx: typer.Context, name: DriftName, reason: Reason) -> None:
    """Take a drift out of quarantine: another value is news again.

    \b
    trueup drift release dft-0f3a --reason "the provider is fixed"
    """
    with connect(ctx.obj) as api:
        document = api.post("drifts", lookup.drift(api, name), "release", body={"reason": reason})
        emit(ctx.obj.output, document, views.drift)


@app.command()
def respond(
    ctx: typer.Context,
    name: DriftName,
    reason: Reason,
    resume: Annotated[bool, typer.Option("--resume", help="Let them go on.")] = False,
) -> None:
    """Let automatic reverts go on after somebody fought back.

    \b
    trueup drift respond dft-0f3a --resume --reason "ben stopped his script"
    """
    if not resume:
        raise Invalid("say what is to happen", hint=f"trueup drift respond {name} --resume")
    with connect(ctx.obj) as api:
        document = api.post("drifts", lookup.drift(api, name), "resume", body={"reason": reason})
        emit(ctx.obj.output, document, views.drift)


@app.command()
def revert(ctx: typer.Context, names: DriftNames, reason: Reason) -> None:
    """Undo exactly these drifts of one stack, at the values seen, through the gate.

    \b
    trueup drift revert dft-0f3a --reason "opened by mistake"
    """
    with connect(ctx.obj) as api:
        ids = [lookup.drift(api, name) for name in names]
        document = api.post("drifts", "revert", body={"ids": ids, "reason": reason})
        show_run(ctx.obj.output, api, document, with_why=False)


@app.command()
def tolerate(
    ctx: typer.Context,
    name: DriftName,
    until: Annotated[str, typer.Option(metavar="TIME", help="When it ends: 14d, 6h or 2026-12-24.")],
    reason: Reason,
) -> None:
    """Accept a drift at its present value for a while; another value is new drift.

    \b
    trueup drift tolerate dft-0f3a --until 14d --reason "the vendor needs it until the migration"
    """
    ends = moment(until, clock().now, past=False)
    with connect(ctx.obj) as api:
        body = {"reason": reason, "until": ends}
        emit(ctx.obj.output, api.post("drifts", lookup.drift(api, name), "tolerate", body=body), views.drift)
