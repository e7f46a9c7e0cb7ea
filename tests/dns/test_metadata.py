"""Settings below `octodns:` that a provider reads back: two records that differ there alone are equal to octoDNS."""

import pytest
from octodns.provider.yaml import YamlProvider
from octodns.record import Record
from octodns.zone import Zone

from trueup.drivers.dns.process.compared import Compared, changed, plain
from trueup.drivers.dns.process.ownership import Owners
from trueup.drivers.dns.process.walk import with_metadata
from trueup.model.values import JSON


def zone(octodns: JSON) -> Zone:
    zone = Zone("example.com.", [])
    data = {"type": "A", "ttl": 300, "value": "192.0.2.1", "octodns": octodns}
    zone.add_record(Record.new(zone, "www", data))
    return zone


@pytest.mark.parametrize(
    ("wanted", "live", "differs"),
    [
        ({"cloudflare": {"proxied": True}}, {"cloudflare": {"proxied": False}}, True),
        ({"cloudflare": {"proxied": True}}, {"cloudflare": {"proxied": True, "auto-ttl": True}}, False),
        ({"cloudflare": {"proxied": True}}, {}, False),
        ({}, {"cloudflare": {"proxied": True}}, False),
        ({"lenient": True}, {"cloudflare": {"proxied": True}}, False),
    ],
)
def test_only_a_contradiction_is_a_change(wanted: JSON, live: JSON, differs: bool) -> None:
    """What one side says nothing of is the provider's to decide."""
    provider = YamlProvider("live", "unused", escaped_semicolons=True)
    seen = Compared(lambda live, declared: Owners({}, {}))
    seen.process_source_and_target_zones(zone(wanted), zone(live), provider)
    assert not seen.existing.changes(seen.desired, provider)
    plan = with_metadata(None, seen, provider)
    assert (plan is not None) is differs
    if plan is not None:
        (change,) = (changed(each) for each in plan.changes)
        assert change["verb"] == "update"
        assert (change["before"]["octodns"], change["after"]["octodns"]) == (live, wanted)


def test_what_octodns_keeps_to_itself_is_no_value() -> None:
    """`lenient`, `ignored`, `included`, `excluded` act on planning and reach no provider."""
    (record,) = zone({"lenient": True, "excluded": ["x"], "cloudflare": {"proxied": True}}).records
    assert plain(record) == {"ttl": 300, "values": ["192.0.2.1"], "octodns": {"cloudflare": {"proxied": True}}}
