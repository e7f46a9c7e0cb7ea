"""Dangling names: aliases in our zones to names that do not exist. Whoever takes such a name gets its visitors."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import dns.asyncresolver
import dns.exception
import dns.resolver

from trueup.drivers.dns.walked import WalkedZone
from trueup.model.errors import Place
from trueup.model.plan import Finding

ALIASES = ("CNAME", "ALIAS", "DNAME")
AT_ONCE = 50
DEADLINE = 1.0
"""Seconds for all names of one look, so that a plan hardly waits: what was not answered by then is asked for at the
next one, when the resolver knows it."""
KNOWN_FOR = 3600.0
"""Seconds that an answer counts."""
SILENT_FOR = 600.0
"""Seconds that a resolver is left alone which answered nothing at all."""


@dataclass(frozen=True)
class Alias:
    zone: str
    name: str
    """In its zone; "" is the apex."""
    type: str
    target: str
    """With its dot."""
    place: Place | None = None

    @property
    def whole(self) -> str:
        return f"{self.name}.{self.zone}" if self.name else self.zone


def aliases_of(zones: Iterable[WalkedZone]) -> Iterator[Alias]:
    """As they would be after the plan."""
    for zone in zones:
        changed = {(change.name, change.type): change for change in zone.changes}
        wanted = {**zone.records, **{key: change.after for key, change in changed.items()}}
        for (name, type), values in sorted(wanted.items()):
            if type in ALIASES and values:
                change = changed.get((name, type))
                for target in values.get("values") or [values.get("value")]:
                    yield Alias(zone.zone, name, type, str(target).lower(), change.place if change else None)


@dataclass
class Dangling:
    """Asks a resolver, and remembers what it said. Kept as long as its process."""

    clock: Callable[[], float] = time.monotonic
    _exists: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _silent: dict[str, float] = field(default_factory=dict)

    def findings(
        self, zones: Iterable[WalkedZone], resolver: dns.asyncresolver.Resolver | None = None
    ) -> list[Finding]:
        """One for each alias whose target does not exist. What no resolver tells is not concluded."""
        known = list(zones)
        ours = _names(known)
        aliases = list(aliases_of(known))
        outside = {each.target for each in aliases if not _zone_of(each.target, ours)}
        gone = {name for name, exists in self._asked(outside, resolver).items() if not exists}
        gone |= {each.target for each in aliases if not _is_ours(each.target, ours)}
        return [_finding(each) for each in aliases if each.target in gone]

    def _asked(self, names: Iterable[str], resolver: dns.asyncresolver.Resolver | None) -> Mapping[str, bool]:
        names, now = set(names), self.clock()
        known = {name: said[1] for name in names if (said := self._exists.get(name)) and now - said[0] < KNOWN_FOR}
        wanted = sorted(names - known.keys())
        asked = resolver or _own_resolver()
        where = ",".join(str(each) for each in asked.nameservers) if asked else ""
        if not wanted or asked is None or now - self._silent.get(where, -SILENT_FOR) < SILENT_FOR:
            return known
        fresh = asyncio.run(_ask(asked, wanted))
        if not fresh:
            self._silent[where] = now
        self._exists |= {name: (now, exists) for name, exists in fresh.items()}
        return {**known, **fresh}


async def _ask(resolver: dns.asyncresolver.Resolver, names: Iterable[str]) -> dict[str, bool]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> tuple[str, bool] | None:
        async with limit:
            try:
                await resolver.resolve(name, "A", lifetime=DEADLINE, raise_on_no_answer=False, search=False)
            except dns.resolver.NXDOMAIN:
                return name, False
            except (dns.exception.DNSException, OSError):
                return None  # no answer is no proof
            return name, True

    done, late = await asyncio.wait([asyncio.ensure_future(one(name)) for name in names], timeout=DEADLINE)
    for task in late:
        task.cancel()
    return dict(answer for task in done if (answer := task.result()) is not None)


def _own_resolver() -> dns.asyncresolver.Resolver | None:
    """The machine's; None where it has none."""
    try:
        return dns.asyncresolver.get_default_resolver()
    except dns.resolver.NoResolverConfiguration:
        return None


def _names(zones: Iterable[WalkedZone]) -> Mapping[str, frozenset[str]]:
    """Every name that our zones would have after the plan, by zone."""
    found: dict[str, set[str]] = {}
    for zone in zones:
        names = found.setdefault(zone.zone.lower(), set())
        gone = {(change.name, change.type) for change in zone.changes if change.verb == "delete"}
        names |= {name for name, type in zone.records if (name, type) not in gone}
        names |= {change.name for change in zone.changes if change.verb == "create"}
    return {zone: frozenset(names) for zone, names in found.items()}


def _zone_of(target: str, ours: Mapping[str, frozenset[str]]) -> str:
    """The closest of our zones that the name is in; empty for names of others."""
    inside = (zone for zone in ours if target == zone or target.endswith(f".{zone}"))
    return max(inside, key=len, default="")


def _is_ours(target: str, ours: Mapping[str, frozenset[str]]) -> bool:
    """Whether a name exists as far as our own zones tell: itself, something below it, a wildcard or a delegation above
    it. Names of others: yes."""
    zone = _zone_of(target, ours)
    if not zone or target == zone:
        return True
    name = target.removesuffix(f".{zone}")
    above = [name.split(".", depth)[depth] for depth in range(1, name.count(".") + 1)]
    names = ours[zone]
    reaching = {name, "*", *above, *(f"*.{each}" for each in above)}
    return bool(reaching & names) or any(other.endswith(f".{name}") for other in names)


def _finding(alias: Alias) -> Finding:
    return Finding(
        "dns-dangling",
        f"{alias.whole} is a {alias.type} to {alias.target}, which does not exist",
        alias.place,
        hint="remove it, or whoever gets that name gets its visitors",
    )
