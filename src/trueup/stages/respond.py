"""Respond: what drift leads to by itself, or why nothing does. Pure; the engine acts on what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftState, Severity
from trueup.model.stack import Mode, Respond

_REVERTS = (Respond.REVERT, Respond.REVERT_MINOR)


class Why(StrEnum):
    """Why an automatic response was not made."""

    PAUSED = "paused"
    """By a person, or by break-glass."""
    HALF_WAY = "half-way"
    """An apply stopped and left the stack between two states."""
    MODE = "mode"
    CRITICAL = "critical"
    QUARANTINE = "quarantine"
    UNCLASSIFIED = "unclassified"
    """Its cause is not one that a revert may undo by itself."""
    UNPLANNED = "unplanned"
    """No plan touches it: there is nothing that a revert could do."""
    DESTROYS = "destroys"
    STRUCTURAL = "structural"
    SIBLING = "sibling"
    """The same plan would undo other drift, which may not be undone by itself."""
    TRIED = "tried"
    FIGHTS_BACK = "fights-back"
    LIMIT = "limit"


@dataclass(frozen=True)
class Policy:
    """How the control repository wants one stack answered, and what stands against any answer now."""

    respond: Respond
    mode: Mode
    critical: bool
    held: str = ""
    """Why nothing automatic may happen there, in words."""
    half_way: bool = False


@dataclass(frozen=True)
class Limits:
    per_hour: int
    """Automatic reverts in the environment."""
    flips: int
    """How often a path may come back after an automatic revert before it counts as a fight."""


@dataclass(frozen=True)
class History:
    """What was tried before."""

    reverts: int = 0
    """Automatic ones in the environment in the last hour."""
    undone: Sequence[Drift] = ()
    """Earlier lives at the address that an automatic revert ended, since a person last decided anything there."""
    tried: str = ""
    """What became of this very response to this very deviation; empty when it was never made."""
    waits: bool = False
    """A response to drift of the same kind is under way: this one comes after it."""


@dataclass(frozen=True)
class Act:
    respond: Respond
    drift: Drift


@dataclass(frozen=True)
class Held:
    why: Why
    reason: str
    fighters: Sequence[str] = field(default_factory=tuple)
    """Who changed it back, where it is a fight and events told."""


def respond(
    drift: Drift, siblings: Sequence[Drift], policy: Policy, limits: Limits, history: History
) -> Act | Held | None:
    """`siblings` are the stack's other unresolved drifts. None: nothing to do, for now or ever."""
    if policy.respond is Respond.ALERT or drift.state is not DriftState.OPEN or drift.provisional:
        return None
    held = _held_anyway(drift, policy)
    if held is not None:
        return held
    if history.tried:
        return Held(Why.TRIED, history.tried)
    if history.waits:
        return None
    if policy.respond is Respond.CODIFY:
        return Act(Respond.CODIFY, drift)
    return (
        _not_by_itself(drift, policy)
        or _beside(drift, siblings, policy)
        or _fight(drift, limits, history)
        or _limited(limits, history)
        or Act(policy.respond, drift)
    )


def _held_anyway(drift: Drift, policy: Policy) -> Held | None:
    if policy.held:
        return Held(Why.PAUSED, policy.held)
    if not policy.mode.allows(policy.respond.needs):
        return Held(Why.MODE, f"{policy.respond} needs mode {policy.respond.needs}, and the mode is {policy.mode}")
    if policy.critical and policy.respond in _REVERTS:
        return Held(Why.CRITICAL, "nothing is undone without a person in a critical environment")
    if policy.half_way:
        return Held(Why.HALF_WAY, "an apply stopped half-way: nothing automatic before it converges")
    if drift.quarantine:
        return Held(Why.QUARANTINE, f"{', '.join(drift.quarantine)} has another value at every look")
    return None


def _not_by_itself(drift: Drift, policy: Policy) -> Held | None:
    """What of one record keeps it from being undone automatically."""
    causes = {each.cause for each in drift.differences}
    strange = causes - {Cause.GHOST_REVERT, Cause.UNMANAGED}
    if strange:
        return Held(Why.UNCLASSIFIED, f"{', '.join(sorted(strange))} at {drift.address}: a person has to look")
    if Cause.GHOST_REVERT not in causes:
        return Held(Why.UNPLANNED, f"the code does not set what changed at {drift.address}: no plan undoes it")
    if any(not each.path and each.desired is None for each in drift.differences):
        return Held(Why.DESTROYS, f"undoing it would destroy {drift.address}")
    if policy.respond is Respond.REVERT_MINOR and drift.severity is Severity.STRUCTURAL:
        return Held(Why.STRUCTURAL, f"{drift.address} drifted structurally ({drift.because})")
    if drift.ignored:
        ignored = ", ".join(each.difference.label for each in drift.ignored)
        return Held(Why.SIBLING, f"the same plan would undo {ignored} at {drift.address}, which a rule ignores")
    return None


def _beside(drift: Drift, siblings: Sequence[Drift], policy: Policy) -> Held | None:
    """A revert plans the whole stack at its baseline, and may undo exactly what it names."""
    for other in siblings:
        touched = any(each.cause.is_guarded for each in other.differences) or any(
            each.difference.cause.is_guarded for each in other.ignored
        )
        if not touched:
            continue
        if other.state is not DriftState.OPEN:
            return Held(Why.SIBLING, f"the same plan would undo {other.address}, which is {other.state}")
        held = _held_anyway(other, policy) or _not_by_itself(other, policy)
        if held is not None:
            return Held(Why.SIBLING, f"the same plan would undo {other.address}: {held.reason}")
    return None


def _fight(drift: Drift, limits: Limits, history: History) -> Held | None:
    for each in drift.differences:
        lives = [life for life in history.undone if any(one.label == each.label for one in life.differences)]
        if len(lives) >= limits.flips:
            fighters = tuple(sorted({life.actor for life in (*lives, drift) if life.actor}))
            who = ", ".join(fighters) or "somebody whom no event tells"
            said = f"{drift.address} {each.label}".rstrip()
            return Held(Why.FIGHTS_BACK, f"{said} came back {len(lives)} times after a revert: {who}", fighters)
    return None


def _limited(limits: Limits, history: History) -> Held | None:
    if history.reverts < limits.per_hour:
        return None
    return Held(Why.LIMIT, f"{history.reverts} automatic reverts in this hour, and {limits.per_hour} are allowed")


def groups(drifts: Sequence[Drift], most: int) -> Mapping[tuple[str, Cause, int], Sequence[Drift]]:
    """A backlog of one stack, split for change requests that a person can read: by who did it and why it differs,
    and not more than `most` in one."""
    found: dict[tuple[str, Cause], list[Drift]] = {}
    for drift in sorted(drifts, key=lambda each: (each.actor, each.cause, each.address)):
        found.setdefault((drift.actor, drift.cause), []).append(drift)
    return {
        (*key, start // most): members[start : start + most]
        for key, members in found.items()
        for start in range(0, len(members), most)
    }
