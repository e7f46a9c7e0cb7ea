"""Route 53 on the emulated AWS, as octoDNS' own provider finds it."""

import pytest
from octodns.record import Record
from octodns.zone import Zone
from octodns_route53 import Route53Provider

from tests.dns.route53 import Route53
from trueup.demo.cloud import Cloud

ZONE = "octodns-on-route53.example."


def test_octodns_applies_to_the_emulated_route_53(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider creates a zone with a record, which the API then has; the next plan has a change in the console."""
    route53 = Route53(cloud)
    for name, value in route53.environment.items():
        monkeypatch.setenv(name, value)
    desired = Zone(ZONE, [])
    desired.add_record(Record.new(desired, "www", {"type": "A", "ttl": 60, "value": "192.0.2.1"}))
    provider = Route53Provider("route53")
    assert provider.apply(provider.plan(desired)) == 1
    assert route53.values(ZONE, f"www.{ZONE}", "A") == {"192.0.2.1"}
    route53.set(ZONE, f"www.{ZONE}", "A", "192.0.2.9", ttl=60)
    (change,) = Route53Provider("another").plan(desired).changes
    assert change.existing.values == ["192.0.2.9"]
