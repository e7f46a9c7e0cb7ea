"""Opening a session: the address, the connection, and the files with what only a connection knows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trueup.drivers.database import watch
from trueup.drivers.database.client import dialect_of
from trueup.drivers.database.delivery.order import Delivery, application_of
from trueup.drivers.database.delivery.progress import own_tables
from trueup.drivers.database.dialect import Database, Options, Table
from trueup.drivers.database.history.rows import Row
from trueup.drivers.database.migrations.configuration import Settings, configured
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.drivers.database.migrations.placeholders import values
from trueup.drivers.database.session.bench import Scope
from trueup.drivers.database.spec import DatabaseSpec, MigrationsSpec
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Job

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Opened:
    """A connection and everything that is known with it."""

    job: Job[Any]
    url: str
    database: Database
    schemas: tuple[str, ...]
    """The first one has the history."""
    known: Settings | None = None
    """Where they were read already."""

    @property
    def table(self) -> Table:
        return Table(self.schemas[0], self.settings.table)

    @cached_property
    def settings(self) -> Settings:
        return self.known or configured(self.job.tree, self.job.path, self.job.spec).settings

    def look(self) -> Mapping[Address, Resource]:
        """The catalog as it is now, without our own tables. Raises Rejected, Unavailable."""
        return self.database.snapshot(self.schemas, self.scope.skip)

    def migrations(self) -> Migrations:
        """With every placeholder replaced. Raises Invalid, and what a secret's store raises."""
        return read_migrations(self.job.tree, self.job.path, self.job.spec, self.values())

    def values(self) -> Mapping[str, str]:
        """Of every placeholder. Raises Invalid, and what a secret's store raises."""
        built_in = {
            "defaultSchema": self.schemas[0],
            "user": self.database.user,
            "database": self._name,
            # What makes a repeatable run at each new commit, and lets two plans of one commit say the same.
            "timestamp": self.job.tree.revision,
            "workingDirectory": self.job.path,
        }
        return values(self.settings, built_in, self.job.secret, self.job.environment)

    def options(self) -> Options:
        """Of another connection beside this one, to write with."""
        return replace(options_of(self.job, writes=True), search_path=schemas_of(self.job, self.known))

    def delivery(self, migrations: Migrations, rows: Sequence[Row] | None) -> Delivery:
        """Of nothing yet, beside this connection; `rows` is the history that the plan saw."""
        return Delivery(
            job=self.job,
            dialect=self.database.dialect,
            url=self.url,
            table=self.table,
            schemas=self.schemas,
            skip=self.scope.skip,
            migrations=migrations,
            pending=(),
            rows=None if rows is None else tuple(rows),
        )

    @property
    def scope(self) -> Scope:
        return Scope(self.schemas, own_tables(self.table) | watch.skipped(), self.schemas)

    @property
    def _name(self) -> str:
        return self.database.identity.rpartition("/")[2]


def address_of(job: Job[Any], *, writes: bool) -> str:
    """The database's URL, as this job's credentials give it. Raises Invalid, and what a secret's store raises."""
    spec: DatabaseSpec = job.spec
    reference = spec.url if writes or spec.plan_url is None else spec.plan_url
    if reference is None:
        raise Invalid(
            f"{job.name} does not say where its database is",
            place=Place(job.path),
            hint="`url:` in trueup.yaml: a secret reference, or text with `${NAME}` out of the stack's context",
        )
    return job.secret(filled(reference, job.environment, job.name))


def filled(text: str, environment: Mapping[str, str], name: str) -> str:
    """Raises Invalid for a variable that the job does not have."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise Invalid(
                f"the URL of {name} needs {found[1]}, which its context does not give",
                hint="`contexts:` of trueup.yaml: under `vars`, or under `secrets`",
            )
        return environment[found[1]]

    return _VARIABLE.sub(value, text)


def options_of(job: Job[Any], *, writes: bool) -> Options:
    """Of a plan: the server itself refuses to write for it."""
    spec: DatabaseSpec = job.spec
    return Options(
        read_only=not writes,
        application=application_of(job) if writes else f"trueup {job.purpose}",
        environment=job.environment,
        lock_timeout=spec.lock_timeout,
        statement_timeout=spec.statement_timeout if writes else job.limits.plan,
    )


@contextmanager
def opened(job: Job[Any], *, writes: bool = False, known: Settings | None = None) -> Iterator[Opened]:
    """`known`: the stack's settings, where they were read already. Raises Invalid, Rejected, Unavailable."""
    url = address_of(job, writes=writes)
    dialect = dialect_of(url)
    schemas = schemas_of(job, known)
    options = options_of(job, writes=writes)
    with dialect.connect(url, replace(options, search_path=schemas)) as database:
        yield Opened(job, url, database, schemas or (database.schema or dialect.default_schema,), known)


def reader_of(writing: Opened) -> str:
    """The role that plans, where `planUrl` gives it another one; empty otherwise. Raises Invalid, Rejected,
    Unavailable."""
    if writing.job.spec.plan_url is None:
        return ""
    with opened(writing.job) as plans:
        return plans.database.user if plans.database.user != writing.database.user else ""


def schemas_of(job: Job[Any], known: Settings | None = None) -> tuple[str, ...]:
    """Those that the code names; none: the connection's own."""
    if isinstance(job.spec, MigrationsSpec):
        return (known or configured(job.tree, job.path, job.spec).settings).schemas
    return tuple(job.spec.schemas)
