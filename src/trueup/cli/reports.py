"""`trueup what-changed`, `evidence` and `audit-self`: the answers that people ask a ledger for."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trueup.cli import bundle, lookup, server_log
from trueup.cli.client import PLANNING, connect
from trueup.cli.failures import FAILED
from trueup.cli.options import Environment, OnlyStack
from trueup.cli.output import aside, clock, emit
from trueup.cli.views import ledger as views
from trueup.cli.when import moment
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

app = typer.Typer(rich_markup_mode=None)


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"


@app.callback()
def group() -> None:
    """Reports."""


@app.command("what-changed")
def what_changed(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="From when on: 90m, 1h, 7d or 2026-11-22T03:00.")] = "24h",
    until: Annotated[str, typer.Option(metavar="TIME", help="To when; else until now.")] = "",
    stack: OnlyStack = None,
    env: Environment = None,
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person did.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only what begins so: run.approved, drift.")] = None,
    around: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="What changed shortly before: 03:05, 03:05Z or 2026-11-22T03:05. Most likely causes first; --stack "
            "and its neighbours count most; --since says how far to look back.",
        ),
    ] = "",
) -> None:
    """Tell what changed, in order, with who and why.

    With --around: what changed shortly before a moment, most likely causes first, and what it undid.

    \b
    trueup what-changed --since 1h
    trueup what-changed --since 7d --env prod --who anna
    trueup what-changed --around 03:05 --stack prod/app
    """
    now = clock().now
    if around:
        _around(ctx, around, since, stack, env, {"--until": until, "--who": who, "--kind": kind})
        return
    begin, end = moment(since, now, past=True), moment(until, now, past=True) if until else None
    with connect(ctx.obj) as api:
        document = api.get(
            "what-changed",
            since=begin,
            until=end,
            stack=lookup.stack(api, stack)["id"] if stack else None,
            env=env,
            who=who,
            kind=kind,
        )
    emit(ctx.obj.output, document, views.changed)


def _around(
    ctx: typer.Context, typed: str, since: str, stack: str | None, env: str | None, others: Mapping[str, str | None]
) -> None:
    given = [name for name, each in others.items() if each]
    if given:
        raise Invalid(f"{given[0]} does not go with --around", hint="--stack, --env and --since do")
    now = clock().now
    at = datetime.fromisoformat(moment(typed, now, past=True))
    if typed.strip()[:5].count(":"):
        aside(f"{typed} is taken as the most recent one: {clock().exactly(at.isoformat())}; 03:05Z would be UTC")
    begin = datetime.fromisoformat(moment(since, at, past=True))
    if begin >= at:
        raise Invalid("--since is not before --around", hint="--since 24h looks back a day from there")
    with connect(ctx.obj) as api:
        document = api.get(
            "what-changed",
            "around",
            at=at.isoformat(),
            stack=lookup.stack(api, stack)["id"] if stack else None,
            env=env,
            hours=(at - begin).total_seconds() / 3600,
        )
    emit(ctx.obj.output, document, views.incident)


@app.command()
def evidence(
    ctx: typer.Context,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="The first moment: 2026-10-01, or 90d.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="The end; else until now.")] = "",
    form: Annotated[
        Form | None, typer.Option("--format", help="The whole as JSON, or the changes as a table for a spreadsheet.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write everything there: both formats, and one bundle for each change."),
    ] = None,
) -> None:
    """Collect the evidence of a period for an auditor.

    All changes with who agreed before the apply, the exceptions, and proofs that nobody altered any of it.

    \b
    trueup evidence --from 2026-07-01 --to 2026-10-01
    trueup evidence --from 2026-07-01 --to 2026-10-01 --out q3
    trueup ledger verify --evidence q3/evidence.json
    """
    now = clock().now
    period = {"from": moment(start, now, past=True), "to": moment(end, now, past=True) if end else None}
    with connect(ctx.obj) as api:
        document = api.get("evidence", patience=PLANNING, **period)
    if out is not None:
        written = bundle.write(document, out)
        aside(f"{len(written)} files in {out}; `trueup ledger verify --evidence {out / bundle.WHOLE}` checks them")
    match form:
        case Form.JSON:
            print(bundle.as_json(document), end="")
        case Form.CSV:
            print(bundle.changes_csv(document), end="")
        case None:
            emit(ctx.obj.output, document, views.evidence)


@app.command("audit-self")
def audit_self(
    ctx: typer.Context,
    trail: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CloudTrail records as JSON, one a line or {Records: [...]}, or PostgreSQL's log (stderr, csvlog, "
            "jsonlog); else the trail.",
        ),
    ] = None,
) -> None:
    """Prove from the live systems' own records what Trueup did there.

    Reads what the cloud, or a database's server, recorded for each identity, and compares what ours wrote with the
    runs that applied. Ends with 1 when there is a write that no run of ours explains.

    \b
    trueup audit-self
    trueup audit-self --trail cloudtrail.json
    trueup audit-self --trail postgresql.log
    """
    with connect(ctx.obj) as api:
        body = {"records": _records(trail)} if trail else None
        document = api.post("audit-self", body=body, patience=PLANNING)
    emit(ctx.obj.output, document, views.audit)
    if not document["clean"]:
        raise typer.Exit(FAILED)


def _records(file: Path) -> list[JSON]:
    """CloudTrail writes {"Records": [...]}; its lake and recorders write one record a line. PostgreSQL writes a log."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"it cannot be read: {error}", place=Place(str(file))) from None
    if found := server_log.records(text):
        return found
    try:
        whole = json.loads(text)
        return list(whole["Records"]) if isinstance(whole, dict) and "Records" in whole else [whole]
    except json.JSONDecodeError:
        return [_record(line, number, file) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _record(line: str, number: int, file: Path) -> JSON:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise Invalid(f"this is no JSON: {error.msg}", place=Place(str(file), number, error.colno)) from None
