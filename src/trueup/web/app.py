"""The app: every route behind the door, every error through one handler."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware

import trueup
from trueup.engine.site import Site
from trueup.web import (
    break_glass,
    drifts,
    errors,
    events,
    health,
    ledger,
    notifications,
    requests,
    runs,
    site,
    stacks,
    token_routes,
)
from trueup.web.access import Access
from trueup.web.door import Bodies, Door
from trueup.web.envelope import Envelope
from trueup.web.metrics import HttpTimes, SiteCollector
from trueup.web.offices import Offices, Vitals
from trueup.web.visit import PREFIX, Reception

NOUNS = (stacks, runs, drifts, events, break_glass, requests, ledger, notifications, token_routes, site, health)


def create_app(given: Site, access: Access, offices: Offices, vitals: Vitals) -> FastAPI:
    """`given` is the wired site. Nothing is started here: the engine's life is the server's."""
    registry = CollectorRegistry()
    times = HttpTimes(registry)
    registry.register(SiteCollector(given.store, given.clock))
    app = FastAPI(
        title="Trueup",
        version=trueup.__version__,
        summary="What Git declares, what is real, and who decided which of the two is right.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Envelope, times=times), Middleware(Door, access=access), Middleware(Bodies)],
    )
    errors.install(app)
    for noun in NOUNS:
        app.include_router(noun.router)
    app.state.reception = Reception(given, offices, access.tokens)
    app.state.vitals = vitals
    app.state.registry = registry
    return app
