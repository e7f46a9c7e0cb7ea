"""Stacks, runs, journals, drifts and checks: JSON bodies beside the columns that queries need."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, insert, select, tuple_, update

from trueup.adapters.store import codec, tables
from trueup.adapters.store.codec import Codec
from trueup.model.break_glass import BreakGlass
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.ledger import stamp
from trueup.model.notice import Notification
from trueup.model.run import Run, RunId, RunKind, RunState, check_move
from trueup.model.stack import Stack, StackId
from trueup.ports.driver import JournalEntry
from trueup.ports.store import Conflict, RunFilter

NounT = TypeVar("NounT", Stack, Run, Drift, Notification, BreakGlass)


def put(connection: Connection, table: Table, rows: Codec[NounT], noun: NounT, columns: Mapping[str, object]) -> NounT:
    """Compares and sets the generation; answers the noun with the next one. Raises Conflict."""
    stored = replace(noun, generation=noun.generation + 1)
    values: dict[str, Any] = {**columns, "generation": stored.generation, "body": rows.text(stored)}
    if noun.generation == 0:
        # A row that is already there violates the primary key, which arrives as Conflict as well.
        connection.execute(insert(table).values(id=noun.id, **values))
        return stored
    same = (table.c.id == noun.id) & (table.c.generation == noun.generation)
    if connection.execute(update(table).where(same).values(values)).rowcount != 1:
        raise Conflict(f"{table.name} {noun.id} is not at generation {noun.generation} any more")
    return stored


def one(connection: Connection, table: Table, rows: Codec[NounT], **equal: str) -> NounT | None:
    query = select(table.c.body).filter_by(**equal)
    body = connection.scalars(query).first()
    return None if body is None else rows.load(body)


def stacks(connection: Connection) -> Sequence[Stack]:
    query = select(tables.stacks.c.body).order_by(tables.stacks.c.name, tables.stacks.c.id)
    return [codec.STACK.load(body) for body in connection.scalars(query)]


def put_stack(connection: Connection, stack: Stack) -> Stack:
    return put(connection, tables.stacks, codec.STACK, stack, {"name": stack.name})


def runs(connection: Connection, wanted: RunFilter) -> Sequence[Run]:
    column = tables.runs.c
    query = select(column.body).order_by(column.created_at.desc(), column.id.desc()).limit(wanted.limit)
    if wanted.stack is not None:
        query = query.where(column.stack == wanted.stack)
    if wanted.states:
        query = query.where(column.state.in_([str(state) for state in wanted.states]))
    if wanted.kinds:
        query = query.where(column.kind.in_([str(kind) for kind in wanted.kinds]))
    if wanted.request is not None:
        query = query.where(column.request == wanted.request)
    if wanted.before:
        last = select(column.created_at, column.id).where(column.id == wanted.before)
        query = query.where(tuple_(column.created_at, column.id) < last.scalar_subquery())
    return [codec.RUN.load(body) for body in connection.scalars(query)]


def run_counts(connection: Connection) -> Mapping[tuple[RunKind, RunState], int]:
    column = tables.runs.c
    query = select(column.kind, column.state, func.count()).group_by(column.kind, column.state)
    return {(RunKind(kind), RunState(state)): count for kind, state, count in connection.execute(query)}


def put_run(connection: Connection, run: Run) -> Run:
    if run.generation:
        before = connection.scalars(select(tables.runs.c.state).filter_by(id=run.id, generation=run.generation)).first()
        if before is None:
            raise Conflict(f"run {run.id} is not at generation {run.generation} any more")
        if before != run.state:
            check_move(RunState(before), run.state)
    columns = {
        "stack": run.stack,
        "kind": str(run.kind),
        "state": str(run.state),
        "request": run.request,
        "created_at": stamp(run.created_at),
    }
    return put(connection, tables.runs, codec.RUN, run, columns)


def journal(connection: Connection, run: RunId) -> Sequence[JournalEntry]:
    column = tables.journal.c
    query = select(column.body).where(column.run == run).order_by(column.number)
    return [codec.JOURNAL_ENTRY.load(body) for body in connection.scalars(query)]


def add_journal(connection: Connection, run: RunId, entry: JournalEntry, fence: int) -> None:
    body = codec.JOURNAL_ENTRY.text(entry)
    connection.execute(insert(tables.journal).values(run=run, fence=fence, body=body))


def drifts(connection: Connection, stack: StackId | None, *, unresolved: bool) -> Sequence[Drift]:
    column = tables.drifts.c
    query = select(column.body).order_by(column.first_seen, column.id)
    if stack is not None:
        query = query.where(column.stack == stack)
    if unresolved:
        query = query.where(column.state != str(DriftState.RESOLVED))
    return [codec.DRIFT.load(body) for body in connection.scalars(query)]


def drift(connection: Connection, id: DriftId) -> Drift | None:
    return one(connection, tables.drifts, codec.DRIFT, id=id)


def put_drift(connection: Connection, drift: Drift) -> Drift:
    columns = {"stack": drift.stack, "state": str(drift.state), "first_seen": stamp(drift.first_seen)}
    return put(connection, tables.drifts, codec.DRIFT, drift, columns)
