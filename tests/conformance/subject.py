"""What a driver brings along to be tested by the suite that every driver must pass."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trueup.model.plan import Address, Resource
from trueup.model.stack import Purpose
from trueup.ports.driver import Driver, Job
from trueup.ports.tree import Tree


class Subject(Protocol):
    """One stack on the driver's real system, empty at first, for one test alone."""

    driver: Driver[Any]
    canary: str
    """A secret that the code of `first` and `second` holds or makes, and that must show nowhere."""
    settled: Mapping[Address, Resource] | None
    """S of the jobs from now on. The suite puts there what an apply settled, as the engine would."""
    lines: Sequence[str]
    """Everything that was logged."""

    def first(self) -> Tree:
        """Code that creates something."""
        ...

    def second(self) -> Tree:
        """The same with a change that an apply makes in place."""
        ...

    def mistaken(self) -> Tree:
        """Code that cannot be read."""
        ...

    def rejected(self) -> Tree:
        """Code that the live system refuses, in the plan or in the apply."""
        ...

    def job(self, tree: Tree, purpose: Purpose, **changes: Any) -> Job[Any]:
        """`changes` replace fields of the job."""
        ...

    def drift(self) -> Address:
        """Changes something of `first` by hand, which codification can write down; where."""
        ...

    def writes(self) -> int:
        """How often the live system was written to until now, by anybody."""
        ...
