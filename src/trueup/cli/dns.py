"""dns: what a DNS stack can tell and do besides the walk."""

from typing import Annotated

import typer

from trueup.cli.lazy import Noun
from trueup.cli.options import StackName
from trueup.cli.tooling import At, Write, use

app = typer.Typer(cls=Noun, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def dns() -> None:
    """DNS: zones as code.

    \b
    trueup dns diff prod/dns 192.0.2.53
    trueup dns import prod/dns example.com. --from powerdns --write .
    """


@app.command()
def lint(ctx: typer.Context, name: StackName, at: At = "") -> None:
    """Name every mistake in the zone files at its line, and names that lead nowhere; 1 when there are any.

    \b
    trueup dns lint prod/dns --at my-branch
    """
    use(ctx, name, "lint", at=at)


@app.command("import")
def import_(
    ctx: typer.Context,
    name: StackName,
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="With its last dot: example.com.", show_default=False)],
    provider: Annotated[
        str, typer.Option("--from", metavar="PROVIDER", help="A provider of the configuration.", show_default=False)
    ],
    write: Write = None,
) -> None:
    """Write the zone file of a zone that is live.

    \b
    trueup dns import prod/dns example.com. --from route53 --write .
    """
    use(ctx, name, "import", {"zone": zone, "provider": provider}, write=write)


@app.command()
def diff(
    ctx: typer.Context,
    name: StackName,
    nameserver: Annotated[
        str, typer.Argument(metavar="NAMESERVER", help="An address or a name, perhaps with @PORT.", show_default=False)
    ],
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Only this zone.")] = "",
    at: At = "",
) -> None:
    """Compare what a name server answers with what the code says; 1 when they differ.

    \b
    trueup dns diff prod/dns 9.9.9.9
    """
    use(ctx, name, "diff", {"nameserver": nameserver, "zone": zone}, at=at)
