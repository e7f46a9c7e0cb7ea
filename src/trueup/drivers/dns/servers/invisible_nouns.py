"""What is looked for in a zone beside octoDNS: the zone as it is asked for, the kinds of children, what was seen."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from trueup.drivers.dns.convert import zone_address
from trueup.model.address import Address
from trueup.model.child import Child
from trueup.model.plan import Finding
from trueup.model.values import JSON

DISABLED = "disabled"
"""A record that the server keeps and does not answer."""
UNSUPPORTED = "record"
"""A record set of a type that the provider's octoDNS package does not read."""
SOA = "soa"
METADATA = "metadata"
SETTING = "setting"
HOSTED_ZONE = "hosted zone"
"""The setting that is the zone's id at its provider."""

SOA_FIELDS = ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum")


@dataclass(frozen=True)
class Target:
    """One zone at one target, as its address names it."""

    zone: str
    target: str
    """The provider's name in the configuration."""
    plain: bool = True
    """The zone's first target: its address does not name it."""

    @property
    def address(self) -> Address:
        return zone_address(self.zone, "" if self.plain else self.target)


@dataclass(frozen=True)
class Seen:
    """For a plan: `children`, `watched` and `findings`."""

    children: tuple[Child, ...] = ()
    watched: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


Ask = Callable[[Target], Iterable[Child]]
"""Raises Rejected, Unavailable."""


def soa_child(parent: Address, ttl: JSON, contents: Iterable[str]) -> Iterator[Child]:
    """Without the serial: it moves with every edit."""
    for content in contents:
        said = dict(zip(SOA_FIELDS, content.split(), strict=False))
        said.pop("serial", None)
        yield Child(parent, SOA, "@", {"ttl": ttl, **said})


def short(name: str, zone: str) -> str:
    """A name as the code has it: `@` is the apex."""
    return "@" if name == zone else name.removesuffix(f".{zone}")
