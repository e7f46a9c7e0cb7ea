"""`trueup break-glass`: changing the live system by hand, written down, for a while, and followed up."""

from typing import Annotated

import typer

from trueup.cli import lookup
from trueup.cli.borrowing import run_with
from trueup.cli.client import confidential, connect
from trueup.cli.lazy import Noun
from trueup.cli.options import OnlyStack, OptionalReason, Reason
from trueup.cli.output import clock, emit
from trueup.cli.views import break_glass as views
from trueup.cli.when import earlier, seconds
from trueup.model.break_glass import Because, BreakGlassState

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="ID", help="Its id, or as much of it as only one has.", show_default=False)
]
Ttl = Annotated[str | None, typer.Option("--ttl", metavar="SPAN", help="How long: 30m, 2h. Else as set for it.")]


@app.callback()
def break_glass() -> None:
    """Break-glass: changing the live system by hand.

    \b
    trueup break-glass open --stack prod/app --because outage --reason "checkout is down" --ttl 60m
    trueup break-glass exec bg-0f3a -- aws ec2 describe-security-groups
    trueup break-glass close bg-0f3a
    """


@app.command("open")
def open_(
    ctx: typer.Context,
    reason: Reason,
    because: Annotated[Because, typer.Option(help="outage waits for a second person where one is asked for.")],
    stack: OnlyStack = None,
    env: Annotated[str, typer.Option("--env", "-e", metavar="NAME", help="All stacks of this environment.")] = "",
    ttl: Ttl = None,
    ticket: Annotated[str, typer.Option(metavar="ID", help="The incident's.")] = "",
    second: Annotated[str, typer.Option(metavar="NAME", help="Who is asked to confirm.")] = "",
    began: Annotated[str, typer.Option("--from", metavar="TIME", help="Afterwards: when it began, 02:10.")] = "",
    ended: Annotated[str, typer.Option("--to", metavar="TIME", help="Afterwards: when it ended, 03:00.")] = "",
) -> None:
    """Open one: deliveries and automatic responses wait, and what is done by hand is written into code at its end.

    With --because down, --from and --to, one is written down afterwards: Trueup could not be asked.

    \b
    trueup break-glass open --stack prod/app --because outage --reason "checkout is down" --ttl 60m --ticket INC-4711
    trueup break-glass open --env prod --because down --reason "nothing answered" --from 02:10 --to 03:00
    """
    now = clock().now
    with connect(ctx.obj) as api:
        body = {
            "because": because,
            "reason": reason,
            "stack": lookup.stack(api, stack)["id"] if stack else None,
            "environment": env or None,
            "ttl": seconds(ttl) if ttl else None,
            "ticket": ticket or None,
            "second": second or None,
            "began": earlier(began, now) if began else None,
            "ended": earlier(ended, now) if ended else None,
        }
        emit(ctx.obj.output, api.post("break-glass", body=body), views.page)


@app.command("list")
def list_(
    ctx: typer.Context,
    env: Annotated[str | None, typer.Option("--env", "-e", metavar="NAME", help="Only of this environment.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="WORD", help=f"Only in this state, or all: {', '.join(BreakGlassState)}.")
    ] = None,
) -> None:
    """List those that are open, wait for somebody, or are not followed up yet.

    \b
    trueup break-glass list --state all
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("break-glass", env=env, state=state), views.break_glasses)


@app.command()
def show(
    ctx: typer.Context,
    name: Name,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a text for a post-mortem or a ticket.")] = False,
) -> None:
    """Show one page: what changed, by whom, codified where, and what is still owed.

    \b
    trueup break-glass show bg-0f3a
    trueup break-glass show bg-0f3a --markdown
    """
    with connect(ctx.obj) as api:
        document = api.get("break-glass", lookup.break_glass(api, name))
    if markdown:
        print(document["markdown"], end="")
    else:
        emit(ctx.obj.output, document, views.page)


@app.command()
def confirm(ctx: typer.Context, name: Name) -> None:
    """Be the second person: opens one that waits for it, or settles what one that opened at once owes.

    \b
    trueup break-glass confirm bg-0f3a --as ben
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.post("break-glass", lookup.break_glass(api, name), "confirm"), views.page)


@app.command()
def extend(ctx: typer.Context, name: Name, reason: Reason, ttl: Ttl = None) -> None:
    """Give it more time from now, once only.

    \b
    trueup break-glass extend bg-0f3a --ttl 30m --reason "the replica is still catching up"
    """
    with connect(ctx.obj) as api:
        body = {"reason": reason, "ttl": seconds(ttl) if ttl else None}
        emit(ctx.obj.output, api.post("break-glass", lookup.break_glass(api, name), "extend", body=body), views.page)


@app.command()
def close(ctx: typer.Context, name: Name, reason: OptionalReason = "") -> None:
    """End it: its stacks are looked at now, and what was changed by hand goes into change requests.

    \b
    trueup break-glass close bg-0f3a
    """
    with connect(ctx.obj) as api:
        id = lookup.break_glass(api, name)
        emit(ctx.obj.output, api.post("break-glass", id, "close", body={"reason": reason or None}), views.page)


@app.command("exec")
def exec_(
    ctx: typer.Context,
    name: Name,
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND...", help="What to run, and its arguments.", show_default=False)
    ],
    stack: OnlyStack = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="NAME", help="One more variable of yours to hand on.")
    ] = None,
) -> None:
    """Run a command as a role whose session carries the break-glass and you, so that the cloud's log tells.

    The command gets the role's keys, PATH, HOME, the terminal and the proxy, and nothing else of your environment.
    It ends with the command's own exit code.

    \b
    trueup break-glass exec bg-0f3a -- aws ec2 describe-security-groups
    trueup break-glass exec bg-0f3a --stack prod/app --keep TF_VAR_zone -- terraform apply
    """
    confidential(ctx.obj)
    with connect(ctx.obj) as api:
        id = lookup.break_glass(api, name)
        whose = lookup.stack(api, stack)["id"] if stack else None
        lent = api.post("break-glass", id, "credentials", body={"stack": whose})
    run_with(lent["environment"], command, keep or [])
