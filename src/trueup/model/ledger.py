"""Ledger: append-only, Merkle-hashed, signed. "What changed, who did it, who agreed?" """

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from trueup.model.values import JSON

NOUNS = ("run", "stack", "foreign", "drift", "source", "signals", "check", "break-glass")
"""What kinds of entries begin with."""


CHANGES = ("run.finished", "run.failed", "foreign.apply", "foreign.accepted", "stack.adopted", "stack.codified")
"""Kinds of entries that say that a live system, or what is settled of it, is another one."""


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
    """SHA-256(0x00 || RFC 8785 JSON of the entry's document), hexadecimal: RFC 6962."""
    prev: str = ""
    """The leaf before it; empty for the first. One that was rewritten is named by the next."""

    @property
    def document(self) -> dict[str, JSON]:
        """What is hashed and exported: the draft's fields, and its place."""
        return {**asdict(self.draft), "seq": self.seq, "time": stamp(self.time), "prev": self.prev}


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

    @property
    def message(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{self.root}\n".encode()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the stored ledger."""

    message: str
    seq: int | None = None
    """The entry that was altered, where it can be told."""


@dataclass(frozen=True)
class Verification:
    """What a reading of the whole ledger found."""

    size: int
    root: str
    checkpoints: int
    """How many signed checkpoints were compared."""
    faults: tuple[Fault, ...] = ()

    @property
    def intact(self) -> bool:
        return not self.faults


def stamp(time: datetime) -> str:
    """UTC with a fixed width, so that texts sort like times."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(stamped: str) -> datetime:
    return datetime.strptime(stamped, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
