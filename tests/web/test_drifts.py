"""/drifts: what left its settled value, and the ways on."""

from datetime import timedelta

import httpx

from tests.store import nouns as stored
from tests.web import nouns
from tests.web.conftest import Person
from tests.web.site import Bench
from trueup.model.drift import DriftState
from trueup.web.tokens import Scope


def test_drifts_are_listed_by_stack_environment_and_state(site: Bench, owner: httpx.Client) -> None:
    """Resolved ones only when asked for; each with its stack's name."""
    prod = nouns.open_drift(site)
    dev = nouns.open_drift(site, "dft-0000000002", nouns.DEV)
    gone = nouns.open_drift(site, "dft-0000000003", nouns.DEV, state=DriftState.RESOLVED)

    def found(query: str) -> set[str]:
        return {drift["id"] for drift in owner.get(f"/api/v1/drifts{query}").json()}

    assert found("") == {prod.id, dev.id}
    assert found("?env=prod") == found("?stack=prod/app") == {prod.id}
    assert found("?state=open&env=dev") == {dev.id}
    assert found("?state=resolved") == {gone.id}
    assert found("?state=all") == {prod.id, dev.id, gone.id}
    assert owner.get("/api/v1/drifts?state=none").status_code == 422
    shown = owner.get(f"/api/v1/drifts/{prod.id}").json()
    assert (shown["name"], shown["differences"][0]["real"]) == (nouns.PROD, {"port": 8443})


def test_a_drift_is_tolerated_until_a_time(site: Bench, owner: httpx.Client) -> None:
    """Of a settled stack, until a moment in the future, by a name."""
    drift = nouns.open_drift(site)
    at = f"/api/v1/drifts/{drift.id}/tolerate"
    until = site.clock.now() + timedelta(days=14)
    body = {"reason": "until the migration", "until": until.isoformat()}
    assert owner.post(at, json=body).status_code == 403  # never adopted
    with site.installation.store.transaction() as tx:
        tx.put_baseline(stored.replace(stored.a_baseline(), stack=drift.stack))
    assert owner.post(at, json={**body, "until": site.clock.now().isoformat()}).status_code == 422
    assert owner.post(at, json={**body, "until": "2026-02-01T00:00:00"}).status_code == 422  # of which zone?
    tolerated = owner.post(at, json=body, headers={"X-Trueup-As": "anna"}).json()
    assert (tolerated["state"], tolerated["name"]) == ("tolerated", nouns.PROD)


def test_what_cannot_be_done_about_a_drift_is_said(site: Bench, person: Person) -> None:
    """Unknown ids are 404, none at all is a mistake, a stack without books is refused, a reader decides nothing."""
    drift, ben, reader = nouns.open_drift(site), person("ben"), person("carla", Scope.READ)
    for verb in ("codify", "revert"):
        at = f"/api/v1/drifts/{verb}"
        assert ben.post(at, json={"ids": ["dft-none"], "reason": "x"}).status_code == 404
        assert ben.post(at, json={"ids": [], "reason": "x"}).status_code == 422
        assert reader.post(at, json={"ids": [drift.id], "reason": "x"}).status_code == 403
    refused = ben.post("/api/v1/drifts/revert", json={"ids": [drift.id], "reason": "x"})
    assert "never adopted" in refused.json()["error"]["message"]
