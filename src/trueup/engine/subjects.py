"""Subjects: the index that leads from a name in a live system's log to stacks and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trueup.model.baseline import Baseline
from trueup.model.plan import OUTPUT, Address, Plan, Resource
from trueup.model.stack import Stack
from trueup.ports.driver import Driver, Speaks
from trueup.ports.store import Transaction


@dataclass(frozen=True)
class Subjects:
    drivers: Mapping[str, Driver[Any]]

    def write(self, tx: Transaction, stack: Stack, plan: Plan, baseline: Baseline | None) -> None:
        """What is real now and what was settled: of something that was deleted by hand the log still speaks."""
        driver = self.drivers.get(stack.driver)
        if not isinstance(driver, Speaks):
            return
        real = {address: each for address, each in plan.real.items() if each.kind != OUTPUT}
        for child in plan.children or ():
            real[child.address] = Resource(child.kind, child.values, child.identity)
        settled: dict[Address, Resource] = {}
        if baseline is not None:
            settled = {**baseline.children, **baseline.resources}
            settled = {address: each for address, each in settled.items() if each.kind != OUTPUT}
        wanted = {*driver.subjects(real), *driver.subjects(settled)}
        if wanted != set(tx.subjects(stack.id)):
            tx.put_subjects(stack.id, wanted)
