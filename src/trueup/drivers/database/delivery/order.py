"""What is delivered, where to, and how: everything that an apply of a database is told."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueup.drivers.database.delivery.progress import without_left_behind
from trueup.drivers.database.delivery.ways import Way, way_of
from trueup.drivers.database.dialect import Database, Dialect, Options, Table
from trueup.drivers.database.history.history import NewRow, Row, RowType
from trueup.drivers.database.migrations.migrations import Migration, Migrations
from trueup.drivers.database.session.secrets import hidden
from trueup.model.errors import Invalid
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Job

CREATED = "<< Flyway Schema Creation >>"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What is delivered, and where to."""

    job: Job[Any]
    dialect: Dialect
    url: str
    table: Table
    schemas: tuple[str, ...]
    skip: frozenset[str]
    """As the plan's snapshot was taken."""
    migrations: Migrations
    pending: tuple[Migration, ...]
    imported: frozenset[Address] = frozenset()
    """Of `pending`: they stand for what is live, and only their rows are written."""
    rows: tuple[Row, ...] | None = None
    """The history that the plan saw; None: no table."""
    first: tuple[NewRow, ...] = ()
    """Rows that begin it: a baseline, or that schemas were created."""
    missing_schemas: tuple[str, ...] = ()
    foreseen: bool = True
    """The plan knows what the migrations change in the catalog."""
    reader: str = ""
    """The role of plans, where it is another one than that of deliveries."""
    pause: Callable[[float], None] = time.sleep

    def with_schemas(self, database: Database) -> "Delivery":
        """With those that the code names and nobody has created yet, and the row that says who did."""
        settings = self.migrations.settings
        missing = tuple(each for each in settings.schemas if not database.has_schema(each))
        if not missing or not settings.create_schemas:
            return self
        names = ",".join(f'"{each}"' for each in missing)
        row = NewRow(0, None, CREATED, RowType.SCHEMA, names, None, settings.installed_by or database.user, 0)
        return replace(self, missing_schemas=missing, first=(row, *self.first) if self.rows is None else self.first)

    @property
    def options(self) -> Options:
        spec = self.job.spec
        return Options(
            read_only=False,
            application=application_of(self.job),
            environment=self.job.environment,
            search_path=self.migrations.settings.schemas,
            lock_timeout=spec.lock_timeout,
            statement_timeout=spec.statement_timeout,
            init_sql=self.migrations.settings.init_sql,
        )

    def look(self, database: Database) -> dict[Address, Resource]:
        """The catalog as the plan saw it: a text with a secret in it is a keyed hash."""
        found = database.snapshot(self.schemas, self.skip)
        return hidden(self.job, without_left_behind(found, database, self.table))

    def ways(self) -> tuple[Way, ...]:
        """Raises Invalid with file and line."""
        settings = self.migrations.settings
        found = tuple(way_of(each, self.dialect, settings) for each in self.pending)
        apart = [way for way in found if not way.in_transaction and way.migration.address not in self.imported]
        if settings.group and apart and len(found) > 1:
            raise Invalid(
                f"{apart[0].migration} cannot be in one transaction with the other {len(found) - 1} pending ones",
                place=apart[0].migration.place,
                hint="deliver it alone, or leave `group` out",
            )
        return found

    def units(self, ways: Sequence[Way]) -> list[tuple[Way, ...]]:
        """What is one effect each: with `group` everything that runs."""
        if not self.migrations.settings.group:
            return [(way,) for way in ways]
        imported = [(way,) for way in ways if way.migration.address in self.imported]
        running = tuple(way for way in ways if way.migration.address not in self.imported)
        return [*imported, *([running] if running else [])]


def application_of(job: Job[Any]) -> str:
    """What connections of this run are called: recovery finds them by it."""
    return f"trueup {job.evidence.name if job.evidence is not None else job.stack}"
