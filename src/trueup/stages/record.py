"""Record: the next S of every address after an apply, without absorbing what nobody decided on."""

from collections.abc import Callable, Mapping, Sequence

from trueup.model.baseline import Baseline, Tolerance
from trueup.model.causes import Cause, Difference
from trueup.model.normal import child
from trueup.model.placing import placed
from trueup.model.plan import (
    OUTPUT,
    Action,
    Address,
    Applied,
    AttributedChange,
    AttributedPlan,
    Outcome,
    Plan,
    PlannedChange,
    Resource,
)
from trueup.model.shape import Shape
from trueup.model.values import JSON, at, digest, has_unknown


def settled(baseline: Baseline | None, attributed: AttributedPlan, applied: Applied) -> Mapping[Address, Resource]:
    """What the next baseline holds. Written addresses take the values that the writes returned, failed and uncertain
    ones keep their S, untouched ones keep it too; converged and computed values advance, drift that the plan left
    alone stays drift."""
    before = dict(baseline.resources) if baseline else {}
    tolerances = baseline.tolerances if baseline else ()
    changes = {change.address: change for change in attributed.changes}
    moved = {
        change.planned.moved_from: change.planned
        for change in attributed.changes
        if change.planned is not None and change.planned.moved_from is not None
    }
    after: dict[Address, Resource] = {}
    for address in sorted({*before, *attributed.plan.real, *changes, *applied.resources}):
        if address in moved and _is_done(moved[address], applied):
            continue
        change = changes.get(address)
        old = before.get(_origin(change, before, address)) or _made(attributed.plan, address)
        next_one = _next(_Place(address, change, old, attributed, tolerances), applied)
        if next_one is not None:
            after[address] = next_one
    return after


def absorbed(
    resources: Mapping[Address, Resource], before: AttributedPlan, after: AttributedPlan
) -> Mapping[Address, Resource]:
    """S once more, after verifying: defaults that the code leaves out and that the apply itself moved elsewhere (a
    rule of its own fills its group's list) are taken as they are. `before` was attributed for the apply, `after`
    right behind it, against `resources`, and must plan nothing; what differed before already stays drift."""
    if not after.plan.empty:
        return resources
    known = {(change.address, difference.path) for change in before.changes for difference in change.differences}
    result = dict(resources)
    for change in after.changes:
        old, real = result.get(change.address), after.plan.real.get(change.address)
        if old is None or real is None:
            continue
        shape = after.plan.shape_of(change.kind)
        own = [each for each in change.differences if _moved_by_itself(each, shape)]
        taken = [each for each in own if (change.address, each.path) not in known]
        values = old.values
        for difference in taken:
            values = placed(values, real.values, difference.path, difference.real, shape)
        result[change.address] = Resource(old.kind, values, real.identity or old.identity)
    return result


def adopted(attributed: AttributedPlan) -> Mapping[Address, Resource]:
    """The first S, when a person settles a stack that was live before: the stored state before the refresh, so that
    what somebody changed by hand since stays drift. What no plan touches and the code does not set is taken as it
    is: mostly one resource's apply that filled another's list, and nothing that an apply could undo."""
    plan = attributed.plan
    result = dict(plan.stored if plan.stored is not None else plan.real)
    for change in attributed.changes:
        old, real = result.get(change.address), plan.real.get(change.address)
        if old is None or real is None:
            continue
        values, shape = old.values, plan.shape_of(change.kind)
        for difference in change.having(Cause.UNMANAGED, Cause.NOISE):
            if difference.path:
                values = placed(values, real.values, difference.path, difference.real, shape)
        result[change.address] = Resource(old.kind, values, real.identity or old.identity)
    return result


def _made(plan: Plan, address: Address) -> Resource | None:
    """What the code itself made, where S has nothing: what is real beside that stays drift."""
    real, made = plan.real.get(address), plan.explained.get(address)
    return Resource(real.kind, made, real.identity) if real is not None and made is not None else None


