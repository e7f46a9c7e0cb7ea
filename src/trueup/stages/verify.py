"""Verify: whether the plan after an apply is empty, and what is left when it is not."""

from dataclasses import dataclass

from trueup.model.plan import Applied, Plan


@dataclass(frozen=True)
class Verified:
    applied: Applied
    after: Plan | None
    """Planned again in the same session, right after the writes; None when they were not complete."""

    @property
    def converged(self) -> bool:
        return self.after is not None and self.after.empty

    def remains(self) -> tuple[str, ...]:
        """One line for each address that the code still wants to change."""
        return tuple(f"{change.action} {change.address}" for change in self.after.changes) if self.after else ()


def verify(applied: Applied, after: Plan | None) -> Verified:
    """An apply that stopped half-way is not verified: what it left is for recovery to find out."""
    return Verified(applied, after if applied.complete else None)
