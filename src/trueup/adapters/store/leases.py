"""Leases on stacks and heartbeats of workers, by the database's own time."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, case, delete, select, update
from sqlalchemy.sql.elements import ColumnElement

from trueup.adapters.store import tables
from trueup.adapters.store.dialect import database_time, upsert, upsert_values
from trueup.model.errors import LostLease
from trueup.model.stack import StackId
from trueup.ports.store import Holding, Lease, Worker


def acquire(connection: Connection, stack: StackId, holder: str, seconds: float) -> Lease | None:
    """One statement, so that of two workers one wins. The fence grows unless the same holder's lease still lasts."""
    now = database_time(connection)
    row = tables.leases.c
    lasting = (row.holder == holder) & (row.until > now)
    statement = upsert(connection, tables.leases).values(stack=stack, holder=holder, fence=1, until=now + seconds)
    statement = statement.on_conflict_do_update(
        index_elements=["stack"],
        set_={"holder": holder, "until": now + seconds, "fence": case((lasting, row.fence), else_=row.fence + 1)},
        where=(row.until <= now) | (row.holder == holder),
    ).returning(row.fence)
    fence = connection.execute(statement).scalar_one_or_none()
    return None if fence is None else Lease(stack, holder, fence)


def renew(connection: Connection, lease: Lease, seconds: float) -> bool:
    """False once it has run out, even when nobody took it: somebody may have looked meanwhile."""
    now = database_time(connection)
    statement = update(tables.leases).where(*_held(lease), tables.leases.c.until > now).values(until=now + seconds)
    return connection.execute(statement).rowcount == 1


def release(connection: Connection, lease: Lease) -> None:
    """The row stays: fences go on growing."""
    connection.execute(update(tables.leases).where(*_held(lease)).values(until=0.0))


def holder(connection: Connection, stack: StackId) -> str | None:
    row = tables.leases.c
    query = select(row.holder).where(row.stack == stack, row.until > database_time(connection))
    return connection.scalars(query).first()


def holdings(connection: Connection) -> Mapping[StackId, Holding]:
    now = database_time(connection)
    row = tables.leases.c
    query = select(row.stack, row.holder, row.until, (row.until - now).label("left")).where(row.until > now)
    return {
        StackId(each.stack): Holding(
            each.holder, datetime.fromtimestamp(each.until, UTC), timedelta(seconds=float(each.left))
        )
        for each in connection.execute(query.order_by(row.stack))
    }


def check(connection: Connection, lease: Lease) -> None:
    """Raises LostLease unless it is held; locks it to the end of the transaction, so that what the transaction
    writes cannot land after a takeover."""
    now = database_time(connection)
    query = select(tables.leases.c.fence).where(*_held(lease), tables.leases.c.until > now).with_for_update()
    if connection.scalars(query).first() is None:
        raise LostLease(
            f"the lease on stack {lease.stack} (holder {lease.holder}, fence {lease.fence}) is not held any more"
        )


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    row = tables.leases.c
    return (row.stack == lease.stack, row.holder == lease.holder, row.fence == lease.fence)


def beat(connection: Connection, worker: str, about: Mapping[str, str]) -> None:
    values = {"heard_at": database_time(connection), "about": json.dumps(dict(about))}
    upsert_values(connection, tables.workers, {"id": worker}, values)


def workers(connection: Connection, silent_for: float | None) -> Sequence[Worker]:
    row = tables.workers.c
    query = select(tables.workers).order_by(row.id)
    if silent_for is not None:
        query = query.where(row.heard_at <= database_time(connection) - silent_for)
    found = connection.execute(query)
    return [Worker(each.id, datetime.fromtimestamp(each.heard_at, UTC), json.loads(each.about)) for each in found]


def forget(connection: Connection, worker: str) -> None:
    connection.execute(delete(tables.workers).where(tables.workers.c.id == worker))
