"""What PowerDNS has in a zone that octoDNS does not see, out of what its API says of the zone; pure.

Format: https://doc.powerdns.com/authoritative/http-api/zone.html and metadata.html. octoDNS reads a disabled record as
a live one, and neither the SOA nor types outside of its provider's `SUPPORTS`, metadata, settings of the zone.
"""

from collections.abc import Iterator, Mapping, Sequence

from trueup.model.address import Address
from trueup.model.child import Child
from trueup.model.values import JSON

DISABLED = "disabled"
UNSUPPORTED = "record"
SOA = "soa"
METADATA = "metadata"
SETTING = "setting"
KINDS = (DISABLED, UNSUPPORTED, SOA, METADATA, SETTING)
"""What is looked for in each zone."""

SUPPORTED = frozenset(
    {
        *(
            "A",
            "AAAA",
            "ALIAS",
            "CAA",
            "CNAME",
            "DS",
            "HTTPS",
            "LOC",
            "LUA",
            "MX",
            "NAPTR",
            "NS",
            "PTR",
            "SRV",
            "SSHFP",
        ),
        *("SVCB", "TLSA", "TXT", "URI"),
    }
)
"""Types that octodns-powerdns 1.2 reads."""
SETTINGS = ("account", "catalog", "dnssec", "kind", "masters")
SOA_FIELDS = ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum")


def children(parent: Address, zone: JSON, metadata: JSON) -> Iterator[Child]:
    """From `GET zones/NAME` and `GET zones/NAME/metadata`. Not the SOA's serial: it always moves."""
    name = str(zone["name"])
    for rrset in zone.get("rrsets", ()):
        yield from _of_rrset(parent, name, rrset)
    for each in metadata:
        kind = str(each["kind"])
        yield _child(parent, METADATA, kind, {"values": sorted(map(str, each["metadata"]))})
    for key in SETTINGS:
        if zone.get(key):
            yield _child(parent, SETTING, key, {"value": zone[key]})


def _of_rrset(parent: Address, zone: str, rrset: Mapping[str, JSON]) -> Iterator[Child]:
    type, ttl, records = str(rrset["type"]), int(rrset["ttl"]), rrset["records"]
    where = f"{short(str(rrset['name']), zone)} {type}"
    for record in records:
        if record.get("disabled"):
            content = str(record["content"])
            yield _child(parent, DISABLED, f"{where} {content}", {"ttl": ttl, "value": content})
    live = sorted(str(record["content"]) for record in records if not record.get("disabled"))
    if type == "SOA":
        for content in live:
            said = dict(zip(SOA_FIELDS, content.split(), strict=False))
            said.pop("serial", None)
            yield _child(parent, SOA, "@", {"ttl": ttl, **said})
    elif type not in SUPPORTED and live:
        yield _child(parent, UNSUPPORTED, where, {"ttl": ttl, "values": live})


def _child(parent: Address, kind: str, key: str, values: JSON) -> Child:
    return Child(parent, kind, key, values)


def short(name: str, zone: str) -> str:
    """A name as the code has it: `@` is the apex."""
    return "@" if name == zone else name.removesuffix(f".{zone}")


def disabled_in(found: Sequence[Child]) -> frozenset[tuple[Address, str, str]]:
    """Zone, name (`@` is the apex) and type of the record sets with disabled records: octoDNS enables those that it
    writes, since it writes whole sets and knows no disabled ones."""
    parts = ((child.parent, child.key.split(" ", 2)) for child in found if child.kind == DISABLED)
    return frozenset((parent, words[0], words[1]) for parent, words in parts)
