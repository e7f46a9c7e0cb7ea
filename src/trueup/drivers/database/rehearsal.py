"""Rehearsal: the whole chain, production's structure and every new rollback, tried on scratch before anybody merges."""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.model.errors import Place
from trueup.model.plan import Address, Finding, Resource

Snapshot = Mapping[Address, Resource]


@dataclass(frozen=True)
class Held:
    """A lock that a statement's transaction held when the statement was done."""

    mode: str
    """As pg_locks says it: `AccessExclusiveLock`."""
    relation: str


@dataclass(frozen=True)
class Tried:
    """One statement on scratch."""

    script: str
    place: Place
    summary: str
    """Its first words."""
    milliseconds: float
    locks: tuple[Held, ...] = ()
    """Without those on what the same run created."""


@dataclass(frozen=True)
class Rehearsal:
    steps: tuple[Tried, ...]
    findings: tuple[Finding, ...]
    snapshots: Mapping[Address, Snapshot]
    """By the address of a migration: the catalog after it, in the run that the plan goes by."""
    after: Snapshot | None
    """The catalog at the end of that run; None when it did not get there."""
