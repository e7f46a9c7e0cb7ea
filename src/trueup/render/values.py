"""Values as people read them: secrets and unknowns named, network rules in one phrase, nothing endless."""

import json
from datetime import datetime

from trueup.model.values import JSON, is_masked, is_unknown, nodes

_LONGEST = 200
_PORTS = ("from_port", "to_port")
_SOURCES = (
    "cidr_blocks",
    "ipv6_cidr_blocks",
    "prefix_list_ids",
    "security_groups",
    "cidr_ipv4",
    "cidr_ipv6",
    "referenced_security_group_id",
    "source_security_group_id",
)


def shown(value: JSON) -> str:
    """One line of at most 200 characters."""
    if value is None:
        return "nothing"
    if is_masked(value):
        return "(secret)"
    if is_unknown(value):
        return "(known after apply)"
    text = _network_rule(value) or json.dumps(_readable(value), ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def shown_span(after: datetime | None, until: datetime) -> str:
    """When something happened that was not there at `after` and was there at `until`."""
    if after is None:
        return f"before {shown_time(until)}"
    if after.date() == until.date():
        return f"on {until:%Y-%m-%d} between {after:%H:%M} and {until:%H:%M} UTC"
    return f"between {shown_time(after)} and {shown_time(until)}"


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _readable(value: JSON) -> JSON:
    """The same with secrets and unknowns inside it named."""
    if not any(is_masked(node) or is_unknown(node) for node in nodes(value)):
        return value
    if isinstance(value, dict):
        if is_masked(value) or is_unknown(value):
            return shown(value)
        return {key: _readable(child) for key, child in value.items()}
    return [_readable(child) for child in value] if isinstance(value, list) else value


def _network_rule(value: JSON) -> str | None:
    """`8443/tcp from 0.0.0.0/0`, for an object with ports and sources; None for anything else."""
    if not isinstance(value, dict) or not all(isinstance(value.get(port), int) for port in _PORTS):
        return None
    protocol = str(value.get("protocol") or value.get("ip_protocol") or "")
    first, last = (value[port] for port in _PORTS)
    ports = "all ports" if protocol == "-1" else str(first) if first == last else f"{first}-{last}"
    sources: list[str] = []
    for name in _SOURCES:
        found = value.get(name)
        sources += [str(source) for source in (found if isinstance(found, list) else [found]) if source]
    if value.get("self"):
        sources.append("itself")
    reach = f"{ports}/{protocol}" if protocol not in ("", "-1") else ports
    return reach + (f" from {', '.join(sources)}" if sources else "")
