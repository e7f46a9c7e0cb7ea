"""Verify: whether the plan after an apply is empty, and what is left when it is not."""

from collections.abc import Collection
from dataclasses import dataclass

from trueup.model.plan import Address, Applied, Plan


@dataclass(frozen=True)
class Verified:
    applied: Applied
    after: Plan | None
    """Planned again in the same session, right after the writes; None when they were not complete."""
    only: Collection[Address] = ()
    """What was to be done, where that was not everything: a revert leaves drift that it does not name. Empty:
    everything."""

    @property
    def converged(self) -> bool:
        return self.after is not None and not self.remains()

    def remains(self) -> tuple[str, ...]:
        """One line for each address that the code still wants to change."""
        changes = self.after.changes if self.after else ()
        return tuple(f"{each.action} {each.address}" for each in changes if not self.only or each.address in self.only)


def verify(applied: Applied, after: Plan | None, only: Collection[Address] = ()) -> Verified:
    """An apply that stopped half-way is not verified: what it left is for recovery to find out."""
    return Verified(applied, after if applied.complete else None, only)
