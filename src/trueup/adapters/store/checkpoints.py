"""Signed checkpoints: an ed25519 key in the data directory says how long the ledger was and what its root was."""

import base64
import contextlib
import hashlib
import os
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from trueup.model.errors import Invalid
from trueup.model.ledger import Checkpoint

_RESTORE = "restore it from the backup of its directory"


class Signer:
    """Signs checkpoints. `name` is the installation's; the origin is the name and the key's id."""

    def __init__(self, private: Ed25519PrivateKey, name: str) -> None:
        self.private = private
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = base64.b64encode(raw).decode()
        self.origin = f"{name}+{hashlib.sha256(raw).hexdigest()[:8]}"

    def sign(self, size: int, root: str, time: datetime) -> Checkpoint:
        unsigned = Checkpoint(self.origin, size, root, time, "", self.key)
        signature = base64.b64encode(self.private.sign(unsigned.message)).decode()
        return Checkpoint(self.origin, size, root, time, signature, self.key)


def load_signer(path: Path, name: str) -> Signer:
    """The key in that file (PEM, PKCS 8), made when there is none. Raises Invalid for something else."""
    if not path.exists():
        _create(path)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise Invalid(f"{path} does not hold a signing key", hint=_RESTORE) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(f"the key in {path} is not an ed25519 key", hint=_RESTORE)
    return Signer(key, name)


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether the checkpoint's own key signed it; whose key that is must be known from elsewhere."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(checkpoint.key, validate=True))
        public.verify(base64.b64decode(checkpoint.signature, validate=True), checkpoint.message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_bytes(pem)
    # Whoever comes second uses the first one's key.
    with contextlib.suppress(FileExistsError):
        os.link(partial, path)
    partial.unlink()
