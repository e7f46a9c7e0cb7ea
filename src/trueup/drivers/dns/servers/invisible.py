"""What octoDNS cannot see in live zones, asked of the provider's own API where there is one: children of the zones.

It runs beside the walk, by read calls only. Where nobody answers nothing is concluded, and a finding says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module

from trueup.drivers.dns.convert import parts_of, zone_address
from trueup.drivers.dns.servers import invisible_powerdns, powerdns
from trueup.drivers.dns.servers.invisible_nouns import SETTING, SOA, UNSUPPORTED, Ask, Seen, Target
from trueup.drivers.dns.servers.invisible_powerdns import disabled_in
from trueup.drivers.dns.signal import POWERDNS, ROUTE53
from trueup.drivers.dns.token import Provider
from trueup.model.address import watch
from trueup.model.child import Child
from trueup.model.errors import Rejected, Unavailable
from trueup.model.plan import Finding, PlannedChange
from trueup.model.values import JSON

Opened = Callable[[Mapping[str, JSON], Mapping[str, str]], AbstractContextManager[Ask]]
"""From a provider's settings and the environment."""

AT_ONCE = 4
"""Zones that are looked into at one time: beside the walk, and within a provider's limits."""


def look(zones: Iterable[Target], providers: Mapping[str, Provider], environment: Mapping[str, str]) -> Seen:
    """Of every zone whose provider has an API for it."""
    asked: dict[str, list[Target]] = {}
    for zone in zones:
        if zone.target in providers and providers[zone.target].class_name in LOOKS:
            asked.setdefault(zone.target, []).append(zone)
    seen = [one for name, some in asked.items() for one in _at(some, providers[name], environment)]
    return Seen(
        tuple(child for one in seen for child in one.children),
        frozenset(place for one in seen for place in one.watched),
        tuple(finding for one in seen for finding in one.findings),
    )


def _at(zones: Sequence[Target], provider: Provider, environment: Mapping[str, str]) -> list[Seen]:
    """At one provider, a few at a time."""
    kinds, opened = LOOKS[provider.class_name]
    try:
        with opened(provider.settings, environment) as ask, ThreadPoolExecutor(AT_ONCE, "dns-look") as pool:
            return list(pool.map(lambda zone: _look(zone, kinds, ask), zones))
    except (Rejected, Unavailable) as error:
        return [_unlooked(zone, error) for zone in zones]


def _look(zone: Target, kinds: Sequence[str], ask: Ask) -> Seen:
    try:
        found = tuple(ask(zone))
    except (Rejected, Unavailable) as error:
        return _unlooked(zone, error)
    return Seen(found, frozenset(watch(zone.address, kind) for kind in kinds))


def _unlooked(zone: Target, error: Rejected | Unavailable) -> Seen:
    message = f"what octoDNS cannot see in {zone.zone} was not looked at: {error.message}"
    return Seen(findings=(Finding("dns-unlooked", message, hint=error.hint),))


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


@contextmanager
def _powerdns(settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Iterator[Ask]:
    with powerdns.connected(settings, environment) as server:
        yield lambda zone: list(
            invisible_powerdns.children(zone.address, server.zone(zone.zone), server.metadata(zone.zone))
        )


@contextmanager
def _route53(settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Iterator[Ask]:
    """boto3 is there where octoDNS' provider is, and takes long to import."""
    opened: Opened = import_module("trueup.drivers.dns.servers.invisible_route53").opened
    with opened(settings, environment) as ask:
        yield ask


LOOKS: Mapping[str, tuple[Sequence[str], Opened]] = {
    POWERDNS: (invisible_powerdns.KINDS, _powerdns),
    ROUTE53: ((UNSUPPORTED, SOA, SETTING), _route53),
}
"""Class of the provider to the kinds of children that are looked for, and how it is asked."""
