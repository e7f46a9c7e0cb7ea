"""What octoDNS cannot see in live zones, asked of the provider's own API where there is one: children of the zones.

It runs beside the walk, by read calls only. Where nobody answers nothing is concluded, and a finding says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote_plus

from trueup.drivers.dns import invisible_powerdns, serials
from trueup.drivers.dns.convert import parts_of, zone_address
from trueup.drivers.dns.invisible_powerdns import disabled_in
from trueup.drivers.dns.signal import POWERDNS
from trueup.drivers.dns.token import Provider
from trueup.model.address import Address, watch
from trueup.model.child import Child
from trueup.model.errors import Rejected, Unavailable
from trueup.model.plan import Finding, PlannedChange
from trueup.model.values import JSON

AT_ONCE = 4
"""Zones that are looked into at one time: beside the walk, and within a provider's limits."""


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


def look(zones: Iterable[Target], providers: Mapping[str, Provider], environment: Mapping[str, str]) -> Seen:
    """Of every zone whose provider has an API for it."""
    asked = [zone for zone in zones if zone.target in providers and providers[zone.target].class_name in LOOKS]

    def one(zone: Target) -> Seen:
        return _look(zone, providers[zone.target], environment)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dns-look") as pool:
        seen = list(pool.map(one, asked))
    return Seen(
        tuple(child for one in seen for child in one.children),
        frozenset(place for one in seen for place in one.watched),
        tuple(finding for one in seen for finding in one.findings),
    )


def _look(zone: Target, provider: Provider, environment: Mapping[str, str]) -> Seen:
    kinds, ask = LOOKS[provider.class_name]
    try:
        found = tuple(ask(zone, provider.settings, environment))
    except (Rejected, Unavailable) as error:
        message = f"what octoDNS cannot see in {zone.zone} was not looked at: {error.message}"
        return Seen(findings=(Finding("dns-unlooked", message, hint=error.hint),))
    return Seen(found, frozenset(watch(zone.address, kind) for kind in kinds))


def enabled_by(changes: Sequence[PlannedChange], found: Sequence[Child]) -> tuple[Finding, ...]:
    """Planned changes that would enable records which somebody disabled: their whole set is written."""
    disabled = disabled_in(found)
    findings = []
    for change in changes:
        parts = parts_of(change.address)
        where = (zone_address(parts.zone, parts.target), parts.name or "@", parts.type)
        if where in disabled and change.after is not None:
            message = f"{change.address} has records that were disabled on the server: writing it enables them"
            hint = "delete the disabled records on the server, or enable them, before this is applied"
            findings.append(Finding("dns-enables-disabled", message, hint=hint, approvals=1))
    return tuple(findings)


def _of_powerdns(zone: Target, settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Iterable[Child]:
    # PowerDNS's own escapes: `=2F` is a slash, in the versions before 4.8 the only one.
    path = f"/zones/{quote_plus(zone.zone).replace('%', '=')}"
    said = serials.powerdns(settings, environment, path)
    metadata = serials.powerdns(settings, environment, f"{path}/metadata")
    return list(invisible_powerdns.children(zone.address, said, metadata))


Ask = Callable[[Target, Mapping[str, JSON], Mapping[str, str]], Iterable[Child]]
LOOKS: Mapping[str, tuple[Sequence[str], Ask]] = {POWERDNS: (invisible_powerdns.KINDS, _of_powerdns)}
"""Class of the provider to the kinds of children that are looked for, and who asks."""
