"""/break-glass: permissions to change the live system by hand, and what became of what was done under them."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from trueup.engine.break_glass import Wanted
from trueup.engine.break_glass_page import Page, page
from trueup.model.break_glass import BreakGlass, BreakGlassId, BreakGlassState
from trueup.model.errors import Invalid, Refused
from trueup.model.values import JSON
from trueup.render.break_glass import codified_where, happened, heading, markdown
from trueup.render.encoding import to_json
from trueup.web import shown
from trueup.web.bodies import BreakGlassCredentials, CloseBreakGlass, ExtendBreakGlass, OpenBreakGlass
from trueup.web.door import confidential
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit, decided

router = APIRouter(prefix=f"{PREFIX}/break-glass", tags=["break-glass"])

States = Annotated[
    BreakGlassState | Literal["all"] | None, Query(description="Without it: every one that is not followed up")
]


@router.get("")
def list_break_glasses(visit: Reading, state: States = None, env: str | None = None) -> JSON:
    """Oldest first; ended ones only when asked for."""
    every = state == "all" or (isinstance(state, BreakGlassState) and state.ended)
    with visit.site.store.transaction() as tx:
        found = tx.break_glasses(ended=every)
    names = visit.names()
    wanted = [glass for glass in found if state in (None, "all", glass.state) and env in (None, glass.environment)]
    return [_shown(glass, names) for glass in wanted]


@router.post("", status_code=201)
def open_break_glass(visit: Deciding, body: OpenBreakGlass) -> JSON:
    """Opens one, or asks for its second person; with `began` and `ended`, writes one down afterwards."""
    wanted = Wanted(
        because=body.because,
        reason=body.reason,
        stack=visit.stack(body.stack).id if body.stack else None,
        environment=body.environment,
        ttl=_span(body.ttl),
        ticket=body.ticket,
        second=body.second,
    )
    glasses, by, began, ended = visit.site.break_glasses, visit.by, body.began, body.ended
    if (began is None) != (ended is None):
        raise Invalid("one that is written down afterwards has a beginning and an end", hint="--from 02:10 --to 03:00")
    if began is not None and ended is not None:
        return _page(visit, decided(lambda: glasses.record(wanted, by, began, ended)))
    return _page(visit, decided(lambda: glasses.open(wanted, by)))


@router.get("/{id}")
def show_break_glass(visit: Reading, id: str) -> JSON:
    """One page: what changed, by whom, codified where, what is owed; `markdown` is the same as a text."""
    return _page(visit, _glass(visit, id))


@router.post("/{id}/confirm")
def confirm_break_glass(visit: Deciding, id: str) -> JSON:
    """The second person: opens one that waits for it, or settles what one that opened at once owes."""
    glass = _glass(visit, id)
    return _page(visit, decided(lambda: visit.site.break_glasses.confirm(glass.id, visit.by)))


@router.post("/{id}/extend")
def extend_break_glass(visit: Deciding, id: str, body: ExtendBreakGlass) -> JSON:
    """More time, once only."""
    glass, ttl = _glass(visit, id), _span(body.ttl)
    return _page(visit, decided(lambda: visit.site.break_glasses.extend(glass.id, visit.by, body.reason, ttl)))


@router.post("/{id}/close")
def close_break_glass(visit: Deciding, id: str, body: CloseBreakGlass | None = None) -> JSON:
    """Ends it; its stacks are looked at, and what was changed by hand goes into change requests."""
    glass, reason = _glass(visit, id), body.reason if body else ""
    return _page(visit, decided(lambda: visit.site.break_glasses.close(glass.id, visit.by, reason)))


@router.post("/{id}/credentials")
def lend_credentials(visit: Deciding, request: Request, id: str, body: BreakGlassCredentials) -> JSON:
    """Short-lived keys of the break-glass role, for whoever opened it, over TLS or on this machine only."""
    if not confidential(request.scope):
        hint = "put a proxy with TLS in front of Trueup, on the same machine"
        raise Refused("credentials do not travel over a connection that others can read", hint=hint)
    glass = _glass(visit, id)
    stack = visit.stack(body.stack).id if body.stack else None
    lent = visit.site.break_glass_credentials.lend(glass.id, visit.by, stack, str(visit.caller.boundary))
    return to_json(lent)


def _glass(visit: Visit, id: str) -> BreakGlass:
    with visit.site.store.transaction() as tx:
        glass = tx.break_glass(BreakGlassId(id))
    if glass is None:
        raise NotFound(f"there is no break-glass {id}", hint="`trueup break-glass list --state all` shows them")
    return glass


def _shown(glass: BreakGlass, names: shown.Names) -> JSON:
    document = to_json(glass)
    del document["before"]
    return {**document, "names": [names.get(id, id) for id in glass.stacks]}


def _page(visit: Visit, glass: BreakGlass) -> JSON:
    with visit.site.store.transaction() as tx:
        found = page(tx, glass, visit.site.clock.now())
    names = visit.names()
    return {
        **_shown(glass, names),
        "heading": [[name, value] for name, value in heading(glass)],
        "changes": [
            {
                **shown.drift(each.drift, names),
                "request": each.request,
                "draft": each.draft,
                "happened": happened(each.drift),
                "codified_where": codified_where(each.drift, each.request, draft=each.draft),
            }
            for each in found.changes
        ],
        "beside": [shown.entry(entry) for entry in found.beside],
        "steps": [shown.entry(entry) for entry in found.steps],
        "owed": list(found.owed),
        "markdown": _markdown(found),
    }


def _markdown(found: Page) -> str:
    changes = [
        (each.drift, each.name, codified_where(each.drift, each.request, draft=each.draft)) for each in found.changes
    ]
    return markdown(found.glass, found.names, changes, (found.beside, found.steps), found.owed, found.at)


def _span(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None
