"""Secrets in a catalog, put there by a placeholder: such a text is a keyed hash wherever it is stored or shown."""

from typing import Any

from trueup.drivers.database.snapshots import Snapshot
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON, is_masked, masked, nodes
from trueup.ports.driver import Job


def hidden(job: Job[Any], resources: Snapshot) -> dict[Address, Resource]:
    """What may be stored and shown."""
    return {address: Resource(each.kind, hide(job, each.values), each.identity) for address, each in resources.items()}


def hide(job: Job[Any], value: JSON) -> JSON:
    """The same value with every text that holds a secret as a keyed hash."""
    if isinstance(value, str):
        return masked(job.hash_secret(value)) if job.redact(value) != value else value
    if isinstance(value, dict):
        return {name: hide(job, each) for name, each in value.items()}
    if isinstance(value, list):
        return [hide(job, each) for each in value]
    return value


def revealed(settled: Snapshot, real: Snapshot, shown: Snapshot) -> dict[Address, Resource]:
    """S with its secrets, where they are still the real ones; what holds another one is left out. `shown`: R hidden."""
    return {
        address: real[address] if shown.get(address) == each else each
        for address, each in settled.items()
        if shown.get(address) == each or not any(is_masked(node) for node in nodes(each.values))
    }
