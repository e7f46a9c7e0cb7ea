"""Who else writes into a zone: ACME clients, external-dns, another octoDNS. Theirs is neither drift nor deleted.

No processor of octoDNS understands external-dns, and its own for ACME leaves the CNAMEs out. Sources: the names
that external-dns gives its TXT registry (its registry/mapper/mapper.go), `octodns.processor.ownership`, RFC 8555 (8.4).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.dns.walked import Name

Live = tuple[Name, Sequence[str]]
"""One live record set: its name in the zone and type, and its values, of which only those of TXT are read."""

ACME = "_acme-challenge"
TEMPLATE = "%{record_type}"
HERITAGE = re.compile(r'^[\s"\\]*heritage=external-dns\b')
LABEL = re.compile(r"external-dns/(owner|resource)=([^,\"\\\s]+)")
REGISTERED = frozenset({"A", "AAAA", "CNAME", "NS", "MX", "SRV", "NAPTR"})
"""Types that external-dns writes beside its own TXT."""
ALIASES = frozenset({"ALIAS", "Route53Provider/ALIAS"})
"""What octoDNS calls records that external-dns registers as CNAME."""
OWNED_TYPE = re.compile(r"[a-z][a-z0-9]*")


@dataclass(frozen=True)
class Marker:
    """An `OwnershipProcessor` of the zone: without its TXT a record is not ours."""

    name: str = "_owner"
    value: str = "*octodns*"


@dataclass(frozen=True)
class Rules:
    """What cannot be seen in a zone: how others were told to name what they write."""

    prefix: str = ""
    """`--txt-prefix` of external-dns, with `%{record_type}` as it was given there."""
    suffix: str = ""
    """`--txt-suffix`."""
    wildcard: str = ""
    """`--txt-wildcard-replacement`."""
    marker: Marker | None = None


@dataclass(frozen=True)
class Owners:
    others: Mapping[Name, str]
    """Records that are somebody else's, and whose: `external-dns (owner prod, ingress/shop/web)`."""
    contested: Mapping[Name, str]
    """Records of the code that somebody else says are theirs: two writers."""


def owners(
    zone: str,
    live: Iterable[Live],
    declared: Collection[Name],
    settled: Collection[Name] = (),
    rules: Rules | None = None,
) -> Owners:
    """Of the live records of one zone. What the code has is ours. What was settled is ours too, unless its new owner
    says so in the zone: a record that moved from the code to external-dns is not ours to delete."""
    records = dict(live)
    rules = rules or Rules()
    said = _of_external_dns(zone, records, rules) | _of_other_markers(records, rules.marker)
    contested = {name: who for name, who in said.items() if name in declared}
    others = {name: who for name, who in said.items() if name not in declared}
    for name in records.keys() - others.keys():
        if name in declared or name in settled:
            continue
        if _is_challenge(name):
            others[name] = "ACME"
        elif rules.marker is not None and not _is_marked(name, records, rules.marker):
            others[name] = "nobody says whose: no ownership TXT"
    return Owners(others, contested)


def of_programs(zone: str, live: Iterable[Live], rules: Rules) -> Mapping[Name, str]:
    """What ACME clients and external-dns wrote, and would write again: nothing to take into the code."""
    records = dict(live)
    return dict.fromkeys(filter(_is_challenge, records), "ACME") | _of_external_dns(zone, records, rules)


def _is_challenge(name: Name) -> bool:
    """The challenges of this zone and of names below it, also where they are delegated by a CNAME."""
    return name[1] in ("TXT", "CNAME") and ACME in name[0].split(".")


# external-dns


