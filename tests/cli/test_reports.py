"""what-changed around a moment, and evidence in files: over a real server."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Served, Trueup
from tests.web import nouns
from trueup.model.ledger import Draft

GONE = "REVERTED sg-app ingress 8443/tcp from 10.0.0.0/8, added 31 Oct 2026 by anna, never codified"


@pytest.fixture
def outage(served: Served) -> str:
    """A delivery of ben's that undid anna's fix, two minutes before; the moment as it is typed."""
    store, stack = served.site.installation.store, served.site.stack(nouns.PROD)
    about = {"stack": stack.id, "name": stack.name, "environment": "prod", "run": "run-1"}
    details = {"run_kind": "delivery", "changes": [{"address": "sg-app", "action": "update"}], "authors": ["ben"]}
    with store.transaction() as tx:
        tx.record(Draft("drift.resolved.released", "anna", f"drift released: {GONE}", **about))
        tx.record(
            Draft("run.finished", "ben", f"delivered {stack.name}: 1 update", **about, request=12, details=details)
        )
        tx.record(Draft("run.approved", "carla", "carla approved it", **about))
    return (served.site.clock.now() + timedelta(minutes=2)).isoformat()


def test_what_changed_before_an_outage(trueup: Trueup, outage: str) -> None:
    """The delivery that undid the fix comes first, in words; JSON has the same with its reasons."""
    shown = trueup("what-changed", "--around", outage, "--stack", "prod/app")
    assert shown.code == 0, shown.err
    first = shown.out.partition("1. ")[2].partition("2. ")[0]
    assert f"2 min before: delivery of #12 by ben on {nouns.PROD}: 1 update. It {GONE}" in first
    assert "undid what" in first and "the stack that was asked about" in first
    document = json.loads(trueup("what-changed", "--around", outage, "-o", "json").out)
    assert document["found"][0]["what"] == "delivery" and document["found"][0]["undid"][0]["seq"] >= 0
    assert document["found"][0]["score"] > document["found"][1]["score"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--around", "25:00"), "from 00:00 to 23:59"),
        (("--around", "noon"), "03:05"),
        (("--around", "03:05", "--who", "anna"), "--stack"),
        (("--around", "2026-01-01", "--since", "2026-02-01"), "--since"),
        (("--around", "03:05", "--env", "prd"), "did you mean prod?"),
        (("--kind", "dirft."), "drift"),
        (("--who", "ana"), "anna"),
        (("--stack", "prod/ap"), "app"),
    ],
)
def test_unknown_values_are_named_with_the_possible_ones(
    trueup: Trueup, outage: str, words: tuple[str, ...], hint: str
) -> None:
    """Never silence, never a traceback."""
    said = trueup("what-changed", *words)
    assert said.code == 2 and hint in said.err and "Traceback" not in said.err


def test_a_time_of_day_says_which_one_is_meant(trueup: Trueup, outage: str) -> None:
    """On standard error, so that JSON stays JSON."""
    said = trueup("what-changed", "--around", "03:05", "-o", "json")
    assert "03:05 is taken as the most recent one: " in said.err and json.loads(said.out)["around"]


def test_evidence_is_written_and_verified_without_the_server(trueup: Trueup, outage: str, tmp_path: Path) -> None:
    """Tables and bundles; one altered letter ends with 1."""
    period = ("--from", "2026-01-01", "--to", "2027-01-01")
    table = trueup("evidence", *period, "--format", "csv")
    assert table.out.startswith("seq,at,stack,environment,what,request,commit,who,authors,approved_by")
    assert "delivered without the review" in trueup("evidence", *period).out
    made = trueup("evidence", *period, "--format", "json", "--out", str(tmp_path / "q1"))
    assert json.loads(made.out)["format"] == "trueup-evidence/1"
    whole = tmp_path / "q1" / "evidence.json"
    assert json.loads(whole.read_text()) == json.loads(made.out)
    fine = trueup("ledger", "verify", "--evidence", str(whole))
    assert fine.code == 0 and "intact" in fine.out
    whole.write_text(whole.read_text().replace('"who": "ben"', '"who": "eve"'))
    wrong = trueup("ledger", "verify", "--evidence", str(whole))
    assert wrong.code == 1 and "says something else than the entry: who" in wrong.out
    bundles = list((tmp_path / "q1" / "changes").iterdir())
    assert bundles and all(trueup("ledger", "verify", "--evidence", str(each)).code == 0 for each in bundles)
    assert trueup("ledger", "verify", "--evidence", str(tmp_path / "none.json")).code == 2
