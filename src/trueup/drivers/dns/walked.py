"""What a walk over octoDNS found: one zone at one of its targets, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from trueup.model.errors import Place
from trueup.model.plan import StepId
from trueup.model.values import JSON

Verb = Literal["create", "update", "delete"]
Name = tuple[str, str]
"""A record's name in its zone ("" is the apex; IDNA, lower case) and its type."""
Pair = tuple[str, str]
"""A zone and one of its targets."""


@dataclass(frozen=True)
class ZoneChange:
    """What octoDNS would do to one record. Values are those of convert.values_of."""

    verb: Verb
    name: str
    type: str
    before: JSON
    after: JSON
    place: Place | None = None
    """Of the record's first key in the code; none for zone files of BIND, and for what the code does not have."""


@dataclass(frozen=True)
class Guard:
    """octoDNS's own thresholds, each over the count of existing records, in effect for one zone."""

    existing: int
    update_share: float
    delete_share: float


@dataclass(frozen=True)
class WalkedZone:
    """One zone at one target."""

    zone: str
    """With its dot, IDNA."""
    target: str
    """The provider's name in the configuration."""
    plain: bool
    """The zone's first target: its addresses do not name it."""
    provider: str
    """The provider's class."""
    exists: bool
    records: Mapping[Name, JSON]
    """R: what is live there and ours. Keys: ttl, values or value, geo, dynamic, octodns."""
    changes: tuple[ZoneChange, ...]
    guard: Guard
    never: str = ""
    """Why nothing of this is ever applied: `always-dry-run` of the zone, `apply_disabled` of the provider."""
    warnings: tuple[str, ...] = ()
    """What octoDNS says that it leaves out or cuts down (`strict_supports: false`), and what `lenient` let pass."""
    others: int = 0
    """Live records that somebody else owns (ACME, external-dns): neither R nor touched."""
    contested: Mapping[Name, str] = field(default_factory=dict)
    """Records of the code that somebody else says are theirs, and who."""
    place: Place | None = None
    """Of the zone in the configuration."""
    meta: JSON = None
    """What the provider would change of the zone itself, in its own words."""

    @property
    def pair(self) -> Pair:
        return self.zone, self.target

    @property
    def step(self) -> StepId:
        """Of an apply: a zone at a target is one."""
        return StepId(f"{self.zone}@{self.target}")


@dataclass(frozen=True)
class Walked:
    zones: Sequence[WalkedZone]
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of octodns and of each provider's package."""
