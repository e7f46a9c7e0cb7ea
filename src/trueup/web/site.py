"""The site as a whole: what changed, evidence, what is installed, what Git asks for, and who is asking."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from trueup.engine.audit import audit
from trueup.engine.evidence import Period
from trueup.model.errors import Invalid
from trueup.model.values import JSON
from trueup.ports.store import LedgerFilter
from trueup.render.encoding import to_json
from trueup.render.incident import shown_entry
from trueup.web import shown
from trueup.web.bodies import AuditSelf
from trueup.web.errors import body_of, kind_of
from trueup.web.ledger import stack_id
from trueup.web.visit import PREFIX, Deciding, Reading

router = APIRouter(prefix=PREFIX, tags=["site"])

A_DAY = timedelta(days=1)


@router.get("/what-changed")
def what_changed(
    visit: Reading,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    stack: str | None = None,
    env: str = "",
    who: str = "",
    kind: str = "",
) -> JSON:
    """Deliveries, drifts, foreign applies, break-glass and decisions in order, with who and why; the last day unless
    asked. `who` is anybody who had a part in it; `what` says in a word or two what kind of thing an entry is."""
    wanted = LedgerFilter(
        since=since or visit.site.clock.now() - A_DAY,
        until=until,
        stack=stack_id(visit, stack),
        environment=env,
        actor=who,
        kind=kind,
        limit=10_000,
        newest=True,
    )
    return [shown_entry(entry) for entry in visit.history.what_changed(wanted)]


@router.get("/what-changed/around")
def around(
    visit: Reading,
    at: AwareDatetime,
    stack: str | None = None,
    env: str = "",
    hours: Annotated[float, Query(gt=0, le=24 * 366, description="How far to look back")] = 24,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> JSON:
    """What changed shortly before a moment, most likely causes first: by nearness in time, by what it did to the live
    system, by whether it undid something that was made by hand, and by how near its stack is to `stack`."""
    name, back = visit.stack(stack).name if stack else "", timedelta(hours=hours)
    found = visit.history.around(at, name, env, back)
    return {
        "around": at.isoformat(),
        "since": (at - back).isoformat(),
        "stack": name,
        "upstream": sorted(visit.history.neighbours(name).upstream),
        "looked_at": len(found),
        "found": [shown.suspect(each, rank) for rank, each in enumerate(found[:limit], 1)],
    }


@router.get("/evidence")
def evidence(
    visit: Reading,
    from_: Annotated[AwareDatetime, Query(alias="from")],
    to: AwareDatetime | None = None,
) -> JSON:
    """Every change of a period with who agreed and its proof, the exceptions, and whether Git and the live systems'
    own serials agree with the ledger. The same for the same ledger."""
    period = Period(from_, to or visit.site.clock.now())
    if period.until <= period.since:
        raise Invalid("the period ends before it begins", hint="from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z")
    return to_json(visit.evidence.collect(period))


@router.post("/audit-self")
def audit_self(visit: Deciding, body: AuditSelf | None = None) -> JSON:
    """Compares what the cloud recorded of Trueup's own sessions with what Trueup says that it applied."""
    records = body.records if body and body.records is not None else visit.offices.trail()
    found = audit(records, visit.site.store)
    return {**to_json(found), "wrote": found.wrote, "clean": not found.violations}


@router.post("/refresh")
def refresh(visit: Deciding) -> JSON:
    """Looks at Git now and takes in what is new."""
    look = visit.offices.refresh()
    return {
        "moved": sorted(look.moved),
        "rewritten": {name: {"before": was, "now": now} for name, (was, now) in look.rewritten.items()},
        "errors": {
            name: body_of(kind_of(error), error.message, error.place, error.hint)["error"]
            for name, error in look.errors.items()
        },
    }


@router.get("/validate")
def validate(visit: Reading) -> JSON:
    """What is to be said of the control repository as it governs now."""
    return to_json(list(visit.offices.findings()))


@router.get("/doctor")
def doctor(visit: Reading) -> JSON:
    """What is installed here, what is missing, and how to get it."""
    return to_json(visit.offices.doctor())


@router.get("/whoami")
def whoami(visit: Reading) -> JSON:
    """Who is asking, as a person, and what for."""
    caller = visit.caller
    return {
        "person": visit.person,
        "identity": to_json(caller.identity),
        "scopes": to_json(caller.scopes),
        "boundary": caller.boundary,
        "token": caller.token,
        "site": visit.site.name,
    }
