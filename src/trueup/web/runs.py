"""/runs: walks from plan to record, why they wait, and what people decide about them."""

from typing import Annotated

from fastapi import APIRouter, Query

from trueup.model.plan import Address
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.values import JSON, Digest
from trueup.ports.store import RunFilter
from trueup.web import shown
from trueup.web.bodies import Approve, PerhapsReason, Reason, Release
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit, decided

router = APIRouter(prefix=f"{PREFIX}/runs", tags=["runs"])

Page = Annotated[int, Query(ge=1, le=1000)]


@router.get("")
def list_runs(
    visit: Reading,
    stack: str | None = None,
    state: Annotated[list[RunState] | None, Query()] = None,
    kind: Annotated[list[RunKind] | None, Query()] = None,
    request: int | None = None,
    before: str = "",
    limit: Page = 50,
) -> JSON:
    """Newest first. `before` is the last id of the page before. `worker_lost` of one that is at work: when nothing was
    heard of its worker any more, and when another takes it up."""
    wanted = RunFilter(
        stack=visit.stack(stack).id if stack else None,
        states=frozenset(state or ()),
        kinds=frozenset(kind or ()),
        request=request,
        before=before,
        limit=limit,
    )
    with visit.site.store.transaction() as tx:
        found = tx.runs(wanted)
    return shown.runs(visit, found)


@router.get("/{id}")
def show_run(visit: Reading, id: str) -> JSON:
    """One run, and `why`: whose approvals count, what is missing, and from whom. A blocked one with `lost`: what would
    be lost, whose it was, since when, as which drift; and `ways_on` with their commands. `worker_lost` too."""
    run = _run(visit, id)
    return {**_shown(visit, run), "why": shown.why(visit, run), "held": shown.held(visit, run)}


@router.get("/{id}/logs")
def show_logs(visit: Reading, id: str, after: Annotated[int, Query(ge=0)] = 0) -> JSON:
    """Lines of a run's plan and apply, [[number, line], ...], from the one after `after`; also of `check:STACK`."""
    name = id if id.startswith("check:") else _run(visit, id).id
    return [[number, line] for number, line in visit.site.store.logs(name, after)]


@router.post("/{id}/approve")
def approve(visit: Deciding, id: str, body: Approve) -> JSON:
    """Agrees to the effect that was looked at. `boundary: none` in the answer says that the name was only claimed."""
    run = _run(visit, id)
    effect = Digest(body.effect) if body.effect else run.effect
    via, runs = visit.caller.via, visit.site.runs
    agreed = decided(lambda: runs.approve(run.id, visit.by, body.note, effect, via))
    return {**_shown(visit, agreed), "boundary": visit.caller.boundary}


@router.post("/{id}/reject")
def reject(visit: Deciding, id: str, body: Reason) -> JSON:
    """Says no to a run that waits for approval."""
    run = _run(visit, id)
    return _shown(visit, decided(lambda: visit.site.runs.reject(run.id, visit.by, body.reason)))


@router.post("/{id}/release")
def release(visit: Deciding, id: str, body: Release) -> JSON:
    """Lets a blocked run undo the hand-made changes at these addresses, at the values seen."""
    run, addresses = _run(visit, id), [Address(address) for address in body.addresses]
    return _shown(visit, decided(lambda: visit.site.runs.release(run.id, visit.by, addresses, body.reason)))


@router.post("/{id}/discard")
def discard(visit: Deciding, id: str, body: PerhapsReason | None = None) -> JSON:
    """Ends a run that has not begun to apply."""
    run, reason = _run(visit, id), body.reason if body else ""
    return _shown(visit, decided(lambda: visit.site.runs.discard(run.id, visit.by, reason)))


@router.post("/{id}/cancel")
def cancel(visit: Deciding, id: str, body: PerhapsReason | None = None) -> JSON:
    """Ends a run; one that applies is asked to stop, and is uncertain until it is recovered."""
    run, reason = _run(visit, id), body.reason if body else ""
    return _shown(visit, decided(lambda: visit.site.runs.cancel(run.id, visit.by, reason)))


@router.post("/{id}/urgent")
def urge(visit: Deciding, id: str, body: PerhapsReason | None = None) -> JSON:
    """Puts a delivery or revert ahead of the queue: one person asks with a reason, another one agrees."""
    run, reason = _run(visit, id), body.reason if body else ""
    return _shown(visit, decided(lambda: visit.site.runs.urge(run.id, visit.by, reason)))


@router.post("/{id}/recover")
def recover(visit: Deciding, id: str) -> JSON:
    """Finds out what an interrupted apply did, now."""
    return _shown(visit, visit.site.recovery.recover(_run(visit, id).id))


def _run(visit: Visit, id: str) -> Run:
    with visit.site.store.transaction() as tx:
        run = tx.run(RunId(id))
    if run is None:
        raise NotFound(f"there is no run {id}", hint="`trueup run list` shows the runs")
    return run


def _shown(visit: Visit, run: Run) -> JSON:
    return shown.whole_run(visit, run)
