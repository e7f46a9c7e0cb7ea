"""Reading the whole ledger from its stored bytes, against its own hashes, its root and its signed checkpoints."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from trueup.adapters.store import ledger, tables
from trueup.adapters.store.checkpoints import is_signed
from trueup.model.errors import Broken
from trueup.model.ledger import Checkpoint, Fault, Verification
from trueup.system.merkle import Tree, leaf_hash

BATCH = 1000


def verify(connection: Connection, trusted: frozenset[str]) -> Verification:
    """`trusted` are public keys, base64, known from outside of the database; none: signatures are compared with
    the key that the checkpoint itself names, which an attacker may have replaced."""
    faults: list[Fault] = []
    tree = Tree()
    signed: dict[int, Checkpoint] = {}
    for checkpoint in _read_checkpoints(connection, faults):
        faults.extend(_signature(checkpoint, trusted))
        signed[checkpoint.size] = checkpoint
    previous = ""
    for row in _rows(connection):
        faults.extend(_entry(row, tree.size, previous))
        previous = row.leaf
        tree = tree.append(leaf_hash(_bytes(row)))
        there = signed.get(tree.size)
        if there is not None and there.root != tree.root.hex():
            faults.append(Fault(f"the checkpoint over the first {tree.size} entries was signed for another content"))
    faults.extend(_end(connection, tree, previous))
    faults.extend(
        Fault(f"a checkpoint was signed over {size} entries, and only {tree.size} are left", seq=tree.size)
        for size in signed
        if size > tree.size
    )
    return Verification(tree.size, tree.root.hex(), len(signed), tuple(faults))


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    query = select(tables.entries).order_by(tables.entries.c.seq).execution_options(yield_per=BATCH)
    yield from connection.execute(query)


def _read_checkpoints(connection: Connection, faults: list[Fault]) -> list[Checkpoint]:
    try:
        return list(ledger.checkpoints(connection))
    except Broken as error:
        faults.append(Fault(error.message))
        return []


def _signature(checkpoint: Checkpoint, trusted: frozenset[str]) -> list[Fault]:
    about = f"the checkpoint over the first {checkpoint.size} entries"
    if trusted and checkpoint.key not in trusted:
        return [Fault(f"{about} was signed by a key that is not ours")]
    return [] if is_signed(checkpoint) else [Fault(f"{about} has a wrong signature")]


def _entry(row: Row[Any], expected: int, previous: str) -> Iterator[Fault]:
    seq = row.seq
    if seq != expected:
        yield Fault(f"entry {expected} is missing: the next one is {seq}", seq=expected)
    if leaf_hash(_bytes(row)).hex() != row.leaf:
        yield Fault(f"entry {seq} was altered: its bytes do not have its hash", seq=seq)
        return
    try:
        document = json.loads(row.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        yield Fault(f"entry {seq} was altered: it is not an entry", seq=seq)
        return
    if document.get("seq") != seq:
        yield Fault(f"entry {seq} was moved: it calls itself {document.get('seq')}", seq=seq)
    if document.get("prev") != previous:
        yield Fault(f"entry {seq - 1} was replaced: entry {seq} was written after another one", seq=max(seq - 1, 0))
    columns = ("time", *ledger.COLUMNS)
    for name in columns:
        if getattr(row, name) != ledger.clean(str(document.get(name, ""))):
            yield Fault(f"entry {seq} is listed with another {name} than it has", seq=seq)


def _bytes(row: Row[Any]) -> bytes:
    """SQLite keeps what it is given: whoever altered a body may have left text in its place."""
    body = row.body
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _end(connection: Connection, tree: Tree, last: str) -> Iterator[Fault]:
    row = connection.execute(select(tables.head)).one_or_none()
    if row is None:
        yield Fault("the ledger's own size and root are gone")
        return
    if row.size > tree.size:
        yield Fault(f"entries {tree.size} to {row.size - 1} are missing at the end", seq=tree.size)
    elif row.size < tree.size:
        yield Fault(f"entry {row.size} and what follows was added past the ledger", seq=row.size)
    if row.root != tree.root.hex():
        yield Fault(f"the root over {tree.size} entries is not the recorded one")
    if row.last != last and row.size == tree.size:
        yield Fault(f"entry {tree.size - 1} was replaced: the ledger ended in another one", seq=tree.size - 1)
    nodes = json.dumps([node.hex() for node in tree.frontier])
    if row.size == tree.size and row.root == tree.root.hex() and row.frontier != nodes:
        yield Fault("the recorded frontier does not belong to the recorded root")
