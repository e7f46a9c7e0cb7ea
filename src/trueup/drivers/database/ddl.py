"""DDL from catalog snapshots: statements that rebuild one on an empty database, or that make one into another.

Nothing here is believed before it ran on a scratch database and a snapshot of that said the same (codify.py,
rehearsal.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trueup.model.plan import Address, Resource
from trueup.ports.driver import Declined


@dataclass(frozen=True)
class Statement:
    """One statement, without its semicolon, and the object that it is about."""

    sql: str
    address: Address
    in_transaction: bool = True
    """False: the database refuses it inside a transaction."""


@dataclass(frozen=True)
class Draft:
    """SQL that should make one snapshot into another. To be proven on scratch before anybody believes it."""

    changes: tuple[Statement, ...]
    """In the order in which they must run."""
    reverse: tuple[Statement, ...] = ()
    """What undoes them, in its own order."""
    declined: tuple[Declined, ...] = ()
    """Addresses that no statement here changes, and why."""

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(each.sql for each in self.changes)

    @property
    def undo(self) -> tuple[str, ...]:
        return tuple(each.sql for each in self.reverse)


def restore(resources: Mapping[Address, Resource]) -> Sequence[str]:
    """Statements that rebuild a PostgreSQL snapshot on an empty scratch database, in dependency order. What cannot be
    rebuilt is not among them: `unrestorable` names it."""
    return [each.sql for each in difference({}, resources).changes]


def difference(before: Mapping[Address, Resource], after: Mapping[Address, Resource]) -> Draft:
    """SQL that makes `before` into `after`."""
    return Draft(())
