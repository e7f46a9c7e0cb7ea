"""Problems of a history: what Flyway's `validate` fails on before it migrates, each with what to do next."""

from collections.abc import Iterator, Sequence

from trueup.drivers.database.history.rows import Entry, Row, RowType, State
from trueup.drivers.database.history.states import FAILED, OPAQUE, History, abbreviated, matches
from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations, Version
from trueup.drivers.database.migrations.scripts import known_as
from trueup.drivers.database.migrations.settings import Settings
from trueup.model.plan import Finding

_PATTERN_STATE = {
    State.MISSING: "missing",
    State.FAILED_MISSING: "missing",
    State.FUTURE: "future",
    State.FAILED_FUTURE: "future",
    State.IGNORED: "ignored",
    State.PENDING: "pending",
}
_KNOWN = {str(each) for each in RowType} | set(OPAQUE)
_GONE = {"UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT"}
"""Written by editions that are paid for; others stop at them."""


def problems_of(
    entries: Sequence[Entry], history: History, migrations: Migrations, settings: Settings
) -> Iterator[Finding]:
    """Those that stop are errors of Flyway too; failed rows stop it even without `validateOnMigrate`."""
    for entry in entries:
        if entry.state in FAILED and not (entry.state is State.FAILED_FUTURE and ignored(entry, settings)):
            yield _failed(entry)
        elif (found := _of_entry(entry, history, settings)) is not None:
            yield found
        if entry.row is not None and (entry.row.type not in _KNOWN or entry.row.type in _GONE):
            yield _odd_type(entry.row)
    yield from _no_target(migrations, settings)


def ignored(entry: Entry, settings: Settings) -> bool:
    """Whether an ignore pattern passes over it."""
    state = _PATTERN_STATE.get(entry.state)
    version = entry.row.version if entry.row is not None else entry.migration and entry.migration.version
    kind = "repeatable" if version is None else "versioned"
    patterns = [pattern.strip().lower().partition(":") for pattern in settings.ignore_patterns]
    return state is not None and any(type in ("*", kind) and what in ("*", state) for type, _, what in patterns)


def _of_entry(entry: Entry, history: History, settings: Settings) -> Finding | None:
    stops = settings.validate_on_migrate
    match entry:
        case Entry(State.MISSING | State.FUTURE, None, Row() as row) if not ignored(entry, settings):
            return _missing(row, entry.state, settings, stops=stops)
        case Entry(State.IGNORED, Migration(kind=Kind.VERSIONED, executes=True) as file, None) if not ignored(
            entry, settings
        ):
            return _late(file, history, settings, stops=stops)
        case Entry(State.SUCCESS | State.OUT_OF_ORDER | State.OUTDATED, Migration() as file, Row() as row):
            return _mismatch(entry.state, file, row, history, stops=stops)
        case _:
            return None


def _failed(entry: Entry) -> Finding:
    row = entry.row
    assert row is not None
    return Finding(
        "failed-migration",
        f"row {row.rank} of the history says that {_name(row)} failed ({row.script}): part of it may be there",
        entry.migration.place if entry.migration else None,
        hint="undo by hand what it did, then `trueup db repair` removes the row and it can run again",
        stops=True,
    )


def _missing(row: Row, state: State, settings: Settings, *, stops: bool) -> Finding:
    newer = " and newer than every file" if state is State.FUTURE else ""
    return Finding(
        "missing-migration",
        f"{_name(row)} was applied on {row.installed_on:%Y-%m-%d} by {row.installed_by or 'somebody'}, and its file "
        f"{row.script} is not in the repository{newer}",
        hint="bring the file back; or, when it was removed on purpose, `trueup db repair` marks it as deleted, or add "
        f"`{'*:future' if newer else '*:missing'}` to `ignorePatterns:`",
        stops=stops,
    )


def _late(file: Migration, history: History, settings: Settings, *, stops: bool) -> Finding:
    above = history.highest.text if history.highest else "0"
    return Finding(
        "late-migration",
        f"version {file.version} is below {above}, which is applied already: Flyway would pass over it",
        file.place,
        hint=f"give it a version above {above}; or say `outOfOrder: true` when no later one builds on its absence",
        stops=stops,
    )


def _mismatch(state: State, file: Migration, row: Row, history: History, *, stops: bool) -> Finding | None:
    """Only above the baseline: below it nobody ran these files."""
    if row.parsed is not None and history.baseline is not None and not row.parsed > history.baseline:
        return None
    if row.type not in (RowType.SQL, RowType.SQL_BASELINE) and not row.undoes:
        return Finding(
            "type-mismatch",
            f"{_name(row)} was applied as {row.type}, and is now a file of SQL",
            file.place,
            hint="give the file another version, or `trueup db repair` when both do the same",
            stops=stops,
        )
    if row.version is not None and not matches(file, row):
        return _edited(file, row, stops=stops)
    if row.version is not None and abbreviated(file.description) != row.description:
        return Finding(
            "description-mismatch",
            f"{_name(row)} was applied as `{row.description}`, and its file says `{file.description}`",
            file.place,
            hint="rename the file back; or `trueup db repair` stores the new description",
            stops=stops,
        )
    return None


def _edited(file: Migration, row: Row, *, stops: bool) -> Finding:
    known = known_as(file.content, file.text, file.sql)
    cause = "" if row.checksum is None else known.get(row.checksum, "")
    said = "no checksum" if row.checksum is None else f"checksum {row.checksum}"
    message = (
        f"{_name(row)} was applied on {row.installed_on:%Y-%m-%d} with {said}, and the file now has {file.checksum}"
    )
    if cause:
        return Finding(
            "checksum-mismatch",
            f"{message}: {cause}. Nothing of what it does has changed",
            file.place,
            hint="`trueup db repair` stores the new checksum",
            stops=stops,
        )
    return Finding(
        "checksum-mismatch",
        f"{message}: it was edited after it was applied",
        file.place,
        hint="take the edit back and write it as a new migration; `trueup db repair` accepts the file as it is, and "
        "this database stays as it was",
        stops=stops,
    )


def _odd_type(row: Row) -> Finding:
    return Finding(
        "row-type",
        f"row {row.rank} of the history has the type {row.type}, at which Flyway's open edition stops",
        hint="a paid edition or an older release wrote it; Trueup reads it and writes no such row",
    )


def _no_target(migrations: Migrations, settings: Settings) -> Iterator[Finding]:
    target = settings.target or "latest"
    if target.lower().removesuffix("?") in ("latest", "current", "next"):
        return
    version = Version.parse(target.removesuffix("?"))
    if not target.endswith("?") and all(each.version != version for each in migrations.files):
        yield Finding(
            "bad-target",
            f"there is no migration of the target version {version}",
            hint="write a version that is there, `latest`, or put `?` behind it",
            stops=True,
        )


def _name(row: Row) -> str:
    return f"the repeatable `{row.description}`" if row.version is None else f"version {row.version}"
