"""The name servers of the tests themselves: they start, take changes by hand, and keep zones over a restart."""

import urllib.error

import dns.exception
import dns.query
import dns.xfr
import dns.zone
import pytest

from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Knot, Primary

ZONE = "example.com."


def test_powerdns_answers_what_was_set_by_hand(powerdns: PowerDNS) -> None:
    """A zone made through the API answers at once, its serial moves, and a record goes again."""
    powerdns.create(ZONE)
    before = powerdns.serial(ZONE)
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1", "192.0.2.2", ttl=60)
    assert powerdns.ask("www.example.com.", "A") == {"192.0.2.1", "192.0.2.2"}
    assert powerdns.ttl("www.example.com.", "A") == 60
    assert powerdns.serial(ZONE) == before + 1
    powerdns.set(ZONE, "www.example.com.", "A")
    assert powerdns.ask("www.example.com.", "A") == set()


def test_powerdns_refuses_another_key(powerdns: PowerDNS) -> None:
    """Without its key the API answers 401."""
    powerdns.key = "another"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        powerdns.api("GET", "/zones")


def test_a_primary_takes_signed_updates_and_gives_transfers(primary: Primary) -> None:
    """A signed update answers at once and moves the serial by one; a signed transfer has it; an unsigned one fails."""
    before = primary.serial(ZONE)
    primary.set(ZONE, "www.example.com.", "A", "192.0.2.1", ttl=60)
    assert primary.ask("www.example.com.", "A") == {"192.0.2.1"}
    assert primary.serial(ZONE) == before + 1
    zone = dns.zone.Zone(ZONE)
    query, _ = dns.xfr.make_query(zone, keyring=primary.key)
    dns.query.inbound_xfr(primary.host, zone, query, port=primary.port, timeout=10)
    assert zone.get_rdataset("www", "A") is not None
    with pytest.raises((dns.xfr.TransferError, dns.exception.FormError)):
        dns.query.inbound_xfr(primary.host, dns.zone.Zone(ZONE), port=primary.port, timeout=10)


def test_a_stopped_server_comes_back_with_its_zones(knot: Knot) -> None:
    """It stops answering, and after a start at the same port has what was set before."""
    knot.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    port = knot.port
    knot.stop()
    with pytest.raises((OSError, dns.exception.Timeout)):
        dns.query.tcp(knot.update(ZONE), knot.host, port=port, timeout=1)
    knot.start()
    assert knot.port == port
    assert knot.ask("www.example.com.", "A") == {"192.0.2.1"}
