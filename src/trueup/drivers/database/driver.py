"""The database driver: the one place that other parts of Trueup see."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from trueup.drivers.database.files import read_migrations
from trueup.drivers.database.locations import USUAL
from trueup.drivers.database.session import DatabaseObservation
from trueup.drivers.database.session_open import opened
from trueup.drivers.database.spec import CommandSpec, DatabaseSpec, FlywaySpec, MigrationsSpec
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Place
from trueup.model.stack import Respond
from trueup.model.values import digest_bytes
from trueup.ports.driver import Job, Reading
from trueup.ports.tree import Tree

FILES = ("*.sql", "flyway.conf", "flyway.toml", *(f"{directory}/*.sql" for directory in USUAL))


class DatabaseDriver:
    """Driver: PostgreSQL and SQLite, by Flyway's files, plain SQL, or another tool's commands."""

    name: ClassVar[str] = "database"
    specs: ClassVar[Mapping[str, type[DatabaseSpec]]] = {
        "flyway": FlywaySpec,
        "migrations": MigrationsSpec,
        "command": CommandSpec,
    }
    files: ClassVar[tuple[str, ...]] = FILES
    checks: ClassVar[timedelta] = timedelta(minutes=30)
    respond: ClassVar[Respond] = Respond.ALERT

    def read(self, tree: Tree, path: str, spec: DatabaseSpec) -> Reading:
        if not isinstance(spec, MigrationsSpec):
            raise Invalid("another tool's commands are not understood yet", place=Place(path))
        migrations = read_migrations(tree, path, spec)
        closure = Closure({name: digest_bytes(tree.read(name)) for name in migrations.read})
        return Reading(closure, migrations.findings)

    @contextlib.contextmanager
    def observe(self, job: Job[Any]) -> Iterator[DatabaseObservation]:
        with opened(job) as connection:
            yield DatabaseObservation(connection)
