"""Whoever alters the stored ledger is found, and the altered entry is named."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store import nouns
from trueup.adapters.store.checkpoints import Signer, is_signed, load_signer
from trueup.adapters.store.store import SqlStore, open_store
from trueup.model.errors import Invalid
from trueup.system.merkle import Tree, grown, leaf_hash

Tamper = Callable[..., list[tuple[object, ...]]]
ENTRIES = 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trueup.db"


@pytest.fixture
def store(file: Path, signer: Signer) -> SqlStore:
    """Ten entries, checkpoints after the fourth and the eighth."""
    store = open_store(f"sqlite:///{file}", nouns.a_key(), signer=signer, checkpoint_every=4)
    for number in range(ENTRIES):
        with store.transaction() as transaction:
            transaction.record(nouns.a_draft(details={"number": number}))
    assert store.verify_ledger().intact
    return store


@pytest.fixture
def tamper(file: Path) -> Tamper:
    """Somebody with the database file and no key."""

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        with sqlite3.connect(file) as connection:
            return connection.execute(statement, values).fetchall()

    return run


def body(tamper: Tamper, seq: int) -> bytes:
    found = tamper("SELECT body FROM entries WHERE seq = ?", seq)[0][0]
    assert isinstance(found, bytes)
    return found


def named(store: SqlStore) -> set[int]:
    return {fault.seq for fault in store.verify_ledger().faults if fault.seq is not None}


@pytest.mark.parametrize("seq", [0, 3, 9])
def test_every_flipped_bit_names_its_entry(store: SqlStore, tamper: Tamper, seq: int) -> None:
    """Any byte of an entry, in any place: the verification fails and says which entry."""
    whole = body(tamper, seq)
    for place in range(0, len(whole), 7):
        flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        tamper("UPDATE entries SET body = ? WHERE seq = ?", flipped, seq)
        found = store.verify_ledger()
        assert not found.intact
        assert f"entry {seq} was altered" in found.faults[0].message
        assert named(store) == {seq}
    tamper("UPDATE entries SET body = ? WHERE seq = ?", whole, seq)
    assert store.verify_ledger().intact


@pytest.mark.parametrize("seq", [2, 9])
def test_an_entry_rewritten_with_its_hash_is_named(store: SqlStore, tamper: Tamper, seq: int) -> None:
    """Bytes and leaf fit each other: the next entry, or the ledger's end, remembers the old one."""
    forged = body(tamper, seq).replace(b"anna", b"mara")
    tamper("UPDATE entries SET body = ?, leaf = ?, actor = 'mara' WHERE seq = ?", forged, leaf_hash(forged).hex(), seq)
    assert named(store) == {seq}


def test_a_deleted_entry_is_named(store: SqlStore, tamper: Tamper) -> None:
    """Its number is missing."""
    tamper("DELETE FROM entries WHERE seq = 5")
    found = store.verify_ledger()
    assert found.faults[0].seq == 5
    assert "entry 5 is missing" in found.faults[0].message


def test_swapped_entries_are_named(store: SqlStore, tamper: Tamper) -> None:
    """Two entries that changed places call themselves by their old numbers."""
    tamper("UPDATE entries SET seq = -1 WHERE seq = 6")
    tamper("UPDATE entries SET seq = 6 WHERE seq = 7")
    tamper("UPDATE entries SET seq = 7 WHERE seq = -1")
    assert named(store) >= {6, 7}


def test_a_column_that_lies_is_named(store: SqlStore, tamper: Tamper) -> None:
    """Queries go by columns, so the columns must say what the entry says."""
    tamper("UPDATE entries SET actor = 'mara' WHERE seq = 4")
    assert [fault.message for fault in store.verify_ledger().faults] == [
        "entry 4 is listed with another actor than it has"
    ]


def cut_off(tamper: Tamper, size: int) -> None:
    """Removes the tail and makes the head fit what is left, as somebody would who knows how it works."""
    tamper("DELETE FROM entries WHERE seq >= ?", size)
    tree: Tree = grown(leaf_hash(body(tamper, seq)) for seq in range(size))
    nodes = "[" + ", ".join(f'"{node.hex()}"' for node in tree.frontier) + "]"
    last = tamper("SELECT leaf FROM entries WHERE seq = ?", size - 1)[0][0]
    tamper("UPDATE ledger_head SET size=?, root=?, last=?, frontier=?", size, tree.root.hex(), last, nodes)


def test_a_truncated_tail_is_found_by_the_checkpoints(store: SqlStore, tamper: Tamper) -> None:
    """The head was made to fit; what was signed over eight entries still stands."""
    cut_off(tamper, 6)
    faults = store.verify_ledger().faults
    assert [fault.message for fault in faults] == ["a checkpoint was signed over 8 entries, and only 6 are left"]
    assert faults[0].seq == 6


def test_a_tail_cut_off_carelessly_is_found_by_the_head(store: SqlStore, tamper: Tamper) -> None:
    """Also after the newest checkpoint, the ledger knows its size."""
    tamper("DELETE FROM entries WHERE seq = 9")
    assert "entries 9 to 9 are missing at the end" in store.verify_ledger().faults[0].message


def test_a_whole_history_rewritten_is_found_by_the_checkpoints(store: SqlStore, tamper: Tamper) -> None:
    """All hashes made to fit from the first entry on: the signatures are over another root."""
    previous = ""
    for seq in range(ENTRIES):
        forged = body(tamper, seq).replace(b"anna", b"mara")
        at = forged.index(b'"prev":"') + len(b'"prev":"')
        forged = forged[:at] + previous.encode() + forged[at + len(previous) :]
        previous = leaf_hash(forged).hex()
        tamper("UPDATE entries SET body=?, leaf=?, actor='mara' WHERE seq=?", forged, previous, seq)
    cut_off(tamper, ENTRIES)
    assert [fault.message for fault in store.verify_ledger().faults] == [
        "the checkpoint over the first 4 entries was signed for another content",
        "the checkpoint over the first 8 entries was signed for another content",
    ]


def test_a_checkpoint_signed_by_somebody_else_is_found(store: SqlStore, tamper: Tamper, tmp_path: Path) -> None:
    """A forger's key is not ours, also when the forged checkpoint verifies with it."""
    forger = load_signer(tmp_path / "forged.pem", "test")
    with store.transaction() as transaction:
        checkpoint = forger.sign(10, store.verify_ledger().root, nouns.NOW)
        assert is_signed(checkpoint)
        transaction.put_checkpoint(checkpoint)
    assert [fault.message for fault in store.verify_ledger().faults] == [
        "the checkpoint over the first 10 entries was signed by a key that is not ours"
    ]


def test_an_altered_checkpoint_has_a_wrong_signature(signer: Signer) -> None:
    """Size, root and origin are all signed."""
    checkpoint = signer.sign(3, "ab" * 32, nouns.NOW)
    assert is_signed(checkpoint)
    assert not is_signed(replace(checkpoint, size=2))
    assert not is_signed(replace(checkpoint, root="cd" * 32))
    assert not is_signed(replace(checkpoint, origin="other"))
    assert not is_signed(replace(checkpoint, signature="no base64"))


def test_the_signing_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """The second start signs with the first one's key; a file with something else in it is said to be that."""
    path = tmp_path / "keys" / "ledger.pem"
    first = load_signer(path, "acme")
    assert load_signer(path, "acme").key == first.key
    assert first.origin.startswith("acme+")
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]
    path.write_text("something else")
    with pytest.raises(Invalid, match="does not hold a signing key"):
        load_signer(path, "acme")
