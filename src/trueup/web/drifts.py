"""/drifts: where reality left what was settled, and what becomes of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.stages.trend import trend
from trueup.web import shown
from trueup.web.bodies import Codify, Revert, Tolerate
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit, decided

router = APIRouter(prefix=f"{PREFIX}/drifts", tags=["drifts"])

Wanted = Annotated[
    DriftState | Literal["all"] | None, Query(description="Without it: every drift that is not resolved")
]


@router.get("")
def list_drifts(visit: Reading, stack: str | None = None, env: str | None = None, state: Wanted = None) -> JSON:
    """Oldest first; resolved ones only when asked for."""
    only = visit.stack(stack).id if stack else None
    with visit.site.store.transaction() as tx:
        stacks = {each.id: each for each in tx.stacks()}
        found = tx.drifts(only, unresolved=state not in (DriftState.RESOLVED, "all"))
    names = {id: each.name for id, each in stacks.items()}
    return [
        shown.drift(drift, names)
        for drift in found
        if state in (None, "all", drift.state)
        if env is None or (drift.stack in stacks and stacks[drift.stack].environment == env)
    ]


@router.get("/trend")
def show_trend(
    visit: Reading,
    weeks: Annotated[int, Query(ge=1, le=104)] = 8,
    owner: str = "",
) -> JSON:
    """By week and owner: opened, resolved and how, past their deadline, median hours to resolution; and open now."""
    with visit.site.store.transaction() as tx:
        found = tx.drifts(unresolved=False)
    return to_json(trend(found, visit.site.clock.now(), weeks, owner))


@router.post("/codify")
def codify(visit: Deciding, body: Codify) -> JSON:
    """Opens a change request whose edit makes the code want what is real; proven, or a draft that says what is left."""
    ids = [_drift(visit, id).id for id in body.ids]
    # Not a second time after a lost race: a change request may be open already.
    return shown.codified(visit.site.codification.codify(ids, visit.by, body.reason), visit.names())


@router.post("/revert")
def revert(visit: Deciding, body: Revert) -> JSON:
    """Starts a run that undoes exactly these drifts of one stack, at the values seen."""
    ids = [_drift(visit, id).id for id in body.ids]
    return shown.run(visit.site.drifts.revert(ids, visit.by, body.reason), visit.names())


@router.get("/{id}")
def show_drift(visit: Reading, id: str) -> JSON:
    """One drift, with every path that differs."""
    return shown.drift(_drift(visit, id), visit.names())


@router.post("/{id}/tolerate")
def tolerate(visit: Deciding, id: str, body: Tolerate) -> JSON:
    """Accepts the present value for a while; another value is new drift."""
    drift = _drift(visit, id)
    tolerated = decided(lambda: visit.site.drifts.tolerate(drift.id, visit.by, body.reason, body.until))
    return shown.drift(tolerated, visit.names())


def _drift(visit: Visit, id: str) -> Drift:
    with visit.site.store.transaction() as tx:
        drift = tx.drift(DriftId(id))
    if drift is None:
        raise NotFound(f"there is no drift {id}", hint="`trueup drift list` shows them")
    return drift
