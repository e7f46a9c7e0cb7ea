"""What somebody changed at the name server is written into the zone file, and the plan is empty then."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import yaml

from tests.dns.jobs import CONFIG, ZONE, Place, config, tree
from tests.dns.powerdns import PowerDNS
from trueup.model.baseline import Baseline
from trueup.model.drift import Drift
from trueup.model.plan import Applied, Plan
from trueup.model.stack import StackId
from trueup.ports.driver import Codification
from trueup.ports.tree import EditedTree
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline
from trueup.stages.detect import detect

STACK = StackId("stk-0000000001")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
YAML = """\
---
# the apex
'':
  - ttl: 300        # we move soon
    type: A
    value: 192.0.2.1
  - type: MX
    values:
      - {exchange: mx1.example.net., preference: 10}
      # the slow one
      - exchange: mx2.example.net.
        preference: 20
  - type: NS
    values:
      - ns1.example.com.
ns1:
  type: A
  value: 192.0.2.53
spf:
  type: TXT
  value: v=spf1 include:a.example.net -all
www:
  type: A
  values:
    - 192.0.2.10
    - 192.0.2.11
"""
BIND = """\
$TTL 3600
@    IN SOA ns1 hostmaster 1 3600 900 604800 300
@    IN NS ns1
@    300 IN A 192.0.2.1   ; we move soon
@    IN MX 10 mx1.example.net.
     IN MX 20 mx2.example.net.   ; the slow one
ns1  IN A 192.0.2.53
spf  IN TXT "v=spf1 include:a.example.net -all"
www  IN A 192.0.2.10
     IN A 192.0.2.11
"""
Hand = Callable[[PowerDNS], None]


def _set(name: str, type: str, *values: str, ttl: int = 3600) -> Hand:
    full = f"{name}.example.com." if name else "example.com."
    return lambda server: server.set("example.com.", full, type, *values, ttl=ttl)


HANDS: dict[str, Hand] = {
    "a value more": _set("www", "A", "192.0.2.10", "192.0.2.11", "192.0.2.12"),
    "a value less": _set("www", "A", "192.0.2.10"),
    "another value": _set("www", "A", "192.0.2.10", "192.0.2.99"),
    "another ttl": _set("", "A", "192.0.2.1", ttl=60),
    "another preference": _set("", "MX", "10 mx1.example.net.", "30 mx2.example.net."),
    "a record more": _set("api", "CNAME", "www.example.com.", ttl=60),
    "a type more": _set("www", "AAAA", "2001:db8::1", ttl=60),
    "a wildcard": _set("*.apps", "A", "192.0.2.7", ttl=60),
    "a service": _set("_sip._tcp", "SRV", "10 20 5060 www.example.com.", ttl=60),
    "an authority": _set("", "CAA", '0 issue "ca.example.net"', ttl=60),
    "a text with everything": _set("dkim", "TXT", '"v=DKIM1\\; p=it\'s \\"quoted\\""', ttl=60),
    "a record less": _set("spf", "TXT"),
    "two at once": lambda server: [_set("spf", "TXT")(server), _set("new", "A", "192.0.2.3", ttl=60)(server)][0],
}


@pytest.fixture
def place(tmp_path: Path, powerdns: PowerDNS) -> Place:
    return Place(tmp_path, powerdns.environment)


def _found(plan: Plan, applied: Applied) -> tuple[Baseline, list[Drift]]:
    baseline = Baseline(STACK, 1, plan.basis, applied.resources, NOW, "run:1")
    fresh = (f"dft-{number}" for number in count())
    detection = detect(attribute(plan, baseline), [], baseline, NOW, None, lambda: next(fresh), STACK)
    return baseline, list(detection.opened)


def _proven(place: Place, files: dict[str, str], applied: Applied) -> Codification:
    """Codifies all drift at once and plans the edited files against the server: nothing may be left, for anybody."""
    plan = place.plan(files)
    baseline, drifts = _found(plan, applied)
    assert drifts
    written = place.driver.codify(place.job(files, "check"), drifts, plan)
    after = place.plan(EditedTree(tree(files), written.edits))
    assert not written.declined
    assert after.empty
    assert proves_at_baseline(attribute(after, baseline), drifts, []) == ()
    return written


@pytest.mark.parametrize("by_hand", HANDS)
def test_what_was_done_by_hand_is_written_into_yaml(place: Place, powerdns: PowerDNS, by_hand: str) -> None:
    """Proven by an empty plan against the real server; every comment stays."""
    files = {CONFIG: config(powerdns.provider()), ZONE: YAML}
    applied = place.apply(files)
    HANDS[by_hand](powerdns)
    (text,) = _proven(place, files, applied).edits.values()
    assert text is not None
    for comment in ("# the apex", "# we move soon", "# the slow one"):
        assert comment in text.decode()


@pytest.mark.parametrize("by_hand", HANDS)
def test_what_was_done_by_hand_is_written_into_a_zone_file_of_bind(
    place: Place, powerdns: PowerDNS, by_hand: str
) -> None:
    """The same, for those who keep BIND's files."""
    place.format, place.path = "zones", "zones"
    files = {"zones/example.com.zone": BIND}
    spec = {"provider": powerdns.provider()}
    job, plain = place.job, place.plan
    place.job = lambda *args, **more: job(*args, **{"spec": spec, **more})  # type: ignore[method-assign]
    applied = place.apply(files)
    assert plain(files).empty
    HANDS[by_hand](powerdns)
    (text,) = _proven(place, files, applied).edits.values()
    assert text is not None
    assert "; we move soon" in text.decode()


