"""Revert: the statements that take named drifts back to what was settled. A database never goes back by itself."""

from collections.abc import Collection, Mapping
from typing import Any

from trueup.drivers.database.ddl import difference
from trueup.drivers.database.ddl_draft import Draft
from trueup.model.plan import Address, Resource
from trueup.ports.driver import Job


def inverse(job: Job[Any], real: Mapping[Address, Resource], addresses: Collection[Address] | None = None) -> Draft:
    """What makes R into S at these addresses (None: everywhere). Empty before the stack is adopted."""
    settled = job.settled()
    if settled is None:
        return Draft(())
    wanted = dict(real)
    for address in {*settled, *real} if addresses is None else addresses:
        if address in settled:
            wanted[address] = settled[address]
        else:
            wanted.pop(address, None)
    return difference(real, wanted)
