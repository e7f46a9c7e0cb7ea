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
    names = dict(_named(address, plan))
    return replace(wanted, after=_referring(wanted.after, names)) if names else wanted


def _named(address: ParsedAddress, plan: Plan) -> Iterator[tuple[str, str]]:
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
        local = other.rpartition(f"{parsed.kind}.{parsed.name}")
        for name in _NAMES:
            value = resource.values.get(name)
            if isinstance(value, str) and len(value) >= _SHORTEST and any(mark.isdigit() for mark in value):
                yield value, f"{local[1]}{local[2]}.{name}"


def _referring(value: JSON, names: Mapping[str, str]) -> JSON:
    if isinstance(value, dict):
        return {name: _referring(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [_referring(inner, names) for inner in value]
    return Reference(value, names[value]) if isinstance(value, str) and value in names else value
