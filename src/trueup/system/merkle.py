"""Merkle tree of RFC 6962 (and 9162): hashes of leaves and nodes, and a tree that grows by its frontier alone."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Tree:
    """A tree's size and the roots of its complete subtrees, largest first: enough to append and to tell the root."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Tree":
        """`leaf` is a leaf's hash."""
        frontier = list(self.frontier)
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(frontier.pop(), node)
            size >>= 1
        return Tree(self.size + 1, (*frontier, node))

    @property
    def root(self) -> bytes:
        if not self.frontier:
            return hashlib.sha256(b"").digest()
        *rest, node = self.frontier
        for left in reversed(rest):
            node = node_hash(left, node)
        return node


def grown(leaves: Iterable[bytes], tree: Tree | None = None) -> Tree:
    """The tree (an empty one: None) after all these leaves' hashes."""
    tree = tree or Tree()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree
