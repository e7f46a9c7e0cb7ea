"""References: an id or ARN that became real is written as the resource that has it, where the same module does."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trueup.drivers.terraform.codify_blocks import Wanted
from trueup.drivers.terraform.codify_scope import ParsedAddress, parse_address
from trueup.drivers.terraform.render_hcl import Reference
from trueup.model.errors import Refused
from trueup.model.plan import OUTPUT, Plan
from trueup.model.values import JSON

_NAMES = ("id", "arn")
_SHORTEST = 8
"""Shorter ids are words or numbers that may mean something else."""


def with_references(wanted: Wanted, address: ParsedAddress, plan: Plan) -> Wanted:
    """The same, with references in what is to be written. A reference that makes a cycle fails its proof, after
    which literals are tried."""
    names = _names(address, plan)
    return replace(wanted, after=_referring(wanted.after, names)) if names else wanted


def _names(address: ParsedAddress, plan: Plan) -> Mapping[str, str]:
    """Values to what names them. Parts often have their whole's id (a bucket's policy the bucket's): the whole gives
    the name. Where two things that are not parts of one another have a value, nothing does."""
    found: dict[str, list[tuple[str, str]]] = {}
    for value, kind, code in _named(address, plan):
        found.setdefault(value, []).append((kind, code))
    wholes = {value: min(each, key=lambda one: (len(one[0]), one)) for value, each in found.items()}
    return {
        value: code
        for value, (kind, code) in wholes.items()
        if all(other == code or other_kind.startswith(f"{kind}_") for other_kind, other in found[value])
    }


def _named(address: ParsedAddress, plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Every id and ARN of the other resources of the same module, the resource's kind, and the code for it."""
    for other, resource in plan.real.items():
        if resource.kind == OUTPUT or not isinstance(resource.values, dict):
            continue
        try:
            parsed = parse_address(other)
        except Refused:
            continue
        itself = (parsed.kind, parsed.name) == (address.kind, address.name)
        if parsed.modules != address.modules or itself:
            continue
        _, local, instance = other.rpartition(f"{parsed.kind}.{parsed.name}")
        for name in _NAMES:
            value = resource.values.get(name)
            if isinstance(value, str) and len(value) >= _SHORTEST and any(mark.isdigit() for mark in value):
                yield value, parsed.kind, f"{local}{instance}.{name}"


def _referring(value: JSON, names: Mapping[str, str]) -> JSON:
    if isinstance(value, dict):
        return {name: _referring(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [_referring(inner, names) for inner in value]
    return Reference(value, names[value]) if isinstance(value, str) and value in names else value
