"""db: what a database stack can tell and do besides the walk."""

from enum import StrEnum
from typing import Annotated

import typer

from trueup.cli.lazy import Noun
from trueup.cli.options import OptionalReason, Reason, StackName
from trueup.cli.tooling import At, Write, use

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


class Watch(StrEnum):
    INSTALL = "install"
    SQL = "sql"
    STATUS = "status"
    UNINSTALL = "uninstall"


Action = Annotated[
    Watch, typer.Argument(metavar="ACTION", help="install, sql, status or uninstall.", show_default=False)
]
Side = Annotated[
    str, typer.Argument(metavar="SIDE", help="live, settled, or code: all files on scratch.", show_default=False)
]


@app.callback()
def db() -> None:
    """Databases: schema as code.

    \b
    trueup db status prod/orders
    trueup db lint prod/orders --at my-branch
    """


@app.command()
def status(ctx: typer.Context, name: StackName, at: At = "") -> None:
    """Show every migration and what became of it.

    \b
    trueup db status prod/orders
    """
    use(ctx, name, "status", at=at)


@app.command()
def validate(ctx: typer.Context, name: StackName, at: At = "") -> None:
    """Compare files and history: edited, missing, late and failed migrations; 1 when there are any.

    \b
    trueup db validate prod/orders
    """
    use(ctx, name, "validate", at=at)


@app.command()
def lint(ctx: typer.Context, name: StackName, at: At = "") -> None:
    """Say what is risky in the pending migrations, why, and the safe sequence; 1 when something must not run.

    \b
    trueup db lint prod/orders --at my-branch
    """
    use(ctx, name, "lint", at=at)


@app.command()
def rehearse(ctx: typer.Context, name: StackName, at: At = "") -> None:
    """Run all migrations on a scratch database, with the time and the locks of every statement.

    \b
    trueup db rehearse prod/orders --at my-branch
    """
    use(ctx, name, "rehearse", at=at)


@app.command()
def snapshot(ctx: typer.Context, name: StackName) -> None:
    """Show the catalog as it is now, object by object, each with its hash.

    \b
    trueup db snapshot prod/orders --output json
    """
    use(ctx, name, "snapshot")


@app.command()
def diff(ctx: typer.Context, name: StackName, a: Side, b: Side) -> None:
    """Compare two sides of the catalog and write the SQL that leads from one to the other; 1 when they differ.

    \b
    trueup db diff prod/orders settled live
    """
    use(ctx, name, "diff", {"a": a, "b": b})


@app.command("plan-rename")
def plan_rename(
    ctx: typer.Context,
    name: StackName,
    column: Annotated[
        str, typer.Argument(metavar="TABLE.OLD", help="The column, as SQL writes it.", show_default=False)
    ],
    to: Annotated[str, typer.Argument(metavar="NEW", help="What it shall be called.", show_default=False)],
    write: Write = None,
) -> None:
    """Write the migrations of a rename without an outage: expand, backfill, contract.

    \b
    trueup db plan-rename prod/orders users.email mail --write .
    """
    use(ctx, name, "plan-rename", {"column": column, "to": to}, write=write)


@app.command()
def repair(ctx: typer.Context, name: StackName, reason: Reason) -> None:
    """Make the history agree with the files again: failed rows, missing files, edited texts.

    \b
    trueup db repair prod/orders --reason "V7 was reformatted, nothing else"
    """
    use(ctx, name, "repair", reason=reason)


@app.command()
def baseline(
    ctx: typer.Context,
    name: StackName,
    reason: Reason,
    version: Annotated[str, typer.Option(metavar="VERSION", help="What the database is at already.")] = "",
) -> None:
    """Write the first row of the history of a database that was there before its migrations.

    \b
    trueup db baseline prod/orders --version 5 --reason "taken over from the old system"
    """
    use(ctx, name, "baseline", {"version": version}, reason=reason)


@app.command()
def watch(ctx: typer.Context, action: Action, name: StackName, reason: OptionalReason = "") -> None:
    """Record who changes the schema, when and with which statement, by event triggers.

    Only a superuser may create event triggers: where Trueup's role is none, `sql` prints what one has to run.

    \b
    trueup db watch install prod/orders --reason "know who did it"
    trueup db watch status prod/orders
    """
    use(ctx, name, f"watch-{action}", reason=reason)
