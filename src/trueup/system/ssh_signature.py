"""SSH signatures with ed25519: OpenSSH's PROTOCOL.sshsig, as `ssh-keygen -Y sign` and git make and check them."""

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueup.model.errors import Invalid

GIT_NAMESPACE = "git"
_ALGORITHM = b"ssh-ed25519"
_MAGIC = b"SSHSIG"
_HASHES = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_ARMOUR = re.compile(r"\s*-----BEGIN SSH SIGNATURE-----\n(.*?)\n-----END SSH SIGNATURE-----\s*", re.DOTALL)


@dataclass(frozen=True)
class Verified:
    """A signature that is right, by whoever has this key; whether they may sign is for the caller to know."""

    key: Ed25519PublicKey

    @property
    def fingerprint(self) -> str:
        """`SHA256:...` as ssh-keygen prints it."""
        return fingerprint(self.key)


def sign(key: Ed25519PrivateKey, namespace: str, message: bytes) -> str:
    """The armoured signature. The namespace keeps one made for git from being used for anything else."""
    signature = _string(_ALGORITHM) + _string(key.sign(_signed(namespace.encode(), b"sha512", message)))
    fields = (_public_blob(key.public_key()), namespace.encode(), b"", b"sha512", signature)
    blob = _MAGIC + struct.pack(">I", 1) + b"".join(map(_string, fields))
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def verify(armoured: str, namespace: str, message: bytes) -> Verified:
    """Raises Invalid when it is not a signature, is one of another kind or namespace, or does not fit the message."""
    match = _ARMOUR.fullmatch(armoured)
    text = "".join(match[1].split()) if match else ""
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        blob = b""
    # Unused bits in the last character would make several texts of one signature.
    if base64.b64encode(blob).decode() != text or not blob.startswith(_MAGIC + struct.pack(">I", 1)):
        raise Invalid("this is not an SSH signature of version 1")
    public, its_namespace, _, hash_name, signature = _strings(blob[len(_MAGIC) + 4 :], 5)
    if its_namespace != namespace.encode():
        raise Invalid(f"the signature was made for {its_namespace.decode('utf-8', 'replace')!r}, not for {namespace!r}")
    algorithm, raw_key = _strings(public, 2)
    its_algorithm, raw_signature = _strings(signature, 2)
    if algorithm != _ALGORITHM or its_algorithm != _ALGORITHM or len(raw_key) != 32 or hash_name not in _HASHES:
        raise Invalid("the signature is not an ed25519 one", hint="sign with an ssh-ed25519 key")
    key = Ed25519PublicKey.from_public_bytes(raw_key)
    try:
        key.verify(raw_signature, _signed(its_namespace, hash_name, message))
    except InvalidSignature:
        raise Invalid("the signature does not fit what was signed") from None
    return Verified(key)


def public_line(key: Ed25519PublicKey, comment: str = "") -> str:
    """`ssh-ed25519 AAAA... comment`, as in authorized_keys and behind the principal in allowed_signers."""
    return " ".join(part for part in ("ssh-ed25519", base64.b64encode(_public_blob(key)).decode(), comment) if part)


def fingerprint(key: Ed25519PublicKey) -> str:
    found = base64.b64encode(hashlib.sha256(_public_blob(key)).digest()).decode()
    return f"SHA256:{found.rstrip('=')}"


def split_commit(content: bytes) -> tuple[bytes, str]:
    """A commit object's signed content and its signature; "" when it is unsigned."""
    header, separator, message = content.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in header.split(b"\n"):
        if line.startswith(b"gpgsig "):
            signature.append(line.removeprefix(b"gpgsig "))
            inside = True
        elif inside and line.startswith(b" "):
            signature.append(line[1:])
        else:
            kept.append(line)
            inside = False
    return b"\n".join(kept) + separator + message, b"\n".join(signature).decode("ascii", "replace")


def _signed(namespace: bytes, hash_name: bytes, message: bytes) -> bytes:
    fields = (namespace, b"", hash_name, _HASHES[hash_name](message).digest())
    return _MAGIC + b"".join(map(_string, fields))


def _public_blob(key: Ed25519PublicKey) -> bytes:
    return _string(_ALGORITHM) + _string(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _strings(blob: bytes, count: int) -> list[bytes]:
    """Exactly so many length-prefixed strings, and nothing after them."""
    found = []
    while len(blob) >= 4:
        size = struct.unpack(">I", blob[:4])[0]
        if size > len(blob) - 4:
            break
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    if len(found) != count or blob:
        raise Invalid("the SSH signature is damaged")
    return found
