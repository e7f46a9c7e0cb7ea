"""Sealer: what the store needs from whoever holds the key, which is never in the database."""

from typing import Protocol


class Sealer(Protocol):
    @property
    def key_id(self) -> str:
        """Names the key and tells nothing about it; the store remembers it and refuses another one."""
        ...

    def seal(self, content: bytes, context: str) -> bytes:
        """Authenticated encryption; `context` names the place, so that a sealed value fits nowhere else."""
        ...

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Raises a TrueupError when the value was altered, moved to another place or sealed with another key."""
        ...
