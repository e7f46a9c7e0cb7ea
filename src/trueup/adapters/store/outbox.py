"""The outbox: notifications in the order of each place, and the threads that they belong to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, select

from trueup.adapters.store import codec, rows, tables
from trueup.adapters.store.dialect import upsert_values
from trueup.model.ledger import stamp
from trueup.model.notice import Notification, NotificationState, Thread
from trueup.ports.store import NotificationFilter

_COLUMN = tables.notifications.c


def one(connection: Connection, id: str) -> Notification | None:
    body = connection.scalars(select(_COLUMN.body).where(_COLUMN.id == id)).first()
    return None if body is None else codec.NOTIFICATION.load(body)


def many(connection: Connection, wanted: NotificationFilter) -> Sequence[Notification]:
    query = select(_COLUMN.body).order_by(_COLUMN.position.desc(), _COLUMN.id.desc()).limit(wanted.limit)
    if wanted.states:
        query = query.where(_COLUMN.state.in_([str(state) for state in wanted.states]))
    if wanted.service:
        query = query.where(_COLUMN.service == wanted.service)
    if wanted.target:
        query = query.where(_COLUMN.target == wanted.target)
    return [codec.NOTIFICATION.load(body) for body in connection.scalars(query)]


def heads(connection: Connection) -> Sequence[Notification]:
    """The oldest pending one of each place."""
    pending = _COLUMN.state == str(NotificationState.PENDING)
    oldest = (
        select(_COLUMN.service, _COLUMN.target, func.min(_COLUMN.position).label("position"))
        .where(pending)
        .group_by(_COLUMN.service, _COLUMN.target)
        .subquery()
    )
    same = and_(
        _COLUMN.service == oldest.c.service,
        _COLUMN.target == oldest.c.target,
        _COLUMN.position == oldest.c.position,
    )
    query = select(_COLUMN.body).join(oldest, same).where(pending).order_by(_COLUMN.position, _COLUMN.id)
    found: dict[tuple[str, str], Notification] = {}
    for body in connection.scalars(query):
        each = codec.NOTIFICATION.load(body)
        found.setdefault((each.service, each.target), each)
    return list(found.values())


def counts(connection: Connection) -> Mapping[tuple[str, NotificationState], int]:
    query = select(_COLUMN.service, _COLUMN.state, func.count()).group_by(_COLUMN.service, _COLUMN.state)
    return {(service, NotificationState(state)): count for service, state, count in connection.execute(query)}


def put(connection: Connection, notification: Notification) -> Notification:
    columns = {
        "state": str(notification.state),
        "service": notification.service,
        "target": notification.target,
        "position": notification.position,
        "due_at": stamp(notification.due_at),
        "ended_at": stamp(notification.ended_at) if notification.ended_at else None,
    }
    return rows.put(connection, tables.notifications, codec.NOTIFICATION, notification, columns)


def forget(connection: Connection, before: datetime) -> int:
    done = [str(each) for each in (NotificationState.SENT, NotificationState.DIGESTED, NotificationState.DROPPED)]
    old = _COLUMN.ended_at < stamp(before)
    return connection.execute(delete(tables.notifications).where(_COLUMN.state.in_(done), old)).rowcount


def threads(connection: Connection, subject: str) -> Sequence[Thread]:
    column = tables.threads.c
    query = select(tables.threads).where(column.subject == subject).order_by(column.service, column.target)
    return [Thread(row.subject, row.service, row.target, row.receipt) for row in connection.execute(query)]


def put_thread(connection: Connection, thread: Thread) -> None:
    key = {"subject": thread.subject, "service": thread.service, "target": thread.target}
    upsert_values(connection, tables.threads, key, {"receipt": thread.receipt})
