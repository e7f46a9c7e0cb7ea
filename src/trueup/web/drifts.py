"""/drifts: where reality left what was settled, and what becomes of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from trueup.engine.backlog import NOBODY, By, piles
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.severity import Severity
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.stages.trend import trend
from trueup.web import shown
from trueup.web.bodies import Codify, CodifyBacklog, Reason, Revert, Tolerate
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit, decided

router = APIRouter(prefix=f"{PREFIX}/drifts", tags=["drifts"])


class Selection(BaseModel):
    """Which drifts; what is not given is any."""

    model_config = ConfigDict(extra="forbid")

    stack: str | None = None
    env: str | None = None
    state: DriftState | Literal["all"] | None = Field(
        None, description="Without it: every drift that is neither resolved nor ignored"
    )
    severity: Severity | None = None
    owner: str | None = None
    who: str | None = Field(None, description="Who did it; `nobody` where no event told")

    def of(self, visit: Visit) -> list[Drift]:
        only = visit.stack(self.stack).id if self.stack else None
        with visit.site.store.transaction() as tx:
            environments = {each.id: each.environment for each in tx.stacks()}
            found = tx.drifts(only, unresolved=self.state not in (DriftState.RESOLVED, "all"))
        return [drift for drift in found if self._takes(drift, environments.get(drift.stack, ""))]

    def _takes(self, drift: Drift, environment: str) -> bool:
        if self.state is None and drift.state is DriftState.IGNORED:
            return False
        return (
            self.state in (None, "all", drift.state)
            and self.env in (None, environment)
            and self.severity in (None, drift.severity)
            and (self.owner is None or self.owner in drift.owner)
            and self.who in (None, drift.actor or NOBODY)
        )


Selected = Annotated[Selection, Query()]


class Counted(Selection):
    by: By


@router.get("")
def list_drifts(visit: Reading, selection: Selected) -> JSON:
    """Oldest first; resolved and ignored ones only when asked for."""
    names = visit.names()
    return [shown.drift(drift, names) for drift in selection.of(visit)]


@router.get("/groups")
def count_drifts(visit: Reading, selection: Annotated[Counted, Query()]) -> JSON:
    """A backlog by stack, owner, person or cause: how many, how grave, how old."""
    return to_json(piles(selection.of(visit), selection.by, visit.names(), visit.site.clock.now()))


@router.post("/codify/backlog")
def codify_backlog(visit: Deciding, body: CodifyBacklog) -> JSON:
    """Opens a change request for each person and cause of a stack's open drift."""
    stack = visit.stack(body.stack)
    made = visit.site.backlog.codify(stack, visit.by, body.reason, person=body.person, cause=body.cause)
    names = visit.names()
    return [shown.proposed(each, names) for each in made]


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
    """One drift, with every path that differs, its whole life in the ledger, and its earlier lives."""
    return shown.life(visit, _drift(visit, id))


@router.post("/{id}/tolerate")
def tolerate(visit: Deciding, id: str, body: Tolerate) -> JSON:
    """Accepts the present value for a while; another value is new drift."""
    drift = _drift(visit, id)
    tolerated = decided(lambda: visit.site.drifts.tolerate(drift.id, visit.by, body.reason, body.until))
    return shown.drift(tolerated, visit.names())


@router.post("/{id}/release")
def release(visit: Deciding, id: str, body: Reason) -> JSON:
    """Takes its paths out of quarantine: another value is news again."""
    drift = _drift(visit, id)
    return shown.drift(decided(lambda: visit.site.drifts.release(drift.id, visit.by, body.reason)), visit.names())


@router.post("/{id}/resume")
def resume(visit: Deciding, id: str, body: Reason) -> JSON:
    """Lets automatic reverts there go on after somebody fought back."""
    drift = _drift(visit, id)
    return shown.drift(decided(lambda: visit.site.responses.resume(drift.id, visit.by, body.reason)), visit.names())


def _drift(visit: Visit, id: str) -> Drift:
    with visit.site.store.transaction() as tx:
        drift = tx.drift(DriftId(id))
    if drift is None:
        raise NotFound(f"there is no drift {id}", hint="`trueup drift list` shows them")
    return drift