def test_a_split_zone_gets_a_file_for_a_new_name(place: Place, powerdns: PowerDNS) -> None:
    """Named as octoDNS names it; what goes leaves an empty file, which is no mistake."""
    document = config(powerdns.provider()).replace(
        "directory: ./dns/zones", "directory: ./dns/zones\n    split_extension: ."
    )
    directory = "dns/zones/example.com."
    files = {
        CONFIG: document,
        f"{directory}/$example.com.yaml": "'':\n  type: NS\n  value: ns1.example.com.\n",
        f"{directory}/www.yaml": "www:\n  type: A\n  value: 192.0.2.1\n",
    }
    applied = place.apply(files)
    _set("www", "A", "192.0.2.2")(powerdns)
    _set("new", "A", "192.0.2.3", ttl=60)(powerdns)
    assert set(_proven(place, files, applied).edits) == {f"{directory}/www.yaml", f"{directory}/new.yaml"}


def test_an_alias_zone_is_for_a_person(place: Place, powerdns: PowerDNS) -> None:
    """Its records are those of another zone: writing them there would change both."""
    zones = {
        "example.com.": {"sources": ["zones"], "targets": ["live"]},
        "example.net.": {"alias": "example.com."},
    }
    files = {CONFIG: config(powerdns.provider(), zones=zones), ZONE: YAML}
    applied = place.apply(files)
    powerdns.set("example.net.", "www.example.net.", "A", "192.0.2.77")
    plan = place.plan(files)
    _, drifts = _found(plan, applied)
    written = place.driver.codify(place.job(files, "check"), drifts, plan)
    assert [each.reason for each in written.declined] == [
        "example.net. has the records of example.com.: an edit there would change both"
    ]
    assert "192.0.2.77" in written.declined[0].suggestion


def test_an_edit_that_an_alias_follows_says_so(place: Place, powerdns: PowerDNS) -> None:
    """The hand was in one of the two zones; the proof does not hold in the other, and this is why."""
    zones = {"example.com.": {"sources": ["zones"], "targets": ["live"]}, "example.net.": {"alias": "example.com."}}
    files = {CONFIG: config(powerdns.provider(), zones=zones), ZONE: YAML}
    applied = place.apply(files)
    _set("www", "A", "192.0.2.77")(powerdns)
    plan = place.plan(files)
    _, drifts = _found(plan, applied)
    written = place.driver.codify(place.job(files, "check"), drifts, plan)
    assert written.notes == (
        "example.net. is an alias of example.com.: the edit changes it there too, where nobody did by hand",
    )


def test_names_of_other_alphabets_and_in_capitals_are_found(place: Place, powerdns: PowerDNS) -> None:
    """A record is looked for as octoDNS takes its name, in a file that is called as people write the zone."""
    path = "dns/zones/müller.example.yaml"
    files = {
        CONFIG: config(powerdns.provider(), "müller.example."),
        path: "'':\n  type: NS\n  value: ns1.example.com.\nMail:\n  type: A\n  value: 192.0.2.1\n"
        "bücher:\n  # the shop\n  type: A\n  value: 192.0.2.2\n",
    }
    applied = place.apply(files)
    zone = "xn--mller-kva.example."
    powerdns.set(zone, f"mail.{zone}", "A", "192.0.2.3", ttl=3600)
    powerdns.set(zone, f"xn--bcher-kva.{zone}", "A", "192.0.2.4", ttl=3600)
    edits = _proven(place, files, applied).edits
    assert edits == {path: files[path].replace("192.0.2.1", "192.0.2.3").replace("192.0.2.2", "192.0.2.4").encode()}


def test_of_several_dynamic_entries_the_one_with_the_zone_has_its_file(place: Place, powerdns: PowerDNS) -> None:
    """Each entry has sources of its own."""
    document = yaml.safe_load(config(powerdns.provider()))
    document["providers"]["inside"] = {"class": "octodns.provider.yaml.YamlProvider", "directory": "./dns/inside"}
    document["zones"] = {
        "*": {"sources": ["inside"], "targets": ["live"]},
        "*zones": {"sources": ["zones"], "targets": ["live"]},
    }
    files = {CONFIG: yaml.safe_dump(document), ZONE: YAML, "dns/inside/example.net.yaml": YAML}
    applied = place.apply(files)
    _set("www", "A", "192.0.2.99")(powerdns)
    assert set(_proven(place, files, applied).edits) == {ZONE}
