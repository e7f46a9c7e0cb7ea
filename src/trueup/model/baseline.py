"""Baseline: what was settled last. Generations; secrets in it are keyed hashes only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trueup.model.plan import Address, Basis, Resource
from trueup.model.stack import StackId
from trueup.model.values import JSON, Digest, Path


@dataclass(frozen=True)
class Tolerance:
    """A deviation that a person accepts for a while: S stays, another value is new drift."""

    address: Address
    path: Path
    value: Digest
    person: str
    reason: str
    until: datetime


@dataclass(frozen=True)
class Baseline:
    stack: StackId
    generation: int
    basis: Basis
    """`basis.live` is the live identity as the writes left it."""
    resources: Mapping[Address, Resource]
    """S for every address, outputs included."""
    settled_at: datetime
    settled_by: str
    """`run:ID`, `adopt:PERSON`, `foreign:COMMIT` or `codified:COMMIT`."""
    uncertain: tuple[Address, ...] = ()
    """Begun by an apply of which nobody saw the end."""
    tolerances: tuple[Tolerance, ...] = ()
    children: Mapping[Address, Resource] = field(default_factory=dict)
    """S of the live parts of managed things that no code has: there when they were first looked at, and settled."""
    watched: tuple[str, ...] = ()
    """Where children were looked for: PARENT/KIND, in order. Of other places `children` says nothing."""
    path: str = ""
    """Where the stack was in the repository then, as the closure's files are: it may have moved since. Empty: where it
    is now."""

    @property
    def outputs(self) -> Mapping[str, JSON]:
        return {
            address.removeprefix("output."): resource.values
            for address, resource in self.resources.items()
            if address.startswith("output.")
        }
