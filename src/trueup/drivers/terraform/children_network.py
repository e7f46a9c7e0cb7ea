"""Children in networks: rules of security groups, routes of route tables. Pure."""

from collections.abc import Iterator, Mapping

from trueup.drivers.terraform.children import Call, Live, Parent, Watch
from trueup.model.values import JSON

_PROTOCOLS = {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_ANYWHERE = ("0.0.0.0/0", "::/0")
_SOURCES = (
    ("IpRanges", "cidr_blocks", "CidrIp"),
    ("Ipv6Ranges", "ipv6_cidr_blocks", "CidrIpv6"),
    ("PrefixListIds", "prefix_list_ids", "PrefixListId"),
    ("UserIdGroupPairs", "source_security_group_id", "GroupId"),
)
"""Where a permission has its sources, what the provider calls them, and how each is named."""


def _identity(group: str, direction: str, protocol: str, ports: tuple[int, int], source: str) -> str:
    first, last = ports
    return f"aws_security_group_rule:{group} {direction} {protocol} {first}-{last} {source}"


def _protocol(name: JSON) -> str:
    return _PROTOCOLS.get(str(name).lower(), str(name).lower())


def _ports(protocol: str, first: JSON, last: JSON) -> tuple[int, int]:
    """All protocols have all ports, which the provider writes as zeros."""
    return (0, 0) if protocol == "-1" else (int(first or 0), int(last or 0))


def _source(text: str) -> str:
    """A group of another account is written ACCOUNT/sg-..."""
    return text.rpartition("/")[2] if "/sg-" in text else text


def _rules(parent: Parent, record: JSON) -> Iterator[Live]:
    """A SecurityGroup: every source of every permission is a rule."""
    for direction, permissions in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        for permission in record.get(permissions, ()):
            for ranges, name, at in _SOURCES:
                for source in permission.get(ranges, ()):
                    yield from _rule(parent, direction, permission, name, source[at], source.get("Description"))


def _rule(
    parent: Parent, direction: str, permission: JSON, name: str, source: str, description: str | None
) -> Iterator[Live]:
    """The open way out, which AWS gives every new group, is nobody's."""
    protocol = _protocol(permission["IpProtocol"])
    first, last = ports = _ports(protocol, permission.get("FromPort"), permission.get("ToPort"))
    if direction == "egress" and protocol == "-1" and source in _ANYWHERE:
        return
    own = source == parent.name
    said: JSON = True if own else source if name == "source_security_group_id" else [source]
    reach = "all" if protocol == "-1" else f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
    values: dict[str, JSON] = {
        "security_group_id": parent.name,
        "type": direction,
        "description": description or None,
        "protocol": protocol,
        "from_port": first,
        "to_port": last,
        "self" if own else name: said,
    }
    yield Live(
        _identity(parent.name, direction, protocol, ports, source),
        f"{direction} {reach} {'itself' if own else source}",
        {name: each for name, each in values.items() if each is not None},
    )


def _of_rule(values: Mapping[str, JSON]) -> Iterator[str]:
    """An aws_security_group_rule manages one live rule for each of its sources."""
    group, protocol = str(values.get("security_group_id")), _protocol(values.get("protocol"))
    ports = _ports(protocol, values.get("from_port"), values.get("to_port"))
    sources = [
        each for name in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids") for each in values.get(name) or []
    ]
    sources += [values["source_security_group_id"]] if values.get("source_security_group_id") else []
    sources += [group] if values.get("self") else []
    for source in sources:
        yield _identity(group, str(values.get("type")), protocol, ports, _source(source))


def _of_newer_rule(direction: str, values: Mapping[str, JSON]) -> Iterator[str]:
    """aws_vpc_security_group_ingress_rule and its sibling: one source each."""
    group, protocol = str(values.get("security_group_id")), _protocol(values.get("ip_protocol"))
    ports = _ports(protocol, values.get("from_port"), values.get("to_port"))
    for name in ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"):
        if values.get(name):
            yield _identity(group, direction, protocol, ports, _source(str(values[name])))


def _rule_import(values: Mapping[str, JSON]) -> str:
    """GROUP_DIRECTION_PROTOCOL_FIRST_LAST_SOURCE."""
    names = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids")
    sources = [each for name in names for each in values.get(name) or []]
    sources += [values["source_security_group_id"]] if values.get("source_security_group_id") else []
    sources += ["self"] if values.get("self") else []
    parts = [values[name] for name in ("security_group_id", "type", "protocol", "from_port", "to_port")]
    return "_".join(str(part) for part in [*parts, *sources])


def _rule_label(values: Mapping[str, JSON]) -> str:
    first, last = values["from_port"], values["to_port"]
    ports = "all" if values["protocol"] == "-1" else f"{first}" if first == last else f"{first}_{last}"
    return f"{values['type']}_{ports}"


RULES = Watch(
    parent="aws_security_group",
    kind="aws_security_group_rule",
    call=Call("ec2", "describe_security_groups", "SecurityGroups", by="group-id", owner="GroupId"),
    reference="id",
    attribute="security_group_id",
    read=_rules,
    import_id=_rule_import,
    label=_rule_label,
    managing={
        "aws_security_group_rule": _of_rule,
        "aws_vpc_security_group_ingress_rule": lambda values: _of_newer_rule("ingress", values),
        "aws_vpc_security_group_egress_rule": lambda values: _of_newer_rule("egress", values),
    },
    inline=lambda values: str(values["type"]),
    inlines=frozenset({"ingress", "egress"}),
)

_DESTINATIONS = {
    "DestinationCidrBlock": "destination_cidr_block",
    "DestinationIpv6CidrBlock": "destination_ipv6_cidr_block",
    "DestinationPrefixListId": "destination_prefix_list_id",
}
_TARGETS = {
    "EgressOnlyInternetGatewayId": "egress_only_gateway_id",
    "GatewayId": "gateway_id",
    "NatGatewayId": "nat_gateway_id",
    "TransitGatewayId": "transit_gateway_id",
    "LocalGatewayId": "local_gateway_id",
    "CarrierGatewayId": "carrier_gateway_id",
    "VpcPeeringConnectionId": "vpc_peering_connection_id",
    "NetworkInterfaceId": "network_interface_id",
}


def _routes(parent: Parent, record: JSON) -> Iterator[Live]:
    """A RouteTable."""
    for route in record.get("Routes", ()):
        yield from _route(parent, route)


def _route(parent: Parent, record: JSON) -> Iterator[Live]:
    """Local ones, propagated ones and those of gateway endpoints are AWS's own."""
    destination = next(((to, record[at]) for at, to in _DESTINATIONS.items() if record.get(at)), None)
    target = next(((to, record[at]) for at, to in _TARGETS.items() if record.get(at)), None)
    if (
        destination is None
        or target is None
        or record.get("Origin") in ("CreateRouteTable", "EnableVgwRoutePropagation")
    ):
        return
    gateway = str(target[1])
    if gateway == "local" or (gateway.startswith("vpce-") and destination[0] == "destination_prefix_list_id"):
        return
    name = "vpc_endpoint_id" if gateway.startswith("vpce-") else target[0]
    values = {"route_table_id": parent.name, destination[0]: destination[1], name: gateway}
    yield Live(f"aws_route:{parent.name} {destination[1]}", str(destination[1]), values)


def _destination(values: Mapping[str, JSON]) -> str:
    return str(next(values[name] for name in _DESTINATIONS.values() if values.get(name)))


def _of_route(values: Mapping[str, JSON]) -> Iterator[str]:
    yield f"aws_route:{values.get('route_table_id')} {_destination(values)}"


ROUTES = Watch(
    parent="aws_route_table",
    kind="aws_route",
    call=Call("ec2", "describe_route_tables", "RouteTables", by="route-table-id", owner="RouteTableId"),
    reference="id",
    attribute="route_table_id",
    read=_routes,
    import_id=lambda values: f"{values['route_table_id']}_{_destination(values)}",
    label=lambda values: "default" if _destination(values) in _ANYWHERE else f"to_{_destination(values)}",
    managing={"aws_route": _of_route},
    inline=lambda values: "route",
    inlines=frozenset({"route"}),
)