def _of_external_dns(zone: str, records: Mapping[Name, Sequence[str]], rules: Rules) -> dict[Name, str]:
    registry = {
        _full(zone, name): _owner(values) for (name, type), values in records.items() if _registers(type, values)
    }
    if not registry:
        return {}
    found: dict[Name, str] = {}
    used: set[str] = set()
    rest: list[Name] = []
    for name in records:
        text = registered_at(_full(zone, name[0]), name[1], rules)
        if text in registry:
            found[name] = registry[text]
            used.add(text)
        else:
            rest.append(name)
    for name in rest:
        # The old form says no type, so it is read only where the TXT is nobody's new form: `a-app` is that of `app`.
        text = _registered_before(_full(zone, name[0]), name[1], rules)
        if text in registry and text not in used:
            found[name] = registry[text]
    for name, values in records.items():
        if _registers(name[1], values):
            found[name] = _owner(values)
    return found


def registered_at(full: str, type: str, rules: Rules) -> str:
    """The name of the TXT in which external-dns says that a record is its own; "" for types that it does not write.
    Names are whole, without the last dot: what stands before the first dot may be the zone's own label."""
    if type not in REGISTERED and type not in ALIASES:
        return ""
    written = "cname" if type in ALIASES else type.lower()
    first, dot, rest = full.partition(".")
    if first == "*" and rules.wildcard:
        first = rules.wildcard.lower()
    if TEMPLATE not in rules.prefix.lower() + rules.suffix.lower():
        first = f"{written}-{first}"
    before, after = (each.lower().replace(TEMPLATE, written) for each in (rules.prefix, rules.suffix))
    return f"{before}{first}{after}{dot}{rest}"


def _registered_before(full: str, type: str, rules: Rules) -> str:
    """The same before external-dns 0.12, which did not write the type."""
    if type not in REGISTERED and type not in ALIASES:
        return ""
    first, dot, rest = full.partition(".")
    if first == "*" and rules.wildcard:
        first = rules.wildcard.lower()
    before, after = (each.lower().replace(TEMPLATE, "") for each in (rules.prefix, rules.suffix))
    return f"{before}{first}{after}{dot}{rest}"


def _registers(type: str, values: Sequence[str]) -> bool:
    return type == "TXT" and any(HERITAGE.match(value) for value in values)


def _owner(values: Sequence[str]) -> str:
    text = next((value for value in values if HERITAGE.match(value)), "")
    labels = dict(LABEL.findall(text))
    told = [f"owner {labels['owner']}"] if "owner" in labels else []
    told += [labels["resource"]] if "resource" in labels else []
    return f"external-dns ({', '.join(told)})" if told else "external-dns"


def _full(zone: str, name: str) -> str:
    return ".".join(part for part in (name, zone.rstrip(".")) if part).lower()


# another octoDNS


def _of_other_markers(records: Mapping[Name, Sequence[str]], marker: Marker | None) -> dict[Name, str]:
    """Ownership TXT that are not ours, and what they mark."""
    found: dict[Name, str] = {}
    name = (marker or Marker()).name
    for (at, type), values in records.items():
        marked = _marked_by(at, name) if type == "TXT" else None
        if marked is None or (marker is not None and list(values) == [marker.value]):
            continue
        who = f"whoever wrote {at}: {', '.join(values)}"
        found[at, type] = who
        for record in records:
            if record[0] == marked[0] and record[1].lower() == marked[1]:
                found[record] = who
    return found


def _marked_by(at: str, name: str) -> tuple[str, str] | None:
    """Name and type (lower case) that `_owner.TYPE.NAME` marks."""
    if not at.startswith(f"{name}."):
        return None
    type, _, marked = at.removeprefix(f"{name}.").partition(".")
    return (marked.replace("_wildcard", "*"), type.lower()) if OWNED_TYPE.match(type.lower()) else None


def _is_marked(name: Name, records: Mapping[Name, Sequence[str]], marker: Marker) -> bool:
    """Whether our own processor wrote that it is ours. Its markers need none."""
    if name[1] == "TXT" and _marked_by(name[0], marker.name) is not None:
        return list(records[name]) == [marker.value]
    written = name[0].replace("*", "_wildcard")
    at = ".".join(part for part in (marker.name, name[1].lower(), written) if part)
    return list(records.get((at, "TXT"), ())) == [marker.value]
