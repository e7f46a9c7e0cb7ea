"""What PowerDNS has in a zone that octoDNS does not see, out of what its API says of the zone; pure.

Format: https://doc.powerdns.com/authoritative/http-api/zone.html and metadata.html. octoDNS reads a disabled record as
a live one, and neither the SOA nor types outside of its provider's `SUPPORTS`, metadata, settings of the zone.
"""

from collections.abc import Iterator, Mapping, Sequence

from trueup.drivers.dns.servers.invisible_nouns import DISABLED, METADATA, SETTING, SOA, UNSUPPORTED, short, soa_child
from trueup.model.address import Address
from trueup.model.child import Child
from trueup.model.values import JSON

KINDS = (DISABLED, UNSUPPORTED, SOA, METADATA, SETTING)
"""What is looked for in each zone."""

SUPPORTED = frozenset({
    "A", "AAAA", "ALIAS", "CAA", "CNAME", "DS", "HTTPS", "LOC", "LUA", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP",
    "SVCB", "TLSA", "TXT", "URI",
})  # fmt: skip
"""Types that octodns-powerdns 1.2 reads."""
SETTINGS = ("account", "catalog", "dnssec", "kind", "masters")


def children(parent: Address, zone: JSON, metadata: JSON) -> Iterator[Child]:
    """From `GET zones/NAME` and `GET zones/NAME/metadata`."""
    name = str(zone["name"])
    for rrset in zone.get("rrsets", ()):
        yield from _of_rrset(parent, name, rrset)
    for each in metadata:
        kind = str(each["kind"])
        yield Child(parent, METADATA, kind, {"values": sorted(map(str, each["metadata"]))})
    for key in SETTINGS:
        if zone.get(key):
            yield Child(parent, SETTING, key, {"value": zone[key]})


def _of_rrset(parent: Address, zone: str, rrset: Mapping[str, JSON]) -> Iterator[Child]:
    type, ttl, records = str(rrset["type"]), int(rrset["ttl"]), rrset["records"]
    where = f"{short(str(rrset['name']), zone)} {type}"
    for record in records:
        if record.get("disabled"):
            content = str(record["content"])
            yield Child(parent, DISABLED, f"{where} {content}", {"ttl": ttl, "value": content})
    live = sorted(str(record["content"]) for record in records if not record.get("disabled"))
    if type == "SOA":
        yield from soa_child(parent, ttl, live)
    elif type not in SUPPORTED and live:
        yield Child(parent, UNSUPPORTED, where, {"ttl": ttl, "values": live})


def disabled_in(found: Sequence[Child]) -> frozenset[tuple[Address, str, str]]:
    """Zone, name (`@` is the apex) and type of the record sets with disabled records: octoDNS enables those that it
    writes, since it writes whole sets and knows no disabled ones."""
    parts = ((child.parent, child.key.split(" ", 2)) for child in found if child.kind == DISABLED)
    return frozenset((parent, words[0], words[1]) for parent, words in parts)
