"""What the database driver can do for a person besides the walk: `trueup db`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trueup.drivers.database import watch
from trueup.drivers.database.catalog.catalog import hashes
from trueup.drivers.database.ddl.ddl import difference
from trueup.drivers.database.history.history import baseline, repair
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.migrations.migrations import Version
from trueup.drivers.database.rehearsal.compare import shape
from trueup.drivers.database.rehearsal.rehearsal import Trial, rehearse
from trueup.drivers.database.rename.files import files
from trueup.drivers.database.rename.rename import renaming
from trueup.drivers.database.scratch.scratch import scratch
from trueup.drivers.database.session.history import catalog_of
from trueup.drivers.database.session.open import Opened, opened, reader_of
from trueup.drivers.database.session.read import read_now
from trueup.drivers.database.session.secrets import hidden
from trueup.drivers.database.snapshots import Snapshot
from trueup.drivers.database.tools_text import (
    changes_told,
    findings_told,
    rehearsal_told,
    renaming_told,
    repair_told,
    status_told,
)
from trueup.model.errors import Invalid, Refused, Rejected
from trueup.ports.driver import Job, Told, Tool

Arguments = Mapping[str, str]
SIDES = "live, settled, or code: the whole chain on a scratch database"
TOOLS: Mapping[str, Tool] = {
    "status": Tool("Every migration and what became of it."),
    "validate": Tool("Files against history: edited, missing, late and failed migrations."),
    "lint": Tool("What is risky in the pending migrations, why, and the safe sequence."),
    "rehearse": Tool("All migrations on a scratch database, with time and locks of every statement."),
    "snapshot": Tool("The catalog as it is now, each object with its hash."),
    "diff": Tool("Two sides of the catalog, and SQL that leads from one to the other.", {"a": SIDES, "b": SIDES}),
    "plan-rename": Tool(
        "Writes the migrations of a rename that no release notices: expand, backfill, contract.",
        {"column": "TABLE.OLD, or SCHEMA.TABLE.OLD", "to": "its new name"},
    ),
    "repair": Tool("Makes the history agree with the files again.", writes=True),
    "baseline": Tool(
        "Writes the first row of the history of a database that was there before its migrations.",
        {"version": "what the database is at already; default: what the configuration says"},
        writes=True,
    ),
    "watch-install": Tool("Installs the event triggers that write down who changes the schema.", writes=True),
    "watch-sql": Tool("Prints what a superuser runs to install them, where Trueup's own role may not."),
    "watch-status": Tool("Whether those event triggers are there and fire."),
    "watch-uninstall": Tool("Removes them, with everything that they wrote down.", writes=True),
}


def use(job: Job[Any], tool: str, arguments: Arguments) -> Told:
    """Raises Invalid, Refused, Rejected, Unavailable."""
    if tool not in _WORKS:
        raise Invalid(f"there is no tool `{tool}`", hint=f"there are {', '.join(TOOLS)}")
    with opened(job, writes=TOOLS[tool].writes) as here:
        return _WORKS[tool](here, arguments)


def _status(here: Opened, _: Arguments) -> Told:
    return status_told(read_now(here), here.database.dialect.holder(here.database, here.table))


def _validate(here: Opened, _: Arguments) -> Told:
    read = read_now(here)
    return findings_told((*read.migrations.findings, *read.resolved.problems), "files and history agree")


def _lint(here: Opened, _: Arguments) -> Told:
    read = read_now(here)
    about = Circumstances(
        major=here.database.major, real=read.real, schema=here.schemas[0], mixed=read.migrations.settings.mixed
    )
    found = lint(read.resolved.pending, here.database.dialect, about)
    return findings_told((*read.left_out, *found), "nothing risky in what is pending")


def _rehearse(here: Opened, _: Arguments) -> Told:
    database, read = here.database, read_now(here)
    trial = Trial(
        dialect=database.dialect,
        migrations=read.migrations,
        pending=read.resolved.pending,
        structure=read.real or None,
        schemas=here.schemas,
        skip=here.scope.skip,
        search_path=here.scope.search_path,
        expected=here.job.spec.expected_time,
        undo_required=here.job.spec.undo_required,
        undo_waived=here.job.spec.undo_waived,
    )
    with scratch(here.job, database.dialect, database.major, database.identity) as server:
        rehearsal = rehearse(server, trial)
    return rehearsal_told(replace(rehearsal, findings=(*read.left_out, *rehearsal.findings)))


def _snapshot(here: Opened, _: Arguments) -> Told:
    found = hidden(here.job, here.look())
    lines = [f"{digest[7:19]}  {address}" for address, digest in sorted(hashes(found).items())]
    return Told("\n".join(lines) or "nothing is there", {address: each.values for address, each in found.items()})


def _diff(here: Opened, arguments: Arguments) -> Told:
    names = [arguments.get(name, "") for name in ("a", "b")]
    one, other = (_side(here, name) for name in names)
    if "code" in names:
        one, other = shape(one), shape(other)
    draft = difference(one, other, here.database.dialect.name)
    return changes_told(hidden(here.job, one), hidden(here.job, other), draft)


def _side(here: Opened, name: str) -> Snapshot:
    match name:
        case "live":
            return here.look()
        case "settled":
            settled = here.job.settled()
            if settled is None:
                raise Refused(f"nothing of {here.job.name} is settled yet", hint="`trueup adopt` settles what is live")
            return catalog_of(settled)
        case "code":
            return _from_nothing(here)
        case _:
            raise Invalid(f"`{name}` is no side", hint=f"write {SIDES}")


def _from_nothing(here: Opened) -> Snapshot:
    """What all files make of an empty database."""
    database, migrations = here.database, here.migrations()
    trial = Trial(
        dialect=database.dialect,
        migrations=migrations,
        pending=(),
        structure=None,
        schemas=here.schemas,
        skip=here.scope.skip,
        search_path=here.scope.search_path,
    )
    with scratch(here.job, database.dialect, database.major, database.identity) as server:
        rehearsal = rehearse(server, trial)
    if rehearsal.chain is None:
        said = "; ".join(each.message for each in rehearsal.findings) or "the chain does not run from nothing"
        raise Invalid(said, hint="`trueup db rehearse` says where it stops")
    return rehearsal.chain


def _plan_rename(here: Opened, arguments: Arguments) -> Told:
    if here.database.dialect.name != "postgresql":
        raise Refused(f"{here.database.version} has no triggers for it", hint="rename the column in one migration")
    wanted = renaming(here.look(), arguments.get("column", ""), arguments.get("to", ""), here.schemas[0])
    migrations, rows = here.migrations(), here.database.rows(here.table) or ()
    taken = [each.version for each in migrations.files if each.version is not None]
    taken += [row.parsed for row in rows if row.parsed is not None]
    return renaming_told(files(wanted, migrations, taken, datetime.now(UTC)))


def _repair(here: Opened, _: Arguments) -> Told:
    database, migrations = here.database, here.migrations()
    with database.dialect.held(here.url, here.table, here.options()), database.transaction():
        rows = database.rows(here.table) or ()
        wanted = repair(migrations, rows, migrations.settings, migrations.settings.installed_by or database.user)
        if not wanted.empty:
            database.repair(here.table, wanted)
    return repair_told(rows, wanted)


def _baseline(here: Opened, arguments: Arguments) -> Told:
    database, settings = here.database, here.migrations().settings
    given = arguments.get("version", "")
    version = Version.parse(given).text if given else settings.baseline_version
    with database.dialect.held(here.url, here.table, here.options()), database.transaction():
        rows = database.rows(here.table)
        row = baseline(rows or (), settings, settings.installed_by or database.user)
        if rows is None:
            database.create_history(here.table)
        database.add_row(here.table, replace(row, version=version))
    return Told(f"{here.table.schema}.{here.table.name} begins at version {version}", {"version": version})


def _install(here: Opened, _: Arguments) -> Told:
    _require_postgres(here)
    try:
        watch.install(here.database, reader_of(here))
    except Rejected as error:
        hint = "only a superuser creates event triggers: `trueup db watch sql` prints what to run as one"
        raise Rejected(error.message, hint=hint) from error
    return _watching(here, {})


def _installing(here: Opened, _: Arguments) -> Told:
    _require_postgres(here)
    return Told("\n".join(["BEGIN;", *watch.installing(here.database.user), "COMMIT;"]))


def _watching(here: Opened, _: Arguments) -> Told:
    _require_postgres(here)
    found = watch.watching(here.database)
    said = f"watched: {found.lines} changes are written down" if found.is_on else "not watched"
    return Told(
        said, {"watched": found.is_on, "triggers": list(found.triggers), "lines": found.lines}, passed=found.is_on
    )


def _uninstall(here: Opened, _: Arguments) -> Told:
    _require_postgres(here)
    watch.uninstall(here.database)
    return Told("not watched any more, and nothing of it is left", {"watched": False})


def _require_postgres(here: Opened) -> None:
    if here.database.dialect.name != "postgresql":
        raise Refused(f"{here.database.version} has no event triggers", hint="its history is asked every 15 s anyway")


_WORKS: Mapping[str, Callable[[Opened, Arguments], Told]] = {
    "status": _status,
    "validate": _validate,
    "lint": _lint,
    "rehearse": _rehearse,
    "snapshot": _snapshot,
    "diff": _diff,
    "plan-rename": _plan_rename,
    "repair": _repair,
    "baseline": _baseline,
    "watch-install": _install,
    "watch-sql": _installing,
    "watch-status": _watching,
    "watch-uninstall": _uninstall,
}
