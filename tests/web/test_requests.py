"""/repositories: what is watched, and change requests of the real local forge."""

import httpx
import pytest

from tests.web.conftest import Person
from tests.web.site import MAIN, Bench
from trueup.web.requests import _without_secrets

AT = "/api/v1/repositories/infra/requests"


def opened(site: Bench, client: httpx.Client) -> dict[str, object]:
    site.control.commit("tag", {"environments/dev/app/main.tf": MAIN % "tagged"}, "Tag", base=site.control.head())
    answer = client.post(AT, json={"title": "Tag the app", "head_branch": "tag", "body": "Because."})
    assert answer.status_code == 201
    return dict(answer.json())


def test_repositories_are_shown_without_how_they_are_reached(site: Bench, owner: httpx.Client) -> None:
    """Name, address, branch, forge, head; no reference to a secret."""
    (found,) = owner.get("/api/v1/repositories").json()
    assert found == {"name": "infra", "url": ".", "branch": "main", "forge": "local", "head": site.control.head()}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:token@forge.example/a.git?x=y", "https://forge.example/a.git"),
        ("https://ghp_token@forge.example/a.git", "https://forge.example/a.git"),
        ("ssh://git@forge.example/a.git", "ssh://git@forge.example/a.git"),
        ("git@forge.example:a.git", "git@forge.example:a.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
    ],
)
def test_a_secret_in_an_address_is_not_repeated(url: str, shown: str) -> None:
    """Somebody put it there by mistake."""
    assert _without_secrets(url) == shown


def test_a_change_request_goes_its_way(site: Bench, person: Person) -> None:
    """Opened by anna, commented and approved by ben, merged; the branch has it then."""
    anna, ben = person("anna"), person("ben")
    request = opened(site, anna)
    assert request["author"] == {"kind": "name", "name": "anna"}
    at = f"{AT}/{request['number']}"
    shown = ben.get(at).json()
    assert '+  input = "tagged"' in shown["diff"]
    assert ben.post(f"{at}/comment", json={"body": "Which ticket?"}).json()["comments"][0]["by"] == "ben"
    approved = ben.post(f"{at}/approve", json={"commit": shown["head"]}).json()
    assert [each["by"]["name"] for each in approved["approvals"]] == ["ben"]
    assert approved["boundary"] == "token"
    assert ben.get(AT).json()[0]["number"] == request["number"]
    merged = anna.post(f"{at}/merge").json()
    assert merged["state"] == "merged"
    assert merged["merged_commit"] == site.control.head()
    assert (ben.get(AT).json(), len(ben.get(f"{AT}?state=all").json())) == ([], 1)
    assert ben.post(f"{at}/close").status_code == 403


def test_nobody_approves_their_own_by_another_name(site: Bench, owner: httpx.Client, person: Person) -> None:
    """Opened as an e-mail address, approved by the person behind it; or at a commit that is not the head."""
    headers = {"X-Trueup-As": "anna@acme.com"}
    site.control.commit("fix", {"README": "x"}, "Fix", base=site.control.head())
    number = owner.post(AT, json={"title": "Fix", "head_branch": "fix"}, headers=headers).json()["number"]
    head = owner.get(f"{AT}/{number}").json()["head"]
    refused = person("anna").post(f"{AT}/{number}/approve", json={"commit": head})
    assert refused.status_code == 403
    assert "anna opened" in refused.json()["error"]["message"]
    assert person("ben").post(f"{AT}/{number}/approve", json={"commit": "0" * 40}).status_code == 403
    closed = owner.post(f"{AT}/{number}/close", json={"reason": "another way"}, headers=headers).json()
    assert closed["state"] == "closed"


def test_what_is_not_there_is_said(site: Bench, owner: httpx.Client) -> None:
    """A repository that nobody declared, a number that nothing has, a branch that nobody pushed."""
    unknown = owner.get("/api/v1/repositories/none/requests")
    assert (unknown.status_code, unknown.json()["error"]["hint"]) == (404, "declared: infra")
    assert owner.get(f"{AT}/99").status_code == 422
    assert owner.post(AT, json={"title": "x", "head_branch": "nowhere"}).status_code == 422


def test_a_refresh_takes_in_what_was_pushed(site: Bench, owner: httpx.Client) -> None:
    """Which repositories moved; a new stack is there at once."""
    assert owner.post("/api/v1/refresh").json() == {"moved": [], "rewritten": {}, "errors": {}}
    site.control.commit("main", {"environments/dev/db/main.tf": MAIN % "db"}, "Add", base=site.control.head())
    assert "infra" in owner.post("/api/v1/refresh").json()["moved"]
    assert "infra//environments/dev/db" in [stack["name"] for stack in owner.get("/api/v1/stacks").json()]
    site.control.commit("main", {"trueup.yaml": "stacks: 17\n"}, "Break", base=site.control.head())
    (error,) = owner.post("/api/v1/refresh").json()["errors"].values()
    assert (error["kind"], error["place"]["file"]) == ("invalid", "trueup.yaml")
    assert len(owner.get("/api/v1/stacks").json()) == 4
