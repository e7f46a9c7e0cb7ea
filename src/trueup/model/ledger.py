"""Ledger: append-only, Merkle-hashed, signed. "What changed, who did it, who agreed?" """

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trueup.model.values import JSON


@dataclass(frozen=True)
class Draft:
    """An entry before the store gives it its place."""

    kind: str
    """`run.finished`, `drift.opened`, `stack.adopted`, `run.approved`, ... a noun and what happened."""
    actor: str
    """A person, or `trueup` for what it did by itself."""
    summary: str
    """One line that a person reads in `what-changed`."""
    stack: str = ""
    """The stack's id."""
    name: str = ""
    """The stack's name at that moment."""
    environment: str = ""
    run: str = ""
    commit: str = ""
    request: int | None = None
    reason: str = ""
    ticket: str = ""
    details: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    seq: int
    """From 0, without gaps."""
    time: datetime
    draft: Draft
    leaf: str
    """SHA-256(0x00 || RFC 8785 JSON of the entry), hexadecimal: RFC 6962."""


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    """The installation's name and key id."""
    size: int
    root: str
    """RFC 6962 tree head over the first `size` entries, hexadecimal."""
    time: datetime
    signature: str
    """ed25519 over the lines origin, size, root; base64."""
    key: str
    """The public key, base64."""
