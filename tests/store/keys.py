"""A sealer for the store's tests: AES-GCM with a random key, bound to the place of what it seals."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trueup.model.errors import Invalid


class Key:
    def __init__(self, key_id: str = "test-key") -> None:
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self.key_id = key_id

    def seal(self, content: bytes, context: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, content, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], context.encode())
        except InvalidTag:
            raise Invalid("sealed with another key, altered, or moved to another place") from None
