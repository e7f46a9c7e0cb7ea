"""Children: live parts of managed things that no plan can see. Each is managed by code, settled, or drift."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from trueup.model.address import parent_of, under, watch, watch_of
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause, Difference
from trueup.model.child import Child
from trueup.model.comparing import Sides, Spot, compare
from trueup.model.plan import (
    Action,
    Address,
    Applied,
    AttributedChange,
    AttributedPlan,
    Finding,
    Outcome,
    Plan,
    Resource,
)
from trueup.model.shape import ANY


def managed(plan: Plan) -> frozenset[Address]:
    """Addresses of children that code has, or takes in with this very plan."""
    return frozenset(child.address for child in plan.children or () if child.managed_by is not None)


def unlooked(plan: Plan, address: Address) -> bool:
    """Whether it is a child of something live of which nobody could see the children this time: nothing is known."""
    parent = parent_of(address)
    return parent is not None and parent in plan.real and watch_of(address) not in plan.watched


def child_changes(plan: Plan, baseline: Baseline | None) -> Iterator[AttributedChange]:
    """Every unmanaged child that is new, changed or gone since it was settled. Of places that were never looked at
    before nothing is said: what is there is taken as settled (`looked_at`)."""
    if baseline is None:
        return
    live, owned, moves = _unmanaged(plan), managed(plan), _moves(plan)
    settled = {_moved(address, moves): each for address, each in baseline.children.items()}
    known = plan.watched & _renamed(baseline.watched, moves)
    for address in sorted({*settled, *live} - owned):
        if watch_of(address) not in known:
            continue
        old, now = settled.get(address), live.get(address)
        differences = tuple(_differences(old, now))
        if differences:
            kind = now.kind if now is not None else old.kind if old is not None else ""
            identity = now.identity if now is not None else old.identity if old is not None else ""
            yield AttributedChange(address, kind, None, differences, identity)


def without_doubles(
    plan: Plan, baseline: Baseline | None, changes: Iterable[AttributedChange]
) -> list[AttributedChange]:
    """An attribute that the code leaves out and that the children tell better has no drift of its own."""
    known = plan.watched & _renamed(baseline.watched, _moves(plan)) if baseline is not None else frozenset()
    kept = []
    for change in changes:
        doubled = {
            name for name, kind in plan.told.get(change.address, {}).items() if watch(change.address, kind) in known
        }
        differences = tuple(
            each for each in change.differences if not (each.cause.is_drift and each.path and each.path[0] in doubled)
        )
        if differences or change.planned is not None:
            kept.append(replace(change, differences=differences))
    return kept


def looked_at(baseline: Baseline, attributed: AttributedPlan, applied: Applied | None = None) -> Baseline:
    """The next baseline with S of its children. What was settled stays, except what code took in and what went with
    its parent in this apply; where nobody had looked before, what is there is taken as settled."""
    plan, parents = attributed.plan, baseline.resources.keys()
    moves, done = _moves(plan), _done(plan, applied)
    renewed = {address for address, action in done.items() if action.destroys}
    forgotten = {address for address, action in done.items() if action is Action.FORGET}
    owned = managed(plan)

    def stays(address: Address | None) -> bool:
        return address in parents and address not in renewed

    watched = {each for each in _renamed(baseline.watched, moves) if stays(_parent_in(each))}
    children = {_moved(address, moves): each for address, each in baseline.children.items()}
    children = {
        address: each for address, each in children.items() if address not in owned and watch_of(address) in watched
    }
    first = {each for each in plan.watched - watched if stays(_parent_in(each))} - _drifting(attributed)
    for child in plan.children or ():
        new = child.managed_by is None and child.watch in first
        if new or (child.managed_by in forgotten and child.watch in plan.watched):
            children[child.address] = Resource(child.kind, child.values, child.identity)
    return replace(baseline, children=children, watched=tuple(sorted(watched | first)))


def accepted(baseline: Baseline, attributed: AttributedPlan) -> Baseline:
    """A person takes every child that drifted as settled, as it is now."""
    live = _unmanaged(attributed.plan)
    children = dict(baseline.children)
    for change in attributed.changes:
        if parent_of(change.address) is None:
            continue
        child = live.get(change.address)
        if child is None:
            children.pop(change.address, None)
        else:
            children[change.address] = Resource(child.kind, child.values, child.identity)
    return replace(baseline, children=children)


def lost_with(attributed: AttributedPlan, parent: Address) -> Iterator[AttributedChange]:
    """Drifted children that would go with their parent, when it is deleted or replaced."""
    for change in attributed.changes:
        if parent_of(change.address) == parent and any(each.real is not None for each in change.differences):
            yield change


def unseen(plan: Plan, addresses: Collection[Address]) -> list[Finding]:
    """Nothing is proven of children that could not be looked at."""
    return [
        Finding("codification-unseen", f"{address} could not be looked at, so nothing is proven of it", stops=True)
        for address in addresses
        if unlooked(plan, address)
    ]


def _differences(settled: Resource | None, real: Child | None) -> Iterator[Difference]:
    if settled is None or real is None:
        now = real.values if real is not None else None
        yield Difference((), Cause.UNMANAGED, settled.values if settled is not None else None, now, now)
    else:
        yield from compare(Spot((), ANY, is_set=False), Sides(settled.values, real.values, real.values))


def _unmanaged(plan: Plan) -> dict[Address, Child]:
    return {child.address: child for child in plan.children or () if child.managed_by is None}


def _moves(plan: Plan) -> dict[Address, Address]:
    return {change.moved_from: change.address for change in plan.changes if change.moved_from is not None}


def _moved(address: Address, moves: dict[Address, Address]) -> Address:
    parent = parent_of(address)
    return under(address, moves[parent]) if parent is not None and parent in moves else address


def _renamed(watched: Collection[str], moves: dict[Address, Address]) -> frozenset[str]:
    return frozenset(
        watch(moves[parent], each.rpartition("/")[2]) if (parent := _parent_in(each)) in moves else each
        for each in watched
    )


def _parent_in(watched: str) -> Address:
    return Address(watched.rpartition("/")[0])


def _done(plan: Plan, applied: Applied | None) -> dict[Address, Action]:
    if applied is None:
        return {}
    return {
        change.address: change.action
        for change in plan.changes
        if applied.outcomes.get(change.address) is Outcome.DONE or (change.action is Action.FORGET and applied.complete)
    }


def _drifting(attributed: AttributedPlan) -> set[str]:
    """Places to which a drifted attribute belongs: first looks wait until that is decided."""
    return {
        watch(change.address, kind)
        for change in attributed.changes
        if not attributed.provisional
        for name, kind in attributed.plan.told.get(change.address, {}).items()
        if any(each.cause is Cause.UNMANAGED and each.path[:1] == (name,) for each in change.differences)
    }
