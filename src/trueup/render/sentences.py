"""Sentences: what one difference means, why it is there, and what an apply would do about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trueup.model.address import Address, parent_of
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftState
from trueup.model.plan import AttributedPlan
from trueup.model.run import Run
from trueup.model.values import JSON
from trueup.render.origins import happened_briefly
from trueup.render.values import counted, shown

ORDER = (
    Cause.GHOST_REVERT,
    Cause.CONFLICT,
    Cause.UNKNOWN,
    Cause.INTENDED,
    Cause.UNMANAGED,
    Cause.CONVERGED,
)
"""Of what people are told: first what an apply would lose. Noise is not told."""

TITLES = {
    Cause.GHOST_REVERT: "Would undo changes made by hand",
    Cause.CONFLICT: "Changed both in code and by hand",
    Cause.UNKNOWN: "Never settled: somebody has to look",
    Cause.INTENDED: "Intended",
    Cause.UNMANAGED: "Changed by hand; no plan touches it",
    Cause.CONVERGED: "Already as the code wants it",
}

_ELEMENT = re.compile(r"\.[0-9a-f]{12}\b")
"""The key of a set's element in a path says nothing to people; the value stands beside it."""


@dataclass(frozen=True)
class Told:
    """One difference, wherever it comes from."""

    address: str
    attribute: str
    """`ingress`, `tags.Owner`; "" is the whole resource."""
    action: str
    """create, update, replace, delete, ...; "" when nothing is planned."""
    cause: Cause
    settled: JSON
    real: JSON
    desired: JSON
    path: str = ""
    """As the model has it, keys of elements included."""

    @property
    def place(self) -> str:
        return f"{self.address} {self.attribute}".rstrip()

    @property
    def unit(self) -> tuple[str, str, Cause]:
        """What is counted: an attribute of a resource, whatever number of its parts differ."""
        return (self.address, re.split(r"[.\[]", self.attribute)[0], self.cause)


def of_plan(plan: AttributedPlan) -> tuple[Told, ...]:
    return tuple(
        _told(change.address, str(change.planned.action) if change.planned else "", each.label, each.cause, sides)
        for change in plan.changes
        for each in change.differences
        if each.cause is not Cause.NOISE
        for sides in [(each.settled, each.real, each.desired)]
    )


def of_run(run: Run) -> tuple[Told, ...]:
    return tuple(
        _told(change.address, change.action, each.path, Cause(each.cause), (each.settled, each.real, each.desired))
        for change in run.changes
        for each in change.differences
        if each.cause != Cause.NOISE
    )


def of_drift(drift: Drift) -> tuple[Told, ...]:
    return tuple(
        _told(drift.address, "", each.label, each.cause, (each.settled, each.real, each.desired))
        for each in drift.differences
    )


def headline(told: Iterable[Told]) -> str:
    """`1 change intended, 1 would undo a change made by hand`: the line that says what matters."""
    units = {each.unit for each in told}
    parts = [_counted(cause, sum(unit[2] is cause for unit in units)) for cause in (Cause.INTENDED, *ORDER)]
    return ", ".join(dict.fromkeys(part for part in parts if part)) or "No changes"


def sentence(told: Told, drifts: Sequence[Drift] = ()) -> str:
    """`sg-app ingress: would REMOVE 8443/tcp from 0.0.0.0/0 — made by hand ..., never codified`."""
    what = f"{told.place}: {_what(told)}"
    by_hand = told.cause in (Cause.GHOST_REVERT, Cause.CONFLICT, Cause.UNMANAGED)
    origin = _origin(told, drifts) if by_hand else ""
    return f"{what} — {origin}" if origin else what


def said_of(address: str, difference: Difference) -> tuple[str, str]:
    """The attribute as people know it, and what an apply would do there."""
    sides = (difference.settled, difference.real, difference.desired)
    told = _told(address, "", difference.label, difference.cause, sides)
    return told.attribute, _what(told)


def _told(address: str, action: str, path: str, cause: Cause, sides: tuple[JSON, JSON, JSON]) -> Told:
    return Told(address, _ELEMENT.sub("", path), action, cause, *sides, path=path)


def _counted(cause: Cause, count: int) -> str:
    if not count:
        return ""
    match cause:
        case Cause.INTENDED:
            return f"{counted(count, 'change', 'changes')} intended"
        case Cause.GHOST_REVERT:
            return counted(count, "would undo a change made by hand", "would undo changes made by hand")
        case Cause.CONFLICT:
            return f"{count} changed both in code and by hand"
        case Cause.UNKNOWN:
            return counted(count, "was never settled", "were never settled")
        case Cause.UNMANAGED:
            return f"{count} changed by hand that no plan touches"
        case Cause.CONVERGED:
            return f"{count} already as the code wants"
        case Cause.NOISE:
            return ""


def _what(told: Told) -> str:
    settled, real, desired = shown(told.settled), shown(told.real), shown(told.desired)
    match told.cause:
        case Cause.GHOST_REVERT if told.desired is None:
            return "would DESTROY it" if not told.attribute else f"would REMOVE {real}"
        case Cause.GHOST_REVERT if told.real is None:
            return "would CREATE it again" if not told.attribute else f"would PUT BACK {desired}"
        case Cause.GHOST_REVERT:
            return f"would CHANGE {real} back to {desired}"
        case Cause.CONFLICT:
            return f"was {settled}, is {real} by hand, and the code wants {desired}"
        case Cause.UNKNOWN:
            return f"is {real}, nobody ever settled it, and the code wants {desired}"
        case Cause.UNMANAGED if parent_of(Address(told.address)) is not None:
            return _by_hand_alone(told)
        case Cause.UNMANAGED:
            return f"was {settled}, is {real} by hand; the code does not set it"
        case Cause.CONVERGED:
            return f"was {settled}, is {real}, which the code wants too"
        case Cause.INTENDED | Cause.NOISE:
            return _intended(told)


def _by_hand_alone(told: Told) -> str:
    """A child that no code has, so that no plan speaks of it."""
    if told.settled is None and not told.attribute:
        return f"added by hand, {shown(told.real)}; no plan sees it"
    if told.real is None and not told.attribute:
        return f"removed by hand, it was {shown(told.settled)}; no plan sees it"
    return f"was {shown(told.settled)}, is {shown(told.real)} by hand; no plan sees it"


def _intended(told: Told) -> str:
    if not told.attribute:
        return told.action or "change"
    if told.real is None:
        return f"add {shown(told.desired)}"
    if told.desired is None:
        return f"remove {shown(told.real)}"
    return f"{shown(told.real)} -> {shown(told.desired)}"


def _origin(told: Told, drifts: Sequence[Drift]) -> str:
    """Where a change by hand came from, as far as its record tells."""
    here = [drift for drift in drifts if drift.address == told.address]
    drift = next((drift for drift in here if any(each.label == told.path for each in drift.differences)), None)
    if drift is None:
        return "made by hand, never codified" if told.cause is Cause.GHOST_REVERT else ""
    made = f"made by hand {happened_briefly(drift)}"
    match drift.state:
        case DriftState.CODIFYING:
            request = f" by change request #{drift.request}" if drift.request is not None else ""
            return f"{made}, being codified{request}"
        case DriftState.TOLERATED:
            return f"{made}, tolerated"
        case DriftState.REVERTING:
            return f"{made}, being reverted"
        case DriftState.IGNORED:
            return f"{made}, ignored by a rule"
        case DriftState.OPEN | DriftState.RESOLVED:
            return f"{made}, never codified" if told.cause is Cause.GHOST_REVERT else made
