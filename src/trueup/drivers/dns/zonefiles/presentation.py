"""Values of octoDNS records as a zone file writes them (RFC 1035 and the RFC of each type)."""

from collections.abc import Iterator, Mapping, Sequence

from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.model.values import JSON

ONE_WORD = frozenset({"A", "AAAA", "CNAME", "DNAME", "NS", "PTR"})
TEXT = frozenset({"TXT", "SPF"})
FIELDS: Mapping[str, Sequence[str]] = {
    "MX": ("preference", "exchange"),
    "SRV": ("priority", "weight", "port", "target"),
    "CAA": ("flags", "tag", "value"),
    "SSHFP": ("algorithm", "fingerprint_type", "fingerprint"),
    "TLSA": ("certificate_usage", "selector", "matching_type", "certificate_association_data"),
    "DS": ("key_tag", "algorithm", "digest_type", "digest"),
    "NAPTR": ("order", "preference", "flags", "service", "regexp", "replacement"),
}
"""Keys of a value in the order in which they are written."""
QUOTED = frozenset({("CAA", "value"), ("NAPTR", "flags"), ("NAPTR", "service"), ("NAPTR", "regexp")})


def rdata_texts(type: str, record: Mapping[str, JSON]) -> Iterator[str]:
    """One for each value. Raises Unwritable for types and rules that a zone file does not have."""
    extra = sorted(key for key in record if key in ("geo", "dynamic") and record[key])
    if extra:
        raise Unwritable(f"a zone file has no {' and no '.join(extra)} rules")
    values = record["values"] if "values" in record else [record["value"]]
    for value in values:
        if type in ONE_WORD:
            yield str(value)
        elif type in TEXT:
            yield _strings(str(value))
        elif type in FIELDS and isinstance(value, Mapping):
            yield " ".join(_field(type, key, value[key]) for key in FIELDS[type])
        else:
            raise Unwritable(f"how a zone file writes {type} is not known here")


def _field(type: str, key: str, value: JSON) -> str:
    return _quoted(str(value)) if (type, key) in QUOTED else str(value)


def _strings(value: str) -> str:
    """A text of more than 255 bytes is several strings. octoDNS escapes semicolons, a zone file needs not to."""
    plain = value.replace("\\;", ";")
    parts = [plain[start : start + 255] for start in range(0, max(1, len(plain)), 255)]
    return " ".join(_quoted(part) for part in parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
