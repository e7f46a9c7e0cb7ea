"""/ledger and what is read from it: filters, proofs, what changed, evidence, the audit of ourselves."""

from datetime import timedelta

import httpx

from tests.web import nouns
from tests.web.conftest import Person
from tests.web.site import Bench
from trueup.model.ledger import Draft
from trueup.system.merkle import verify_inclusion
from trueup.web.tokens import Scope


def decided(site: Bench) -> None:
    """One thing now by anna, one an hour later by ben."""
    store, stack = site.installation.store, site.stack(nouns.PROD)
    with store.transaction() as tx:
        tx.record(Draft("run.finished", "anna", "applied", stack.id, stack.name, "prod", "run-1", reason="T-1"))
    site.clock.advance(3600)
    with store.transaction() as tx:
        tx.record(Draft("drift.tolerated", "ben", "tolerates", stack.id, stack.name, "prod"))
        tx.record(Draft("run.started", "ben", "started", stack.id, stack.name, "prod", "run-2"))


def test_entries_are_found_by_everything_that_people_ask_for(site: Bench, owner: httpx.Client) -> None:
    """Stack, environment, who, kind, time; the newest `limit`, oldest first; or reading on."""
    decided(site)

    def found(**query: object) -> list[str]:
        return [entry["kind"] for entry in owner.get("/api/v1/ledger", params=query).json()]  # type: ignore[arg-type]

    hour = (site.clock.now() - timedelta(minutes=1)).isoformat()
    assert found(stack="prod/app", env="prod", kind="run.") == ["run.finished", "run.started"]
    assert found(who="ben") == ["drift.tolerated", "run.started"]
    assert found(since=hour) == ["drift.tolerated", "run.started"]
    assert found(until=hour, who="anna") == ["run.finished"]
    assert found(limit=2) == ["drift.tolerated", "run.started"]
    every = owner.get("/api/v1/ledger").json()
    assert [entry["seq"] for entry in every] == list(range(len(every)))
    assert found(after=every[-3]["seq"], limit=1) == ["drift.tolerated"]
    assert owner.get("/api/v1/ledger?since=yesterday").status_code == 422


def test_an_entry_comes_with_its_proof(site: Bench, owner: httpx.Client) -> None:
    """Anybody can compute the root from the leaf and the path."""
    decided(site)
    shown = owner.get("/api/v1/ledger/1").json()
    proof = shown["proof"]
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf, root = bytes.fromhex(shown["leaf"]), bytes.fromhex(proof["root"])
    assert verify_inclusion(leaf, 1, proof["size"], path, root)
    assert root.hex() == owner.get("/api/v1/ledger/verify").json()["root"]
    assert owner.get("/api/v1/ledger/9999").status_code == 404
    assert owner.get("/api/v1/ledger/-1").status_code == 422


def test_a_ledger_is_verified_and_an_altered_one_named(site: Bench, owner: httpx.Client) -> None:
    """One byte of one stored entry."""
    assert owner.get("/api/v1/ledger/verify").json()["intact"] is True
    store = site.installation.store
    store.checkpoint()
    assert len(owner.get("/api/v1/ledger/checkpoints").json()) == 1
    with store._connection() as connection:
        connection.exec_driver_sql("UPDATE entries SET body = replace(body, 'declared', 'deklared') WHERE seq = 1")
    found = owner.get("/api/v1/ledger/verify").json()
    assert (found["intact"], found["faults"][0]["seq"]) == (False, 1)


def test_an_export_is_for_an_admin(site: Bench, person: Person) -> None:
    """Into the repository that was named, or the control repository's."""
    assert person("ben").post("/api/v1/ledger/export").status_code == 403
    admin = person("carla", Scope.ADMIN)
    assert admin.post("/api/v1/ledger/export", json={"repository": "infra"}).json() == {"entries": 0}
    admin.post("/api/v1/ledger/export")
    assert site.exports == ["infra", ""]


def test_what_changed_leaves_out_the_way_to_a_change(site: Bench, owner: httpx.Client) -> None:
    """Of the last day, unless asked otherwise; with who and why."""
    decided(site)
    told = owner.get("/api/v1/what-changed").json()
    assert [(entry["kind"], entry["actor"], entry["reason"]) for entry in told] == [
        ("run.finished", "anna", "T-1"),
        ("drift.tolerated", "ben", ""),
    ]
    assert [entry["kind"] for entry in owner.get("/api/v1/what-changed?kind=run.started").json()] == ["run.started"]
    site.clock.advance(2 * 86400)
    assert owner.get("/api/v1/what-changed").json() == []


def test_evidence_is_of_a_period(site: Bench, owner: httpx.Client) -> None:
    """The changes in it, the exceptions, and its ledger."""
    begin = site.clock.now().isoformat()
    decided(site)
    site.clock.advance(60)
    evidence = owner.get("/api/v1/evidence", params={"from": begin}).json()
    assert [change["who"] for change in evidence["changes"]] == ["anna"]
    assert [each["kind"] for each in evidence["exceptions"]] == ["drift.tolerated"]
    assert owner.get("/api/v1/evidence").status_code == 422
    backwards = owner.get("/api/v1/evidence", params={"from": begin, "to": "2020-01-01T00:00:00Z"})
    assert backwards.status_code == 422


def test_our_own_sessions_are_audited(owner: httpx.Client) -> None:
    """A write in the name of a check is told; without records the configured trail is read."""
    record = {
        "eventTime": "2026-01-05T09:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "CreateVpc",
        "readOnly": False,
        "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/trueup-plan/trueup-chk-1"},
    }
    found = owner.post("/api/v1/audit-self", json={"records": [record]}).json()
    assert (found["clean"], found["wrote"]) == (False, 1)
    assert "ec2:CreateVpc" in found["violations"][0]
    assert owner.post("/api/v1/audit-self").json()["clean"] is True
    assert owner.post("/api/v1/audit-self", json={"records": [{"eventName": "x"}]}).status_code == 422
