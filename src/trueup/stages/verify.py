"""Verify: whether the plan after an apply is empty, and what is left when it is not."""

from dataclasses import dataclass

from trueup.model.plan import Applied, AttributedPlan


@dataclass(frozen=True)
class Verified:
    applied: Applied
    after: AttributedPlan
    """Planned again in the same session, right after the writes."""

    @property
    def converged(self) -> bool:
        return self.applied.complete and self.after.plan.empty

    def remains(self) -> tuple[str, ...]:
        """One line for each address that the code still wants to change."""
        return tuple(f"{change.action} {change.address}" for change in self.after.plan.changes)


def verify(applied: Applied, after: AttributedPlan) -> Verified:
    return Verified(applied, after)
