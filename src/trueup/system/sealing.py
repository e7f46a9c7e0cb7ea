"""Sealing: authenticated encryption with a key that is not in the database, and keyed hashes of secrets."""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.model.values import JSON, canonical

KEY_BYTES = 32
_KEY_HEADER = "trueup-key-1:"
_MAGIC = b"TU1\0"
_ID_BYTES = 6
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Seal:
    """One installation's key. AES-256-GCM; the context (what it is, and whose) is bound to the content, so that one
    stack's sealed state cannot be put in the place of another's.

    Format: `TU1\\0`, 6 bytes of key id, 12 bytes of nonce, ciphertext with its 16-byte tag."""

    key: bytes = field(repr=False)

    @cached_property
    def key_id(self) -> str:
        """12 hexadecimal digits that tell keys apart and tell nothing about them. Workers compare it at start."""
        return _derived(self.key, b"id")[:_ID_BYTES].hex()

    def seal(self, content: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _MAGIC + bytes.fromhex(self.key_id) + nonce + self._cipher.encrypt(nonce, content, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Raises Refused when another key sealed it, Invalid when it was changed or sealed as something else."""
        start = len(_MAGIC) + _ID_BYTES
        if not sealed.startswith(_MAGIC) or len(sealed) < start + _NONCE_BYTES + 16:
            raise Invalid(f"{context} is not sealed by Trueup")
        self.check(sealed[len(_MAGIC) : start].hex(), context)
        nonce, rest = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, context.encode())
        except InvalidTag:
            raise Invalid(
                f"{context} was changed after it was sealed, or sealed as something else",
                hint="restore it from a backup; nothing that was changed is ever used",
            ) from None

    def check(self, key_id: str, what: str) -> None:
        """Raises Refused, naming both keys, unless `key_id` is this key's: `what` was sealed with it."""
        if key_id != self.key_id:
            raise Refused(
                f"{what} was sealed with the key {key_id}, but this installation has the key {self.key_id}",
                hint="put the right key file into the data directory; it was made at the first start",
            )

    def keyed_hash(self) -> "KeyedHash":
        return KeyedHash(_derived(self.key, b"hash"))

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(_derived(self.key, b"seal"))


@dataclass(frozen=True)
class KeyedHash:
    """Shows that a secret changed without showing it: unkeyed hashes of short values can be guessed."""

    key: bytes = field(repr=False)

    def hash_secret(self, value: JSON) -> str:
        """32 hexadecimal digits (HMAC-SHA256, cut); equal for equal values of this installation."""
        return hmac.new(self.key, canonical(value), hashlib.sha256).hexdigest()[:32]


def open_key(path: Path) -> Seal:
    """The key in a file that only its owner can read; made when there is none. Two first starts at once end with one
    key. Raises Invalid, Refused (readable for others), Unavailable."""
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}", hint="the key file must be readable for this user") from error
    except UnicodeDecodeError:
        text = ""
        mode = 0
    if mode & 0o077:
        raise Refused(f"{path} can be read by other users", hint=f"chmod 600 {path}")
    return Seal(_parsed(text, path))


def _make(path: Path) -> None:
    """Written beside it and linked: the link fails when somebody else was first, and then theirs is the key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    text = _KEY_HEADER + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, path)
    except FileExistsError:
        return
    finally:
        new.unlink()


def _parsed(text: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_KEY_HEADER), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(_KEY_HEADER) or len(key) != KEY_BYTES:
        raise Invalid(
            f"{path} is not a Trueup key file", hint="restore it from its backup: nothing else opens what it sealed"
        )
    return key


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"trueup 1 " + purpose).derive(key)
