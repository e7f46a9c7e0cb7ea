"""Serials as a signal: whom to ask for a zone's serial, what a serial is worth, and what equal ones prove. Pure.

Many servers move a serial with every edit and some never (PowerDNS without SOA-EDIT-API, edits in its database, Route
53), so what a zone's serial is worth is learned from our own applies and settled with the zone.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trueup.drivers.dns.convert import ZONE, parts_of, zone_address
from trueup.drivers.dns.servers.invisible_nouns import SETTING
from trueup.model.address import parent_of
from trueup.model.errors import Invalid
from trueup.model.plan import Address, Resource
from trueup.model.signal import Subject
from trueup.model.values import JSON

SERIAL = "serial"
"""Among the values of a zone: MOVES, SILENT, or missing while nobody knows."""
MOVES = "moves"
SILENT = "silent"
PRIMARIES = ("octodns_bind.Rfc2136Provider", "octodns_bind.AxfrSource")
"""Providers whose `host` and `port` are a name server."""
POWERDNS = "octodns_powerdns.PowerDnsProvider"
ROUTE53 = "octodns_route53.Route53Provider"
_NAMING = "write a host name or an address, with another port than 53 as `192.0.2.1@5353`"


@dataclass(frozen=True, order=True)
class Server:
    """A name server: an IP address or a host name."""

    host: str
    port: int = 53

    @property
    def is_address(self) -> bool:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return self.host if self.port == 53 else f"{self.host}@{self.port}"


@dataclass(frozen=True)
class Served:
    """One settled zone at one target."""

    zone: str
    target: str
    known: str = ""
    """What its serial is worth: MOVES, SILENT, "" for unknown."""


def named(text: str) -> Server:
    """`ns1.example.com`, `192.0.2.1@5353`, `2001:db8::1`. Raises Invalid."""
    host, _, port = text.strip().rstrip(".").partition("@")
    if not host or not (port or "53").isdecimal() or not 0 < int(port or 53) < 65536:
        raise Invalid(f"`{text}` names no name server", hint=_NAMING)
    server = Server(host, int(port or 53))
    if ":" in host and not server.is_address:
        raise Invalid(f"`{text}` names no name server: a port stands behind an @", hint=_NAMING)
    return server


def resolved(value: JSON, environment: Mapping[str, str]) -> JSON:
    """A provider's setting as octoDNS reads it: `env/NAME`, `env/NAME/default`. None where the variable is missing."""
    if not isinstance(value, str) or not value.startswith("env/"):
        return value
    name, slash, default = value.removeprefix("env/").partition("/")
    return environment.get(name, default if slash else None)


def primary(class_name: str, settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Server | None:
    """The name server that a provider's own settings name: of RFC 2136 and AXFR only."""
    if class_name not in PRIMARIES:
        return None
    host, port = (resolved(settings.get(name), environment) for name in ("host", "port"))
    return Server(str(host), int(port or 53)) if host and str(port or 53).isdecimal() else None


def served(settled: Mapping[Address, Resource]) -> Sequence[Served]:
    """The zones that were settled, in the order of their addresses."""
    zones = (resource.values for _, resource in sorted(settled.items()) if resource.kind == ZONE)
    return [Served(str(each["name"]), str(each.get("target", "")), str(each.get(SERIAL) or "")) for each in zones]


def learned(known: str, before: int | None, after: int | None) -> str:
    """What a zone's serial is worth after our own changes were seen in it; what was known where nobody answered."""
    if before is None or after is None:
        return known
    return MOVES if before != after else SILENT


def with_serials(real: Mapping[Address, Resource], worth: Mapping[Address, str]) -> dict[Address, Resource]:
    """R or S with what is known of the zones' serials: it is knowledge of ours, which no server can tell."""
    found = dict(real)
    for address, known in worth.items():
        resource = found.get(address)
        if resource is not None and resource.kind == ZONE and known:
            found[address] = replace(resource, values={**resource.values, SERIAL: known})
    return found


def worth_of(settled: Mapping[Address, Resource] | None) -> dict[Address, str]:
    """What was settled of the zones' serials."""
    zones = ((address, each.values) for address, each in (settled or {}).items() if each.kind == ZONE)
    return {address: str(values[SERIAL]) for address, values in zones if values.get(SERIAL)}


def proves(zones: Iterable[Served], answers: Mapping[Served, int | None]) -> bool:
    """Whether equal serials say that nobody changed anything: every zone answered, and moves its serial."""
    return all(zone.known == MOVES and answers.get(zone) is not None for zone in zones)


def subjects(resources: Mapping[Address, Resource]) -> Iterator[Subject]:
    """CloudTrail speaks of a hosted zone's id where a record in it is changed, as `zone/Z0123456789ABCDEFGHIJ`."""
    ids: dict[Address, str] = {}
    for address, resource in resources.items():
        parent = parent_of(address)
        if parent is not None and resource.kind == SETTING and resource.identity:
            ids[parent] = resource.identity
    if not ids:
        return
    for address in resources:
        parts = parts_of(address)
        zone = parent_of(address) or zone_address(parts.zone, parts.target)
        if zone in ids:
            yield Subject(f"zone/{ids[zone]}", address)
