"""Narrow: a revert is cut down to the drifts that it names. What else left what was settled stays as it is."""

from collections.abc import Collection
from dataclasses import replace

from trueup.model.errors import Unavailable
from trueup.model.plan import OUTPUT, Address, AttributedPlan, Plan


def beyond(attributed: AttributedPlan, named: Collection[Address]) -> tuple[Address, ...]:
    """What the plan would also change. Outputs follow from other things."""
    return tuple(
        change.address for change in attributed.plan.changes if change.kind != OUTPUT and change.address not in named
    )


def narrowed(whole: AttributedPlan, part: Plan) -> AttributedPlan:
    """`whole` was attributed, so every cause in it is right; `part` is what would be applied of it. An address that
    is not in `part` keeps its causes and is left alone. Raises Unavailable when `part` would do something else than
    `whole` at any address: somebody changed it between the two plans."""
    for change in part.changes:
        if change.kind != OUTPUT and change != whole.plan.change_at(change.address):
            raise Unavailable(f"{change.address} changed while it was planned", hint="plan again later")
    planned = {change.address: change for change in part.changes}
    changes = tuple(replace(change, planned=planned.get(change.address)) for change in whole.changes)
    return replace(whole, plan=part, changes=changes)
