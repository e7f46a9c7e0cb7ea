"""Suggestions: the HCL that a person should write where no edit can be made, from what is real."""

from collections.abc import Iterator, Mapping

from trueup.drivers.terraform import render_hcl
from trueup.drivers.terraform.codify_scope import ParsedAddress, parse_address
from trueup.model.causes import Cause
from trueup.model.drift import Drift
from trueup.model.errors import Refused
from trueup.model.normal import NOTHING_KNOWN, child, normal
from trueup.model.plan import Plan
from trueup.model.values import JSON, is_masked, nodes

_RULES = ("ingress", "egress")
_GROUP = "the group"
"""Stands for the reference, which is no value that could be rendered."""
_SOURCES = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups", "self")


def suggestion(drift: Drift, plan: Plan) -> str:
    """The HCL that a person should write: what is real at the drifted attributes. Secrets are left for the person."""
    try:
        address = parse_address(drift.address)
    except Refused:
        return ""
    shape, real = plan.shape_of(drift.kind), plan.real.get(drift.address)
    head = f'resource "{address.kind}" "{address.name}"'
    if any(not each.path for each in drift.differences):
        if real is None:
            return f"# delete the block {head} and what refers to it"
        return render_hcl.block(head, _writable(real.values), shape, "")
    texts = [f"# in {head}"]
    live = real.values if real is not None and isinstance(real.values, dict) else {}
    for name in dict.fromkeys(str(each.path[0]) for each in drift.differences):
        value = live.get(name)
        rules = list(_rules_of_their_own(drift, address, name, live))
        if rules:
            texts += rules
            continue
        if any(is_masked(node) for node in nodes(value)) or child(shape, name).sensitive:
            texts.append(f"{name} = ... # sensitive: not shown")
        elif isinstance(value, list) and render_hcl.is_blocks(value, child(shape, name)):
            element = child(shape, name).element or NOTHING_KNOWN
            texts += [render_hcl.block(name, each, element, "") for each in value]
        else:
            texts.append(render_hcl.attribute(name, value, ""))
    return "\n".join(texts)


def _writable(values: JSON) -> Mapping[str, JSON]:
    named = values if isinstance(values, dict) else {}
    return {name: each for name, each in named.items() if not any(is_masked(node) for node in nodes(each))}


def _rules_of_their_own(drift: Drift, address: ParsedAddress, name: str, group: Mapping[str, JSON]) -> Iterator[str]:
    """A rule that was added to a security group whose rules are resources of their own: one more such resource, and
    the import that takes the live rule over. The id's form: the provider's page on aws_security_group_rule."""
    for each in drift.differences:
        added = each.settled is None and isinstance(each.real, dict) and each.path[:1] == (name,)
        if drift.kind != "aws_security_group" or name not in _RULES or each.cause is not Cause.UNMANAGED or not added:
            continue
        rule = each.real
        label = f"{address.name}_{name}_{rule.get('to_port')}"
        values = {
            "type": name,
            "security_group_id": _GROUP,
            **{key: value for key, value in rule.items() if key not in _SOURCES},
        }
        values |= {key: rule[key] for key in _SOURCES if normal(rule.get(key)) is not None and key != "security_groups"}
        groups = rule.get("security_groups") or []
        if groups:
            values["source_security_group_id"] = groups[0]
        sources = [*(rule.get("cidr_blocks") or []), *(rule.get("ipv6_cidr_blocks") or []), *groups]
        parts = [group.get("id"), name, rule.get("protocol"), rule.get("from_port"), rule.get("to_port"), *sources]
        head = f'resource "aws_security_group_rule" "{label}"'
        block = render_hcl.block(head, values, NOTHING_KNOWN, "")
        yield block.replace(f'"{_GROUP}"', f"{address.kind}.{address.name}.id")
        target = ("  to = aws_security_group_rule." + label, f'  id = "{"_".join(map(str, parts))}"')
        yield "\n".join(["", "import {", *target, "}"])
