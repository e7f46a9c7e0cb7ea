"""States: what each file and each row of a history is, as Flyway's `info` calls it.

Followed: flyway-core 13, MigrationInfoServiceImpl, ResolvedMigration and BaselineResolvedMigration.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trueup.drivers.database.history.rows import Entry, Row, RowType, State
from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations, Version
from trueup.drivers.database.migrations.settings import Settings

OPAQUE = ("JDBC", "SPRING_JDBC", "SCRIPT", "CUSTOM", "JDBC_BASELINE", "UNDO_JDBC", "UNDO_SCRIPT", "UNDO_SQL")
"""Types of rows whose code is not SQL in a file of ours: applied, and nothing can be said of what they hold."""
FAILED = frozenset({State.FAILED, State.FAILED_MISSING, State.FAILED_FUTURE})


@dataclass
class History:
    """The rows with what later ones made of earlier ones."""

    rows: Sequence[Row]
    """By rank."""
    deleted: set[int] = field(default_factory=set)
    """Ranks of rows that a DELETE row took away."""
    undone: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    """Ranks of rows that came after a higher version."""
    highest: Version | None = None
    """That is applied and was not taken back."""
    baseline: Version | None = None
    """The highest one of a baseline row."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "History":
        """Raises Invalid for a row with a version that is none."""
        history = cls(sorted(rows, key=lambda row: row.rank))
        for row in history.rows:
            if row.type == RowType.DELETE or row.undoes:
                history._take_back(row)
        for row in history.live:
            if row.parsed is None:
                continue
            if history.highest is not None and row.parsed < history.highest:
                history.late.add(row.rank)
            else:
                history.highest = row.parsed
            if row.baselines and (history.baseline is None or row.parsed > history.baseline):
                history.baseline = row.parsed
        return history

    @property
    def live(self) -> Sequence[Row]:
        """Rows of migrations and baselines that still count, failed ones among them."""
        gone = self.deleted | self.undone
        return [
            row
            for row in self.rows
            if row.type not in (RowType.DELETE, RowType.SCHEMA) and not row.undoes and row.rank not in gone
        ]

    def latest(self, row: Row) -> bool:
        """Whether it is the newest of its repeatable."""
        return not any(
            other.rank > row.rank and other.version is None and other.description == row.description
            for other in self.rows
            if other.type != RowType.SCHEMA
        )

    def _take_back(self, by: Row) -> None:
        into = self.undone if by.undoes else self.deleted
        for row in reversed(self.rows):
            if (
                row.rank < by.rank
                and row.rank not in self.deleted | self.undone
                and row.type not in (RowType.DELETE, RowType.SCHEMA)
                and not row.undoes
                and row.address == by.address
            ):
                into.add(row.rank)
                return


class Files:
    """The files as rows look for them."""

    def __init__(self, migrations: Migrations) -> None:
        self._by_name = {(each.kind, _key(each.version, each.description)): each for each in migrations.files}
        self.highest = _highest(migrations.of(Kind.VERSIONED, Kind.BASELINE))
        self.baseline = _highest(migrations.of(Kind.BASELINE))

    def of_row(self, row: Row) -> Migration | None:
        """The file that a row stands for."""
        if row.type in (RowType.DELETE, RowType.SCHEMA, RowType.BASELINE):
            return None
        kind = Kind.UNDO if row.undoes else Kind.BASELINE if row.baselines else Kind.VERSIONED
        if row.version is None:
            kind = Kind.REPEATABLE
        return self._by_name.get((kind, _key(row.parsed, row.description)))


def _key(version: Version | None, description: str) -> tuple[int, ...] | str:
    return abbreviated(description) if version is None else version.parts


def _highest(files: Iterable[Migration]) -> Version | None:
    return max((each.version for each in files if each.version is not None), default=None)


def states(migrations: Migrations, history: History, settings: Settings) -> tuple[Entry, ...]:
    """Rows by rank, then files that no row stands for, in the order in which they are applied."""
    files = Files(migrations)
    pairs = [(files.of_row(row), row) for row in history.rows]
    rows = [Entry(_of_row(row, file, history, files), file, row) for file, row in pairs]
    gone = (State.DELETED, State.UNDONE, State.OUTDATED, State.SUPERSEDED)
    applied = {id(entry.migration) for entry in rows if entry.state not in gone}
    others = [each for each in migrations.files if id(each) not in applied]
    entries = [Entry(_of_file(each, history, files, settings), each, None) for each in others]
    return (*rows, *_only_next(entries, settings))


def abbreviated(description: str) -> str:
    """As the history stores it: at most 200 characters."""
    return description if len(description) <= 200 else f"{description[:197]}..."


def _of_row(row: Row, file: Migration | None, history: History, files: Files) -> State:
    if row.rank in history.undone:
        return State.UNDONE
    if row.rank in history.deleted:
        return State.DELETED
    if row.type in (RowType.SCHEMA, RowType.DELETE):
        return State.SUCCESS
    if row.baselines:
        return State.BASELINE if row.success else State.FAILED
    if row.version is None and not history.latest(row):
        return State.SUPERSEDED
    if file is None:
        return _without_file(row, files)
    if not row.success:
        return State.FAILED
    if row.version is None:
        return State.SUCCESS if matches(file, row) else State.OUTDATED
    return State.OUT_OF_ORDER if row.rank in history.late else State.SUCCESS


def _without_file(row: Row, files: Files) -> State:
    if row.type in OPAQUE:
        return State.SUCCESS if row.success else State.FAILED
    if row.parsed is None or (files.highest is not None and row.parsed < files.highest):
        return State.MISSING if row.success else State.FAILED_MISSING
    return State.FUTURE if row.success else State.FAILED_FUTURE


def matches(migration: Migration, row: Row) -> bool:
    """Whether the file is what was applied; a checksum that is not known offline says nothing against it."""
    if migration.checksum is None:
        return True
    return row.checksum == migration.checksum or row.checksum in migration.accepted


def _of_file(file: Migration, history: History, files: Files, settings: Settings) -> State:
    version = file.version
    if file.kind is Kind.UNDO:
        applied = any(row.parsed == version and row.success for row in history.live)
        return State.AVAILABLE if applied else State.UNAVAILABLE
    if not file.executes:
        return State.IGNORED
    if version is None:
        return State.PENDING
    baseline = files.baseline if history.highest is None else history.baseline
    if baseline is not None and version < baseline:
        return State.BELOW_BASELINE
    if baseline is not None and version == baseline:
        stands = file.kind is Kind.BASELINE and history.highest is None
        return State.PENDING if stands else State.BASELINE_IGNORED
    if above_target(version, history, settings):
        return State.ABOVE_TARGET
    if file.kind is Kind.BASELINE:
        return State.IGNORED
    if history.highest is not None and version < history.highest and not settings.out_of_order:
        return State.IGNORED
    return State.PENDING


def above_target(version: Version, history: History, settings: Settings) -> bool:
    match (settings.target or "latest").removesuffix("?").lower():
        case "latest" | "next":
            return False
        case "current":
            return history.highest is None or version > history.highest
        case target:
            return version > Version.parse(target)


def _only_next(entries: Sequence[Entry], settings: Settings) -> Iterable[Entry]:
    """With `target: next` the first versioned one only."""
    wanted = (settings.target or "").lower() == "next"
    seen = False
    for entry in entries:
        versioned = entry.migration is not None and entry.migration.version is not None
        if wanted and seen and versioned and entry.state is State.PENDING:
            yield Entry(State.ABOVE_TARGET, entry.migration, None)
            continue
        seen = seen or (versioned and entry.state is State.PENDING)
        yield entry
