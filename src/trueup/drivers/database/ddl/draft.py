"""Draft: DDL statements that should make one snapshot into another, what undoes them, and what they leave out."""

from dataclasses import dataclass

from trueup.model.drift import Declined
from trueup.model.plan import Address


@dataclass(frozen=True)
class Ddl:
    """One statement, without its semicolon, and the object that it is about."""

    sql: str
    address: Address
    in_transaction: bool = True
    """False: the database refuses it inside a transaction."""
    unless: str = ""
    """A query that finds a row where it was done already, for what SQL has no IF NOT EXISTS for."""
    roles: tuple[str, ...] = ()
    """Roles that it names: they are of the server, and no snapshot has them."""
    assumes: str = ""
    """What no difference tells, and a person should look at."""
    last: bool = False
    """It waits until everything else is there."""


@dataclass(frozen=True)
class Draft:
    """SQL that should make one snapshot into another. To be proven on scratch before anybody believes it."""

    changes: tuple[Ddl, ...]
    """In the order in which they must run."""
    reverse: tuple[Ddl, ...] = ()
    """What undoes them, in its own order. A column comes back at the end."""
    declined: tuple[Declined, ...] = ()
    """Addresses that no statement here changes, and why."""
    kept: tuple[Declined, ...] = ()
    """Those that `reverse` does not take back."""

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(each.sql for each in self.changes)

    @property
    def undo(self) -> tuple[str, ...]:
        return tuple(each.sql for each in self.reverse)
