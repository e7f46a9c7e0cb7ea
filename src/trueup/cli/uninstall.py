"""`trueup uninstall`: everything that Trueup put anywhere, and the removal of what is on this machine."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from trueup.cli import traces
from trueup.cli.client import Api, beside, connect
from trueup.cli.invocation import Invocation
from trueup.cli.output import aside, emit
from trueup.cli.questions import confirm
from trueup.cli.views import uninstall as views
from trueup.model.errors import Refused
from trueup.model.values import JSON
from trueup.system.locks import holder

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Uninstall."""


@app.command()
def uninstall(
    ctx: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only list, remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    with_states: Annotated[
        bool, typer.Option("--with-states", help="Also states that are kept nowhere else: they were copied, or may go.")
    ] = False,
) -> None:
    """List everything that Trueup put anywhere; remove its data.

    Removes the data directory, the temporary ones that belong to it, and nothing else: branches and refs in
    repositories are listed with the command that removes them, because others may need them. In the cloud there is
    nothing of ours; state stays where it was.

    \b
    trueup uninstall --plan
    trueup uninstall --yes
    """
    invocation: Invocation = ctx.obj
    found = traces.find(invocation.data, _repositories(invocation))
    emit(invocation.output, found.document, views.traces)
    if plan or not found.files:
        return
    at_work = holder(invocation.data)
    if at_work is not None:
        raise Refused(f"process {at_work.pid} is using {invocation.data}", hint=f"end it first: kill {at_work.pid}")
    traces.check_ours(invocation.data)
    if found.states and not with_states:
        raise Refused(
            f"{len(found.states)} state files of stacks without a backend are kept there and nowhere else",
            hint="copy them, or give those stacks a backend; then: trueup uninstall --with-states",
        )
    confirm(f"Remove {invocation.data} with its ledger, baselines and key, for good?", yes)
    for place in (*map(Path, found.temporary), invocation.data):
        shutil.rmtree(place)
    aside(f"{invocation.data} is removed")


def _repositories(invocation: Invocation) -> list[traces.Remote]:
    """As the running server knows them. Without one, the control repository that the data directory remembers."""
    if not invocation.server and beside(invocation.data) is None:
        control = traces.control_repository(invocation.data)
        return [traces.Remote("the control repository", control)] if control else []
    with connect(invocation) as api:
        return [_remote(each, invocation) for each in _asked(api)]


def _asked(api: Api) -> list[JSON]:
    return list(api.get("repositories"))


def _remote(document: JSON, invocation: Invocation) -> traces.Remote:
    """`.` is the control repository itself, which only this machine's data directory knows the way to."""
    url = str(document.get("url") or "")
    return traces.Remote(str(document["name"]), traces.control_repository(invocation.data) if url == "." else url)
