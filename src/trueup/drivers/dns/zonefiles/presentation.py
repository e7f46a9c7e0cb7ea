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
    "URI": ("priority", "weight", "target"),
    "NAPTR": ("order", "preference", "flags", "service", "regexp", "replacement"),
}
"""Keys of a value in the order in which they are written."""
QUOTED = frozenset({("CAA", "value"), ("NAPTR", "flags"), ("NAPTR", "service"), ("NAPTR", "regexp"), ("URI", "target")})
SERVICE = frozenset({"SVCB", "HTTPS"})


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
        elif type in SERVICE and isinstance(value, Mapping):
            yield " ".join([str(value["svcpriority"]), str(value["targetname"]), *_parameters(value)])
        elif type in FIELDS and isinstance(value, Mapping):
            yield " ".join(_field(type, key, value[key]) for key in FIELDS[type])
        else:
            raise Unwritable(f"how a zone file writes {type} is not known here")


def _parameters(value: Mapping[str, JSON]) -> Iterator[str]:
    """Of RFC 9460: a key alone, or with its values in one text."""
    for key, held in (value.get("svcparams") or {}).items():
        text = ",".join(map(str, held)) if isinstance(held, list) else str("" if held is None else held)
        yield f'{key}="{text}"' if text else str(key)


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
