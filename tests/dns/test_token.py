"""A zone's token on real servers: it moves when somebody edits, and says when it proves nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dns.resolver
import pytest

from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Knot, Primary
from tests.dns.servers import running
from trueup.drivers.dns.servers import serials
from trueup.drivers.dns.signal import MOVES, SILENT, Served, Server, learned, named
from trueup.drivers.dns.token import Provider, Question, serials_of, token_of
from trueup.model.errors import Invalid, Rejected, Unavailable

ZONE = "example.com."


def question(at: PowerDNS | Primary, *zones: Served, **more: object) -> Question:
    block = at.provider()
    providers = {"live": Provider(block.pop("class"), block)}
    return Question(zones or (Served(ZONE, "live", MOVES),), providers, at.environment, **more)  # type: ignore[arg-type]


def test_a_primarys_token_moves_with_a_signed_update(primary: Primary) -> None:
    """Equal while nobody writes; another one after an update; a proof where the serial is known to move."""
    before = token_of(question(primary))
    assert before.proves and before == token_of(question(primary))
    primary.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    assert token_of(question(primary)).values != before.values


def test_powerdns_tells_all_serials_in_one_call(powerdns: PowerDNS) -> None:
    """Through its API, as its database has them, whatever its name server's caches say."""
    powerdns.create(ZONE)
    powerdns.create("example.net.")
    zones = [Served(ZONE, "live", MOVES), Served("example.net.", "live", MOVES)]
    before = serials_of(question(powerdns, *zones))
    powerdns.set("example.net.", "www.example.net.", "A", "192.0.2.1")
    after = serials_of(question(powerdns, *zones))
    assert [before[zone] == after[zone] for zone in zones] == [True, False]


@pytest.mark.parametrize(("soa_edit_api", "worth"), [("DEFAULT", MOVES), ("INCREASE", MOVES), ("OFF", SILENT)])
def test_what_a_serial_is_worth_is_learned_from_an_edit(powerdns: PowerDNS, soa_edit_api: str, worth: str) -> None:
    """PowerDNS bumps serials as the zone's SOA-EDIT-API says."""
    powerdns.create(ZONE, soa_edit_api=soa_edit_api)
    before = powerdns.serial(ZONE)
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    assert learned("", before, powerdns.serial(ZONE)) == worth


@pytest.mark.parametrize("known", ["", SILENT])
def test_an_equal_serial_of_a_silent_zone_proves_nothing(powerdns: PowerDNS, known: str) -> None:
    """Neither where it is known to stay, nor where nobody saw it move; the others in it still signal."""
    powerdns.create(ZONE, soa_edit_api="OFF")
    powerdns.create("example.net.")
    zones = [Served(ZONE, "live", known), Served("example.net.", "live", MOVES)]
    before = token_of(question(powerdns, *zones))
    assert before.exists and not before.proves
    powerdns.set(ZONE, "www.example.com.", "A", "192.0.2.1")
    assert token_of(question(powerdns, *zones)) == before
    powerdns.set("example.net.", "www.example.net.", "A", "192.0.2.1")
    assert token_of(question(powerdns, *zones)) != before


def test_a_zone_that_is_gone_from_the_server_proves_nothing(powerdns: PowerDNS) -> None:
    """It has no serial: only a plan can say what became of it."""
    powerdns.create(ZONE)
    zones = [Served(ZONE, "live", MOVES), Served("example.net.", "live", MOVES)]
    assert not token_of(question(powerdns, *zones)).proves


def test_a_server_that_is_down_has_no_token(knot: Knot) -> None:
    """No answer is no news: the plan will say what is wrong. Many zones of it are not waited for one by one."""
    knot.stop()
    zones = [f"z{number}.example." for number in range(500)]
    assert serials.ask({zone: (zone, [Server(knot.host, knot.port)]) for zone in zones}, 1) == {}
    assert not token_of(question(knot)).exists


def test_a_zone_that_somebody_removed_from_a_primary_is_a_signal(knot: Knot) -> None:
    """The server answers that it has it not: another token than before, and no proof."""
    gone = token_of(question(knot, Served("example.net.", "live", MOVES)))
    assert gone.exists and not gone.proves


def test_the_next_server_is_asked_where_the_first_is_not_authoritative(knot: Knot) -> None:
    """A server that refuses the zone says nothing of it."""
    other = "example.net."
    asked = {other: (other, [Server(knot.host, knot.port)]), ZONE: (ZONE, [Server(knot.host, knot.port)])}
    assert serials.ask(asked) == {other: None, ZONE: 1}


def test_named_servers_are_asked_instead_of_the_provider(powerdns: PowerDNS, knot: Knot) -> None:
    """`nameservers:` of the stack wins: the API of the provider may stand before a hidden primary."""
    powerdns.create(ZONE)
    at_knot = question(powerdns, nameservers=[f"127.0.0.1@{knot.port}"])
    assert serials_of(at_knot) == {Served(ZONE, "live", MOVES): knot.serial(ZONE)}


def test_without_a_known_server_the_soa_names_the_primary(tmp_path: Path) -> None:
    """Then the NS: as any resolver finds them."""
    zone = "@ IN NS ns2.example.com.\nns2 IN A 127.0.0.2\n"
    resolver = dns.resolver.Resolver(configure=False)
    with running(Knot(tmp_path / "knot", {ZONE: zone})) as knot:
        resolver.nameservers, resolver.port = [knot.host], knot.port
        found = serials.authoritative([ZONE, "example.invalid."], resolver)
    assert found == {ZONE: (Server("ns1.example.com"), Server("ns2.example.com")), "example.invalid.": ()}


def test_many_zones_are_asked_at_once(tmp_path: Path) -> None:
    """Three hundred queries, every one answered."""
    zones = {f"z{number}.example.": "" for number in range(300)}
    with running(Knot(tmp_path / "knot", zones)) as knot:
        found = serials.ask({zone: (zone, [Server(knot.host, knot.port)]) for zone in zones})
    assert found == dict.fromkeys(zones, 1)


def test_a_wrong_key_and_a_missing_server_are_told_apart(powerdns: PowerDNS) -> None:
    """Rejected, with where to look; unavailable, which is tried again."""
    asked = question(powerdns)
    with pytest.raises(Rejected, match="401"):
        serials_of(replace(asked, environment={"POWERDNS_API_KEY": "another"}))
    powerdns.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        serials_of(asked)


def test_code_and_programs_are_in_the_token(knot: Knot) -> None:
    """What a plan is made of besides the zones: another basis is another token."""
    assert token_of(question(knot, basis="closure 1")) != token_of(question(knot, basis="closure 2"))


def test_name_servers_are_written_with_their_port() -> None:
    """`host@port`, as Knot and dig users know it."""
    told: Mapping[str, Server] = {
        "ns1.example.com.": Server("ns1.example.com"),
        "192.0.2.1@5353": Server("192.0.2.1", 5353),
        "2001:db8::1": Server("2001:db8::1"),
    }
    assert {text: named(text) for text in told} == told
    for wrong in ("ns1@many", "@53", "ns1.example.com:5353", "192.0.2.1:5353"):
        with pytest.raises(Invalid, match="names no name server"):
            named(wrong)
