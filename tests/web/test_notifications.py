"""Notifications and the trend over the API."""

import httpx

from tests.store import nouns as stored
from tests.web import nouns
from tests.web.conftest import Person
from tests.web.site import FILES, MANIFEST, Bench
from trueup.model.notice import NotificationState
from trueup.web.tokens import Scope

ALERTS = MANIFEST + 'alerts:\n  - {on: [drift], slack: "#{owner}-infra", email: [a@acme.com, b@acme.com]}\n'
PATH = "/api/v1/notifications"


def put(site: Bench, id: str, state: NotificationState, position: int = 0) -> None:
    with site.installation.store.transaction() as tx:
        tx.put_notification(stored.a_notification(id, "#net", position, state))


def test_notifications_are_listed_newest_first(owner: httpx.Client, site: Bench) -> None:
    """All, or those of one state; each by its id."""
    put(site, "ntf-1", NotificationState.SENT)
    put(site, "ntf-2", NotificationState.DEAD, 2)
    assert [each["id"] for each in owner.get(PATH).json()] == ["ntf-2", "ntf-1"]
    (dead,) = owner.get(PATH, params={"state": "dead"}).json()
    assert dead["headline"].startswith("Drift") and owner.get(f"{PATH}/ntf-2").json() == dead
    assert owner.get(f"{PATH}/ntf-9").status_code == 404


def test_a_person_retries_or_drops_what_nobody_took(owner: httpx.Client, person: Person, site: Bench) -> None:
    """With the scope to decide; what was sent cannot be taken back."""
    put(site, "ntf-1", NotificationState.DEAD)
    put(site, "ntf-2", NotificationState.SENT, 1)
    assert person("ben", Scope.READ).post(f"{PATH}/ntf-1/retry").status_code == 403
    assert owner.post(f"{PATH}/ntf-1/retry").json()["state"] == "pending"
    assert owner.post(f"{PATH}/ntf-1/drop").json()["state"] == "dropped"
    refused = owner.post(f"{PATH}/ntf-2/drop")
    assert refused.status_code == 403 and "is sent" in refused.json()["error"]["message"]
    assert owner.post(f"{PATH}/ntf-9/retry").status_code == 404


def test_a_route_is_tried_and_says_what_is_wrong(owner: httpx.Client, site: Bench) -> None:
    """By its number only: nobody makes Trueup read another secret or write elsewhere."""
    assert owner.get(f"{PATH}/routes").json() == []
    site.control.commit("main", {**FILES, "trueup.yaml": ALERTS}, "Tell us", base=site.control.head())
    site.installation.site.catalog.refresh()
    routes = owner.get(f"{PATH}/routes").json()
    assert [(each["number"], each["service"], each["target"]) for each in routes] == [
        (1, "slack", "#{owner}-infra"),
        (2, "email", "a@acme.com"),
        (3, "email", "b@acme.com"),
    ]
    nobody = owner.post(f"{PATH}/test", json={"route": 1})
    assert nobody.status_code == 422 and "{owner}" in nobody.json()["error"]["message"]
    tried = owner.post(f"{PATH}/test", json={"route": 1, "owner": "@acme/Web"}).json()
    assert (tried["target"], tried["state"]) == ("#web-infra", "dead")
    assert "notify.slack" in tried["error"]
    assert owner.post(f"{PATH}/test", json={"route": 4}).status_code == 422


def test_the_trend_counts_by_week_and_owner(owner: httpx.Client, site: Bench) -> None:
    """Of all owners, or of one."""
    now = site.clock.now()
    for number, owners in enumerate((("web",), ("web", "data"), ())):
        nouns.open_drift(site, f"dft-{number:010d}", owner=owners, first_seen=now, last_seen=now)
    found = owner.get("/api/v1/drifts/trend", params={"weeks": 2}).json()
    assert {each["owner"]: each["opened"] for each in found["weeks"]} == {"data": 1, "nobody": 1, "web": 2}
    assert owner.get("/api/v1/drifts/trend", params={"owner": "data"}).json()["open_now"] == {"data": 1}
    assert owner.get("/api/v1/drifts/trend", params={"weeks": 0}).status_code == 422


def test_metrics_tell_owners_breaches_and_what_nobody_took(owner: httpx.Client, site: Bench) -> None:
    """By severity and owner; dead notifications by service."""
    now = site.clock.now()
    nouns.open_drift(site, owner=("web",), breached_at=now, first_seen=now, last_seen=now)
    put(site, "ntf-1", NotificationState.DEAD)
    site.clock.advance(60)
    text = owner.get("/metrics").text
    assert 'trueup_drifts_open_by_owner{environment="prod",owner="web",severity="structural"} 1.0' in text
    assert 'trueup_drifts_breached{environment="prod"} 1.0' in text
    assert 'trueup_drift_oldest_age_seconds{environment="prod"} 60.0' in text
    assert 'trueup_notifications{service="slack",state="dead"} 1.0' in text
    assert "trueup_notifications_waiting_seconds 0.0" in text
