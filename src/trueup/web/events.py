"""/events: what live systems tell of themselves. A hint to look, and who did it; nothing else is believed."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body

from trueup.model.errors import Invalid
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Posting, Reading

router = APIRouter(prefix=f"{PREFIX}/events", tags=["events"])

MOST = 1000
"""Events in one request."""


@router.get("")
def list_sources(visit: Reading) -> JSON:
    """What was heard of every source of events, how much of it, and since when nothing was."""
    return [to_json(each) for each in visit.site.signals.heard()]


@router.post("/{source}", status_code=202)
def take_events(visit: Posting, source: str, body: Annotated[Any, Body()]) -> JSON:
    """One event or a list of them: for `aws`, CloudTrail records as EventBridge delivers them. All or none is taken."""
    signals = visit.site.signals
    if source not in signals.sources:
        known = ", ".join(sorted(signals.sources)) or "none"
        raise NotFound(f"no driver understands events of `{source}`", hint=f"known: {known}")
    documents = body if isinstance(body, list) else [body]
    if len(documents) > MOST:
        raise Invalid(f"{len(documents)} events are too many for one request", hint=f"send at most {MOST} at a time")
    for number, document in enumerate(documents):
        if not isinstance(document, dict):
            raise Invalid(
                f"event {number + 1} of {len(documents)} is not a JSON object",
                hint="an event is an object, as EventBridge delivers it; several are a list of objects",
            )
    return asdict(signals.take(source, documents))
