"""Offices: what the ways in ask for that only adapters can do. Wiring hands it in; a missing one says so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trueup.engine.catalog import Look
from trueup.model.ledger import Verification
from trueup.model.plan import Finding
from trueup.model.values import JSON
from trueup.settings import POLL


@dataclass(frozen=True)
class Inclusion:
    """Proof that an entry is in the ledger: RFC 6962, section 2.1.1; hashes in hexadecimal."""

    seq: int
    leaf: str
    size: int
    """Of the tree that the proof is for."""
    root: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Vitals:
    """What tells whether this process is ready for work."""

    engine_running: Callable[[], bool]
    looked_at: Callable[[], datetime | None]
    """When Git was last looked at; None: not yet."""
    look: Callable[[], Look | None]
    """What that look found."""
    key_id: str
    """Of the key that this process seals with."""
    poll: timedelta = POLL
    """Between two looks at Git."""


@dataclass(frozen=True)
class Offices:
    """Each may raise the known errors. What they answer is shown as JSON, as it is."""

    refresh: Callable[[], Look]
    """Looks at Git now and takes in what is new."""
    verify_ledger: Callable[[], Verification]
    prove: Callable[[int], Inclusion]
    """For the entry with that seq, in the ledger as it is now."""
    export_ledger: Callable[[str], JSON]
    """Into that repository's ledger branch; "" for the control repository. Answers what was written where."""
    trail: Callable[[], Iterable[Mapping[str, Any]]]
    """The cloud's own records (CloudTrail), for `audit-self` without a file."""
    doctor: Callable[[], JSON]
    findings: Callable[[], Sequence[Finding]]
    """Of the control repository as it governs now."""
