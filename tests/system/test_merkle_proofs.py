"""Inclusion and consistency proofs: every true one verifies, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.system.merkle import Head, Proofs, grown, leaf_hash, verify_consistency, verify_inclusion

HASHES = [leaf_hash(str(number).encode()) for number in range(70)]
PROOFS = Proofs(HASHES)


def root(size: int) -> bytes:
    return grown(HASHES[:size]).root


def head(size: int) -> Head:
    return Head(size, root(size))


def test_every_leaf_is_proven_in_every_tree() -> None:
    """All pairs of index and size up to 70."""
    for size in range(1, 71):
        for index in range(size):
            proof = PROOFS.inclusion(index, size)
            assert verify_inclusion(HASHES[index], index, size, proof, root(size))
            assert len(proof) <= (size - 1).bit_length()


def test_every_growth_is_proven() -> None:
    """All pairs of sizes up to 70."""
    for newer in range(1, 71):
        for older in range(1, newer + 1):
            assert verify_consistency(head(older), head(newer), PROOFS.consistency(older, newer))


def test_the_proofs_of_the_reference_tree() -> None:
    """The tree of seven leaves in RFC 6962, section 2.1.3: the paths it writes out."""
    leaves = HASHES[:7]
    a, b, c, d, e, f, j = leaves
    pair = lambda left, right: grown([left, right]).root  # noqa: E731
    g, h, i = pair(a, b), pair(c, d), pair(e, f)
    k, m = grown(leaves[:4]).root, grown(leaves[4:]).root
    proofs = Proofs(leaves)
    assert proofs.inclusion(0) == (b, h, m)
    assert proofs.inclusion(3) == (c, g, m)
    assert proofs.inclusion(4) == (f, j, k)
    assert proofs.inclusion(6) == (i, k)
    assert proofs.consistency(3) == (c, d, g, m)
    assert proofs.consistency(4) == (m,)
    assert proofs.consistency(6) == (i, j, k)


@given(st.data())
def test_no_other_leaf_index_root_or_path_is_accepted(data: st.DataObject) -> None:
    """Whatever is exchanged in a true proof of inclusion makes it false."""
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index))
    proof = PROOFS.inclusion(index, size)
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = (*proof[:at], HASHES[0][::-1], *proof[at + 1 :])
    assert not verify_inclusion(HASHES[other], index, size, proof, root(size))
    assert not verify_inclusion(HASHES[index], other, size, proof, root(size))
    assert not verify_inclusion(HASHES[index], index, size, proof, root(size - 1))
    assert not verify_inclusion(HASHES[index], index, size, changed, root(size))
    assert not verify_inclusion(HASHES[index], index, size, proof[:-1], root(size))
    assert not verify_inclusion(HASHES[index], index, size, (*proof, proof[-1]), root(size))


@given(st.data())
def test_a_rewritten_history_has_no_proof(data: st.DataObject) -> None:
    """One old entry changed: neither the old proof nor a new one connects the old root to the new."""
    newer = data.draw(st.integers(2, 70))
    older = data.draw(st.integers(1, newer - 1))
    changed = data.draw(st.integers(0, older - 1))
    rewritten = [*HASHES[:changed], leaf_hash(b"forged"), *HASHES[changed + 1 : newer]]
    forged = Head(newer, grown(rewritten).root)
    assert not verify_consistency(head(older), forged, PROOFS.consistency(older, newer))
    assert not verify_consistency(head(older), forged, Proofs(rewritten).consistency(older))
    assert not verify_consistency(head(newer), head(older), ())
    assert not verify_consistency(head(older), head(newer), PROOFS.consistency(older, newer)[:-1])


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    """Outside of the sizes there is an error, not a wrong path."""
    for index, size in ((5, 5), (-1, 5), (0, 71), (0, 0)):
        with pytest.raises(ValueError):
            PROOFS.inclusion(index, size)
    for older, newer in ((0, 5), (6, 5), (1, 71)):
        with pytest.raises(ValueError):
            PROOFS.consistency(older, newer)
    assert not verify_inclusion(HASHES[0], 0, 0, (), root(1))
    assert not verify_consistency(Head(0, root(0)), head(5), ())
    assert Proofs([]).size == 0