class _Place:
    """One address on its way into the next baseline."""

    def __init__(
        self,
        address: Address,
        change: AttributedChange | None,
        old: Resource | None,
        attributed: AttributedPlan,
        tolerances: Sequence[Tolerance],
    ) -> None:
        self.address = address
        self.change = change
        self.old = old
        self.real = attributed.plan.real.get(address)
        self.first = attributed.provisional
        self.shape = attributed.plan.shape_of(change.kind if change else "")
        self._tolerances = tolerances

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.change.differences if self.change else ()

    def tolerates(self, difference: Difference) -> bool:
        return any(
            tolerance.address == self.address
            and tolerance.path == difference.path
            and tolerance.value == digest(difference.real)
            for tolerance in self._tolerances
        )


def _next(place: _Place, applied: Applied) -> Resource | None:
    written = applied.resources.get(place.address)
    planned = place.change.planned if place.change else None
    if OUTPUT in {each.kind for each in (place.old, place.real, written) if each is not None}:
        return written if written is not None or applied.complete else place.old
    if planned is None:
        # Some plans cannot tell everything that their writes do; the writes can.
        did = applied.outcomes.get(place.address) is Outcome.DONE
        return written if did else _untouched(place)
    if not _is_done(planned, applied):
        return written if written is not None and _is_half_made(place, written) else place.old
    if planned.action in (Action.DELETE, Action.FORGET) or written is None:
        return None
    kept = [each for each in place.differences if each.cause is Cause.UNMANAGED or place.tolerates(each)]
    return _keeping(place, written, kept, lambda each: _wanted(each, written))


def _is_done(planned: PlannedChange, applied: Applied) -> bool:
    """Moves and imports that change nothing are not among the outcomes: they come with the whole apply."""
    if planned.action is Action.NOTHING and planned.address not in applied.outcomes:
        return applied.complete
    return applied.outcomes.get(planned.address) is Outcome.DONE


def _is_half_made(place: _Place, written: Resource) -> bool:
    """What a failed step of ours left behind is not somebody's: a new thing that is there, but not as it should be."""
    if place.old is None:
        return place.real is None
    return bool(written.identity and place.real and place.real.identity and written.identity != place.real.identity)


def _untouched(place: _Place) -> Resource | None:
    if place.old is None:
        return None if any(each.cause.is_drift and not each.path for each in place.differences) else place.real
    if place.real is None:
        whole = {difference.cause for difference in place.differences if not difference.path}
        return None if Cause.CONVERGED in whole else place.old
    kept = [each for each in place.differences if each.cause.is_drift or place.tolerates(each)]
    return _keeping(place, place.real, kept, lambda each: each.real)


def _keeping(
    place: _Place, new: Resource, kept: Sequence[Difference], advance: Callable[[Difference], JSON]
) -> Resource:
    """The new values, except that what is kept stays at S: its attribute starts from S and only the other
    differences in it advance."""
    if not kept or place.old is None or not isinstance(new.values, dict) or not isinstance(place.old.values, dict):
        return place.old if kept and place.old is not None and not all(each.path for each in kept) else new
    values = dict(new.values)
    for name in {str(each.path[0]) for each in kept if each.path}:
        shape, value = child(place.shape, name), place.old.values.get(name)
        for each in place.differences:
            if each.path[:1] == (name,) and each not in kept:
                value = placed(value, new.values.get(name), each.path[1:], advance(each), shape)
        values[name] = value
    return Resource(new.kind, values, new.identity)


def _wanted(difference: Difference, written: Resource) -> JSON:
    return at(written.values, difference.path) if has_unknown(difference.desired) else difference.desired


def _origin(change: AttributedChange | None, before: Mapping[Address, Resource], address: Address) -> Address:
    """Where S of an address is found: a moved one has it under its old name."""
    planned = change.planned if change else None
    if address not in before and planned is not None and planned.moved_from is not None:
        return planned.moved_from
    return address


def _moved_by_itself(difference: Difference, shape: Shape) -> bool:
    if not difference.path:
        return False
    top = child(shape, str(difference.path[0]))
    return difference.cause is Cause.NOISE or (difference.cause is Cause.UNMANAGED and top.computed_default)
