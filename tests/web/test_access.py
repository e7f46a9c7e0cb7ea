"""Who gets in, and as whom: personal tokens, the owner's token, and the process itself."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.web.calling import calling
from tests.web.conftest import Person
from tests.web.routes import routes
from tests.web.site import OWNER, Bench, bench
from trueup.web.tokens import Scope


def test_every_route_but_healthz_needs_a_token(site: Bench) -> None:
    """Whatever route is added: without a token, from elsewhere, the answer is 401 and says how to get one."""
    with calling(site.app, "203.0.113.7") as stranger:
        for route in routes(site.app):
            answer = stranger.request(route.method, route.path)
            expected = 200 if route.path == "/healthz" else 401
            assert answer.status_code == expected, route
        assert stranger.get("/api/v1/no-such-thing").status_code == 401
        refused = stranger.get("/api/v1/stacks")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.json()["error"]["kind"] == "refused"
    assert "trueup token create" in refused.json()["error"]["hint"]


MAY_WRITE_WITH_READ = {"/api/v1/tokens/{id}"}
"""Revoking one's own token."""


def test_a_token_that_may_only_read_decides_nothing(site: Bench) -> None:
    """Every route that is not GET, whatever is added, asks for more; the API's description says so of all of them."""
    paths = site.app.openapi()["paths"]
    with calling(site.app, Authorization=f"Bearer {site.token('anna', Scope.READ)}") as reader:
        for route in routes(site.app):
            if route.template in paths and route.template.startswith("/api/"):
                assert paths[route.template][route.method.lower()]["security"], route
            if route.method != "GET" and route.template not in MAY_WRITE_WITH_READ:
                refused = reader.request(route.method, route.path, json={})
                assert refused.status_code == 403, route
                assert "scope" in refused.json()["error"]["message"]
        assert reader.get("/api/v1/stacks").status_code == 200


def test_only_the_hash_of_a_token_is_stored(site: Bench) -> None:
    """Who reads the database, or the list of tokens, cannot use what is there."""
    text = site.token("anna", Scope.READ)
    secret = text.rpartition("_")[2]
    assert text.startswith("trueup_")
    with site.installation.store.transaction() as tx:
        facts = tx.facts("token:")
        assert secret not in str(facts)
    for path in (site.installation.options.data).rglob("*.db*"):
        assert secret.encode() not in path.read_bytes()


def test_a_revoked_token_is_refused_at_once(site: Bench, owner: httpx.Client) -> None:
    """The very next request; and the ledger says who did it."""
    made = owner.post("/api/v1/tokens", json={"person": "anna", "scopes": ["decide"]}).json()
    with calling(site.app, "203.0.113.7", Authorization=f"Bearer {made['token']}") as anna:
        assert anna.get("/api/v1/whoami").json()["person"] == "anna"
        assert owner.get("/api/v1/tokens").json()[0]["used_at"] is not None
        revoked = owner.delete(f"/api/v1/tokens/{made['id']}", headers={"X-Trueup-As": "ben"})
        assert revoked.json()["revoked_at"] is not None
        assert anna.get("/api/v1/whoami").status_code == 401
    kinds = [(each["kind"], each["actor"]) for each in owner.get("/api/v1/ledger?kind=token.").json()]
    assert kinds == [("token.created", "os:operator"), ("token.revoked", "ben")]


def test_a_token_ends(site: Bench) -> None:
    """Past its end it is as good as unknown."""
    with calling(site.app, Authorization=f"Bearer {site.token('anna')}") as anna:
        assert anna.get("/api/v1/stacks").status_code == 200
        site.clock.advance(timedelta(days=80).total_seconds())
        assert anna.get("/api/v1/stacks").status_code == 401


