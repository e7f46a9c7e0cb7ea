"""/notifications: who was told what, what nobody took, and whether a route works."""

from typing import Annotated

from fastapi import APIRouter, Query

from trueup.model.errors import Invalid
from trueup.model.notice import Notification, NotificationState
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.render.notices import headline
from trueup.web.bodies import TryRoute
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit, decided

router = APIRouter(prefix=f"{PREFIX}/notifications", tags=["notifications"])

Wanted = Annotated[NotificationState | None, Query(description="Only in this state")]


@router.get("")
def list_notifications(visit: Reading, state: Wanted = None) -> JSON:
    """Newest first, at most 200: where to, how often it was tried, and why it did not arrive."""
    return [_shown(each) for each in visit.site.notices.listed(frozenset({state} if state else ()))]


@router.get("/routes")
def list_routes(visit: Reading) -> JSON:
    """Every place that an alert of the control repository names, with the number that `test` takes."""
    return [to_json(each) for each in visit.site.notices.routes()]


@router.post("/test")
def try_route(visit: Deciding, body: TryRoute) -> JSON:
    """Sends a message to one route now and says what became of it. It is a record: it pages nobody."""
    made = visit.site.notices.attempt(body.route, visit.person, owner=body.owner, env=body.env)
    visit.site.courier.deliver(made)
    return _shown(visit.site.notices.one(made.id))


@router.get("/{id}")
def show_notification(visit: Reading, id: str) -> JSON:
    """One notification, with every notice that it shows."""
    return _shown(_found(visit, id))


@router.post("/{id}/retry")
def retry(visit: Deciding, id: str) -> JSON:
    """Sends it again from the beginning, with the same key."""
    return _shown(decided(lambda: visit.site.notices.retry(_found(visit, id).id)))


@router.post("/{id}/drop")
def drop(visit: Deciding, id: str) -> JSON:
    """Nobody needs it any more: it is not sent."""
    return _shown(decided(lambda: visit.site.notices.drop(_found(visit, id).id)))


def _shown(each: Notification) -> JSON:
    return {**to_json(each), "headline": headline(each)}


def _found(visit: Visit, id: str) -> Notification:
    try:
        return visit.site.notices.one(id)
    except Invalid as error:
        raise NotFound(error.message, hint=error.hint) from error
