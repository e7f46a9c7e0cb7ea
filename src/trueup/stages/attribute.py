"""Attribute: why every difference is there, by comparing what was settled, what is real and what the code wants."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trueup.model.baseline import Baseline
from trueup.model.causes import Cause, Difference
from trueup.model.comparing import Sides, Spot, compare, same
from trueup.model.normal import child, key
from trueup.model.plan import (
    OUTPUT,
    Action,
    Address,
    AttributedChange,
    AttributedPlan,
    Plan,
    PlannedChange,
    Resource,
)
from trueup.model.values import JSON, at
from trueup.stages.children import child_changes, without_doubles


@dataclass(frozen=True)
class _Subject:
    """One address with its three sides; None where it does not exist on that side."""

    address: Address
    settled: Resource | None
    real: Resource | None
    planned: PlannedChange | None
    known: bool
    """Whether S can be told at all: not for live things before adoption, without a stored state."""

    @property
    def kind(self) -> str:
        return next(each.kind for each in (self.planned, self.real, self.settled) if each is not None)

    @property
    def identity(self) -> str:
        return next((each.identity for each in (self.real, self.settled) if each is not None and each.identity), "")

    @property
    def desired(self) -> JSON:
        if self.planned is not None:
            return self.planned.after
        return self.real.values if self.real is not None else None

    @property
    def wanted(self) -> bool:
        """Whether the code has it at all."""
        if self.planned is not None:
            return self.planned.action not in (Action.DELETE, Action.FORGET)
        return self.real is not None

    @property
    def sides(self) -> Sides:
        return Sides(
            self.settled.values if self.settled else None, self.real.values if self.real else None, self.desired
        )


def attribute(plan: Plan, baseline: Baseline | None) -> AttributedPlan:
    """Compares every address of the baseline, the live system and the plan, and then what no plan can see. Without a
    baseline S is the stored state before the refresh, or nothing, and the result is provisional."""
    changes = []
    for subject in _subjects(plan, baseline):
        differences = tuple(_by_hand_or_code(plan, subject))
        if differences or subject.planned is not None:
            changes.append(
                AttributedChange(subject.address, subject.kind, subject.planned, differences, subject.identity)
            )
    changes = [*without_doubles(plan, baseline, changes), *child_changes(plan, baseline)]
    return AttributedPlan(plan, tuple(changes), provisional=baseline is None)


def _subjects(plan: Plan, baseline: Baseline | None) -> Iterator[_Subject]:
    settled = dict(baseline.resources if baseline else plan.stored or {})
    known = baseline is not None or plan.stored is not None
    planned = {change.address: change for change in plan.changes}
    for change in plan.changes:
        if change.moved_from in settled and change.moved_from not in plan.real:
            settled.setdefault(change.address, settled.pop(change.moved_from))
    for address in sorted({*settled, *plan.real, *planned}):
        here = planned.get(address)
        real = plan.real.get(address)
        if real is None and here is not None and here.before is not None:
            real = Resource(here.kind, here.before)
        yield _Subject(address, settled.get(address), real, here, known)


def _by_hand_or_code(plan: Plan, subject: _Subject) -> Iterator[Difference]:
    """Where the plan explains what the code made of S, whatever is real beside that was made by hand."""
    if subject.address not in plan.explained:
        yield from _differences(plan, subject)
        return
    made = plan.explained[subject.address]
    if subject.settled is None and subject.real is not None and made is not None and subject.planned is None:
        by_hand = Sides(made, subject.real.values, subject.real.values)
        nothing = replace(plan, sets={subject.address: frozenset()}, ignored={subject.address: frozenset({"*"})})
        found = list(_inside(nothing, subject, by_hand))
        yield from found or [subject.sides.as_difference((), Cause.CONVERGED)]
        return
    shape = plan.shape_of(subject.kind)
    for difference in _differences(plan, subject):
        by_code = same(shape, at(made, difference.path), difference.real)
        is_hand = difference.cause is Cause.CONVERGED and not by_code
        yield replace(difference, cause=Cause.UNMANAGED) if is_hand else difference


def _differences(plan: Plan, subject: _Subject) -> Iterator[Difference]:
    if subject.kind == OUTPUT:
        yield from _output(subject)
    elif subject.planned is None and plan.sets.get(subject.address) == frozenset():
        yield from _unwritten(plan, subject)
    elif subject.real is None or not subject.wanted:
        yield from _existence(plan, subject)
    elif subject.settled is None:
        yield from _never_settled(plan, subject)
    else:
        yield from _inside(plan, subject, subject.sides)


def _output(subject: _Subject) -> Iterator[Difference]:
    """Outputs follow from other things: what they follow from has the drift, they never do."""
    sides = subject.sides
    if key(sides.real) != key(sides.desired):
        yield sides.as_difference((), Cause.INTENDED)
    elif key(sides.settled) != key(sides.real):
        yield sides.as_difference((), Cause.NOISE)


def _unwritten(plan: Plan, subject: _Subject) -> Iterator[Difference]:
    """Nothing that the code says is about this address, and the plan leaves it alone: what came, went or changed since
    it was settled was changed by hand."""
    if subject.settled is not None and subject.real is not None:
        yield from _inside(plan, subject, subject.sides)
    elif subject.known and (subject.settled is not None or subject.real is not None):
        yield subject.sides.as_difference((), Cause.UNMANAGED)


def _existence(plan: Plan, subject: _Subject) -> Iterator[Difference]:
    """A whole resource that is not live, or that the code does not have."""
    cause: Cause | None
    if subject.real is None:
        if subject.settled is None:
            cause = Cause.INTENDED if subject.wanted else None
        else:
            cause = Cause.GHOST_REVERT if subject.wanted else Cause.CONVERGED
    elif not subject.known:
        cause = Cause.UNKNOWN
    elif subject.settled is None:
        cause = Cause.GHOST_REVERT
    else:
        unchanged = same(plan.shape_of(subject.kind), subject.settled.values, subject.real.values)
        cause = Cause.INTENDED if unchanged else Cause.CONFLICT
    if cause is not None:
        yield subject.sides.as_difference((), cause)


def _never_settled(plan: Plan, subject: _Subject) -> Iterator[Difference]:
    """Live, and the code has it, but nobody ever wrote down what it should be."""
    real = subject.sides.real
    found = list(_inside(plan, subject, Sides(real, real, subject.desired)))
    for difference in found:
        yield replace(difference, cause=Cause.UNKNOWN, settled=None)
    if not found and subject.known:
        yield subject.sides.as_difference((), Cause.CONVERGED)


def _inside(plan: Plan, subject: _Subject, sides: Sides) -> Iterator[Difference]:
    shape = plan.shape_of(subject.kind)
    set_by_code, ignored = plan.sets.get(subject.address), plan.ignored.get(subject.address, frozenset())
    if not all(isinstance(side, dict) for side in sides.all):
        yield from compare(Spot((), shape, True), sides)
        return
    for name in sorted({name for side in sides.all for name in side}):
        inner = child(shape, name)
        # Code that leaves an attribute out wants it empty, unless the technology then takes whatever is real.
        wants_empty = not inner.computed_default and key(sides.at(name).desired) == key(None)
        looks_at = name not in ignored and "*" not in ignored
        is_set = set_by_code is None or name in set_by_code or (wants_empty and looks_at)
        yield from compare(Spot((name,), inner, is_set), sides.at(name))
