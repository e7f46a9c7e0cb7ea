"""Appending to the ledger and reading it, inside the transaction of whatever it records."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import rfc8785
from sqlalchemy import Connection, insert, select, update

from trueup.adapters.store import codec, tables
from trueup.model.errors import Broken
from trueup.model.ledger import Checkpoint, Draft, Entry, moment, stamp
from trueup.model.values import JSON
from trueup.ports.store import LedgerFilter
from trueup.system.merkle import Tree, leaf_hash

EXACT = 2**53 - 1
"""RFC 8785 has no integers beyond what a double holds exactly."""

COLUMNS = ("kind", "actor", "stack", "environment", "run")
"""Fields of the draft that stand in columns of their own, for queries; verification compares them."""


def lock(connection: Connection) -> None:
    """From here to the end of the transaction nobody else writes: no gaps in seq, and no deadlocks, because every
    writer takes this row first. On SQLite the transaction already is the lock."""
    connection.execute(select(tables.head.c.id).with_for_update())


def append(connection: Connection, draft: Draft, time: datetime) -> Entry:
    """The caller holds the lock."""
    row = connection.execute(select(tables.head)).one_or_none()
    if row is None:
        raise Broken("the ledger has lost its head", hint="restore the database from a backup")
    tree = Tree(row.size, tuple(bytes.fromhex(node) for node in json.loads(row.frontier)))
    entry = Entry(tree.size, time, replace(draft, details=_exact(draft.details)), leaf="", prev=row.last)
    body = rfc8785.dumps(_exact(entry.document))
    leaf = leaf_hash(body)
    grown = tree.append(leaf)
    fields = {name: clean(str(getattr(draft, name))) for name in COLUMNS}
    values = {"seq": entry.seq, "body": body, "leaf": leaf.hex(), "time": stamp(time), **fields}
    connection.execute(insert(tables.entries).values(values))
    frontier = json.dumps([node.hex() for node in grown.frontier])
    connection.execute(
        update(tables.head).values(size=grown.size, root=grown.root.hex(), last=leaf.hex(), frontier=frontier)
    )
    return replace(entry, leaf=leaf.hex())


def entries(connection: Connection, wanted: LedgerFilter) -> Sequence[Entry]:
    column = tables.entries.c
    order = column.seq.desc() if wanted.newest else column.seq
    query = select(column.body, column.leaf).where(column.seq > wanted.after).order_by(order).limit(wanted.limit)
    if wanted.since is not None:
        query = query.where(column.time >= stamp(wanted.since))
    if wanted.until is not None:
        query = query.where(column.time < stamp(wanted.until))
    if wanted.kind:
        query = query.where(column.kind.startswith(wanted.kind, autoescape=True))
    for name in ("stack", "environment", "actor", "run"):
        if value := getattr(wanted, name):
            query = query.where(column[name] == value)
    found = [read(row.body, row.leaf) for row in connection.execute(query)]
    return found[::-1] if wanted.newest else found


def values_of(connection: Connection, name: str) -> Sequence[str]:
    column = tables.entries.c[name]
    return [value for value in connection.scalars(select(column).distinct().order_by(column)) if value]


def entry_bytes(connection: Connection, after: int, limit: int) -> Sequence[bytes]:
    column = tables.entries.c
    return list(connection.scalars(select(column.body).where(column.seq > after).order_by(column.seq).limit(limit)))


def read(body: bytes, leaf: str) -> Entry:
    """Raises Broken for bytes that are no entry."""
    try:
        document = json.loads(body)
        seq, time, prev = document.pop("seq"), moment(document.pop("time")), document.pop("prev")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Broken("a stored entry of the ledger cannot be read", hint="run `trueup ledger verify`") from error
    return Entry(seq, time, codec.DRAFT.load(json.dumps(document)), leaf, prev)


def tip(connection: Connection) -> tuple[int, str]:
    """Size and root."""
    row = connection.execute(select(tables.head.c.size, tables.head.c.root)).one()
    return row.size, row.root


def checkpoints(connection: Connection) -> Sequence[Checkpoint]:
    query = select(tables.checkpoints.c.body).order_by(tables.checkpoints.c.size)
    return [codec.CHECKPOINT.load(body) for body in connection.scalars(query)]


def put_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    values = {"size": checkpoint.size, "body": codec.CHECKPOINT.text(checkpoint)}
    connection.execute(insert(tables.checkpoints).values(values))


def clean(text: str) -> str:
    """Text that both databases and JSON can hold: no NUL, no half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _exact(value: JSON) -> JSON:
    """The value as RFC 8785 can hold it: integers beyond a double as text."""
    match value:
        case bool() | None:
            return value
        case int():
            return value if abs(value) <= EXACT else str(value)
        case str():
            return clean(value)
        case float():
            return value if value - value == 0 else str(value)
        case list() | tuple():
            return [_exact(child) for child in value]
        case _:
            return {clean(str(key)): _exact(child) for key, child in value.items()}
