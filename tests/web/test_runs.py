"""/runs: lists that page, what is missing and from whom, and decisions that bind to a person."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import httpx

from tests.web import nouns
from tests.web.conftest import Person
from tests.web.site import Bench
from trueup.model.errors import Unavailable
from trueup.model.people import Approval
from trueup.model.run import RunState
from trueup.model.values import JSON, Digest
from trueup.settings import LEASE_SECONDS


def test_runs_are_paged_newest_first(site: Bench, owner: httpx.Client) -> None:
    """`before` the last one reads on; filters by stack, state and kind; each has its stack's name."""
    ids = nouns.finished_runs(site, 5)
    waiting = nouns.waiting_run(site)
    first = owner.get("/api/v1/runs", params={"stack": "dev/app", "limit": 3}).json()
    rest = owner.get("/api/v1/runs", params={"stack": "dev/app", "limit": 3, "before": first[-1]["id"]}).json()
    assert [run["id"] for run in first + rest] == ids
    assert {run["name"] for run in first} == {nouns.DEV}
    (found,) = owner.get("/api/v1/runs", params={"state": ["awaiting_approval", "blocked"]}).json()
    assert (found["id"], found["name"]) == (waiting.id, nouns.PROD)
    assert owner.get("/api/v1/runs", params={"kind": "revert"}).json() == []
    assert owner.get("/api/v1/runs", params={"limit": 0}).status_code == 422
    assert owner.get("/api/v1/runs", params={"state": "waiting"}).status_code == 422


def test_why_says_who_counts_and_who_does_not(site: Bench, owner: httpx.Client) -> None:
    """An author's approval and one of another effect are shown with the reason that they do not count."""
    at = site.clock.now()
    approvals = (
        Approval("anna", nouns.EFFECT, at),
        Approval("ben", Digest("sha256:old"), at),
        Approval("carla", nouns.EFFECT, at),
    )
    run = nouns.waiting_run(site, approvals=approvals)
    why = owner.get(f"/api/v1/runs/{run.id}").json()["why"]
    assert why["explanation"] == "1 of 2 approvals missing, from anyone but the authors"
    assert [each["person"] for each in why["counted"]] == ["carla"]
    ignored = {each["approval"]["person"]: each["reason"] for each in why["ignored"]}
    assert "another effect" in ignored["ben"]
    assert "is an author" in ignored["anna"]
    assert (why["needed"], why["missing"]) == (2, 1)


def test_people_approve_with_their_own_token(site: Bench, person: Person) -> None:
    """Two people, once each, and not the author; the ledger has their names."""
    run = nouns.waiting_run(site)
    at = f"/api/v1/runs/{run.id}/approve"
    anna, ben, carla = person("anna"), person("ben"), person("carla")
    assert "author" in anna.post(at, json={}).json()["error"]["message"]
    first = ben.post(at, json={"note": "looked at it", "effect": nouns.EFFECT}).json()
    assert (first["state"], first["boundary"]) == ("awaiting_approval", "token")
    assert first["approvals"][0]["via"] == "api"
    again = ben.post(at, json={})
    assert (again.status_code, again.json()["error"]["kind"]) == (403, "refused")
    assert carla.post(at, json={}).json()["state"] == "approved"
    entries = ben.get("/api/v1/ledger?kind=run.approved").json()
    assert [entry["actor"] for entry in entries] == ["ben", "carla"]


def test_one_persons_token_does_not_approve_as_another(site: Bench, person: Person) -> None:
    """The author cannot borrow a name."""
    run = nouns.waiting_run(site)
    refused = person("anna").post(f"/api/v1/runs/{run.id}/approve", json={}, headers={"X-Trueup-As": "ben"})
    assert refused.status_code == 403
    with site.installation.store.transaction() as tx:
        stored = tx.run(run.id)
    assert stored is not None
    assert stored.approvals == ()


def test_an_approval_over_the_owners_token_says_that_it_is_no_boundary(site: Bench, owner: httpx.Client) -> None:
    """In the answer and in the header; and the approval keeps how it was given."""
    run = nouns.waiting_run(site)
    answer = owner.post(f"/api/v1/runs/{run.id}/approve", json={}, headers={"X-Trueup-As": "ben"})
    assert answer.json()["boundary"] == answer.headers["X-Trueup-Boundary"] == "none"
    assert answer.json()["approvals"][0]["via"] == "cli"


def test_another_plan_than_the_one_looked_at_is_not_approved(site: Bench, person: Person) -> None:
    """The effect binds."""
    run = nouns.waiting_run(site)
    refused = person("ben").post(f"/api/v1/runs/{run.id}/approve", json={"effect": "sha256:other"})
    assert refused.status_code == 403
    assert "changed since you looked" in refused.json()["error"]["message"]


def test_a_blocked_run_is_released_by_name(site: Bench, person: Person) -> None:
    """At the addresses that it would lose, with a reason; what it would not lose is a mistake with the list."""
    run, ben = nouns.blocked_run(site), person("ben")
    at = f"/api/v1/runs/{run.id}/release"
    shown = ben.get(f"/api/v1/runs/{run.id}").json()
    assert shown["losses"][0]["address"] == nouns.GROUP
    wrong = ben.post(at, json={"addresses": ["aws_vpc.main"], "reason": "x"})
    assert (wrong.status_code, nouns.GROUP in wrong.json()["error"]["hint"]) == (422, True)
    assert ben.post(at, json={"addresses": [nouns.GROUP], "reason": " "}).status_code == 422
    released = ben.post(at, json={"addresses": [nouns.GROUP], "reason": "was a test"}).json()
    assert (released["state"], released["releases"][0]["person"]) == ("queued", "ben")


