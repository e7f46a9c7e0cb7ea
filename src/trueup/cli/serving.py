"""`trueup up`, `worker` and `demo`: what runs for longer. Thin: wiring and the demo do it."""

from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from trueup import wiring
from trueup.cli.invocation import Invocation, Output
from trueup.cli.output import aside
from trueup.model.errors import Invalid, Unavailable
from trueup.settings import HOST, POLL, PORT, DemoOptions
from trueup.web.server import Listen

app = typer.Typer(rich_markup_mode=None)

DEMO_NEEDS = ("boto3", "moto")

Database = Annotated[
    str,
    typer.Option(
        envvar="TRUEUP_DATABASE",
        metavar="URL",
        help="postgresql://... for many workers; else SQLite in the data directory.",
    ),
]
Repo = Annotated[
    str, typer.Option("--repo", envvar="TRUEUP_REPO", metavar="URL", help="The control repository: a path or a URL.")
]
Branch = Annotated[str, typer.Option(metavar="NAME", help="Its branch that governs.")]


@app.callback()
def group() -> None:
    """What runs for longer."""


@app.command()
def up(
    ctx: typer.Context,
    repo: Repo = "",
    branch: Branch = "main",
    database: Database = "",
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the API answers.")] = f"{HOST}:{PORT}",
    poll: Annotated[
        str, typer.Option(metavar="SPAN", help="Time between two looks at each repository.")
    ] = f"{POLL.total_seconds():.0f}s",
) -> None:
    """Run everything in one process: API, scheduler and worker.

    Its data is in --data. Other `trueup` commands on this machine find it there.

    \b
    trueup up --repo .
    trueup up --repo git@github.acme.com:infra/control.git --database postgresql://trueup@db/trueup
    """
    invocation: Invocation = ctx.obj
    address, span = _address(listen), timedelta(seconds=_seconds(poll))
    options = wiring.Options(invocation.data, repo or invocation.repo, branch, database, span)
    raise typer.Exit(wiring.up(options, address, _ready))


@app.command()
def worker(
    ctx: typer.Context,
    database: Annotated[
        str, typer.Option(envvar="TRUEUP_DATABASE", metavar="URL", help="The database that all workers share.")
    ],
    repo: Repo = "",
    branch: Branch = "main",
) -> None:
    """Run one more worker on a shared PostgreSQL database.

    Needs the same keys as the others: copies of their `key` and `signing-key` in its data directory.

    \b
    trueup worker --database postgresql://trueup@db/trueup
    """
    invocation: Invocation = ctx.obj
    options = wiring.Options(invocation.data, repo or invocation.repo, branch, database)
    raise typer.Exit(wiring.worker(options))


@app.command()
def demo(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End by itself; with 0 only when every step held.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep everything there, instead of in a directory that goes away."),
    ] = None,
) -> None:
    """Play the story on real objects, from drift to codification.

    Real Terraform with the real AWS provider, an emulated AWS, a real Git repository; nothing leaves this machine.

    \b
    trueup demo
    trueup demo --once --output json
    """
    invocation: Invocation = ctx.obj
    options = DemoOptions(once=once, json=invocation.output is Output.JSON, keep=keep)
    # Its libraries are an extra that not everybody has installed.
    missing = [name for name in DEMO_NEEDS if find_spec(name) is None]
    if missing:
        hint = "install them: pip install 'trueup[demo]'"
        raise Unavailable(f"the demo needs {' and '.join(missing)}, not installed here", hint=hint)
    raise typer.Exit(import_module("trueup.demo.story").run(options))


def _ready(url: str) -> None:
    aside(f"Trueup answers at {url}; Ctrl-C ends it properly. In another terminal: trueup stack list, trueup adopt")


def _address(listen: str) -> Listen:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise Invalid(f"--listen {listen} is no address", hint="like 127.0.0.1:8642; port 0 takes a free one")
    return Listen(host.strip("[]"), int(port))


def _seconds(span: str) -> float:
    number, unit = span.rstrip("smh"), span[len(span.rstrip("smh")) :]
    factor = {"s": 1, "m": 60, "h": 3600, "": 1}.get(unit)
    if factor is None or not number.isdigit() or int(number) == 0:
        raise Invalid(f"--poll {span} is no span of time", hint="like 30s or 5m")
    return float(int(number) * factor)
