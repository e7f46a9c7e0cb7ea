"""Coverage: what of a stack is watched beside its plans, and what was found there that no code has."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trueup.engine.books import Books
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id
from trueup.engine.jobs import Errand
from trueup.model.address import Address
from trueup.model.errors import Refused
from trueup.model.plan import Finding
from trueup.model.stack import Stack, StackId
from trueup.model.values import JSON
from trueup.ports.driver import Covered, Covers
from trueup.stages.attribute import attribute


class Known(StrEnum):
    """What the books say of a child that no code has."""

    SETTLED = "settled"
    DRIFT = "drift"
    NEW = "never looked at"
    """The next look takes it as settled."""


@dataclass(frozen=True)
class Stray:
    address: Address
    kind: str
    identity: str
    known: Known
    values: JSON
    code: str
    """That would manage it."""


@dataclass(frozen=True)
class StackCoverage:
    stack: Stack
    revision: str
    kinds: Sequence[Covered]
    strays: Sequence[Stray]
    findings: Sequence[Finding]

    @property
    def share(self) -> float:
        """Of the resources, without those that are parts of others, that are watched; 1 where there are none."""
        most = {
            each.kind: max(other.resources for other in self.kinds if other.kind == each.kind) for each in self.kinds
        }
        least = {
            each.kind: min(other.watched for other in self.kinds if other.kind == each.kind) for each in self.kinds
        }
        return sum(least.values()) / sum(most.values()) if most else 1.0


@dataclass(frozen=True)
class Coverages:
    books: Books
    errands: Errands

    def coverage(self, id: StackId) -> StackCoverage:
        """Plans at the branch's head with plan credentials only. Raises Refused where the driver looks for nothing."""
        stack = self.errands.stack(id)
        source = self.errands.source_at(stack, self.books.catalog.head(stack.repository))
        driver = self.errands.jobs.driver(source.declaration)
        if not isinstance(driver, Covers):
            raise Refused(f"the driver {driver.name} looks for nothing beside its plans")
        errand = Errand("check", new_id("cov"), f"check:{stack.id}", slot="plan")
        baseline = self.books.baseline(id)
        with self.errands.observed(source, errand) as live:
            plan = live.plan()
        drifting = {change.address for change in attribute(plan, baseline).changes}
        settled = baseline.children if baseline is not None else {}
        strays = [
            Stray(
                each.address,
                each.kind,
                each.identity,
                Known.DRIFT if each.address in drifting else Known.SETTLED if each.address in settled else Known.NEW,
                each.values,
                driver.takes_in(each, plan),
            )
            for each in plan.children or ()
            if each.managed_by is None
        ]
        return StackCoverage(stack, source.revision, driver.coverage(plan), strays, plan.findings)
