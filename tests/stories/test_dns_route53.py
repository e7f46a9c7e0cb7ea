"""The promise, told with Route 53 on the emulated AWS, which has no name server: read back through its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dns.route53 import Route53
from tests.stories.small import named
from tests.stories.test_events import now, recorded
from tests.stories.zones import NAME, ZONE, DnsOffice, open_zones
from trueup.demo.cloud import REGION, Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import Resolution
from trueup.model.run import RunState

WWW = f"{NAME}:www:A"
FIRST = """\
---
www:
  ttl: 60  # short: it moves between data centres
  type: A
  values:
    - 192.0.2.1
    - 192.0.2.2
"""
SHOP = "shop:\n  ttl: 300\n  type: A\n  value: 192.0.2.7\n"


@pytest.fixture
def zones(fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[DnsOffice]:
    """example.com. in Route 53, delivered once by a session of the apply role."""
    roles = {"plan": {"awsRole": fresh_cloud.plan_role}, "apply": {"awsRole": fresh_cloud.apply_role}}
    addresses = {**fresh_cloud.address, "AWS_DEFAULT_REGION": REGION}
    sections = {
        "credentials": [{"match": {"env": "*"}, **roles}],
        "contexts": [{"match": {"env": "*"}, "vars": addresses}],
    }
    with open_zones(fresh_cloud, terminal, tmp_path, Route53(fresh_cloud), first=FIRST, **sections) as office:
        office.deliver()
        run = office.finish()
        assert run.converged, run.error
        yield office


def test_a_change_in_the_console_is_noticed_guarded_and_becomes_code(zones: DnsOffice) -> None:
    """Delivered, changed in the console, a routine merge is blocked, the change becomes code, and stays."""
    route53 = zones.server
    assert isinstance(route53, Route53)
    zones.by_hand_set("www", "A", "192.0.2.1", "192.0.2.99", ttl=60)
    (drift,) = zones.check("")
    assert drift.address == WWW
    zones.merged(ZONE, "www:\n", f"{SHOP}www:\n", message="Sell things")
    blocked = zones.newest("")
    assert blocked.state is RunState.BLOCKED, blocked.error
    assert route53.values(NAME, f"shop.{NAME}", "A") == set()

    codified = zones.site.codification.codify([drift.id], named("mira"), "the new server is here to stay")
    assert codified.proven, (codified.declined, codified.findings)
    zones.merge(codified.request, approved_by="anna")
    delivery = zones.finish()
    assert delivery.converged, delivery.error
    assert zones.run(blocked).state is RunState.SUPERSEDED
    assert route53.values(NAME, f"shop.{NAME}", "A") == {"192.0.2.7"}
    assert route53.values(NAME, f"www.{NAME}", "A") == {"192.0.2.1", "192.0.2.99"}
    assert zones.check("") == []
    assert zones.drift(drift.id).resolution is Resolution.CODIFIED


def test_a_change_in_the_console_has_a_name_on_it(zones: DnsOffice) -> None:
    """CloudTrail speaks of the hosted zone: its record wakes a check, and the drift says who did it with which call;
    also of a record that came, and of one that went."""
    people = {**zones.rules["people"], "mira": {"email": ["mira@acme.example"], "aws": ["engineer:mira@acme.example"]}}
    zones.govern(sections={"people": people})
    zones.check("")
    before = now(zones)
    zones.by_hand_set("status", "CNAME", "pages.example.net.", ttl=300)
    zones.by_hand_set("www", "A")
    burst = recorded(zones, before)
    assert [each["detail"]["eventName"] for each in burst] == ["ChangeResourceRecordSets"] * 2
    stack = zones.stack()
    assert zones.site.signals.take("aws", burst).accepted == 2
    with zones.site.store.transaction() as tx:
        assert [wake.stack for wake in tx.wakes()] == [stack.id]
    found = {drift.address: drift for drift in zones.check("")}
    assert found.keys() == {WWW, f"{NAME}:status:CNAME"}
    for drift in found.values():
        assert drift.origin is not None
        assert (drift.origin.actor, drift.origin.name) == ("mira", "ChangeResourceRecordSets")
    events = {drift.origin.event for drift in found.values() if drift.origin}
    assert events == {each["detail"]["eventID"] for each in burst}, "each by its own call"


def test_a_plan_of_route_53_writes_nothing(zones: DnsOffice) -> None:
    """Every request of a check was signed by the plan role, and reads."""
    before = len(zones.cloud.records())
    zones.by_hand_set("www", "A", "192.0.2.1", ttl=60)
    began = len(zones.cloud.records())
    assert [drift.address for drift in zones.check("")] == [WWW]
    asked = [each for each in zones.cloud.records()[began:] if each.service == "route53"]
    assert asked and before < began
    assert {each.kind for each in asked} == {"read"}
    assert all("trueup-plan" in each.identity for each in asked)
