"""Options: the ones that several commands have, with one wording."""

from typing import Annotated

import typer

Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why: it goes into the ledger.")]
OptionalReason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why: it goes into the ledger.")]
Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Wait until it ended or needs a person; 1 unless it went well."),
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="End with 3 when there are drifts or changes.")]
StackName = Annotated[
    str,
    typer.Argument(
        metavar="STACK", help="Its name, or an ending or id that only one has: prod/app.", show_default=False
    ),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Its id, or as much of it as only one run has.", show_default=False)
]
Environment = Annotated[str | None, typer.Option("--env", "-e", metavar="NAME", help="Only of this environment.")]
OnlyStack = Annotated[str | None, typer.Option("--stack", "-s", metavar="STACK", help="Only of this stack.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
