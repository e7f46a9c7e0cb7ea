"""What octoDNS cannot see in a zone: on a real PowerDNS disabled records, other types, the SOA, metadata, settings; on
the emulated Route 53 other types and the comment."""

from octodns_powerdns import PowerDnsProvider
from octodns_route53 import Route53Provider

from tests.dns.powerdns import PowerDNS
from tests.dns.route53 import Route53
from trueup.demo.cloud import Cloud
from trueup.drivers.dns.servers import invisible_powerdns, invisible_route53
from trueup.drivers.dns.servers.invisible import enabled_by, look
from trueup.drivers.dns.servers.invisible_nouns import Seen, Target
from trueup.drivers.dns.token import Provider
from trueup.model.plan import Action, Address, PlannedChange

ZONE = "example.com."


def seen(server: PowerDNS, *zones: str, environment: dict[str, str] | None = None) -> Seen:
    block = server.provider()
    providers = {"live": Provider(block.pop("class"), block)}
    return look([Target(zone, "live") for zone in zones], providers, environment or server.environment)


def said(server: PowerDNS) -> dict[str, object]:
    return {f"{child.kind} {child.key}": child.values for child in seen(server, ZONE).children}


def test_a_record_disabled_by_hand_is_found(powerdns: PowerDNS) -> None:
    """octoDNS reads it as live, so no plan shows it; beside a live one it is the one record that counts."""
    powerdns.create(ZONE)
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1", ttl=60, disabled=True)
    assert said(powerdns)["disabled www A 192.0.2.1"] == {"ttl": 60, "value": "192.0.2.1"}
    assert powerdns.ask("www.example.com.", "A") == set()


def test_types_that_octodns_does_not_read_are_found(powerdns: PowerDNS) -> None:
    """With their values; those that it reads are its own business."""
    powerdns.create(ZONE)
    powerdns.set(ZONE, "mail.example.com.", "SPF", '"v=spf1 -all"', ttl=60)
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    found = said(powerdns)
    assert found["record mail SPF"] == {"ttl": 60, "values": ['"v=spf1 -all"']}
    assert not [key for key in found if "www" in key]


def test_metadata_and_settings_of_the_zone_are_found(powerdns: PowerDNS) -> None:
    """Who may transfer the zone, how its serial moves, what kind it is."""
    powerdns.create(ZONE)
    powerdns.api("POST", f"/zones/{ZONE}/metadata", {"kind": "ALLOW-AXFR-FROM", "metadata": ["192.0.2.9", "192.0.2.8"]})
    found = said(powerdns)
    assert found["metadata ALLOW-AXFR-FROM"] == {"values": ["192.0.2.8", "192.0.2.9"]}
    assert found["metadata SOA-EDIT-API"] == {"values": ["DEFAULT"]}
    assert found["setting kind"] == {"value": "Native"}


def test_the_soa_is_found_without_its_serial(powerdns: PowerDNS) -> None:
    """An edit of a record moves the serial and changes nothing here; an edit of the SOA does."""
    powerdns.create(ZONE)
    before = said(powerdns)
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    assert said(powerdns) == before
    powerdns.set(ZONE, ZONE, "SOA", "ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60", ttl=3600)
    assert said(powerdns)["soa @"] == {
        "ttl": 3600,
        "mname": "ns1.example.com.",
        "rname": "hostmaster.example.com.",
        "refresh": "3600",
        "retry": "600",
        "expire": "86400",
        "minimum": "60",
    }


def test_a_zone_that_could_not_be_looked_at_is_said(powerdns: PowerDNS) -> None:
    """Of it nothing is concluded; of the others everything is."""
    powerdns.create(ZONE)
    found = seen(powerdns, ZONE, "absent.example.")
    assert {place.partition("/")[0] for place in found.watched} == {f"zone.{ZONE}"}
    assert [(each.code, "absent.example." in each.message) for each in found.findings] == [("dns-unlooked", True)]
    assert not seen(powerdns, ZONE, environment={"POWERDNS_API_KEY": "another"}).watched


def test_writing_a_set_with_disabled_records_is_said_first(powerdns: PowerDNS) -> None:
    """octoDNS would enable them by the way; deleting the set enables nothing."""
    powerdns.create(ZONE)
    powerdns.set(ZONE, ZONE, "MX", "10 mail.example.com.", disabled=True)
    found = seen(powerdns, ZONE).children
    address = Address(f"{ZONE}:@:MX")
    update = PlannedChange(address, "MX", Action.UPDATE, {"ttl": 300}, {"ttl": 60})
    (finding,) = enabled_by([update], found)
    assert (finding.code, finding.approvals) == ("dns-enables-disabled", 1)
    assert not enabled_by([PlannedChange(address, "MX", Action.DELETE, {"ttl": 300}, None)], found)


def test_route_53_is_looked_into_with_the_providers_own_keys(cloud: Cloud) -> None:
    """A type that octoDNS does not read, and the comment; of a zone that is not there nothing is concluded."""
    route53 = Route53(cloud)
    zone = "invisible-route53.example."
    route53.create(zone)
    route53.set(zone, f"old.{zone}", "SSHFP", "1 1 0123456789abcdef0123456789abcdef01234567", ttl=60)
    block = route53.provider()
    providers = {"live": Provider(block.pop("class"), block)}
    found = look([Target(zone, "live"), Target("absent.example.", "live")], providers, route53.environment)
    said = {f"{child.kind} {child.key}": child.values for child in found.children}
    assert said["record old SSHFP"]["ttl"] == 60
    assert f"zone.{zone}/record" in found.watched
    assert ["absent.example." in each.message for each in found.findings] == [True]


def test_route_53_is_not_asked_with_credentials_of_this_process(cloud: Cloud) -> None:
    """Where the provider assumes a role by itself nobody is asked, and that is said."""
    providers = {
        "live": Provider("octodns_route53.Route53Provider", {"role_arn": "arn:aws:iam::123456789012:role/dns"})
    }
    found = look([Target("example.com.", "live")], providers, {**cloud.address})
    assert not found.watched
    assert [each.code for each in found.findings] == ["dns-unlooked"]


def test_the_lists_of_types_are_the_providers_own() -> None:
    """What octodns-powerdns and octodns-route53 read in the installed versions."""
    assert {type.rpartition("/")[2] for type in PowerDnsProvider.SUPPORTS} == invisible_powerdns.SUPPORTED
    assert Route53Provider.SUPPORTS - {"Route53Provider/ALIAS"} == invisible_route53.SUPPORTED
