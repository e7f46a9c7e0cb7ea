"""Children in zones: records of Route 53. Pure."""

import re
from collections.abc import Iterator, Mapping

from trueup.drivers.terraform.children import Call, Live, Parent, Watch
from trueup.model.values import JSON

_ESCAPED = re.compile(r"\\(\d{3})")
_QUOTED = ("TXT", "SPF")


def _name(text: JSON) -> str:
    """Without the last dot, in lower case, with `*` where Route 53 writes `\\052`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), str(text)).rstrip(".").lower()


def _identity(zone: JSON, name: JSON, kind: JSON, set_identifier: JSON) -> str:
    return f"aws_route53_record:{zone} {_name(name)} {kind} {set_identifier or ''}".rstrip()


def _record(parent: Parent, record: JSON) -> Iterator[Live]:
    """A ResourceRecordSet. The zone's own NS and SOA are AWS's."""
    name, kind, part = _name(record["Name"]), record["Type"], record.get("SetIdentifier")
    if kind in ("NS", "SOA") and name == _name(parent.values.get("name")):
        return
    values: dict[str, JSON] = {
        "zone_id": parent.name,
        "name": name,
        "type": kind,
        "ttl": record.get("TTL"),
        "records": sorted(_value(kind, each["Value"]) for each in record.get("ResourceRecords", ())),
        "set_identifier": part,
        "health_check_id": record.get("HealthCheckId"),
        "multivalue_answer_routing_policy": record.get("MultiValueAnswer"),
        **_blocks(record),
    }
    said = {name: each for name, each in values.items() if each not in (None, [], "")}
    yield Live(_identity(parent.name, name, kind, part), " ".join(filter(None, (name, kind, part))), said)


def _value(kind: str, text: str) -> str:
    """Texts are kept in quotes, which the provider adds and takes away."""
    return text.removeprefix('"').removesuffix('"') if kind in _QUOTED else text


def _blocks(record: JSON) -> dict[str, JSON]:
    """What stands in blocks of its own in code."""
    alias, where = record.get("AliasTarget"), record.get("GeoLocation") or {}
    found: dict[str, JSON] = {}
    if alias:
        found["alias"] = [
            {
                "name": _name(alias["DNSName"]),
                "zone_id": alias["HostedZoneId"],
                "evaluate_target_health": bool(alias.get("EvaluateTargetHealth")),
            }
        ]
    if "Weight" in record:
        found["weighted_routing_policy"] = [{"weight": record["Weight"]}]
    if record.get("Failover"):
        found["failover_routing_policy"] = [{"type": record["Failover"]}]
    if record.get("Region"):
        found["latency_routing_policy"] = [{"region": record["Region"]}]
    if where:
        names = {"ContinentCode": "continent", "CountryCode": "country", "SubdivisionCode": "subdivision"}
        found["geolocation_routing_policy"] = [{to: where[at] for at, to in names.items() if where.get(at)}]
    return found


def _of_record(values: Mapping[str, JSON]) -> Iterator[str]:
    """A name in code may leave the zone out; `fqdn` is the whole one."""
    name = values.get("fqdn") or values.get("name")
    yield _identity(values.get("zone_id"), name, values.get("type"), values.get("set_identifier"))


def _import(values: Mapping[str, JSON]) -> str:
    parts = (values["zone_id"], values["name"], values["type"], values.get("set_identifier"))
    return "_".join(str(part) for part in parts if part)


RECORDS = Watch(
    parent="aws_route53_zone",
    kind="aws_route53_record",
    call=Call("route53", "list_resource_record_sets", "ResourceRecordSets", by="HostedZoneId"),
    reference="zone_id",
    attribute="zone_id",
    read=_record,
    import_id=_import,
    label=lambda values: f"{values['name']}_{values['type']}_{values.get('set_identifier') or ''}",
    managing={"aws_route53_record": _of_record},
)
