"""Detect: which drift is new, seen again, changed or gone, given what was known before."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.model.baseline import Baseline, Tolerance
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState, Resolution
from trueup.model.errors import Broken
from trueup.model.plan import OUTPUT, Address, AttributedChange, AttributedPlan
from trueup.model.stack import StackId
from trueup.model.values import digest
from trueup.stages.children import managed, unlooked

BUSY = frozenset({DriftState.CODIFYING, DriftState.REVERTING})
"""Somebody has decided, and it is under way: only another deviation opens it again."""


@dataclass(frozen=True)
class Detection:
    """What a check found. Each drift is the record to store; a record is in one of the four only."""

    opened: tuple[Drift, ...] = ()
    seen_again: tuple[Drift, ...] = ()
    """The same deviation as before, or one that could not be looked at: nobody needs to hear of it again."""
    changed: tuple[Drift, ...] = ()
    """The deviation is another one now, or its tolerance ended: people want to know."""
    resolved: tuple[Drift, ...] = ()
    """No longer there: vanished, codified, or settled by an adoption."""
    quiet: tuple[Drift, ...] = ()
    """Ignored ones, and ignored ones that ended: nobody is told."""
    quarantined: frozenset[DriftId] = frozenset()
    """Those with a path that went into quarantine now: people are told once."""
    pending: int = 0
    """Addresses whose code is merged and not applied. Outputs, which follow from others, do not count."""
    converged: tuple[Address, ...] = ()
    """Reality and code agree and only S is behind: a delivery without changes settles them."""

    @property
    def unresolved(self) -> tuple[Drift, ...]:
        return (*self.opened, *self.seen_again, *self.changed)

    @property
    def rows(self) -> tuple[Drift, ...]:
        """Every record to store."""
        return (*self.unresolved, *self.resolved, *self.quiet)

    @property
    def clean(self) -> bool:
        return not self.unresolved


@dataclass(frozen=True)
class _Look:
    stack: StackId
    at: datetime
    not_before: datetime | None
    provisional: bool
    tolerances: Sequence[Tolerance]
    new_id: Callable[[], str]


def detect(
    attributed: AttributedPlan,
    known: Sequence[Drift],
    baseline: Baseline | None,
    at: datetime,
    not_before: datetime | None,
    new_id: Callable[[], str],
    stack: StackId | None = None,
) -> Detection:
    """`known`: the stack's unresolved drifts, and resolved ones as far as a comeback should be linked to them.
    `not_before`: when the last check looked that did not have what is new now. `stack` is needed only without a
    baseline."""
    owner = baseline.stack if baseline is not None else stack
    if owner is None:
        raise Broken("a check of a stack without a baseline must say which stack it is")
    look = _Look(owner, at, not_before, attributed.provisional, baseline.tolerances if baseline else (), new_id)
    unresolved = {drift.address: drift for drift in known if drift.state is not DriftState.RESOLVED}
    opened: list[Drift] = []
    again: list[Drift] = []
    changed: list[Drift] = []
    drifting = {change.address: change for change in attributed.drifted if change.kind != OUTPUT}
    for address, change in drifting.items():
        before, differences = unresolved.get(address), attributed.drift_of(change)
        if before is None:
            opened.append(_opened(change, differences, look, known))
            continue
        now = _updated(before, change, differences, look)
        same = now.fingerprint == before.fingerprint and now.state is before.state
        (again if same else changed).append(now)
    again += [drift for address, drift in unresolved.items() if unlooked(attributed.plan, address)]
    gone = [
        drift
        for address, drift in unresolved.items()
        if address not in drifting and not unlooked(attributed.plan, address)
    ]
    return Detection(
        opened=tuple(opened),
        seen_again=tuple(again),
        changed=tuple(changed),
        resolved=tuple(_resolved(drift, attributed, look) for drift in gone),
        pending=sum(1 for change in attributed.changes if _is_pending(change)),
        converged=tuple(change.address for change in attributed.changes if change.having(Cause.CONVERGED)),
    )


def fingerprint(address: Address, differences: Sequence[Difference]) -> str:
    """Equal for the same paths at the same live values, whatever the code says meanwhile."""
    return str(digest(sorted(difference.fingerprint(address) for difference in differences)))


def deviation(drift: Drift) -> str:
    """The fingerprint of what counts of a record."""
    return fingerprint(drift.address, [each for each in drift.differences if each.label not in drift.quarantine])


def is_as_recorded(drift: Drift, differences: Sequence[Difference]) -> bool:
    """Whether a look found what a record says, at the values on record. Ignored and quarantined paths may have any."""
    passed_over = {each.difference.label for each in drift.ignored} | set(drift.quarantine)
    counted = [each for each in differences if each.label not in passed_over]
    return fingerprint(drift.address, counted) == drift.fingerprint


def earlier_life(drift: Drift, known: Sequence[Drift]) -> DriftId | None:
    """The newest record that ended with a deviation of this one: the same path at the same address, at the same
    value. What is ignored as a whole has none."""
    if not drift.differences:
        return None
    deviations = {each.fingerprint(drift.address) for each in drift.differences}
    lives = [
        each
        for each in known
        if each.state is DriftState.RESOLVED
        and each.address == drift.address
        and any(path.fingerprint(each.address) in deviations for path in each.differences)
    ]
    found = max(lives, key=lambda each: each.last_seen, default=None)
    return found.id if found else None


def tolerated(
    address: Address, difference: Difference, tolerances: Sequence[Tolerance], at: datetime
) -> Tolerance | None:
    """The tolerance that covers a difference at its live value and has not run out."""
    return next(
        (
            tolerance
            for tolerance in tolerances
            if tolerance.address == address
            and tolerance.path == difference.path
            and tolerance.value == digest(difference.real)
            and tolerance.until > at
        ),
        None,
    )


def _state(address: Address, differences: Sequence[Difference], look: _Look) -> DriftState:
    covered = all(tolerated(address, difference, look.tolerances, look.at) for difference in differences)
    return DriftState.TOLERATED if covered else DriftState.OPEN


def _opened(
    change: AttributedChange, differences: tuple[Difference, ...], look: _Look, known: Sequence[Drift]
) -> Drift:
    mark = fingerprint(change.address, differences)
    drift = Drift(
        id=DriftId(look.new_id()),
        stack=look.stack,
        address=change.address,
        kind=change.kind,
        differences=differences,
        fingerprint=mark,
        state=_state(change.address, differences, look),
        first_seen=look.at,
        last_seen=look.at,
        not_before=look.not_before,
        identity=change.identity,
        provisional=look.provisional,
    )
    return replace(drift, earlier=earlier_life(drift, known))


def _updated(before: Drift, change: AttributedChange, differences: tuple[Difference, ...], look: _Look) -> Drift:
    mark = fingerprint(change.address, differences)
    state = _state(change.address, differences, look)
    if before.state in BUSY and mark == before.fingerprint:
        state = before.state
    # Nobody could have decided earlier: the deadline counts from now.
    let_be = before.state in (DriftState.TOLERATED, DriftState.IGNORED) and state is not before.state
    starts = let_be or (before.provisional and not look.provisional)
    return replace(
        before,
        differences=differences,
        fingerprint=mark,
        state=state,
        counting_from=look.at if starts else before.counting_from,
        last_seen=look.at,
        sightings=before.sightings + 1,
        identity=change.identity or before.identity,
        provisional=look.provisional,
    )


def _resolved(drift: Drift, attributed: AttributedPlan, look: _Look) -> Drift:
    converged = {
        difference.path
        for change in attributed.changes
        if change.address == drift.address
        for difference in change.having(Cause.CONVERGED)
    }
    if drift.provisional and not look.provisional:
        resolution = Resolution.ADOPTED
    elif drift.address in managed(attributed.plan) or any(path in converged for path in _with_parents(drift)):
        resolution = Resolution.CODIFIED
    else:
        resolution = Resolution.VANISHED
    return replace(
        drift, state=DriftState.RESOLVED, resolution=resolution, resolved_at=look.at, generation=drift.generation
    )


def _with_parents(drift: Drift) -> Iterator[tuple[str | int, ...]]:
    """A drifted path, or what holds it: a list that was compared by index may now be compared as a whole."""
    for difference in drift.differences:
        for length in range(len(difference.path) + 1):
            yield difference.path[:length]


def _is_pending(change: AttributedChange) -> bool:
    if change.planned is None or change.kind == OUTPUT:
        return False
    return not change.differences or bool(change.having(Cause.INTENDED))
