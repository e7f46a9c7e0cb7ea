"""What an auditor asks for: all changes of a period, who agreed before the apply, and that nobody altered any of it."""

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.stories.small import APP, SmallOffice
from trueup.cli import bundle
from trueup.cli.views import ledger as views
from trueup.cli.when import When
from trueup.engine.evidence import Evidence, Period
from trueup.model.errors import Invalid
from trueup.model.values import JSON
from trueup.render.encoding import to_json

COMMITTED = datetime(2026, 11, 20, tzinfo=UTC)
"""The day on which everybody in these stories commits (tests.stories.office.signature)."""


def collected(office: SmallOffice, until: datetime, since: datetime | None = None) -> JSON:
    site = office.site
    evidence = Evidence(site.store, site.catalog, site.errands, site.forges)
    return to_json(evidence.collect(Period(since or until - timedelta(days=1), until)))


def reviewed(office: SmallOffice) -> None:
    """Ben proposes, Anna reviews and merges, Carla approves the apply."""
    office.govern(approve={"count": 1})
    office.edit(APP, "first", "second", by="ben", message="Second\n\nTicket: OPS-12", branch="change")
    request = office.propose("Second", "change", by="ben")
    office.merge(request, approved_by="anna")
    office.approve(office.finish("app"), "carla")
    office.look(2)


def hashed_by_hand(change: JSON, checkpoint: JSON) -> bool:
    """RFC 6962 with nothing but hashlib, and ed25519: no code of ours."""
    proof = change["proof"]
    node = hashlib.sha256(b"\x00" + change["entry"].encode()).digest()
    at, last = proof["seq"], proof["size"] - 1
    for sibling in map(bytes.fromhex, proof["path"]):
        if at & 1 or at == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        at, last = at >> 1, last >> 1
    message = f"{checkpoint['origin']}\n{checkpoint['size']}\n{checkpoint['root']}\n".encode()
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(checkpoint["key"]))
    public.verify(base64.b64decode(checkpoint["signature"]), message)  # raises InvalidSignature
    return last == 0 and node.hex() == checkpoint["root"]


def altered(document: JSON, how: Callable[[JSON], object], file: Path) -> list[str]:
    """What verification says of a copy that somebody altered."""
    changed = copy.deepcopy(document)
    how(changed)
    file.write_text(json.dumps(changed))
    found = bundle.verified(file)
    assert found["intact"] is (not found["faults"])
    return [fault["message"] for fault in found["faults"]]


def resaid(change: JSON) -> None:
    """Alters a change and the entry in it alike."""
    change["who"] = "nobody"
    change["entry"] = json.dumps({**json.loads(change["entry"]), "actor": "nobody"})


def approved(document: JSON) -> JSON:
    return next(each for each in document["changes"] if each["ticket"])


TAMPERING: dict[str, tuple[Callable[[JSON], Any], str]] = {
    "who": (lambda d: d["changes"][-1].update(who="nobody"), "says something else than the entry: who"),
    "approval": (lambda d: approved(d).update(approvals=[]), "leaves out an approval"),
    "entry": (lambda d: resaid(d["changes"][-1]), "not in the ledger that was signed"),
    "dropped change": (lambda d: d["changes"].pop(), "the changes are not those of the entries"),
    "dropped entry": (lambda d: d["entries"].pop(3), "does not follow the one before it"),
    "dropped end": (lambda d: d["entries"].pop(), ""),
    "dropped begin": (lambda d: d["entries"].pop(0), "what comes before entry 1 is left out"),
    "period": (lambda d: d.update({"from": d["to"]}), "wrong side of the period's limits"),
    "root": (lambda d: d["checkpoint"].update(root="00" * 32), "wrong signature"),
    "counts": (lambda d: d["counts"].update(changes=0), "0 changes were counted"),
    "format": (lambda d: d["changes"][-1].pop("proof"), "not evidence as Trueup writes it"),
}


def test_the_population_with_its_proofs(plain: SmallOffice, tmp_path: Path) -> None:
    """A reviewed change, a direct push, a rule that was changed: all there, proven, and the exceptions named."""
    reviewed(plain)
    plain.govern(approve={"count": 0})
    plain.merged(APP, "second", "third", by="ben", message="Straight to main")
    pushed = plain.finish("app")
    until = plain.site.clock.now()
    document = collected(plain, until)
    plain.govern(approve={"count": 2})  # what comes later changes nothing of it
    assert document == collected(plain, until), "the same period of the same ledger is the same document"

    one = next(each for each in document["changes"] if each["ticket"] == "OPS-12")
    assert one["authors"] == ["ben"] and one["change_request"]["author"] == "ben"
    assert {(each["person"], each["before_apply"]) for each in one["approvals"]} == {("anna", True), ("carla", True)}
    assert one["effect"] and one["result"] == "converged" and one["change_request"]["title"] == "Second"
    assert one["live_before"]["serial"] != one["live"]["serial"]
    told = {(each["run"], each["exception"]) for each in document["exceptions"]}
    assert (pushed.id, "pushed directly: there was no change request") in told
    assert (pushed.id, "delivered without the review of anybody but its authors") in told
    assert not any(run == one["run"] for run, _ in told)
    assert document["counts"]["state_steps_without_explanation"] == 0
    assert {each["by"] for each in document["state_steps"]} >= {one["run"], pushed.id}
    git = collected(plain, max(until, COMMITTED + timedelta(days=1)), COMMITTED)
    assert git["commits_without_a_run"] == []
    assert {each["author"] for each in git["settings"]} == {"carla@acme.example"} and len(git["settings"]) >= 3
    plain.merged(APP, "third", "fourth", by="ben", message="Waits for two people")
    waiting = collected(plain, max(plain.site.clock.now(), COMMITTED + timedelta(days=1)), COMMITTED)
    assert [each["subject"] for each in waiting["commits_without_a_run"]] == ["Waits for two people"]

    assert all(hashed_by_hand(each, document["checkpoint"]) for each in document["changes"])
    written = bundle.write(document, tmp_path / "q4")
    assert all(bundle.verified(file)["intact"] for file in written if file.suffix == ".json")
    assert {file.name for file in written} >= {"evidence.json", "changes.csv", "exceptions.csv", "entries.ndjson"}
    rows = (tmp_path / "q4" / "changes.csv").read_text().splitlines()
    assert len(rows) == 1 + document["counts"]["changes"] and "carla; anna" in "".join(rows)
    key = document["checkpoint"]["key"]
    whole = tmp_path / "q4" / bundle.WHOLE
    assert bundle.verified(whole, key)["intact"] and not bundle.verified(whole, "other")["intact"]
    for name, (how, words) in TAMPERING.items():
        faults = altered(document, how, tmp_path / "altered.json")
        assert faults and any(words in fault for fault in faults), (name, faults)
    with pytest.raises(Invalid):
        bundle.verified(tmp_path / "q4" / "changes.csv")
    assert views.evidence(document, When(plain.site.clock.now())) is not None
