"""The Merkle tree against RFC 6962's vectors and its recursive definition."""

import hashlib

import pytest

from trueup.system.merkle import Tree, grown, leaf_hash, node_hash

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def defined(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(defined(hashes[:split]), defined(hashes[split:]))


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_the_reference(size: int) -> None:
    """The published vectors come out."""
    assert grown(map(leaf_hash, LEAVES[:size])).root.hex() == ROOTS[size]


def test_growing_one_by_one_equals_the_definition_at_every_size() -> None:
    """The frontier loses nothing that the root needs, at any size up to 70."""
    tree, hashes = Tree(), []
    for number in range(70):
        hashes.append(leaf_hash(str(number).encode()))
        tree = tree.append(hashes[-1])
        assert tree.size == number + 1
        assert tree.root == defined(hashes)