@pytest.mark.parametrize("token", ["", "trueup_", "trueup_abc", "trueup_0123456789_wrong", "x" * 5000, "trueup_é_é"])
def test_a_wrong_token_is_nobodys(site: Bench, token: str) -> None:
    """Malformed, unknown, or with another secret: all the same answer."""
    good = site.token("anna")
    with calling(site.app) as client:
        for presented in (token, good[:-1], good + "x"):
            header = {"Authorization": f"Bearer {presented}".encode()}
            assert client.get("/api/v1/whoami", headers=header).status_code == 401
        assert client.get("/api/v1/whoami", headers={"Authorization": f"Basic {good}"}).status_code == 401


def test_a_token_speaks_for_its_person_alone(person: Person) -> None:
    """Claiming another name with it is refused, whatever the name."""
    anna = person("anna")
    for name in ("ben", "anna", ""):
        refused = anna.get("/api/v1/whoami", headers={"X-Trueup-As": name})
        assert refused.status_code == 403
        assert "speaks for anna" in refused.json()["error"]["message"]
    known = anna.get("/api/v1/whoami")
    assert known.headers["X-Trueup-Boundary"] == known.json()["boundary"] == "token"


def test_the_owners_token_claims_names_and_says_that_it_does(owner: httpx.Client) -> None:
    """An e-mail address leads to the person; no name is the account that runs Trueup."""
    assert owner.get("/api/v1/whoami").json()["person"] == "os:operator"
    claimed = owner.get("/api/v1/whoami", headers={"X-Trueup-As": "ben%40acme.com"})
    assert claimed.json()["person"] == "ben"
    assert claimed.headers["X-Trueup-Boundary"] == claimed.json()["boundary"] == "none"


@pytest.mark.parametrize("name", ["trueup", "Trueup", "%20", "a%0Ab", "x" * 201])
def test_some_names_are_nobodys(owner: httpx.Client, name: str) -> None:
    """What Trueup calls itself in the ledger, and what would break a line of it."""
    assert owner.get("/api/v1/whoami", headers={"X-Trueup-As": name}).status_code == 422
    made = owner.post("/api/v1/tokens", json={"person": name.replace("%20", " ").replace("%0A", "\n")})
    assert made.status_code == 422


def test_the_owners_token_is_worth_nothing_elsewhere(site: Bench) -> None:
    """It is in a file of this machine: from another one it was stolen."""
    with calling(site.app, "203.0.113.7", Authorization=f"Bearer {OWNER}") as elsewhere:
        assert elsewhere.get("/api/v1/whoami").status_code == 401


def test_a_process_that_has_the_data_needs_no_token(tmp_path: Path) -> None:
    """The app that listens nowhere is called by its owner; a name is still only claimed."""
    with bench(tmp_path, embedded=True) as site, calling(site.app) as client:
        known = client.get("/api/v1/whoami", headers={"X-Trueup-As": "anna"})
    assert (known.json()["person"], known.json()["boundary"]) == ("anna", "none")


def test_people_see_and_revoke_their_own_tokens(person: Person, site: Bench) -> None:
    """Those of others are for an admin."""
    anna, ben, admin = person("anna", Scope.READ), person("ben", Scope.READ), person("carla", Scope.ADMIN)
    (mine,) = anna.get("/api/v1/tokens").json()
    assert mine["person"] == "anna"
    assert "hash" not in mine
    assert ben.delete(f"/api/v1/tokens/{mine['id']}").status_code == 403
    assert ben.delete("/api/v1/tokens/none").status_code == 403
    assert len(admin.get("/api/v1/tokens").json()) == 3
    assert anna.delete(f"/api/v1/tokens/{mine['id']}").status_code == 200
    assert admin.delete("/api/v1/tokens/none").status_code == 404


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_token_ends_in_the_future_and_within_a_year(owner: httpx.Client, site: Bench, days: int) -> None:
    """One that never ends is one that nobody remembers."""
    ends = site.clock.now() + timedelta(days=days)
    refused = owner.post("/api/v1/tokens", json={"person": "anna", "expires_at": ends.isoformat()})
    assert refused.status_code == 422
