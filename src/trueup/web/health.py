"""/healthz, /readyz, /metrics: alive, ready and what not, and the figures."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from trueup.engine.site import Site
from trueup.model.errors import TrueupError
from trueup.model.values import JSON
from trueup.ports.store import SEALING_KEY, Store
from trueup.render.encoding import to_json
from trueup.settings import MISSED_LOOKS
from trueup.system.clock import Clock
from trueup.web.offices import Vitals

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> JSON:
    """This process is alive. Says nothing else to anyone."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether it can do its work, and what keeps it from it. For a read token, or from this machine."""
    state = request.app.state
    missing = unready(state.reception.site.store, state.vitals, state.reception.site.clock)
    looked_at = state.vitals.looked_at()
    document = {
        "status": "not ready" if missing else "ready",
        "missing": missing,
        "git_looked_at": looked_at.isoformat() if looked_at else None,
        "signals": signals(state.reception.site),
    }
    return JSONResponse(document, 503 if missing else 200)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """For Prometheus. For a read token, or from this machine."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def signals(site: Site) -> list[JSON]:
    """What was heard of live systems; a silence is no reason to take this process for broken."""
    try:
        return [to_json(each) for each in site.signals.heard()]
    except TrueupError:
        return []


def unready(store: Store, vitals: Vitals, clock: Clock) -> list[str]:
    """What is missing, in words; nothing when it is ready."""
    missing = []
    try:
        with store.transaction() as tx:
            key = tx.fact(SEALING_KEY)
        if key != vitals.key_id:
            missing.append(f"the database is sealed with the key {key}, and this process has {vitals.key_id}")
    except TrueupError as error:
        missing.append(f"the database: {error.message}")
    if not vitals.engine_running():
        missing.append("the engine is not running")
    looked_at, allowed = vitals.looked_at(), MISSED_LOOKS * vitals.poll + timedelta(seconds=30)
    if looked_at is None:
        missing.append("Git was not looked at yet")
    elif clock.now() - looked_at > allowed:
        missing.append(f"Git was looked at last {(clock.now() - looked_at).total_seconds():.0f} seconds ago")
    return missing
