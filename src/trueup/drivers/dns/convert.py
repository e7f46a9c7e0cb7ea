"""octoDNS's records and changes to our nouns and back; pure. Source of the shapes: octoDNS 1.22 `Record.data`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trueup.drivers.dns.walked import Name, Walked, WalkedZone, ZoneChange
from trueup.model.plan import Action, Address, PlannedChange, Resource
from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON

DEFAULT_TTL = 3600
"""octoDNS's file providers', where neither the record nor its file says one."""
ZONE = "zone"
"""The kind of a zone itself, whose address is `zone.example.com.`."""

ACTIONS = {"create": Action.CREATE, "update": Action.UPDATE, "delete": Action.DELETE}

PLANNING_ONLY = frozenset({"ignored", "included", "excluded", "lenient"})
"""Keys of a record's `octodns:` that octoDNS keeps to itself."""

RECORD = Shape(
    kind=Kind.OBJECT,
    children={
        "ttl": Shape(),
        "value": Shape(),
        "values": Shape(kind=Kind.SET),
        "octodns": Shape(kind=Kind.OBJECT, computed_default=True),
    },
)
"""Of every type. What a provider does not tell of `octodns:` is not drift."""


OF_ZONE = Shape(kind=Kind.OBJECT, children={"serial": Shape(computed=True)})
"""What a serial is worth is learned by the way (signal.py): nobody's change."""


@dataclass(frozen=True)
class Parts:
    """What an address says."""

    zone: str
    name: str
    """"" is the apex."""
    type: str
    """"" is the zone itself."""
    target: str = ""
    """"" is the zone's first target."""


def zone_address(zone: str, target: str = "") -> Address:
    return Address(f"zone.{zone}" + (f"@{target}" if target else ""))


def record_address(zone: str, name: str, type: str, target: str = "") -> Address:
    """`example.com.:www:A`, at another than the zone's first target `example.com.:www:A@route53`."""
    return Address(f"{zone}:{name or '@'}:{type}" + (f"@{target}" if target else ""))


def parts_of(address: Address) -> Parts:
    if ":" not in address:
        zone, _, target = address.removeprefix("zone.").partition("@")
        return Parts(zone, "", "", target)
    zone, rest = address.split(":", 1)
    name, _, last = rest.rpartition(":")
    type, _, target = last.partition("@")
    return Parts(zone, "" if name == "@" else name, type, target)


def values_of(data: Mapping[str, JSON], *, many: bool) -> JSON:
    """Plain values of one record's `data`: `values` is a sorted list where the type takes several, however many there
    are. Without octoDNS's own subclasses of str and dict."""
    plain = _plain({key: value for key, value in data.items() if key not in ("value", "values", "type")})
    if "octodns" in plain:
        plain["octodns"] = {key: value for key, value in plain["octodns"].items() if key not in PLANNING_ONLY}
    if not plain.get("octodns"):
        plain.pop("octodns", None)
    given = data["values"] if "values" in data else [data["value"]] if data.get("value") is not None else []
    values = [_plain(value) for value in given]
    if many:
        return {**plain, "values": sorted(values, key=repr)}
    return {**plain, "value": values[0] if values else None}


def _plain(value: JSON) -> JSON:
    match value:
        case Mapping():
            return {str(key): _plain(child) for key, child in value.items()}
        case list() | tuple():
            return [_plain(child) for child in value]
        case bool() | None:
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case _:
            return str(value)


def shapes_of(resources: Iterable[str]) -> dict[str, Shape]:
    """By kind."""
    return {kind: OF_ZONE if kind == ZONE else RECORD for kind in resources}


def target_in(zone: WalkedZone) -> str:
    """What the addresses of this zone say of its target."""
    return "" if zone.plain else zone.target


def address_of(zone: WalkedZone) -> Address:
    """The zone's own."""
    return zone_address(zone.zone, target_in(zone))


def address_in(zone: WalkedZone, name: Name) -> Address:
    return record_address(zone.zone, *name, target_in(zone))


def real_of(walked: Walked) -> dict[Address, Resource]:
    """R of every zone that exists and of every record in it that is ours."""
    real: dict[Address, Resource] = {}
    for zone in walked.zones:
        if zone.exists:
            real[address_of(zone)] = Resource(ZONE, _zone_values(zone))
        for name, values in zone.records.items():
            real[address_in(zone, name)] = Resource(name[1], values)
    return real


def changes_of(walked: Walked) -> tuple[PlannedChange, ...]:
    """In the order of their addresses; nothing of a zone that is never applied."""
    changes = [change for zone in walked.zones if not zone.never for change in _changes_in(zone)]
    return tuple(sorted(changes, key=lambda change: change.address))


def _changes_in(zone: WalkedZone) -> Iterator[PlannedChange]:
    address, values = address_of(zone), _zone_values(zone)
    if not zone.exists and zone.changes:
        yield PlannedChange(address, ZONE, Action.CREATE, None, values)
    elif zone.meta is not None:
        yield PlannedChange(address, ZONE, Action.UPDATE, values, {**values, "settings": zone.meta})
    for change in zone.changes:
        yield planned(zone, change)


def planned(zone: WalkedZone, change: ZoneChange) -> PlannedChange:
    address = address_in(zone, (change.name, change.type))
    return PlannedChange(address, change.type, ACTIONS[change.verb], change.before, change.after)


def _zone_values(zone: WalkedZone) -> JSON:
    return {"name": zone.zone, "target": zone.target}
