"""Snapshots: every object of a database by its address, as it was at one moment."""

from collections.abc import Mapping

from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

Snapshot = Mapping[Address, Resource]


def values_at(snapshot: Snapshot, address: Address) -> JSON:
    """None where there is no such object."""
    return snapshot[address].values if address in snapshot else None


def changed_between(before: Snapshot, after: Snapshot) -> frozenset[Address]:
    """What came, went, or has other values."""
    return frozenset(each for each in {*before, *after} if before.get(each) != after.get(each))
