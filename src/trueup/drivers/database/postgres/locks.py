"""Flyway's advisory lock on PostgreSQL: taken without ever waiting for it, shown with its owner, and broken."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from trueup.drivers.database.dialect import Backend, Database, Patience, Table
from trueup.drivers.database.migrations.checksums import postgres_lock_key
from trueup.model.errors import Refused, Rejected, Unavailable
from trueup.ports.driver import Lock

BACKENDS = (
    "SELECT pid, coalesce(to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), ''), "
    "coalesce(application_name, ''), coalesce(usename, ''), coalesce(query, '') FROM pg_stat_activity"
)
_HOLDER = (
    f"{BACKENDS} WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint = %s)"
)


def backend_of(values: Sequence[Any]) -> Backend:
    """Of a row of BACKENDS. Of another role's connections most is hidden from one without pg_read_all_stats."""
    pid, since, application, user, query = values
    doing = "" if query == "<insufficient privilege>" else " ".join(query.split())[:200]
    return Backend(pid, since, application, user, doing)


class AdvisoryLock:
    """dialect.Held. Bound to its connection, not to a transaction: one in REPEATABLE READ would be in the way of every
    CREATE INDEX CONCURRENTLY, and a connection that dies gives it back."""

    def __init__(self, database: Database, key: int) -> None:
        self.database = database
        self._key = key

    def check(self) -> None:
        self.database.query("SELECT 1")

    def let_go(self) -> None:
        with suppress(Rejected, Unavailable):
            self.database.query("SELECT pg_advisory_unlock(%s)", (self._key,))


def hold(database: Database, table: Table, patience: Patience) -> AdvisoryLock:
    """Raises Unavailable when it stays taken. It goes with the connection."""
    key = postgres_lock_key(table.schema, table.name)
    tried = 0
    while not database.query("SELECT pg_try_advisory_lock(%s)", (key,))[0][0]:
        tried += 1
        if tried == patience.tries:
            raise Unavailable(
                f"the lock of {table.schema}.{table.name} is held by {_named(_backend(database, key))}",
                hint="another migration is under way; `trueup stack unlock` breaks the lock of one that hangs",
            )
        patience.wait()
    return AdvisoryLock(database, key)


def holder(database: Database, table: Table) -> Lock | None:
    backend = _backend(database, postgres_lock_key(table.schema, table.name))
    if backend is None:
        return None
    return Lock(
        str(backend.pid),
        _who(backend),
        backend.since,
        backend.doing,
    )


def _who(backend: Backend) -> str:
    return f"{backend.user} ({backend.application or 'a nameless application'})"


def release(database: Database, table: Table, lock: Lock) -> None:
    """Ends the holder's connection, when it is the same one still. A role that only plans may not have seen since when
    it is there; then it has to be one of the same role and application."""
    backend = _backend(database, postgres_lock_key(table.schema, table.name))
    seen = (lock.id, lock.holder, lock.created)
    if backend is None or (str(backend.pid), _who(backend), lock.created and backend.since) != seen:
        raise Refused(
            f"the lock of {table.schema}.{table.name} is held by {_named(backend)} now, not by {lock.id}",
            hint="look again who holds it",
        )
    database.query("SELECT pg_terminate_backend(%s)", (backend.pid,))


def _backend(database: Database, key: int) -> Backend | None:
    found = database.query(_HOLDER, (key,))
    return backend_of(found[0]) if found else None


def _named(backend: Backend | None) -> str:
    if backend is None:
        return "nobody"
    return str(backend) + (f" since {backend.since}" if backend.since else "")
