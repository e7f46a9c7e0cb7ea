"""Running migrations on scratch: at once for what is settled, statement by statement for what is new."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby

from trueup.drivers.database.dialect import Database, Dialect, Options
from trueup.drivers.database.migrations.migrations import Callback, Migration
from trueup.drivers.database.statements import Statement
from trueup.model.errors import Invalid, Place, Rejected, TrueupError

ROWS = frozenset({"21", "22", "23", "P0"})
"""Classes of SQLSTATE that speak of rows (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
DATA = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SELECT", "WITH", "DO", "CALL", "VALUES"})
"""First words of statements that may want rows; whatever else fails is wrong on production too."""
CONTROL = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE"})
SETTING = frozenset({"SET", "RESET", "DISCARD", "LOAD"})
"""First words of what outlives its transaction: each script begins in a session as it was opened."""
BATCH = 64
"""Settled scripts that are sent at once, each in a transaction of its own."""
UNSAFE_ENUM_VALUE = "55P04"
STRONGEST = "AccessExclusiveLock"

_LOCKS = """
    SELECT l.mode, c.oid::regclass::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = %s AND l.granted AND c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relnamespace NOT IN
      ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
"""
_FILES = """
    SELECT c.oid::regclass::text, c.relfilenode FROM pg_class c
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.relnamespace NOT IN
      ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
_COLUMNS = """
    SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      a.attcollation, a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_COLUMNS_OF_SQLITE = """
    SELECT m.name || '.' || p.name, p.type || p."notnull" || coalesce(p.dflt_value, '')
    FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'
"""


@dataclass(frozen=True, order=True)
class Lock:
    """One that the statement took on a relation that was there before its migration."""

    relation: str
    mode: str
    """As pg_locks says it: `AccessExclusiveLock`. For a statement that runs without a transaction none are seen: it
    gave them back when it was done."""


@dataclass(frozen=True)
class Tried:
    """One statement on scratch."""

    script: str
    """The path of its file."""
    place: Place
    last_line: int
    title: str
    """One line to know it by."""
    milliseconds: float
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    """Tables that were there before and lie in another file now."""
    skipped: str = ""
    """Why it did not run: what of production's rows it missed, in the database's words."""


class Runner:
    """One scratch database and a second connection that looks at the first one's locks."""

    def __init__(self, database: Database, watcher: Database | None) -> None:
        self._database = database
        self._watcher = watcher
        self._pid = database.query("SELECT pg_backend_pid()")[0][0] if watcher is not None else 0

    def through(self, migrations: Sequence[Migration]) -> tuple[Migration, Rejected] | None:
        """One after the other, many in one message where nothing in them minds that. The first that is refused, and
        why, with the statement's place; None: all ran."""
        for plain, group in groupby(migrations, key=self._is_plain):
            several = list(group)
            for start in range(0, len(several), BATCH):
                batch = several[start : start + BATCH]
                done = self._batched(batch) if plain else 0
                for migration in batch[done:]:
                    try:
                        self.at_once(migration)
                    except Rejected as error:
                        return migration, error
        return None

    def _batched(self, migrations: Sequence[Migration]) -> int:
        """How many of them are through: all, or those before the first that was refused."""
        # The number is set inside: between two transactions it would belong to the second one.
        scripts = [
            f"BEGIN;\n{each.sql}\n;SET trueup.through = {number};COMMIT;" for number, each in enumerate(migrations, 1)
        ]
        self._database.execute("SET trueup.through = 0")
        try:
            self._database.execute("".join(scripts))
        except Rejected:
            self._database.execute("ROLLBACK")
            return int(self._database.query("SHOW trueup.through")[0][0])
        return len(migrations)

    def _is_plain(self, migration: Migration) -> bool:
        """May stand between BEGIN and COMMIT among others."""
        if self._watcher is None or migration.in_transaction is False or "set_config" in migration.sql:
            return False
        return all(
            each.in_transaction and each.data is None and each.words[:1] and each.words[0] not in CONTROL | SETTING
            for each in self._split(migration)
        )

    def callbacks(self, several: Iterable[Callback]) -> None:
        """As far as they go: what looks at production's rows fails here and not there."""
        for each in several:
            with suppress(Rejected, Invalid):
                self._one_by_one(self._database.dialect.split(each.sql, each.path))
            self._database.reset()

    def at_once(self, migration: Migration) -> None:
        """As one message, which is one transaction. Raises Rejected with the statement's place."""
        statements = self._split(migration)
        if not _is_transactional(migration, statements):
            self._one_by_one(statements)
        elif not self._sent_whole(migration, statements):
            with self._database.transaction():
                self._one_by_one(statements)
        self._database.reset()

    def _sent_whole(self, migration: Migration, statements: Sequence[Statement]) -> bool:
        """False: not sent, or refused, of which nothing remains; an error says its line for few reasons only."""
        if self._watcher is None or not statements or any(each.data is not None for each in statements):
            return False
        try:
            self._database.run(Statement(migration.sql, migration.sql, migration.path, 1))
        except Rejected:
            return False
        return True

    def _split(self, migration: Migration) -> tuple[Statement, ...]:
        return self._database.dialect.split(migration.sql, migration.path)

    def _one_by_one(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            self._database.run(statement)

    def traced(self, migration: Migration) -> tuple[Tried, ...]:
        """Each statement with its time, locks and rewrites. Raises Rejected; what only wants for production's rows is
        left out instead."""
        tried = self._traced(migration, self._split(migration))
        self._database.reset()
        return tried

    def columns(self) -> dict[str, str]:
        """Of every table, and what each is; without its place, comment and privileges."""
        return dict(self._database.query(_COLUMNS if self._watcher is not None else _COLUMNS_OF_SQLITE))

    def _traced(self, migration: Migration, statements: Sequence[Statement]) -> tuple[Tried, ...]:
        if not _is_transactional(migration, statements):
            return self._each(statements, migration)
        try:
            with self._database.transaction():
                return self._each(statements, migration)
        except Rejected as error:
            if not is_about_rows(error):
                raise
        with self._database.transaction():
            return tuple(self._forgiving(statements, migration))

    def _each(self, statements: Sequence[Statement], migration: Migration) -> tuple[Tried, ...]:
        there = dict(self._files())
        held: set[Lock] = set()
        tried = []
        for statement in statements:
            began = time.perf_counter()
            self._database.run(statement)
            took = (time.perf_counter() - began) * 1000
            now, files = self._locks(), dict(self._files())
            moved = sorted(name for name, file in there.items() if name in files and files[name] != file)
            rewrites = () if statement.words[:1] == ("TRUNCATE",) else tuple(moved)
            tried.append(_tried(statement, migration, took, sorted(now - held), rewrites))
            held |= now
            there |= {name: files[name] for name in moved}
        return tuple(tried)

    def _forgiving(self, statements: Sequence[Statement], migration: Migration) -> Iterator[Tried]:
        """Each under a savepoint, so that one that wants rows is passed over."""
        for statement in statements:
            try:
                with self._database.transaction():
                    yield from self._each([statement], migration)
            except Rejected as error:
                if not is_about_rows(error) or statement.words[:1] == () or statement.words[0] not in DATA:
                    raise
                yield _tried(statement, migration, 0, (), (), error.message)

    def _locks(self) -> set[Lock]:
        if self._watcher is None:
            return set()
        return {Lock(relation, mode) for mode, relation in self._watcher.query(_LOCKS, (self._pid,))}

    def _files(self) -> list[tuple[str, int]]:
        if self._watcher is None:
            return []
        return [(name, file) for name, file in self._database.query(_FILES)]


@contextmanager
def runner(dialect: Dialect, url: str, options: Options) -> Iterator[tuple[Database, Runner]]:
    """SQLite has no second look: it locks as a whole."""
    with dialect.connect(url, options) as database:
        if dialect.name != "postgresql":
            yield database, Runner(database, None)
            return
        with dialect.connect(url, options) as watcher:
            yield database, Runner(database, watcher)


def is_about_rows(error: TrueupError) -> bool:
    return _state_of(error)[:2] in ROWS


def is_enum_value(error: TrueupError) -> bool:
    return _state_of(error) == UNSAFE_ENUM_VALUE


def _state_of(error: TrueupError) -> str:
    """SQLSTATE of what the driver's client translated; empty where there is none."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def _is_transactional(migration: Migration, statements: Sequence[Statement]) -> bool:
    return migration.in_transaction is not False and all(each.in_transaction for each in statements)


def _tried(
    statement: Statement,
    migration: Migration,
    milliseconds: float,
    locks: Sequence[Lock],
    rewrites: tuple[str, ...],
    skipped: str = "",
) -> Tried:
    last = statement.line + statement.sql.count("\n")
    place = statement.place()
    return Tried(migration.path, place, last, statement.title, milliseconds, tuple(locks), rewrites, skipped)
