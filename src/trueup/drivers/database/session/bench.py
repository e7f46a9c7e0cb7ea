"""The bench of a session: scratch databases on which structures are rebuilt and migrations run, as in production."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.dialect import Database, Dialect, Options
from trueup.drivers.database.migrations.callbacks import BEFORE, BEHIND
from trueup.drivers.database.migrations.migrations import Callback, Migration
from trueup.drivers.database.rehearsal.run import DATA, is_about_rows
from trueup.drivers.database.scratch.needs import needs
from trueup.drivers.database.scratch.rebuild import rebuild
from trueup.drivers.database.scratch.scratch import Scratch, scratch
from trueup.drivers.database.snapshots import Snapshot
from trueup.drivers.database.statements import Statement
from trueup.model.errors import Broken, Invalid, Rejected, TrueupError
from trueup.model.plan import Finding
from trueup.ports.driver import Job


@dataclass(frozen=True)
class Scope:
    """What is looked at, and how one is connected while migrations run."""

    schemas: Collection[str]
    skip: frozenset[str]
    search_path: tuple[str, ...]
    around: tuple[Callback, ...] = ()
    """What runs before and behind migrations, and may change the schema too: grants, mostly."""


@contextmanager
def bench(job: Job[Any], database: Database, scope: Scope) -> Iterator["ScratchBench"]:
    """Raises NoScratch, Unavailable."""
    with scratch(job, database.dialect, database.major, database.identity) as server, ExitStack() as stack:
        yield ScratchBench(server, database.dialect, scope, stack)


@dataclass
class ScratchBench:
    """trial.Bench."""

    server: Scratch
    dialect: Dialect
    scope: Scope
    stack: ExitStack
    _here: Database | None = None
    _roles: set[str] = field(default_factory=set)

    def begin(self, structure: Snapshot) -> Snapshot:
        url = self.stack.enter_context(self.server.fresh())
        options = Options(read_only=False, application="trueup scratch", search_path=self.scope.search_path)
        self._here = self.stack.enter_context(self.dialect.connect(url, options))
        rebuild(structure, self.server, self._here)
        return self.look()

    def run(self, migration: Migration, role: str) -> Sequence[Finding]:
        self._create_schemas(role)
        self._around(BEFORE, role)
        findings = self._migrate(migration, role)
        self._around(BEHIND, role)
        return findings

    def _create_schemas(self, role: str) -> None:
        """Those that the code names and nobody has created yet: a delivery does so, like Flyway."""
        for schema in self.scope.search_path:
            if not self._database.has_schema(schema):
                with self._as(role):
                    self._database.create_schema(schema)

    def _around(self, events: Sequence[str], role: str) -> None:
        """Those of a whole delivery too: they may be repeated anyway. As far as it goes: what looks at production's
        rows fails here and not there."""
        for event in events:
            for each in self.scope.around:
                if each.event == event:
                    with contextlib.suppress(Rejected, Invalid), self._as(role):
                        self._one_by_one(self.dialect.split(each.sql, each.path))

    def _migrate(self, migration: Migration, role: str) -> Sequence[Finding]:
        statements = self.dialect.split(migration.sql, migration.path)
        if self.dialect.name == "postgresql":
            self._make_roles(set(needs([migration.sql]).roles))
        with self._as(role):
            if migration.in_transaction is False or not all(each.in_transaction for each in statements):
                return self._one_by_one(statements)
            try:
                with self._database.transaction():
                    for statement in statements:
                        self._database.run(statement)
            except Rejected as error:
                if not is_about_rows(error):
                    raise
                return self._one_by_one(statements)
        return ()

    def look(self) -> Snapshot:
        return self._database.snapshot(self.scope.schemas, self.scope.skip)

    @property
    def _database(self) -> Database:
        if self._here is None:
            raise Broken("nothing was begun on scratch")
        return self._here

    def _one_by_one(self, statements: Sequence[Statement]) -> Sequence[Finding]:
        """Without what fails for want of production's rows."""
        findings = []
        for statement in statements:
            try:
                self._database.run(statement)
            except Rejected as error:
                if not (is_about_rows(error) and statement.words[:1] and statement.words[0] in DATA):
                    raise
                message = f"`{statement.title}` needs rows that only production has, so its effect is not foreseen"
                findings.append(Finding("migration-needs-rows", message, error.place, hint=error.message))
        return findings

    @contextmanager
    def _as(self, role: str) -> Iterator[None]:
        """Whoever runs a migration owns what it creates, and has privileges by default that others have not."""
        became = bool(role) and self._become(role)
        try:
            yield
        finally:
            if became:
                self._database.execute("RESET SESSION AUTHORIZATION")

    def _become(self, role: str) -> bool:
        """Not on a server where we are no superuser: there everything is the scratch role's."""
        if self.dialect.name != "postgresql":
            return False
        quoted = identifier(role)
        try:
            self._make_roles({role})
            if self.server.made(role):
                self._database.execute(f"ALTER ROLE {quoted} SUPERUSER")
            else:
                # Somebody's own on a server that was given: it gets this one database, and nothing that stays.
                name = self._database.identity.rpartition("/")[2]
                self._database.execute(f"ALTER DATABASE {identifier(name)} OWNER TO {quoted}")
            self._database.execute(f"SET SESSION AUTHORIZATION {quoted}")
        except TrueupError:
            return False
        return True

    def _make_roles(self, names: set[str]) -> None:
        missing = names - self._roles - {"PUBLIC", "public"}
        if missing:
            self.server.roles(frozenset(missing))
            self._roles |= missing
