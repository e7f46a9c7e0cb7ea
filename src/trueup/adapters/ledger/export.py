"""Export: the ledger as signed commits on a branch of its own, append-only. One NDJSON segment a day, one checkpoint.

Each line is an entry's stored bytes (RFC 8785), so that leaves and root (RFC 6962) can be computed from the segments
in the order of their names, without us. Force-push protection at the remote is what makes it evidence.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueup.model.errors import Refused
from trueup.model.ledger import Checkpoint, moment, stamp
from trueup.ports.store import Store, Transaction
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter
from trueup.system.history import History
from trueup.system.merkle import Tree, leaf_hash
from trueup.system.ssh_signature import GIT_NAMESPACE, sign

BRANCH = "trueup/ledger"
"""Below `trueup/`, where `trueup uninstall` finds what is ours."""
CHECKPOINT = "checkpoint.json"
ENTRIES = "entries"
BATCH = 1000


@dataclass(frozen=True)
class Exported:
    commit: str
    """The head of the branch; empty when the ledger is."""
    size: int
    """Entries that are there now."""
    new: int
    """Files that this export wrote; 0: everything was there, and no commit was made."""


@dataclass(frozen=True)
class LedgerBranch:
    """A branch of a bare repository of ours, and the key that signs for it."""

    git: Git
    repository: Path
    key: Ed25519PrivateKey
    name: str = BRANCH
    email: str = "trueup@localhost"

    def export(self, store: Store) -> Exported:
        """Everything up to the newest signed checkpoint. Raises Refused when the branch holds something else than
        the beginning of this ledger, or when the ledger does not have the root that was signed."""
        with store.transaction() as tx:
            signed = tx.checkpoints()
            if not signed:
                return Exported("", 0, 0)
            checkpoint = signed[-1]
            files = _segments(tx, checkpoint)
        files[CHECKPOINT] = json.dumps(_shown(checkpoint), indent=2, sort_keys=True).encode() + b"\n"
        writer = GitWriter(self.git, self.repository)
        writer.create(self.name)
        before = writer.ref(f"refs/heads/{self.name}")
        there = self._there(before) if before else {}
        _check_prefix(there, files, checkpoint)
        edits = {path: content for path, content in files.items() if there.get(path) != content}
        if before and not edits:
            return Exported(before, checkpoint.size, 0)
        commit = writer.commit_files(self.name, "", edits, self._draft(checkpoint))
        return Exported(commit, checkpoint.size, len(edits))

    def _there(self, commit: str) -> Mapping[str, bytes]:
        with History(self.git, self.repository) as history:
            tree = history.tree(commit)
            return {entry.path: tree.read(entry.path) for entry in tree.entries()}

    def _draft(self, checkpoint: Checkpoint) -> Draft:
        author = Author("Trueup", self.email, checkpoint.time)
        message = f"Ledger up to entry {checkpoint.size - 1}\n\n{checkpoint.message.decode()}"
        return Draft(message, author, sign=lambda content: sign(self.key, GIT_NAMESPACE, content))


def _segments(tx: Transaction, checkpoint: Checkpoint) -> dict[str, bytes]:
    """Path to content. A clock that went back does not: an entry never stands in an earlier segment than the one
    before it, so that the order of the names is the order of the entries."""
    tree, day = Tree(), ""
    segments: dict[str, list[bytes]] = {}
    for body in _bodies(tx, checkpoint.size):
        tree = tree.append(leaf_hash(body))
        day = max(day, f"{moment(json.loads(body)['time']):%Y-%m-%d}")
        segments.setdefault(f"{ENTRIES}/{day[:4]}/{day}.ndjson", []).append(body + b"\n")
    if (tree.size, tree.root.hex()) != (checkpoint.size, checkpoint.root):
        raise Refused(
            f"the stored ledger is not the one that was signed at {checkpoint.size} entries: nothing was exported",
            hint="`trueup ledger verify` names the entry that was altered",
        )
    return {path: b"".join(lines) for path, lines in segments.items()}


def _bodies(tx: Transaction, size: int) -> Iterator[bytes]:
    for start in range(0, size, BATCH):
        yield from tx.entry_bytes(start - 1, min(BATCH, size - start))


def _check_prefix(there: Mapping[str, bytes], ours: Mapping[str, bytes], checkpoint: Checkpoint) -> None:
    for path, content in there.items():
        if path == CHECKPOINT:
            continue
        if not ours.get(path, b"").startswith(content):
            raise Refused(
                f"{path} on the ledger's branch is not a beginning of this ledger ({checkpoint.size} entries)",
                hint="one of the two was altered or restored from a backup; compare them before you export again",
            )


def _shown(checkpoint: Checkpoint) -> dict[str, object]:
    return {**asdict(checkpoint), "time": stamp(checkpoint.time)}
