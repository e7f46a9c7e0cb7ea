"""`trueup ledger`: what changed, who did it, who agreed."""

from pathlib import Path
from typing import Annotated

import typer

from trueup.cli import bundle, lookup
from trueup.cli.client import PLANNING, connect
from trueup.cli.failures import FAILED
from trueup.cli.lazy import Noun
from trueup.cli.options import Environment, OnlyStack
from trueup.cli.output import clock, emit
from trueup.cli.views import ledger as views
from trueup.cli.when import moment

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """The ledger: what changed, who did it, who agreed.

    \b
    trueup ledger list --since 7d
    trueup ledger verify
    """


@app.command("list")
def list_(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="From when on: 90m, 7d or 2026-11-22T03:00.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="To when; else until now.")] = "",
    stack: OnlyStack = None,
    env: Environment = None,
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person did.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only entries whose kind begins so: run.approved, drift.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
) -> None:
    """List entries of the ledger.

    \b
    trueup ledger list --kind run.approved --since 30d
    """
    begin, end = (moment(text, clock().now, past=True) if text else None for text in (since, until))
    with connect(ctx.obj) as api:
        document = api.get(
            "ledger",
            since=begin,
            until=end,
            stack=lookup.stack(api, stack)["id"] if stack else None,
            env=env,
            who=who,
            kind=kind,
            limit=limit,
        )
    emit(ctx.obj.output, document, views.entries)


@app.command()
def show(
    ctx: typer.Context,
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="Its number: `trueup ledger list`.", show_default=False)],
) -> None:
    """Show one entry whole.

    \b
    trueup ledger show 17
    """
    with connect(ctx.obj) as api:
        emit(ctx.obj.output, api.get("ledger", seq), views.entry)


@app.command()
def verify(
    ctx: typer.Context,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Verify an exported evidence.json or bundle instead, without any server."),
    ] = None,
    key: Annotated[
        str, typer.Option(metavar="BASE64", help="The public key that must have signed it, noted beforehand.")
    ] = "",
) -> None:
    """Read the whole ledger and say whether anything in it was altered, and which entry.

    \b
    trueup ledger verify
    trueup ledger verify --evidence q3/evidence.json
    """
    if evidence is not None:
        found = bundle.verified(evidence, key)
        emit(ctx.obj.output, found, views.verification)
        if found["faults"]:
            raise typer.Exit(FAILED)
        return
    with connect(ctx.obj) as api:
        document = api.get("ledger", "verify", patience=PLANNING)
    emit(ctx.obj.output, document, views.verification)
    if document.get("faults"):
        raise typer.Exit(FAILED)


@app.command()
def export(
    ctx: typer.Context,
    repository: Annotated[
        str, typer.Option(metavar="NAME", help="Where its branch is; else in the control repository.")
    ] = "",
) -> None:
    """Write what is new in the ledger to its branch, as signed commits.

    \b
    trueup ledger export
    """
    with connect(ctx.obj) as api:
        emit(
            ctx.obj.output,
            api.post("ledger", "export", body={"repository": repository}, patience=PLANNING),
            views.anything,
        )
