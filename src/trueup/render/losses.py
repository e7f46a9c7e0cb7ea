"""Losses: of a blocked run, per difference: what would be lost, whose it was, since when; and the three ways on."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.model.causes import Cause
from trueup.model.drift import Drift
from trueup.model.plan import Loss
from trueup.model.run import Run
from trueup.model.values import JSON
from trueup.render.origins import briefly
from trueup.render.sentences import said_of
from trueup.render.values import shown


@dataclass(frozen=True)
class Lost:
    """One difference that an apply would undo, with everything that a person decides by."""

    address: str
    attribute: str
    """`ingress`, `tags.Owner`; "" is the whole resource."""
    cause: str
    would: str
    """What the apply would do, with the values: `would REMOVE 8443/tcp from 10.0.0.0/8`."""
    settled: JSON
    real: JSON
    desired: JSON
    tolerated: bool
    made_by: str = ""
    """Empty where nobody knows."""
    not_before: datetime | None = None
    """The last check that did not see it; None where there was none before."""
    first_seen: datetime | None = None
    """None where no check has seen it yet: the plan found it."""
    drift: str = ""
    state: str = ""
    """Of that drift: open, codifying, reverting, tolerated."""
    request: int | None = None
    """The change request that codifies it."""
    earlier: str = ""
    """Its earlier life, where it came back."""


@dataclass(frozen=True)
class Way:
    """One of the ways on, with the command as it is typed."""

    name: str
    what: str
    command: str


def lost_by(run: Run, drifts: Sequence[Drift] = ()) -> tuple[Lost, ...]:
    """`drifts` are the records that the losses name."""
    known = {str(drift.id): drift for drift in drifts}
    return tuple(_lost(loss, known.get(loss.drift or "")) for loss in run.losses)


def ways_on(run: Run, stack: str, lost: Sequence[Lost]) -> tuple[Way, ...]:
    """Codify, wait, release. A drift that is being codified needs no second request."""
    name = shlex.quote(stack)
    codifying = {each.drift: each.request for each in lost if each.state == "codifying" and each.request is not None}
    drifts = [id for id in dict.fromkeys(each.drift for each in lost if each.drift) if id not in codifying]
    addresses = " ".join(f"--losing {shlex.quote(each)}" for each in dict.fromkeys(each.address for each in lost))
    codify = f'trueup drift codify {" ".join(drifts)} --reason "..."' if drifts else f"trueup stack check {name}"
    merges = [
        Way("merge", f"Merge #{number}: it codifies {id}.", f"trueup request show {number}")
        for id, number in codifying.items()
    ]
    ways = [] if codifying and not drifts else [Way("codify", "Codify: keep it, and let the code say so.", codify)]
    return (
        *merges,
        *ways,
        Way(
            "wait",
            "Wait: once the drift is gone, the run goes on by itself. A check looks:",
            f"trueup stack check {name}",
        ),
        Way(
            "release",
            "Release: apply, and lose exactly this.",
            f'trueup run release {run.id} {addresses} --reason "..."',
        ),
    )


def _lost(loss: Loss, drift: Drift | None) -> Lost:
    each = loss.difference
    told, would = said_of(loss.address, each)
    if each.cause is Cause.UNMANAGED:  # nothing plans it: it goes with the resource that it is a part of
        would = f"would go with what it is a part of: {shown(each.real)}"
    lost = Lost(loss.address, told, each.cause, would, each.settled, each.real, each.desired, loss.tolerated)
    if drift is None:
        return lost
    return replace(
        lost,
        made_by=briefly(drift.origin).removeprefix("by ") if drift.origin else "",
        not_before=drift.not_before,
        first_seen=drift.first_seen,
        drift=drift.id,
        state=drift.state,
        request=drift.request,
        earlier=drift.earlier or "",
    )
