"""/stacks over a real site: listing, names, plans by real Terraform, adoption, decisions."""

import shutil
from urllib.parse import quote

import httpx
import pytest

from tests.web import nouns
from tests.web.site import Bench

terraform = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None,
    reason="terraform or tofu is absent: https://opentofu.org/docs/intro/install/",
)


def test_stacks_are_listed_with_their_rules_and_checks(site: Bench, owner: httpx.Client) -> None:
    """Mode, environment rules, check, open drifts and the run at work of each; filters take away."""
    nouns.open_drift(site)
    run = nouns.waiting_run(site)
    stacks = owner.get("/api/v1/stacks").json()
    assert [stack["name"] for stack in stacks] == [nouns.DEV, nouns.PROD, nouns.NET]
    prod = stacks[1]
    assert prod["mode"] == "deliver"
    assert prod["rules"]["approve"]["count"] == 2
    assert prod["check"]["state"] == "due"
    assert prod["open_drifts"] == 1
    assert prod["active_run"] == {
        "id": run.id,
        "kind": "delivery",
        "state": "awaiting_approval",
        "worker_lost": None,
    }
    assert (stacks[0]["open_drifts"], stacks[0]["active_run"]) == (0, None)
    for query, count in (("env=dev", 1), ("standing=settled", 0), ("mode=deliver", 3), ("env=prod&mode=observe", 0)):
        assert len(owner.get(f"/api/v1/stacks?{query}").json()) == count, query


@pytest.mark.parametrize("name", [nouns.PROD, "prod/app", "environments/prod/app", "app-prod"])
def test_a_stack_is_found_by_any_unambiguous_name(owner: httpx.Client, name: str) -> None:
    """Encoded as one segment of the path, also with a verb behind it."""
    at = f"/api/v1/stacks/{quote(name, safe='')}"
    found = owner.get(at).json()
    assert found["name"] == nouns.PROD
    assert owner.get(f"/api/v1/stacks/{found['id']}").json() == found
    assert owner.get(f"{at}/check").json()["name"] == nouns.PROD
    assert owner.get("/api/v1/runs", params={"stack": name}).status_code == 200


def test_a_name_of_several_stacks_is_refused_with_the_list(owner: httpx.Client) -> None:
    """And one of none."""
    several = owner.get("/api/v1/stacks/app")
    assert several.status_code == 404
    assert nouns.DEV in several.json()["error"]["message"]
    assert owner.get("/api/v1/stacks/none").status_code == 404
    assert owner.get("/api/v1/stacks/infra//environments/prod/app").status_code == 404


@terraform
def test_a_plan_is_made_now_and_says_why(site: Bench, owner: httpx.Client) -> None:
    """By the real engine, with the cause of every difference, as JSON and as text; nothing is written."""
    plan = owner.get(f"/api/v1/stacks/{quote('dev/app', safe='')}/plan").json()
    assert plan["name"] == nouns.DEV
    assert plan["revision"] == site.control.head()
    (change,) = [each for each in plan["changes"] if each["kind"] != "output"]
    assert (change["address"], change["action"]) == ("terraform_data.one", "create")
    assert {each["cause"] for each in change["differences"]} == {"intended"}
    assert "terraform_data.one" in plan["text"]
    assert plan["empty"] is False
    assert site.stack(nouns.DEV).settled is None


@terraform
def test_coverage_is_looked_for_now(owner: httpx.Client) -> None:
    """What is watched beside the plan; nothing is live here, so nothing is unwatched."""
    found = owner.get(f"/api/v1/stacks/{quote('dev/app', safe='')}/coverage").json()
    assert (found["name"], found["share"]) == (nouns.DEV, 1.0)
    assert found["kinds"] == [] and found["strays"] == []


@terraform
def test_a_stack_is_adopted_as_it_was_seen(site: Bench, owner: httpx.Client) -> None:
    """With the preview's digest; by a name; and only once."""
    at = f"/api/v1/stacks/{quote('dev/app', safe='')}"
    preview = owner.get(f"{at}/adoption").json()
    assert preview["state"] == "absent"
    stale = owner.post(f"{at}/adopt", json={"reason": "first day", "seen": "sha256:other"})
    assert "moved since you looked" in stale.json()["error"]["message"]
    adopted = owner.post(
        f"{at}/adopt", json={"reason": "first day", "seen": preview["seen"]}, headers={"X-Trueup-As": "anna"}
    )
    assert adopted.json()["standing"] == "settled"
    assert adopted.json()["revision"] == site.control.head()
    assert owner.post(f"{at}/adopt", json={"reason": "again"}).status_code == 403
    (entry,) = owner.get("/api/v1/ledger?kind=stack.adopted").json()
    assert (entry["actor"], entry["reason"], entry["name"]) == ("anna", "first day", nouns.DEV)
    run = owner.post(f"{at}/deliver", json={"reason": "now"}, headers={"X-Trueup-As": "ben"}).json()
    assert (run["kind"], run["state"], run["requested_by"], run["name"]) == ("delivery", "queued", "ben", nouns.DEV)
    assert owner.get(at).json()["active_run"]["id"] == run["id"]


def test_a_stack_is_paused_and_resumed_with_a_name(owner: httpx.Client) -> None:
    """And a reason, which is not optional."""
    at = f"/api/v1/stacks/{quote('prod/app', safe='')}"
    assert owner.post(f"{at}/pause", json={"reason": ""}).status_code == 422
    paused = owner.post(f"{at}/pause", json={"reason": "by hand today"}, headers={"X-Trueup-As": "anna"}).json()
    assert paused["paused"] == "anna: by hand today"
    assert owner.post(f"{at}/resume").json()["paused"] is None


def test_a_check_is_made_due(owner: httpx.Client) -> None:
    """For the person who asked."""
    at = f"/api/v1/stacks/{quote('prod/app', safe='')}/check"
    due = owner.post(at, headers={"X-Trueup-As": "anna"}).json()
    assert (due["state"], due["reason"], due["name"]) == ("due", "anna", nouns.PROD)
    assert owner.get(at).json() == due


def test_what_may_not_be_applied_is_refused_with_the_way_on(owner: httpx.Client) -> None:
    """A stack without books is neither delivered nor destroyed."""
    at = f"/api/v1/stacks/{quote('prod/app', safe='')}"
    for verb in ("deliver", "destroy"):
        refused = owner.post(f"{at}/{verb}", json={"reason": "now"})
        assert refused.status_code == 403
        assert "trueup adopt" in refused.json()["error"]["hint"]


def test_an_orphan_is_forgotten_or_moved(site: Bench, owner: httpx.Client) -> None:
    """And what is declared is not."""
    net = f"/api/v1/stacks/{site.stack(nouns.NET).id}"
    assert owner.post(f"{net}/forget", json={"reason": "gone"}).status_code == 403
    nouns.orphan(site, nouns.NET)
    moved = owner.post(f"{net}/move", json={"to": "prod/app"}).json()
    assert (moved["name"], moved["standing"]) == (nouns.PROD, "settled")
    dev = f"/api/v1/stacks/{site.stack(nouns.DEV).id}"
    nouns.orphan(site, nouns.DEV)
    assert owner.post(f"{dev}/forget", json={"reason": "gone"}).json()["standing"] == "forgotten"
    assert nouns.DEV not in [stack["name"] for stack in owner.get("/api/v1/stacks").json()]
    assert nouns.DEV in [stack["name"] for stack in owner.get("/api/v1/stacks?standing=forgotten").json()]
