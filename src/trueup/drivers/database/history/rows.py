"""Rows of the history table, read and to be written, and the states of rows and files."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trueup.drivers.database.migrations.migrations import Migration, Version, address_of
from trueup.model.address import Address
from trueup.model.errors import Invalid
from trueup.model.plan import Finding


class RowType(StrEnum):
    """Types of rows that Trueup writes: each is known to every edition of Flyway, so that one can go back to it. An
    unknown one (`UNDO_SQL` is one since Flyway 9) makes all of its commands fail."""

    SCHEMA = "SCHEMA"
    BASELINE = "BASELINE"
    SQL = "SQL"
    SQL_BASELINE = "SQL_BASELINE"
    DELETE = "DELETE"


@dataclass(frozen=True)
class Row:
    """One row of the history table as it was read."""

    rank: int
    version: str | None
    description: str
    type: str
    """Any text: other editions and older releases wrote more types than we do."""
    script: str
    checksum: int | None
    installed_by: str
    installed_on: datetime
    execution_time: int
    """Milliseconds."""
    success: bool

    @property
    def parsed(self) -> Version | None:
        """Raises Invalid when somebody wrote a version that is none."""
        try:
            return None if self.version is None else Version.parse(self.version)
        except Invalid as error:
            raise Invalid(
                f"row {self.rank} of the history: {error.message}", hint="set the row right, or delete it"
            ) from error

    @property
    def address(self) -> Address:
        return address_of(self.parsed, self.description)

    @property
    def undoes(self) -> bool:
        return self.type.startswith("UNDO_")

    @property
    def baselines(self) -> bool:
        return self.type == RowType.BASELINE or self.type.endswith("_BASELINE")


@dataclass(frozen=True)
class NewRow:
    """One row to write: without `installed_on`, which the database fills in."""

    rank: int
    version: str | None
    description: str
    type: RowType
    script: str
    checksum: int | None
    installed_by: str
    execution_time: int
    success: bool = True

    @property
    def address(self) -> Address:
        return self.at(datetime.min).address

    def at(self, moment: datetime) -> Row:
        """As the history shows it when it was written then."""
        return Row(
            self.rank,
            self.version,
            self.description,
            str(self.type),
            self.script,
            self.checksum,
            self.installed_by,
            moment,
            self.execution_time,
            self.success,
        )


class State(StrEnum):
    """Of a file, a row or both: Flyway's `info`."""

    PENDING = "pending"
    ABOVE_TARGET = "above target"
    BELOW_BASELINE = "below baseline"
    BASELINE_IGNORED = "baseline ignored"
    IGNORED = "ignored"
    """Late: below the highest applied version, and not out of order."""
    SUCCESS = "success"
    OUT_OF_ORDER = "out of order"
    BASELINE = "baseline"
    FAILED = "failed"
    MISSING = "missing"
    FAILED_MISSING = "failed, missing"
    FUTURE = "future"
    FAILED_FUTURE = "failed, future"
    OUTDATED = "outdated"
    SUPERSEDED = "superseded"
    DELETED = "deleted"
    UNDONE = "undone"
    AVAILABLE = "available"
    """A rollback file whose version is applied."""
    UNAVAILABLE = "not applied"
    """A rollback file whose version is not."""


@dataclass(frozen=True)
class Entry:
    """One line of `info`."""

    state: State
    migration: Migration | None
    row: Row | None


@dataclass(frozen=True)
class Resolved:
    """Files against a history."""

    pending: tuple[Migration, ...]
    """In the order in which they are applied."""
    problems: tuple[Finding, ...]
    """Those that stop are what Flyway's `validate` would fail on before it migrates."""
    states: tuple[Entry, ...]


@dataclass(frozen=True)
class Correction:
    """A row to set right."""

    rank: int
    description: str
    type: RowType
    checksum: int | None


@dataclass(frozen=True)
class Repair:
    """What a repair writes, in one transaction."""

    delete: tuple[int, ...] = ()
    """Ranks of failed rows."""
    insert: tuple[NewRow, ...] = ()
    """DELETE rows for applied migrations whose file is gone."""
    correct: tuple[Correction, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.delete or self.insert or self.correct)
