"""Aliases to names that do not exist any more, asked of a real name server."""

import dns.asyncresolver
from hypothesis import given
from hypothesis import strategies as st

from tests.dns.primaries import Knot
from trueup.drivers.dns.servers.dangling import SILENT_FOR, Dangling
from trueup.drivers.dns.walked import Guard, Name, WalkedZone, ZoneChange
from trueup.model.values import JSON

A: JSON = {"ttl": 60, "values": ["192.0.2.1"]}


def _alias(target: str) -> JSON:
    return {"ttl": 60, "value": target}


def _zone(records: dict[Name, JSON], *changes: ZoneChange, name: str = "example.com.") -> WalkedZone:
    return WalkedZone(name, "pdns", True, "PowerDnsProvider", True, records, changes, Guard(len(records), 0.3, 0.3))


def _nobody() -> dns.asyncresolver.Resolver:
    """A resolver that never answers: the discard port of this very machine."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], 9
    return resolver


def _found(zone: WalkedZone, resolver: dns.asyncresolver.Resolver | None = None) -> list[str]:
    return [finding.message for finding in Dangling().findings([zone], resolver or _nobody())]


def test_a_name_of_our_own_is_looked_up_in_the_code() -> None:
    """Wildcards, delegations and names that only have something below them exist."""
    records = {("www", "A"): A, ("*.apps", "A"): A, ("eu", "NS"): A, ("a.empty", "A"): A}
    good = ["www", "x.apps", "db.eu", "empty"]
    aliases = {(f"c{n}", "CNAME"): _alias(f"{target}.example.com.") for n, target in enumerate(good)}
    assert _found(_zone({**records, **aliases})) == []
    assert _found(_zone({("old", "CNAME"): _alias("gone.example.com.")})) == [
        "old.example.com. is a CNAME to gone.example.com., which does not exist"
    ]


def test_a_plan_that_takes_a_target_away_is_told() -> None:
    """As it would be after the apply."""
    records = {("www", "A"): A, ("blog", "CNAME"): _alias("www.example.com.")}
    assert len(_found(_zone(records, ZoneChange("delete", "www", "A", A, None)))) == 1
    gone = [ZoneChange("delete", "www", "A", A, None), ZoneChange("delete", "blog", "CNAME", A, None)]
    assert _found(_zone(records, *gone)) == []


def test_a_name_of_others_is_asked_for(knot: Knot) -> None:
    """A server that knows example.com. says which of its names exist; an answer is remembered when it is gone."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [knot.host], knot.port
    targets = {"live": "example.com.", "old": "gone.example.com."}
    zone = _zone({(name, "CNAME"): _alias(target) for name, target in targets.items()}, name="ours.test.")
    dangling = Dangling()
    (finding,) = dangling.findings([zone], resolver)
    assert finding.message == "old.ours.test. is a CNAME to gone.example.com., which does not exist"
    knot.stop()
    assert dangling.findings([zone], resolver) == [finding]


def test_silence_is_no_proof_and_is_not_waited_for_again() -> None:
    """A resolver that answers nothing is left alone for a while."""
    now = [0.0]
    dangling = Dangling(clock=lambda: now[0])
    zone = _zone({("blog", "CNAME"): _alias("blog.example.net.")})
    assert dangling.findings([zone], _nobody()) == []
    refused = _nobody()
    refused.nameservers = ["127.0.0.1"]
    now[0] = SILENT_FOR - 1
    assert dangling.findings([zone], refused) == []
    assert list(dangling._silent) == ["127.0.0.1"]


@given(st.lists(st.sampled_from(["a", "b.a", "*", "*.a", "c.b.a"]), max_size=4), st.sampled_from(["a", "b.a", "x.b.a"]))
def test_a_name_that_the_zone_has_never_dangles(names: list[str], target: str) -> None:
    """Whatever else is there."""
    records = {(name, "A"): A for name in [*names, target]}
    assert _found(_zone({**records, ("z", "CNAME"): _alias(f"{target}.example.com.")})) == []
