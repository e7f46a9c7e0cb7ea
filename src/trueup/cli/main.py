"""Main: the entry point `trueup`. Imports nothing heavy: `trueup --help` must be instant."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

import trueup
from trueup.cli import failures
from trueup.cli.invocation import Invocation, Output
from trueup.cli.lazy import LazyGroup
from trueup.model.errors import TrueupError
from trueup.settings import default_data

app = typer.Typer(
    name="trueup",
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trueup {trueup.__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="How to print: a table for people, or exactly the API's JSON.")
    ] = Output.TABLE,
    person: Annotated[
        str, typer.Option("--as", envvar="TRUEUP_AS", metavar="NAME", help="Who decides: a name from `people:`.")
    ] = "",
    server: Annotated[
        str,
        typer.Option(envvar="TRUEUP_SERVER", metavar="URL", help="A Trueup elsewhere, instead of the data directory."),
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="TRUEUP_TOKEN", metavar="TOKEN", help="For that server: `trueup token create`.")
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(envvar="TRUEUP_DATA", metavar="DIR", help="The data directory; else the user's own."),
    ] = None,
    repo: Annotated[
        str,
        typer.Option(
            envvar="TRUEUP_REPO", metavar="URL", help="The control repository, where no `trueup up` is running."
        ),
    ] = "",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Trueup: what Git declares, what is real, and who decided which of the two is right.

    \b
    Try it without risk:   trueup demo
    On your own Terraform: trueup init && trueup up --repo .   then   trueup adopt
    """
    ctx.obj = Invocation(output, server, token, data or default_data(), repo, person)


def main() -> None:
    """Ends with 0 fine, 1 refused or failed, 2 the input is wrong, 3 (with --exit-code) drift or changes found."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """One command line; answers the exit code."""
    try:
        get_command(app).main(arguments, prog_name="trueup")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return failures.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output left. The interpreter flushes once more at the end; that must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failures.FAILED
    except TrueupError as error:
        return failures.tell(error)
    except Exception as error:  # noqa: BLE001 - the one place where nothing may get past: a person must not see it
        return failures.report(error, arguments)
    return 0