def test_runs_are_rejected_discarded_and_cancelled(site: Bench, person: Person) -> None:
    """Each once: afterwards the state says no."""
    ben = person("ben")
    one, two, three = (nouns.waiting_run(site, f"run-000000001{number}") for number in range(3))
    assert ben.post(f"/api/v1/runs/{one.id}/reject", json={"reason": "not now"}).json()["state"] == "refused"
    assert ben.post(f"/api/v1/runs/{two.id}/discard").json()["state"] == "discarded"
    cancelled = ben.post(f"/api/v1/runs/{three.id}/cancel", json={"reason": "wrong environment"})
    assert cancelled.json()["state"] == "discarded"
    assert ben.post(f"/api/v1/runs/{one.id}/discard").status_code == 403
    assert ben.post(f"/api/v1/runs/{two.id}/recover").json()["state"] == "discarded"


def test_logs_are_read_on_from_a_line(site: Bench, owner: httpx.Client) -> None:
    """Numbered lines; `after` the last one there is nothing yet."""
    run = nouns.waiting_run(site)
    site.installation.store.log(run.id, ["Initializing", "Plan: 1 to add"])
    site.installation.store.log(f"check:{run.stack}", ["Refreshing"])
    lines = owner.get(f"/api/v1/runs/{run.id}/logs").json()
    assert [line for _, line in lines] == ["Initializing", "Plan: 1 to add"]
    assert owner.get(f"/api/v1/runs/{run.id}/logs", params={"after": lines[0][0]}).json() == lines[1:]
    assert [line for _, line in owner.get(f"/api/v1/runs/check:{run.stack}/logs").json()] == ["Refreshing"]


def test_what_is_not_there_is_404(owner: httpx.Client) -> None:
    """Also for decisions, with where to look."""
    for method, path in (("GET", "/runs/run-none"), ("POST", "/runs/run-none/discard"), ("GET", "/drifts/dft-none")):
        answer = owner.request(method, f"/api/v1{path}")
        assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "invalid")
        assert "list" in answer.json()["error"]["hint"]


def test_two_decisions_in_one_moment(site: Bench, person: Person) -> None:
    """The one that comes second is made again on what the first one left, once; after that it is 409."""
    run, books = nouns.waiting_run(site), site.installation.site.books
    between = _Between(site, run.id)
    object.__setattr__(books, "clock", between)
    approved = person("ben").post(f"/api/v1/runs/{run.id}/approve", json={})
    assert approved.json()["approvals"][-1]["person"] == "ben"
    assert between.moves == 1
    between.left = 2
    lost = person("carla").post(f"/api/v1/runs/{run.id}/approve", json={})
    assert (lost.status_code, lost.json()["error"]["kind"]) == (409, "unavailable")


class _Between:
    """A clock that is looked at between reading a run and writing it: in that moment somebody else writes it."""

    def __init__(self, site: Bench, run: str) -> None:
        self._site, self._run, self._clock = site, run, site.clock
        self.moves, self.left = 0, 1

    def now(self) -> object:
        if self.left:
            self.left -= 1
            self.moves += 1
            with self._site.installation.store.transaction() as tx:
                run = tx.run(self._run)  # type: ignore[arg-type]
                assert run is not None
                tx.put_run(replace(run, ticket=f"T-{self.moves}"))
        return self._clock.now()


def test_the_forge_being_away_does_not_hide_a_run(site: Bench, owner: httpx.Client) -> None:
    """What the run itself knows is shown."""
    run = nouns.waiting_run(site, request=7, state=RunState.AWAITING_APPROVAL)

    def away(name: str) -> None:
        raise Unavailable("the forge does not answer")

    object.__setattr__(site.installation.site.books, "forges", away)
    assert owner.get(f"/api/v1/runs/{run.id}").json()["why"]["missing"] == 2


def test_a_lost_worker_is_told_of_before_anybody_may_take_over(site: Bench, owner: httpx.Client) -> None:
    """Whether it is gone from the books, or only says nothing for half a lease: since when, and until when its lease
    keeps the run. Nothing of one that is heard of, nor of a run that waits for a person."""
    run = nouns.waiting_run(site, state=RunState.APPLYING)
    store = site.installation.store

    def told() -> list[JSON]:
        stack = owner.get(f"/api/v1/stacks/{run.stack}").json()["active_run"]
        (listed,) = owner.get("/api/v1/runs", params={"state": "applying"}).json()
        return [each["worker_lost"] for each in (owner.get(f"/api/v1/runs/{run.id}").json(), listed, stack)]

    lease = store.acquire(run.stack, f"host-7/{run.id}", LEASE_SECONDS)
    assert lease is not None
    (lost,) = {json.dumps(each) for each in told()}
    gone = json.loads(lost)
    heard, end = (datetime.fromisoformat(gone[name]) for name in ("heard_at", "taken_up_at"))
    assert (gone["worker"], end - heard) == ("host-7", timedelta(seconds=LEASE_SECONDS))
    store.beat("host-7", {})
    assert told() == [None, None, None]
    store.renew(lease, LEASE_SECONDS / 3)
    assert [each["worker"] for each in told()] == ["host-7"] * 3
    store.release(lease)
    assert told() == [None, None, None]
