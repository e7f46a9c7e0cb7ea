"""Sealing: nothing changed, swapped or sealed with another key is ever opened."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.system.sealing import Seal, open_key

ONE, OTHER = Seal(b"1" * 32), Seal(b"2" * 32)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_comes_back_and_shows_nothing(content: bytes, context: str) -> None:
    """Any content under any name; the sealed form never holds it."""
    sealed = ONE.seal(content, context)
    assert ONE.unseal(sealed, context) == content
    assert len(content) < 5 or content not in sealed


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_anywhere_is_noticed(position: int, change: int) -> None:
    """Header, key id, nonce, ciphertext or tag: it is not opened."""
    sealed = bytearray(ONE.seal(b"content", "state prod"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises((Invalid, Refused)):
        ONE.unseal(bytes(sealed), "state prod")


def test_sealed_data_cannot_change_places() -> None:
    """The context is bound."""
    sealed = ONE.seal(b"content", "state prod")
    for context in ("state dev", "closure prod", "", "state prod "):
        with pytest.raises(Invalid, match="changed after it was sealed"):
            ONE.unseal(sealed, context)


def test_a_wrong_key_is_named_together_with_the_right_one() -> None:
    """The message says which key sealed it, which one is here, and what to do."""
    with pytest.raises(Refused) as caught:
        OTHER.unseal(ONE.seal(b"x", "state prod"), "state prod")
    assert ONE.key_id in str(caught.value) and OTHER.key_id in str(caught.value)
    assert "key file" in caught.value.hint
    assert ONE.key_id != OTHER.key_id


def test_sealing_twice_gives_two_texts() -> None:
    """A fresh nonce each time."""
    assert ONE.seal(b"c", "a") != ONE.seal(b"c", "a")


def test_foreign_bytes_are_invalid() -> None:
    """Something that was never sealed is not tried with the key."""
    for content in (b"", b"TU1\0", b'{"version": 4}'):
        with pytest.raises(Invalid, match="not sealed by Trueup"):
            ONE.unseal(content, "state prod")


def test_the_key_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    """The second start finds the first one's key."""
    path = tmp_path / "data/key"
    first = open_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_key(path) == first
    assert [file.name for file in path.parent.iterdir()] == ["key"]
    assert repr(first.key) not in repr(first)


def test_two_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """Whoever links first wins; the others use that key."""
    found: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        found.append(open_key(tmp_path / "key").key_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the command that repairs it."""
    path = tmp_path / "key"
    open_key(path)
    path.chmod(0o640)
    with pytest.raises(Refused, match="read by other users") as caught:
        open_key(path)
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("text", [b"", b"trueup-key-1:AAAA\n", b"something\n", b"\xff\xfe", b"trueup-key-1:!!\n"])
def test_a_damaged_key_file_is_invalid(tmp_path: Path, text: bytes) -> None:
    """It is never replaced by a new key: the old one may be in a backup."""
    path = tmp_path / "key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(Invalid, match="not a Trueup key file"):
        open_key(path)
    assert path.read_bytes() == text


def test_a_key_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """The system's reason is in the message."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"):
        open_key(tmp_path / "file/key")


def test_keyed_hashes_are_equal_for_equal_secrets_of_one_installation_only() -> None:
    """Type counts, order of keys does not, and another installation's hash differs."""
    hash_secret = ONE.keyed_hash().hash_secret
    assert hash_secret("1234") == Seal(b"1" * 32).keyed_hash().hash_secret("1234")
    assert hash_secret("1234") != hash_secret(1234)
    assert hash_secret({"a": 1, "b": 2}) == hash_secret({"b": 2, "a": 1})
    assert hash_secret("1234") != OTHER.keyed_hash().hash_secret("1234")
    assert len(hash_secret("")) == 32
