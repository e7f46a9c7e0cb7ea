"""`trueup init`, `validate` and `schema`: trueup.yaml, without any server."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from trueup import wiring
from trueup.cli.failures import WRONG
from trueup.cli.files import Files
from trueup.cli.invocation import Output
from trueup.cli.output import aside, emit, say
from trueup.cli.validation import validate as check
from trueup.cli.views import manifest as views
from trueup.cli.waiting import waiting
from trueup.manifests.discover import describe
from trueup.manifests.layouts import FILE
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.schema import schema as schema_of
from trueup.model.errors import Invalid, Refused
from trueup.ports.driver import Discovers

app = typer.Typer(rich_markup_mode=None)

Directory = Annotated[Path, typer.Argument(metavar="PATH", help="The repository; without it, the present directory.")]


@app.callback()
def group() -> None:
    """trueup.yaml."""


@app.command()
def init(
    ctx: typer.Context,
    path: Directory = Path("."),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it instead of writing it.")] = False,
) -> None:
    """Look at a repository's layout and write its trueup.yaml.

    Everything that it declares is only observed: Trueup plans and checks, and changes nothing, until somebody writes
    another mode. A file that is there already is never overwritten.

    \b
    trueup init
    trueup init ~/src/infra --dry-run
    """
    if not path.is_dir():
        raise Invalid(f"{path} is no directory", hint="name the directory of a repository")
    target = path / FILE
    if target.exists() and not dry_run:
        hint = (
            f"`trueup init {path} --dry-run` prints what it would write; `trueup validate {path}` checks what is there"
        )
        raise Refused(f"{target} is there already", hint=hint)
    tree = Files(path)
    finders = [driver for driver in wiring.drivers().values() if isinstance(driver, Discovers)]
    found = [each for finder in finders for each in finder.discover(tree)]
    if not found:
        hint = (
            "a Terraform root has a backend, a provider, a lock file, a state or variable files; a Flyway project "
            "flyway.conf, flyway.toml or V1__NAME.sql; octoDNS a configuration with providers and zones"
        )
        raise Invalid(f"nothing in {path} looks like a stack", hint=hint)
    own = {CONTROL: Repository(CONTROL, ".")}
    text = describe({CONTROL: found}, own, {CONTROL: tree}, wiring.formats())
    if dry_run:
        print(text, end="")
        return
    target.write_text(text, encoding="utf-8")
    document = {"file": str(target), "stacks": len(found), "text": text}
    emit(ctx.obj.output, document, views.written)


@app.command()
def validate(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The file or its repository; without it, the present directory.")
    ] = Path("."),
    checkouts: Annotated[
        list[str] | None,
        typer.Option(
            "--checkout", metavar="KEY=DIR", help="Where another repository of `repositories:` lies on this disk."
        ),
    ] = None,
) -> None:
    """Name every mistake in a trueup.yaml, offline.

    Each with file, line, column and what was expected; then those in the stacks' own files. Stacks of repositories
    that lie elsewhere are checked when --checkout says where. Ends with 2 when there is a mistake.

    \b
    trueup validate
    trueup validate infra/trueup.yaml --checkout data=../data
    """
    file = path / FILE if path.is_dir() else path
    with waiting("reading"):
        found = check(file, _text(file), dict(map(_checkout, checkouts or ())))
    if ctx.obj.output is Output.TABLE:
        say(views.validation(found))
    else:
        emit(ctx.obj.output, [asdict(finding) for finding in found.findings], views.anything)
    if found.mistakes:
        raise typer.Exit(WRONG)
    if found.unread:
        aside(f"not looked at, for want of --checkout: stacks in {', '.join(found.unread)}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of trueup.yaml.

    Editors that know it complete keys and show mistakes while typing.

    \b
    trueup schema > trueup.schema.json
    """
    print(json.dumps(schema_of(wiring.formats()), indent=2, ensure_ascii=False))


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise Invalid(f"there is no {file}", hint="`trueup init` writes one for what the repository holds") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from None


def _checkout(text: str) -> tuple[str, Path]:
    key, equals, directory = text.partition("=")
    if not equals or not key or not Path(directory).is_dir():
        raise Invalid(f"--checkout {text} names no directory", hint="like --checkout data=../data")
    return key, Path(directory)
