"""The promise, told with zones: by hand on the server, noticed, never undone without a word, written into the code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dns.between import Between
from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Bind, Knot
from tests.dns.servers import running
from tests.stories.small import named
from tests.stories.zones import FIRST, NAME, ZONE, DnsOffice, open_zones
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunKind, RunState

WWW = f"{NAME}:www:A"
SHOP = "shop:\n  ttl: 300\n  type: A\n  value: 192.0.2.7\n"
SERVERS = {
    "powerdns": lambda place: PowerDNS(place),
    "knot": lambda place: Knot(place, {NAME: ""}),
    "bind": lambda place: Bind(place, {NAME: ""}),
}


@pytest.fixture(params=SERVERS)
def zones(request: pytest.FixtureRequest, cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[DnsOffice]:
    """example.com., delivered once to a real name server."""
    server = SERVERS[request.param](tmp_path / "server")
    with running(server), open_zones(cloud, terminal, tmp_path, server) as office:
        office.deliver()
        run = office.finish()
        assert run.converged, run.error
        yield office


def test_a_change_by_hand_is_noticed_guarded_and_becomes_code(zones: DnsOffice) -> None:
    """Pull request, merge, the server answers; a change by hand; a merge that would undo it is blocked; the change
    becomes code with its comments; the plan is empty."""
    zones.edit(ZONE, "    - 192.0.2.2\n", "    - 192.0.2.3\n", by="ben", message="Move a server", branch="move")
    request = zones.propose("Move a server", "move", by="ben")
    zones.look(2)
    proposal = zones.newest("", RunKind.PROPOSAL)
    assert proposal.state is RunState.FINISHED, proposal.error
    zones.merge(request, approved_by="anna")
    delivery = zones.finish()
    assert delivery.converged, delivery.error
    assert zones.server.ask(f"www.{NAME}", "A") == {"192.0.2.1", "192.0.2.3"}

    zones.by_hand_set("www", "A", "192.0.2.1", "192.0.2.99", ttl=60)
    (drift,) = zones.check("")
    assert drift.address == WWW and drift.state is DriftState.OPEN

    zones.merged(ZONE, "www:\n", f"{SHOP}www:\n", message="Sell things")
    blocked = zones.newest("")
    assert blocked.state is RunState.BLOCKED, blocked.error
    assert {loss.address for loss in blocked.losses} == {WWW}
    assert zones.server.ask(f"www.{NAME}", "A") == {"192.0.2.1", "192.0.2.99"}, "nothing was undone"

    codified = zones.site.codification.codify([drift.id], named("mira"), "the new server is here to stay")
    assert codified.proven, codified.findings
    diff = zones.forge.diff(codified.request.number)
    assert "-    - 192.0.2.3" in diff and "+    - 192.0.2.99" in diff
    zones.merge(codified.request, approved_by="anna")
    delivery = zones.finish()
    assert zones.run(blocked).state is RunState.SUPERSEDED
    assert delivery.converged, delivery.error
    assert zones.server.ask(f"shop.{NAME}", "A") == {"192.0.2.7"}
    assert zones.server.ask(f"www.{NAME}", "A") == {"192.0.2.1", "192.0.2.99"}, "still there"
    assert zones.check("") == []
    assert zones.drift(drift.id).resolution is Resolution.CODIFIED
    assert zones.zone_at("main") == FIRST.replace("192.0.2.2", "192.0.2.99").replace("www:", f"{SHOP}www:")


def test_a_record_made_by_hand_and_one_deleted_by_hand_are_written_down(zones: DnsOffice) -> None:
    """One more name and one name less on the server: one change request, the other lines of the file as they were."""
    zones.govern("propose")
    zones.by_hand_set("status", "CNAME", "pages.example.net.", ttl=300)
    zones.by_hand_set("www", "A")
    found = {drift.address: drift for drift in zones.check("")}
    assert found.keys() == {WWW, f"{NAME}:status:CNAME"}
    codified = zones.site.codification.codify([each.id for each in found.values()], named("mira"), "www is retired")
    assert codified.proven, (codified.declined, codified.findings)
    zones.merge(codified.request, approved_by="anna")
    zones.look(2)
    assert zones.check("") == []
    text = zones.zone_at("main")
    assert "status:\n" in text and "pages.example.net." in text and "www:" not in text
    assert "  # who answers\n" in text


def test_serials_vouch_for_quiet_zones_and_an_edit_makes_a_check_due(zones: DnsOffice) -> None:
    """No plan while every serial is the same, and a check at once when one is another; what it is worth was learned
    when a delivery changed a zone that there was already."""
    zones.merged(ZONE, "www:\n", f"{SHOP}www:\n", message="Sell things")
    assert zones.finish().converged
    assert zones.check("") == []
    planned = zones.last_check("")
    assert zones.check("") == []
    vouched = zones.last_check("")
    assert planned and vouched and vouched.vouched_at and vouched.planned_at == planned.planned_at
    stack = zones.stack()
    assert not zones.site.prober.ask(stack)
    zones.by_hand_set("www", "A", "192.0.2.66", ttl=60)
    assert zones.site.prober.ask(stack)
    zones.look()
    with zones.site.store.transaction() as tx:
        assert [drift.address for drift in tx.drifts(stack.id)] == [WWW]


class Behind(Knot):
    """A Knot that updates reach one by one, through something that stands before it."""

    front = 0

    def provider(self, **more: Any) -> dict[str, Any]:
        return super().provider(port=self.front, update_batch_size=1, **more)


def test_a_server_that_goes_down_half_way_is_said_with_the_way_on(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """It took one change; nobody knows of the others until it is back, and then a delivery does the rest."""
    with running(Behind(tmp_path / "server", {NAME: ""})) as knot:
        down = {2}
        with Between(knot.host, knot.port, lambda number: number not in down or bool(knot.stop())) as between:
            knot.front = between.own_port
            with open_zones(cloud, terminal, tmp_path, knot) as office:
                office.deliver()
                failed = office.finish()
                assert failed.state is RunState.FAILED
                assert "uncertain" in failed.error and "`trueup stack check" in failed.error
                knot.start()
                down.clear()
                office.merged(ZONE, "www:\n", f"{SHOP}www:\n", message="Sell things")
                assert office.finish().converged
                assert knot.ask(f"www.{NAME}", "A") == {"192.0.2.1", "192.0.2.2"}


def test_a_challenge_and_what_external_dns_made_are_no_drift(zones: DnsOffice) -> None:
    """Others write into the zone too: their records are neither found, nor undone by the next delivery."""
    registry = '"heritage=external-dns,external-dns/owner=prod,external-dns/resource=ingress/shop/app"'
    zones.by_hand_set("_acme-challenge", "TXT", '"token"')
    zones.by_hand_set("_acme-challenge.www", "CNAME", "x.acme.example.net.")
    zones.by_hand_set("a-app", "TXT", registry)
    zones.by_hand_set("app", "A", "192.0.2.50")
    assert zones.check("") == []
    zones.merged(ZONE, "www:\n", f"{SHOP}www:\n", message="Sell things")
    assert zones.finish().converged
    assert zones.server.ask(f"app.{NAME}", "A") == {"192.0.2.50"}
    assert zones.server.ask(f"_acme-challenge.www.{NAME}", "CNAME") == {"x.acme.example.net."}


def test_a_record_disabled_by_hand_is_drift_although_no_plan_shows_it(
    powerdns: PowerDNS, cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """PowerDNS answers it no more, octoDNS reads it as live. Nobody can write it down; enabled again, it is gone, and a
    person may settle it as it is."""
    with open_zones(cloud, terminal, tmp_path, powerdns) as office:
        office.deliver()
        assert office.finish().converged
        assert office.check("") == []
        powerdns.set(NAME, f"www.{NAME}", "A", "192.0.2.1", "192.0.2.2", ttl=60, disabled=True)
        found = office.check("")
        parent = f"zone.{NAME}/disabled"
        assert {drift.address for drift in found} == {
            f'{parent}["www A 192.0.2.1"]',
            f'{parent}["www A 192.0.2.2"]',
        }
        codified = office.site.codification.codify([found[0].id], named("mira"), "the server is ill")
        assert not codified.proven
        assert "octoDNS has no words for it" in codified.declined[0].reason
        powerdns.set(NAME, f"www.{NAME}", "A", "192.0.2.1", "192.0.2.2", ttl=60)
        assert office.check("") == []
        powerdns.set(NAME, f"www.{NAME}", "A", "192.0.2.1", "192.0.2.2", ttl=60, disabled=True)
        assert len(office.check("")) == 2
        office.adopt()
        assert office.check("") == []
