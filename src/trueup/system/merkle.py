"""Merkle tree of RFC 6962 (and 9162): hashes of leaves and nodes, a tree that grows by its frontier alone,
and proofs that others verify with nothing but two roots."""

import hashlib
from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True)
class Head:
    """What a checkpoint says of a tree."""

    size: int
    root: bytes


def grown(leaves: Iterable[bytes], tree: Tree | None = None) -> Tree:
    """The tree (an empty one: None) after all these leaves' hashes."""
    tree = tree or Tree()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree


class Proofs:
    """Proofs over known leaves. Complete subtrees are hashed once: each proof afterwards costs log2(n) look-ups."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """`leaves` are leaves' hashes, oldest first."""
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)])

    @property
    def size(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        return self._hash(0, self.size) if self.size else Tree().root

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """That the leaf at `index` (from 0) is in the tree of the first `size` leaves; RFC 6962, section 2.1.1.
        Raises ValueError outside of it."""
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency(self, older: int, newer: int | None = None) -> tuple[bytes, ...]:
        """That the tree of the first `newer` leaves only adds to that of the first `older`; section 2.1.2."""
        newer = self.size if newer is None else newer
        if not 0 < older <= newer <= self.size:
            raise ValueError(f"no proof from {older} to {newer}")
        path: list[bytes] = []
        start, end, whole = 0, newer, True
        while older != end:
            middle = start + _split(end - start)
            if older <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._hash(start, end))
        return tuple(reversed(path))

    def _hash(self, start: int, end: int) -> bytes:
        """The root over leaves start..end, where `start` is a multiple of the largest power of two in it."""
        size = end - start
        level = size.bit_length() - 1
        if size == 1 << level:
            return self._levels[level][start >> level]
        middle = start + _split(size)
        return node_hash(self._hash(start, middle), self._hash(middle, end))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(older: Head, newer: Head, proof: Sequence[bytes]) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if not 0 < older.size <= newer.size:
        return False
    if older.size == newer.size:
        return not proof and older.root == newer.root
    path = list(proof) if older.size & (older.size - 1) else [older.root, *proof]
    if not path:
        return False
    node, last = older.size - 1, newer.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == older.root and new == newer.root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
