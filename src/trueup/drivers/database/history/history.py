"""History: the rows of the history table against the files, and every row that may be written into it."""

from collections.abc import Sequence

from trueup.drivers.database.history.problems import ignored, problems_of
from trueup.drivers.database.history.rows import Correction as Correction
from trueup.drivers.database.history.rows import Entry as Entry
from trueup.drivers.database.history.rows import NewRow as NewRow
from trueup.drivers.database.history.rows import Repair as Repair
from trueup.drivers.database.history.rows import Resolved as Resolved
from trueup.drivers.database.history.rows import Row as Row
from trueup.drivers.database.history.rows import RowType as RowType
from trueup.drivers.database.history.rows import State as State
from trueup.drivers.database.history.states import History, abbreviated, states
from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations
from trueup.drivers.database.migrations.settings import Settings
from trueup.model.errors import Refused
from trueup.model.plan import Finding
from trueup.render.values import counted

_LONGEST_SCRIPT = 1000


def resolve(migrations: Migrations, rows: Sequence[Row], settings: Settings) -> Resolved:
    """Pure; the same files and rows give the same answer as Flyway's `validate`, `info` and `migrate`. Raises Invalid
    for a row whose version is none."""
    history = History.of(rows)
    entries = states(migrations, history, settings)
    pending = tuple(
        entry.migration
        for entry in entries
        if entry.row is None and entry.state is State.PENDING and entry.migration is not None
    )
    return Resolved(pending, tuple(problems_of(entries, history, migrations, settings)), entries)


def applied(migration: Migration, rank: int, by: str, milliseconds: int = 0, *, success: bool = True) -> NewRow:
    """The row of a migration that ran, or of one that stands for what is live already."""
    return NewRow(
        rank=rank,
        version=_version(migration),
        description=abbreviated(migration.description),
        type=_type(migration),
        script=script_of(migration),
        checksum=migration.checksum,
        installed_by=by,
        execution_time=milliseconds,
        success=success,
    )


def script_of(migration: Migration) -> str:
    """What its row has as `script`."""
    return _script(migration.script)


def next_rank(rows: Sequence[Row]) -> int:
    return max((row.rank for row in rows), default=0) + 1


def first(rows: Sequence[Row] | None, settings: Settings, by: str, *, empty: bool) -> NewRow | Finding | None:
    """The baseline row that migrating writes by itself, or why it cannot begin. `rows`: None where there is no history
    table; `empty`: whether the schemas hold nothing."""
    if rows or empty:
        return None
    if settings.baseline_on_migrate:
        return baseline((), settings, by)
    return Finding(
        "no-history",
        f"the schemas hold objects, and there is no history in {settings.table}: which migrations made them?",
        hint="when migrations up to some version made them, `trueup db baseline STACK --version VERSION` writes that; "
        "or say `baselineVersion:` and `baselineOnMigrate: true`",
        stops=True,
    )


def baseline(rows: Sequence[Row], settings: Settings, by: str) -> NewRow:
    """The row that says that everything up to the baseline version is there. Raises Refused when migrations ran."""
    others = [row for row in rows if row.type != RowType.SCHEMA]
    if others:
        count = counted(len(others), "row", "rows")
        raise Refused(
            f"the history has {count} already, the first one of {others[0].description!r}",
            hint="a baseline is for a database without history; `trueup db status` shows what is applied",
        )
    return NewRow(
        rank=next_rank(rows),
        version=settings.baseline_version,
        description=abbreviated(settings.baseline_description),
        type=RowType.BASELINE,
        script=_script(settings.baseline_description),
        checksum=None,
        installed_by=by,
        execution_time=0,
    )


def repair(migrations: Migrations, rows: Sequence[Row], settings: Settings, by: str) -> Repair:
    """What Flyway's `repair` would write: failed rows go, a missing file gets a DELETE row, and what files say now
    becomes what is stored. A repeatable's checksum is only set where its text without placeholders is unchanged."""
    left = [row for row in rows if row.success]
    history = History.of(left)
    rank = next_rank(rows)
    inserted: list[NewRow] = []
    corrected: list[Correction] = []
    for entry in states(migrations, history, settings):
        if entry.row is None or entry.state in (State.DELETED, State.UNDONE, State.SUPERSEDED):
            continue
        if entry.state in (State.MISSING, State.FUTURE) and not ignored(entry, settings):
            inserted.append(_deletion(entry.row, rank + len(inserted), by))
        elif entry.migration is not None and not entry.row.undoes:
            corrected += _corrections(entry.migration, entry.row)
    failed = tuple(row.rank for row in rows if not row.success)
    return Repair(failed, tuple(inserted), tuple(corrected))


def _corrections(migration: Migration, row: Row) -> list[Correction]:
    correction = Correction(row.rank, abbreviated(migration.description), _type(migration), migration.checksum)
    if (correction.description, correction.type, correction.checksum) == (row.description, row.type, row.checksum):
        return []
    if migration.version is None and (row.checksum not in migration.accepted or migration.checksum is None):
        return []
    return [correction]


def _deletion(row: Row, rank: int, by: str) -> NewRow:
    return NewRow(rank, row.version, row.description, RowType.DELETE, row.script, row.checksum, by, 0, row.success)


def _version(migration: Migration) -> str | None:
    return None if migration.version is None else migration.version.text


def _type(migration: Migration) -> RowType:
    """Raises nothing else than a bug would: a rollback has no row that Flyway's own edition understands."""
    match migration.kind:
        case Kind.VERSIONED | Kind.REPEATABLE:
            return RowType.SQL
        case Kind.BASELINE:
            return RowType.SQL_BASELINE
        case Kind.UNDO:
            raise Refused(
                f"{migration.path} is a rollback, and no row of the history stands for one",
                hint="what it takes back gets a DELETE row",
            )


def _script(script: str) -> str:
    return script if len(script) <= _LONGEST_SCRIPT else f"...{script[3 - _LONGEST_SCRIPT :]}"
