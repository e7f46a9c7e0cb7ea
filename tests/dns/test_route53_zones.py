"""Zones on the emulated Route 53, through the driver: there is no name server, so its API is read back."""

from pathlib import Path

import pytest

from tests.cloud import Cloud
from tests.dns.jobs import CONFIG, Place, config
from tests.dns.route53 import Route53
from tests.dns.test_walk import a
from trueup.model.errors import Rejected
from trueup.model.plan import Action, Address, Outcome


@pytest.fixture
def route53(cloud: Cloud) -> Route53:
    return Route53(cloud)


def test_a_zone_is_created_applied_and_watched(route53: Route53, tmp_path: Path) -> None:
    """Created with its records, empty at the next plan, and a change in the console is exactly one drift."""
    place = Place(tmp_path, route53.environment)
    files = {
        CONFIG: config(route53.provider(), "console.example."),
        "dns/zones/console.example.yaml": a("mail") + a("www"),
    }
    applied = place.apply(files, spec={"verify": "2s"})
    assert applied.complete, applied.error
    assert route53.values("console.example.", "www.console.example.", "A") == {"192.0.2.1"}
    assert place.plan(files).empty
    route53.set("console.example.", "www.console.example.", "A", "192.0.2.9")
    plan = place.plan(files)
    assert [(change.address, change.action) for change in plan.changes] == [
        (Address("console.example.:www:A"), Action.UPDATE)
    ]
    assert plan.real[Address("console.example.:www:A")].values["values"] == ["192.0.2.9"]


def test_a_zone_that_was_created_before_its_records_failed_is_told_so(route53: Route53, tmp_path: Path) -> None:
    """The provider creates the zone and falls over batches of one change: the zone is done, its records are not."""
    place = Place(tmp_path, route53.environment)
    files = {
        CONFIG: config(route53.provider(max_changes=1), "half.example."),
        "dns/zones/half.example.yaml": a("a1") + a("a2"),
    }
    applied = place.apply(files, spec={"verify": "0s"})
    assert not applied.complete and "ChangeBatch" in applied.error
    assert applied.outcomes == {
        Address("zone.half.example."): Outcome.DONE,
        Address("half.example.:a1:A"): Outcome.FAILED,
        Address("half.example.:a2:A"): Outcome.FAILED,
    }
    whole = {**files, CONFIG: config(route53.provider(), "half.example.")}
    assert [change.address for change in place.plan(whole).changes] == ["half.example.:a1:A", "half.example.:a2:A"]
    assert place.apply(whole, spec={"verify": "0s"}).complete and place.plan(whole).empty


def test_credentials_that_are_not_accepted_are_said(route53: Route53, tmp_path: Path) -> None:
    """In AWS's words."""
    place = Place(tmp_path, {**route53.environment, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"})
    with pytest.raises(Rejected, match=r"credentials are not accepted|not authorized|invalid"):
        place.plan({CONFIG: config(route53.provider(), "no.example."), "dns/zones/no.example.yaml": a("www")})


def test_rules_by_country_are_compared_and_applied(route53: Route53, tmp_path: Path) -> None:
    """One dynamic record is many record sets there, and one resource here: its pools and rules are its values."""
    place = Place(tmp_path, route53.environment)
    rule = """\
www:
  dynamic:
    pools:
      eu:
        fallback: us
        values: [{value: 192.0.2.1}]
      us:
        values: [{value: 192.0.2.2, weight: 3}, {value: 192.0.2.3}]
    rules:
      - geos: [EU]
        pool: eu
      - pool: us
  octodns:
    healthcheck: {host: www.rules.example, path: /health}
  ttl: 60
  type: A
  value: 192.0.2.9
"""
    files = {CONFIG: config(route53.provider(), "rules.example."), "dns/zones/rules.example.yaml": rule}
    applied = place.apply(files, spec={"verify": "0s"})
    assert applied.complete, applied.error
    plan = place.plan(files)
    assert plan.empty, plan.changes
    real = plan.real[Address("rules.example.:www:A")].values["dynamic"]
    assert real["pools"]["us"]["values"][0]["value"] == "192.0.2.2" and len(real["rules"]) == 2
    other = {**files, "dns/zones/rules.example.yaml": rule.replace("[EU]", "[AF]")}
    (change,) = place.plan(other).changes
    assert change.after["dynamic"]["rules"][0]["geos"] == ["AF"]
    assert change.before["dynamic"]["rules"][0]["geos"] == ["EU"]
