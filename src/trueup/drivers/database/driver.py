"""The database driver: the one place that other parts of Trueup see."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from trueup.drivers.database import command_session, discover, tools, watch, watch_log
from trueup.drivers.database.codify import codify
from trueup.drivers.database.command_session import CommandObservation, CommandSession
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.locations import USUAL
from trueup.drivers.database.migrations.settings import Settings
from trueup.drivers.database.recovery import recover
from trueup.drivers.database.session.kept import Kept
from trueup.drivers.database.session.open import opened
from trueup.drivers.database.session.read import closure_of
from trueup.drivers.database.session.revert import RevertObservation, RevertSession, recovered
from trueup.drivers.database.session.session import DatabaseObservation, DatabaseSession
from trueup.drivers.database.spec import CommandSpec, DatabaseSpec, FlywaySpec, MigrationsSpec
from trueup.drivers.database.token import token_of
from trueup.model.closure import Closure
from trueup.model.drift import Drift
from trueup.model.errors import Refused
from trueup.model.plan import Address, LiveIdentity, Plan, Resource
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import Respond
from trueup.ports.driver import Codification, Discovered, Evidence, Job, JournalEntry, Lock, Reading, Told, Tool
from trueup.ports.tree import Tree

FILES = (
    "*.sql",
    "flyway.conf",
    "flyway.toml",
    "alembic.ini",
    "liquibase.properties",
    *(f"{directory}/*.sql" for directory in USUAL),
)
READ = 64
"""How many stacks' files are kept as they were read."""


class DatabaseDriver:
    """Driver, Codifies, Discovers, Recovers, Unlocks, Probes, Logs, Tools: PostgreSQL and SQLite, by migrations or a
    tool."""

    name: ClassVar[str] = "database"
    specs: ClassVar[Mapping[str, type[DatabaseSpec]]] = {
        "flyway": FlywaySpec,
        "migrations": MigrationsSpec,
        "command": CommandSpec,
    }
    files: ClassVar[tuple[str, ...]] = FILES
    checks: ClassVar[timedelta] = timedelta(minutes=30)
    respond: ClassVar[Respond] = Respond.ALERT
    probes: ClassVar[timedelta | None] = timedelta(seconds=15)
    complete: ClassVar[bool] = True
    """Where its token proves anything (LiveIdentity.proves), that needs no other log."""

    tools: ClassVar[Mapping[str, Tool]] = tools.TOOLS

    def __init__(self) -> None:
        self._read: dict[tuple[int, str, str], _Known] = {}
        self._kept = Kept()

    def read(self, tree: Tree, path: str, spec: DatabaseSpec) -> Reading:
        if not isinstance(spec, MigrationsSpec):
            return Reading(command_session.closure_of(tree, path, spec))
        migrations = read_migrations(tree, path, spec)
        return Reading(closure_of(tree, migrations), migrations.findings)

    def discover(self, tree: Tree) -> Iterable[Discovered]:
        return discover.discover(tree)

    @contextlib.contextmanager
    def observe(self, job: Job[Any]) -> Iterator[DatabaseObservation | CommandObservation]:
        with opened(job) as connection:
            if isinstance(job.spec, CommandSpec):
                yield CommandObservation(connection)
            else:
                yield RevertObservation(connection) if job.purpose == "revert" else DatabaseObservation(connection)

    @contextlib.contextmanager
    def open(self, job: Job[Any]) -> Iterator[DatabaseSession | RevertSession | CommandSession]:
        with opened(job, writes=True) as connection:
            if isinstance(job.spec, CommandSpec):
                yield CommandSession(connection)
            else:
                yield RevertSession(connection) if job.purpose == "revert" else DatabaseSession(connection)

    def recover(self, job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
        if isinstance(job.spec, CommandSpec):
            return command_session.recover(job, journal)
        with opened(job, writes=True) as connection:
            return (recovered if job.purpose == "revert" else recover)(connection, journal)

    def codify(self, job: Job[Any], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
        if isinstance(job.spec, CommandSpec):
            return command_session.declined(drifts)
        return codify(job, drifts, plan, inline=inline, said=self._said(job, drifts))

    def locked_by(self, job: Job[Any]) -> Lock | None:
        if isinstance(job.spec, CommandSpec):
            return None
        with opened(job) as connection:
            return connection.database.dialect.holder(connection.database, connection.table)

    def unlock(self, job: Job[Any], lock: Lock) -> None:
        """Ends the holder's connection. Raises Refused when it is another one by now, or none."""
        with opened(job, writes=True) as connection:
            connection.database.dialect.release(connection.database, connection.table, lock)

    def use(self, job: Job[Any], tool: str, arguments: Mapping[str, str]) -> Told:
        if isinstance(job.spec, CommandSpec):
            raise Refused(f"{job.name} is managed by another tool", hint=f"ask that tool: {job.spec.plan[0]}")
        return tools.use(job, tool, arguments)

    def token(self, job: Job[Any]) -> LiveIdentity:
        if isinstance(job.spec, CommandSpec):
            # Its history is the tool's own, which only the tool reads.
            return LiveIdentity()
        known = self._known(job)
        return self._kept.asked(job, known.settings, lambda here: token_of(here.database, here.table, known.closure))

    def close(self) -> None:
        """Ends the connections that are kept; they come again when they are needed."""
        self._kept.close()

    def logged(self, job: Job[Any], since: datetime) -> Iterable[LiveEvent]:
        """Of a watched database; of any other one nothing is known."""
        with opened(job) as connection:
            database = connection.database
            if database.dialect.name != "postgresql" or not watch.may_read(database):
                return ()
            lines = [watch_log.line_of(row) for row in database.query(watch_log.QUERY, (since,))]
        now = datetime.now(UTC)
        return tuple(watch_log.event_of(line, database.identity, now, job.redact) for line in lines)

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        return watch_log.subjects_of(resources)

    def _said(self, job: Job[Any], drifts: Sequence[Drift]) -> Mapping[str, str]:
        """The statements that made these drifts, whole, by the event of their origin. A statement with a secret that
        this installation knows is left out."""
        lines = [each.origin.event.rpartition(":")[2] for each in drifts if each.origin is not None]
        ids = [int(line) for line in lines if line.isdecimal()]
        if not ids:
            return {}
        with opened(job) as connection:
            database = connection.database
            if database.dialect.name != "postgresql" or not watch.may_read(database):
                return {}
            found = database.query(watch_log.STATEMENTS, (ids,))
        return {f"{database.identity}:{id}": text for id, text in found if text and job.redact(text) == text}

    def _known(self, job: Job[Any]) -> "_Known":
        """Of the trees that were asked for last: a token is asked for again and again of the same one."""
        key = (id(job.tree), job.path, job.spec.model_dump_json())
        if key not in self._read:
            for old in list(self._read)[: -READ + 1]:
                self._read.pop(old, None)
            migrations = read_migrations(job.tree, job.path, job.spec)
            self._read[key] = _Known(job.tree, migrations.settings, closure_of(job.tree, migrations))
        return self._read[key]


@dataclass(frozen=True)
class _Known:
    """What the files of a stack say."""

    tree: Tree
    """Held, so that no other one can get its id."""
    settings: Settings
    closure: Closure
