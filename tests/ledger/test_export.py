"""The exported ledger: signed commits that others can check without us, only ever growing."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store import nouns
from tests.system.repositories import git
from trueup.adapters.ledger.export import CHECKPOINT, Exported, LedgerBranch
from trueup.adapters.store.checkpoints import Signer, load_signer
from trueup.adapters.store.store import SqlStore, open_store
from trueup.model.errors import Refused
from trueup.system.clock import FakeClock
from trueup.system.git import Git
from trueup.system.merkle import grown, leaf_hash
from trueup.system.sealing import open_key
from trueup.system.ssh_signature import public_line

DAY = 24 * 3600


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(nouns.NOW)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return load_signer(tmp_path / "ledger.pem", "acme")


@pytest.fixture
def store(tmp_path: Path, signer: Signer, clock: FakeClock) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path}/trueup.db", open_key(tmp_path / "key"), signer=signer, clock=clock)
    yield store
    store.close()


@pytest.fixture
def branch(tmp_path: Path, signer: Signer) -> LedgerBranch:
    return LedgerBranch(Git(tmp_path / "home"), tmp_path / "ledger.git", signer.private)


def export(store: SqlStore, branch: LedgerBranch, *names: str) -> Exported:
    for name in names:
        with store.transaction() as tx:
            tx.record(nouns.a_draft(name))
    store.checkpoint()
    return branch.export(store)


def shown(branch: LedgerBranch, path: str) -> bytes:
    return git(branch.repository, "show", f"trueup/ledger:{path}").encode()


def commits(branch: LedgerBranch) -> int:
    return int(git(branch.repository, "rev-list", "--count", "trueup/ledger"))


def test_an_empty_ledger_exports_nothing(store: SqlStore, branch: LedgerBranch) -> None:
    """There is nothing to sign yet."""
    assert export(store, branch) == Exported("", 0, 0)


def test_one_segment_a_day_from_which_the_root_follows(store: SqlStore, branch: LedgerBranch, clock: FakeClock) -> None:
    """Whoever has the branch computes the signed root from the lines, without us."""
    export(store, branch, "a.one", "a.two")
    clock.advance(DAY)
    done = export(store, branch, "a.three")
    assert (done.size, done.new, commits(branch)) == (3, 2, 2)
    names = git(branch.repository, "ls-tree", "-r", "--name-only", "trueup/ledger").splitlines()
    assert names == [CHECKPOINT, "entries/2026/2026-01-05.ndjson", "entries/2026/2026-01-06.ndjson"]
    lines = [line for name in names[1:] for line in shown(branch, name).splitlines()]
    assert [json.loads(line)["kind"] for line in lines] == ["a.one", "a.two", "a.three"]
    checkpoint = json.loads(shown(branch, CHECKPOINT))
    assert grown(map(leaf_hash, lines)).root.hex() == checkpoint["root"]
    assert checkpoint["size"] == 3


def test_a_second_export_makes_no_commit(store: SqlStore, branch: LedgerBranch) -> None:
    """Nothing new is nothing to do."""
    first = export(store, branch, "a.one")
    assert export(store, branch) == Exported(first.commit, 1, 0)
    assert commits(branch) == 1


def test_a_clock_that_goes_back_keeps_the_order(store: SqlStore, branch: LedgerBranch, clock: FakeClock) -> None:
    """An entry with an earlier time stands behind the one before it, in the same segment."""
    clock.advance(DAY)
    export(store, branch, "a.one")
    clock.advance(-DAY)
    export(store, branch, "a.two")
    lines = shown(branch, "entries/2026/2026-01-06.ndjson").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["a.one", "a.two"]


def test_a_branch_that_somebody_altered_is_refused(store: SqlStore, branch: LedgerBranch, tmp_path: Path) -> None:
    """What is there must be the beginning of what we have: the message names the file, and nothing is written."""
    export(store, branch, "a.one", "a.two")
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--branch", "trueup/ledger", str(branch.repository), str(work))
    segment = work / "entries/2026/2026-01-05.ndjson"
    segment.write_bytes(segment.read_bytes().replace(b"a.one", b"a.hid"))
    git(work, "commit", "--quiet", "-am", "Hide something")
    git(work, "push", "--quiet", "origin", "trueup/ledger")
    with pytest.raises(Refused, match=r"entries/2026/2026-01-05\.ndjson .* is not a beginning of this ledger"):
        export(store, branch, "a.three")
    assert commits(branch) == 2


def test_a_store_restored_from_an_old_backup_is_refused(
    store: SqlStore, branch: LedgerBranch, signer: Signer, clock: FakeClock, tmp_path: Path
) -> None:
    """A ledger that is shorter than what was exported does not go on as if nothing had been."""
    export(store, branch, "a.one", "a.two", "a.three")
    older = open_store(f"sqlite:///{tmp_path}/old.db", open_key(tmp_path / "key"), signer=signer, clock=clock)
    with pytest.raises(Refused, match="not a beginning of this ledger"):
        export(older, branch, "a.one", "a.two")
    older.close()


def test_an_altered_store_is_not_exported(store: SqlStore, branch: LedgerBranch, tmp_path: Path) -> None:
    """The signed root is computed again from the stored bytes before anything leaves."""
    export(store, branch, "a.one", "a.two")
    with sqlite3.connect(tmp_path / "trueup.db") as connection:
        body = connection.execute("SELECT body FROM entries WHERE seq = 1").fetchone()[0]
        connection.execute("UPDATE entries SET body = ? WHERE seq = 1", (body.replace(b"anna", b"mara"),))
    connection.close()
    with pytest.raises(Refused, match="is not the one that was signed"):
        export(store, branch)


def test_git_verifies_the_commits(store: SqlStore, branch: LedgerBranch, signer: Signer, tmp_path: Path) -> None:
    """With nothing of ours: git, ssh-keygen, and the public key in an allowed_signers file."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is absent: apt-get install openssh-client")
    done = export(store, branch, "a.one")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"trueup@localhost {public_line(signer.private.public_key())}\n")
    options = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}"]
    assert git(branch.repository, *options, "log", "-1", "--format=%G?", done.commit) == "G"
