"""Events of live systems, the index of names that finds their stacks, and the checks that they ask for."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, delete, func, insert, select

from trueup.adapters.store import codec, tables
from trueup.adapters.store.dialect import upsert, upsert_values
from trueup.model.ledger import stamp
from trueup.model.plan import Address
from trueup.model.signal import LiveEvent, Subject, Wake
from trueup.model.stack import StackId

ValueT = TypeVar("ValueT")
AT_ONCE = 500
"""Values in one statement: databases have a limit."""


def put_subjects(connection: Connection, stack: StackId, subjects: Collection[Subject]) -> None:
    wanted = {(each.text, each.address): each for each in subjects}
    connection.execute(delete(tables.subjects).where(tables.subjects.c.stack == stack))
    values = [
        {
            "stack": stack,
            "text": each.text,
            "address": each.address,
            "exact": each.exact,
            "account": each.account,
            "region": each.region,
        }
        for each in wanted.values()
    ]
    if values:
        connection.execute(insert(tables.subjects), values)


def subjects(connection: Connection, stack: StackId) -> Sequence[Subject]:
    column = tables.subjects.c
    query = select(tables.subjects).where(column.stack == stack).order_by(column.address, column.text)
    return [
        Subject(row.text, Address(row.address), bool(row.exact), row.account, row.region)
        for row in connection.execute(query)
    ]


def subjects_named(connection: Connection, texts: Collection[str]) -> Sequence[tuple[StackId, Subject]]:
    column = tables.subjects.c
    found: list[tuple[StackId, Subject]] = []
    for some in _chunks(texts):
        for row in connection.execute(select(tables.subjects).where(column.text.in_(some))):
            subject = Subject(row.text, Address(row.address), bool(row.exact), row.account, row.region)
            found.append((StackId(row.stack), subject))
    return found


def add_events(connection: Connection, stack: StackId, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
    column = tables.live_events.c
    new = {(each.source, each.id): each for each in events}
    for some in _chunks([each.id for each in events]):
        query = select(column.source, column.id).where(column.stack == stack, column.id.in_(some))
        for row in connection.execute(query):
            new.pop((row.source, row.id), None)
    values = [
        {
            "stack": stack,
            "source": each.source,
            "id": each.id,
            "at": stamp(each.at),
            "received_at": stamp(each.received_at),
            "body": codec.LIVE_EVENT.text(each),
        }
        for each in new.values()
    ]
    for some_values in _chunks(values):
        connection.execute(upsert(connection, tables.live_events).on_conflict_do_nothing(), some_values)
    return list(new.values())


def events(connection: Connection, stack: StackId, since: datetime, until: datetime) -> Sequence[LiveEvent]:
    column = tables.live_events.c
    query = select(column.body).where(column.stack == stack, column.at >= stamp(since), column.at <= stamp(until))
    return [codec.LIVE_EVENT.load(body) for body in connection.scalars(query.order_by(column.at, column.id))]


def forget_events(connection: Connection, before: datetime, most: int) -> None:
    column = tables.live_events.c
    connection.execute(delete(tables.live_events).where(column.received_at < stamp(before)))
    crowded = select(column.stack).group_by(column.stack).having(func.count() > most)
    for stack in list(connection.scalars(crowded)):
        newest = select(column.at).where(column.stack == stack).order_by(column.at.desc()).offset(most - 1).limit(1)
        oldest_kept = connection.scalar(newest)
        connection.execute(delete(tables.live_events).where(column.stack == stack, column.at < oldest_kept))


def wakes(connection: Connection) -> Sequence[Wake]:
    query = select(tables.wakes.c.body).order_by(tables.wakes.c.due_at, tables.wakes.c.stack)
    return [codec.WAKE.load(body) for body in connection.scalars(query)]


def put_wake(connection: Connection, wake: Wake) -> None:
    values = {"due_at": stamp(wake.due_at), "body": codec.WAKE.text(wake)}
    upsert_values(connection, tables.wakes, {"stack": wake.stack}, values)


def drop_wake(connection: Connection, stack: StackId) -> None:
    connection.execute(delete(tables.wakes).where(tables.wakes.c.stack == stack))


def _chunks(values: Collection[ValueT]) -> Iterator[list[ValueT]]:
    every = list(values)
    for first in range(0, len(every), AT_ONCE):
        yield every[first : first + AT_ONCE]
