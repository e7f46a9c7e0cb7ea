"""What baselines keep besides S, sealed: the files of their closure, and outputs for other stacks."""

import base64
import json

from trueup.model.baseline import Baseline
from trueup.model.closure import Closure
from trueup.model.errors import Broken
from trueup.ports.store import Transaction
from trueup.ports.tree import StoredTree, Tree

CLOSURE = "closure"


def closure_bytes(tree: Tree, closure: Closure) -> bytes:
    """Every file of a closure: {"path": {"content": base64, "executable": bool}}."""
    executables = {entry.path for entry in tree.entries() if entry.executable}
    return json.dumps(
        {
            path: {"content": base64.b64encode(tree.read(path)).decode(), "executable": path in executables}
            for path in closure.files
        }
    ).encode()


def stored_closure(tx: Transaction, baseline: Baseline) -> StoredTree:
    sealed = tx.unseal(CLOSURE, baseline.basis.closure.digest)
    if sealed is None:
        raise Broken(f"the files of generation {baseline.generation} of {baseline.stack} are not in the vault")
    files = json.loads(sealed)
    return StoredTree(
        baseline.basis.revision,
        {path: base64.b64decode(each["content"]) for path, each in files.items()},
        frozenset(path for path, each in files.items() if each["executable"]),
    )
