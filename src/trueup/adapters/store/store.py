"""The store: opens the database, brings it up to date, compares the key, and hands out transactions."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, Engine, insert, inspect, select

from trueup.adapters.store import leases, ledger, tables
from trueup.adapters.store.checkpoints import Signer
from trueup.adapters.store.connect import DEFERRED, connect, display, parse
from trueup.adapters.store.dialect import upsert
from trueup.adapters.store.failures import translated
from trueup.adapters.store.migrate import migrate
from trueup.adapters.store.sealer import Sealer
from trueup.adapters.store.transaction import SqlTransaction, Tools
from trueup.adapters.store.verify import verify
from trueup.model.errors import Refused
from trueup.model.ledger import Checkpoint, Verification
from trueup.model.stack import StackId
from trueup.ports.store import SEALING_KEY, Holding, Lease, Worker
from trueup.settings import CHECKPOINT_EVERY
from trueup.system.clock import Clock, SystemClock


class SqlStore:
    """ports.store.Store on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, where: str, tools: Tools) -> None:
        self._engine = engine
        self._where = where
        self._tools = tools

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with self._connection() as connection:
            yield SqlTransaction(connection, self._tools)

    def acquire(self, stack: StackId, holder: str, seconds: float) -> Lease | None:
        with self._connection() as connection:
            return leases.acquire(connection, stack, holder, seconds)

    def renew(self, lease: Lease, seconds: float) -> bool:
        with self._connection() as connection:
            return leases.renew(connection, lease, seconds)

    def release(self, lease: Lease) -> None:
        with self._connection() as connection:
            leases.release(connection, lease)

    def leaseholder(self, stack: StackId) -> str | None:
        with self._snapshot() as connection:
            return leases.holder(connection, stack)

    def leases(self) -> Mapping[StackId, Holding]:
        with self._snapshot() as connection:
            return leases.holdings(connection)

    def beat(self, worker: str, about: Mapping[str, str]) -> None:
        with self._connection() as connection:
            leases.beat(connection, worker, about)

    def workers(self, silent_for: float | None = None) -> Sequence[Worker]:
        with self._snapshot() as connection:
            return leases.workers(connection, silent_for)

    def forget_worker(self, worker: str) -> None:
        with self._connection() as connection:
            leases.forget(connection, worker)

    def log(self, run: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        with self._connection() as connection:
            connection.execute(insert(tables.logs), [{"run": run, "line": ledger.clean(line)} for line in lines])

    def logs(self, run: str, after: int = 0) -> Sequence[tuple[int, str]]:
        column = tables.logs.c
        query = select(column.number, column.line).where(column.run == run, column.number > after)
        with self._snapshot() as connection:
            return [(row.number, row.line) for row in connection.execute(query.order_by(column.number))]

    def checkpoint(self) -> Checkpoint | None:
        """Signs one over the ledger as it is now. None without entries or a signer."""
        with self.transaction() as transaction:
            return transaction.sign_checkpoint()

    def verify_ledger(self, trusted: frozenset[str] = frozenset()) -> Verification:
        """Reads every stored byte. `trusted`: public keys that may have signed; ours when there is a signer."""
        if not trusted and self._tools.signer is not None:
            trusted = frozenset({self._tools.signer.key})
        with self._snapshot() as connection:
            return verify(connection, trusted)

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        with translated(self._where), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """For reading alone: one moment of the database, in nobody's way."""
        with translated(self._where), self._engine.connect() as raw:
            postgres = raw.dialect.name == "postgresql"
            options = {"isolation_level": "REPEATABLE READ"} if postgres else {DEFERRED: True}
            yield raw.execution_options(**options)


def open_store(
    url: str,
    sealer: Sealer,
    *,
    signer: Signer | None = None,
    clock: Clock | None = None,
    checkpoint_every: int = CHECKPOINT_EVERY,
) -> SqlStore:
    """Opens, or makes, the database behind `sqlite:////path` or `postgresql://user@host/name`.

    Raises Invalid (no such address), Refused (a newer version wrote it, or it is sealed with another key: nothing
    is written then) and Unavailable.
    """
    parsed = parse(url)
    where = display(parsed)
    with translated(where):
        engine = connect(parsed)
        try:
            _compare_key(engine, sealer.key_id, where)
            migrate(engine, where)
            _remember_key(engine, sealer.key_id)
            _compare_key(engine, sealer.key_id, where)
        except BaseException:
            engine.dispose()
            raise
    return SqlStore(engine, where, Tools(sealer, clock or SystemClock(), signer, checkpoint_every))


def _remember_key(engine: Engine, key: str) -> None:
    with engine.begin() as connection:
        statement = upsert(connection, tables.facts).values(name=SEALING_KEY, value=key)
        connection.execute(statement.on_conflict_do_nothing())


def _compare_key(engine: Engine, ours: str, where: str) -> None:
    """Before anything is written: also a database that still has to be migrated keeps its bytes."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(tables.facts.name):
            return
        theirs = connection.scalars(select(tables.facts.c.value).filter_by(name=SEALING_KEY)).first()
    if theirs not in (None, ours):
        raise Refused(
            f"{where} is sealed with the key {theirs}, and this process has the key {ours}",
            hint="give it the key file that belongs to this database; without it nothing sealed can be read",
        )
