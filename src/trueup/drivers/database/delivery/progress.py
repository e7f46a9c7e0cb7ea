"""How far a migration came that is no single transaction: a table of ours beside the history, so that the next
delivery goes on where one stopped. The history has a failed row meanwhile, as Flyway leaves one, and Flyway stops."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.delivery.ways import Way
from trueup.drivers.database.dialect import Database, Table
from trueup.drivers.database.history.history import Row, script_of
from trueup.drivers.database.history.table import qualified
from trueup.drivers.database.migrations.migrations import Migration
from trueup.model.errors import Refused
from trueup.model.plan import Address, Resource
from trueup.model.values import digest

NAME = "trueup_progress"


@dataclass(frozen=True)
class Progress:
    script: str
    done: int
    """Parts that are done for certain."""
    total: int
    digest: str
    """Of the parts that are done: they may not change any more."""
    begun: bool = False
    """The part behind them was begun, and nobody noted its end."""
    invalid: tuple[str, ...] = ()
    """Invalid indexes that were there before it began."""
    error: str = ""
    """What the database said to it."""


def own_tables(table: Table) -> frozenset[str]:
    """Names of the tables that are no part of the schema, as SQL writes them: the history and ours."""
    return frozenset(f"{identifier(table.schema)}.{identifier(name)}" for name in (table.name, NAME))


def resumable(rows: Sequence[Row], progress: Collection[Progress]) -> tuple[Row, ...]:
    """The history without the failed rows that stand for a migration with more to come: it is pending."""
    scripts = {each.script for each in progress}
    return tuple(row for row in rows if row.success or row.script not in scripts)


class ProgressTable:
    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._name = qualified(Table(table.schema, NAME))
        self._known = (table.schema, NAME)

    def read(self) -> tuple[Progress, ...]:
        """Nothing where the table is not there: it comes with the first migration that needs it."""
        if not self._database.has_table(Table(*self._known)):
            return ()
        found = self._database.query(
            f"SELECT script, done, total, digest, begun, invalid, error FROM {self._name} ORDER BY script"
        )
        return tuple(
            Progress(row[0], row[1], row[2], row[3], bool(row[4]), tuple(json.loads(row[5])), row[6]) for row in found
        )

    def of(self, script: str) -> Progress | None:
        return next((each for each in self.read() if each.script == script), None)

    def create(self, reader: str = "") -> None:
        """`reader`: the role that plans, where it is another one; it reads how far a migration came."""
        there = self._database.has_table(Table(*self._known))
        self._database.execute(
            f"CREATE TABLE IF NOT EXISTS {self._name} (script VARCHAR(1000) PRIMARY KEY, done INTEGER NOT NULL, "
            "total INTEGER NOT NULL, digest VARCHAR(100) NOT NULL, begun BOOLEAN NOT NULL, invalid TEXT NOT NULL, "
            "error TEXT NOT NULL)"
        )
        if reader and not there:
            self._database.let_read(Table(*self._known), reader)

    def write(self, progress: Progress) -> None:
        self.drop(progress.script)
        values = (
            progress.script,
            progress.done,
            progress.total,
            progress.digest,
            progress.begun,
            json.dumps(progress.invalid),
            progress.error,
        )
        marks = ", ".join(["%s"] * len(values))
        self._database.query(f"INSERT INTO {self._name} VALUES ({marks})", values)

    def drop(self, script: str) -> None:
        self._database.query(f"DELETE FROM {self._name} WHERE script = %s", (script,))

    def by_hand(self, progress: Progress) -> tuple[str, ...]:
        """What a person writes down who knows what became of the part that was begun."""
        where = f"WHERE script = '{progress.script.replace(chr(39), chr(39) * 2)}'"
        return (
            f"it happened: UPDATE {self._name} SET done = {progress.done + 1}, digest = '', begun = false {where}",
            f"it did not: UPDATE {self._name} SET begun = false {where}",
        )


def without_left_behind(
    resources: Mapping[Address, Resource], database: Database, table: Table
) -> dict[Address, Resource]:
    """The catalog without the invalid indexes that a part of ours left behind: the next delivery builds them anew."""
    begun = [each for each in ProgressTable(database, table).read() if each.begun]
    invalid = {*database.invalid_indexes()} if begun else set()
    left = {Address(f"index.{name}") for each in begun for name in invalid - {*each.invalid}}
    return {address: each for address, each in resources.items() if address not in left}


def start(way: Way) -> Progress:
    return Progress(script_of(way.migration), 0, len(way.parts), digest_of(way, 0))


def next_of(progress: Progress, way: Way) -> Progress:
    done = progress.done + 1
    return replace(progress, done=done, digest=digest_of(way, done), begun=False, invalid=(), error="")


def digest_of(way: Way, done: int) -> str:
    return digest([[each.sql for each in part.statements] for part in way.parts[:done]])


def require_unchanged(progress: Progress, way: Way) -> None:
    """Raises Refused. Without a digest a person vouched for what is done."""
    if progress.done > len(way.parts) or progress.digest not in ("", digest_of(way, progress.done)):
        raise Refused(
            f"{way.migration} stopped after {progress.done} of {progress.total} parts, and those were edited since",
            place=way.migration.place,
            hint="put them back as they were: what is behind them may change, they are done",
        )


def done_of(way: Way, progress: Progress) -> Migration:
    """The part of the migration that is done."""
    done = [each.sql for part in way.parts[: progress.done] for each in part.statements]
    return replace(way.migration, sql=";\n".join(done), in_transaction=False)


def left_of(way: Way, progress: Progress) -> Migration:
    """The migration without what is done, every line where it was, to be linted, and to be tried elsewhere: invalid
    indexes that a part left behind are not there."""
    done = [each for part in way.parts[: progress.done] for each in part.statements]
    rest = [each for part in way.parts[progress.done :] for each in part.statements]
    text = way.migration.sql
    begin = text.index(rest[0].raw, sum(len(each.raw) for each in done)) if rest else len(text)
    blank = "".join(character if character in "\r\n" else " " for character in text[:begin])
    return replace(way.migration, sql=blank + text[begin:])
