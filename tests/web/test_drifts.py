"""/drifts: what left its settled value, and the ways on."""

from datetime import timedelta
from typing import Any

import httpx

from tests.store import nouns as stored
from tests.web import nouns
from tests.web.conftest import Person
from tests.web.site import Bench
from trueup.model.drift import DriftState, Origin
from trueup.model.severity import Severity
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


def test_drifts_are_chosen_by_severity_owner_and_person_and_counted(site: Bench, owner: httpx.Client) -> None:
    """Ignored ones only when asked for; a backlog by any of four keys, the greatest pile first."""
    at = site.clock.now()
    mine: dict[str, Any] = {"owner": ("core",), "severity": Severity.MINOR, "origin": Origin("anna", at, "event-1")}
    one = nouns.open_drift(site, "dft-0000000001", deadline=at - timedelta(hours=1), **mine)
    two = nouns.open_drift(site, "dft-0000000002", nouns.DEV, **mine)
    three = nouns.open_drift(site, "dft-0000000003", nouns.DEV, owner=("core", "web"))
    hidden = nouns.open_drift(site, "dft-0000000004", nouns.DEV, state=DriftState.IGNORED)

    def found(query: str) -> list[str]:
        return [drift["id"] for drift in owner.get(f"/api/v1/drifts?{query}").json()]

    assert found("") == [one.id, two.id, three.id]
    assert found("severity=structural") == found("owner=web") == found("who=nobody") == [three.id]
    assert found("who=anna&env=prod") == [one.id]
    assert found("state=ignored") == [hidden.id]
    assert owner.get("/api/v1/drifts?sevrity=minor").status_code == 422
    people = owner.get("/api/v1/drifts/groups?by=person").json()
    told = [(pile["key"], pile["count"], pile["structural"], pile["overdue"]) for pile in people]
    assert told == [("anna", 2, 0, 1), ("nobody", 1, 1, 0)]
    assert [pile["key"] for pile in owner.get("/api/v1/drifts/groups?by=owner").json()] == ["core", "web"]
    assert [pile["count"] for pile in owner.get("/api/v1/drifts/groups?by=stack&env=dev").json()] == [2]
    assert owner.get("/api/v1/drifts/groups?by=weather").status_code == 422


def test_a_drift_is_released_from_quarantine_by_a_name(site: Bench, owner: httpx.Client) -> None:
    """With a reason, once; its life in the ledger says so, and names its earlier lives."""
    earlier = nouns.open_drift(site, "dft-0000000001", state=DriftState.RESOLVED)
    drift = nouns.open_drift(site, "dft-0000000002", quarantine=("ingress.8443",), earlier=earlier.id)
    at = f"/api/v1/drifts/{drift.id}"
    assert owner.post(f"{at}/release", json={"reason": " "}).status_code == 422
    freed = owner.post(f"{at}/release", json={"reason": "fixed"}, headers={"X-Trueup-As": "anna"}).json()
    assert freed["quarantine"] == [] and freed["fingerprint"] != drift.fingerprint
    assert owner.post(f"{at}/release", json={"reason": "again"}).status_code == 403
    shown = owner.get(at).json()
    assert [(each["kind"], each["actor"], each["reason"]) for each in shown["life"]] == [
        ("drift.released-from-quarantine", "anna", "fixed")
    ]
    assert [life["id"] for life in shown["earlier_lives"]] == [earlier.id]


def test_after_a_fight_a_person_lets_reverts_go_on(site: Bench, owner: httpx.Client) -> None:
    """With a name and a reason; a check is due at once."""
    drift = nouns.open_drift(site)
    at = f"/api/v1/drifts/{drift.id}/resume"
    assert owner.post(at, json={"reason": ""}).status_code == 422
    assert owner.post(at, json={"reason": "he stopped"}, headers={"X-Trueup-As": "anna"}).status_code == 200
    with site.installation.store.transaction() as tx:
        check = tx.check(drift.stack)
    assert check is not None and check.due_at <= site.clock.now()
    assert owner.get(f"/api/v1/drifts/{drift.id}").json()["life"][0]["kind"] == "drift.resumed"


def test_a_backlog_without_such_drift_is_a_mistake(site: Bench, owner: httpx.Client) -> None:
    """Nothing is opened where nothing is selected."""
    nouns.open_drift(site)
    answer = owner.post("/api/v1/drifts/codify/backlog", json={"stack": nouns.PROD, "person": "ben"})
    assert answer.status_code == 422 and "no such open drift" in answer.json()["error"]["message"]
