"""The walk over octoDNS on a real PowerDNS: which zones there are, what is planned of them, what is left alone."""

from pathlib import Path

import pytest
import yaml

from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.servers import powerdns as powerdns
from tests.dns.servers import running
from trueup.model.errors import Invalid
from trueup.model.plan import Action, Address, Finding, Plan
from trueup.model.values import JSON
from trueup.stages.attribute import attribute

NS = "'':\n  type: NS\n  values: [ns1.example.com., ns2.example.com.]\n"


def a(name: str, value: str = "192.0.2.1", **more: JSON) -> str:
    return yaml.safe_dump({name: {**more, "type": "A", "value": value}})


def many(count: int, value: str = "192.0.2.1") -> str:
    return "".join(a(f"h{number:03}", value) for number in range(count))


@pytest.fixture
def place(powerdns: PowerDNS, tmp_path: Path) -> Place:
    return Place(tmp_path, powerdns.environment)


def changed(plan: Plan) -> dict[str, Action]:
    return {str(change.address): change.action for change in plan.changes}


def stopping(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if finding.stops]


def test_a_dynamic_zone_is_every_file_that_matches(place: Place, powerdns: PowerDNS) -> None:
    """A glob over what the source lists; what is declared by itself is not among them."""
    document = yaml.safe_load(config(powerdns.provider(), "example.com."))
    document["zones"]["*"] = {"sources": ["zones"], "targets": ["live"], "glob": "*.net."}
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("www")}
    files |= {f"dns/zones/{name}.yaml": a("www") for name in ("one.net", "two.net", "three.org")}
    assert place.apply(files).complete
    assert {zone["name"] for zone in powerdns.api("GET", "/zones")} == {"example.com.", "one.net.", "two.net."}
    assert place.plan(files).empty


def test_an_alias_has_the_records_of_its_zone(place: Place, powerdns: PowerDNS) -> None:
    """With lines that point at the source's file; a change goes into both."""
    document = yaml.safe_load(config(powerdns.provider(), "example.com."))
    document["zones"]["example.net."] = {"alias": "example.com."}
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("www")}
    assert place.apply(files).complete
    assert powerdns.rrsets("example.net.")["www.example.net.", "A"]["records"][0]["content"] == "192.0.2.1"
    plan = place.plan({**files, ZONE: a("www", "192.0.2.7")})
    assert changed(plan) == {"example.com.:www:A": Action.UPDATE, "example.net.:www:A": Action.UPDATE}


def test_an_alias_may_be_of_a_dynamic_zone(place: Place, powerdns: PowerDNS) -> None:
    """octoDNS looks for it among what the dynamic entries stand for."""
    document = yaml.safe_load(config(powerdns.provider(), "example.com."))
    document["zones"] = {"*": document["zones"]["example.com."], "example.net.": {"alias": "example.com."}}
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("www")}
    assert changed(place.plan(files))["example.net.:www:A"] is Action.CREATE


def test_a_challenge_that_the_code_had_is_ours_in_a_dynamic_zone_too(place: Place, powerdns: PowerDNS) -> None:
    """Settled as ours, it goes when the code drops it; what ACME adds there stays."""
    document = yaml.safe_load(config(powerdns.provider(), "example.com."))
    document["zones"] = {"*": document["zones"]["example.com."]}
    ours = yaml.safe_dump({"_acme-challenge": {"type": "CNAME", "value": "x.acme-dns.example."}})
    applied = place.apply({CONFIG: yaml.safe_dump(document), ZONE: ours + a("www")})
    powerdns.set("example.com.", "_acme-challenge.www.example.com.", "TXT", '"token"')
    plan = place.plan({CONFIG: yaml.safe_dump(document), ZONE: a("www")}, settled=lambda: applied.resources)
    assert changed(plan) == {"example.com.:_acme-challenge:CNAME": Action.DELETE}


def test_an_ownership_processor_counts_for_the_zones_that_have_it(place: Place, powerdns: PowerDNS) -> None:
    """Also those that a dynamic entry stands for, and no others."""
    document = yaml.safe_load(config(powerdns.provider(), "example.com."))
    document["processors"] = {"owned": {"class": "octodns.processor.ownership.OwnershipProcessor"}}
    document["zones"]["*net"] = {**document["zones"]["example.com."], "processors": ["owned"], "glob": "*.net."}
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("www"), "dns/zones/example.net.yaml": a("www")}
    assert place.apply(files).complete
    for zone in ("example.com.", "example.net."):
        powerdns.set(zone, f"hand.{zone}", "A", "192.0.2.9")
    assert changed(place.plan(files)) == {"example.com.:hand:A": Action.DELETE}


def test_two_targets_are_two_live_systems(place: Place, powerdns: PowerDNS, tmp_path: Path) -> None:
    """The first one's addresses are plain, the other's say whose they are; each has its own drift."""
    with running(PowerDNS(tmp_path / "other")) as other:
        document = yaml.safe_load(config(powerdns.provider()))
        document["providers"]["second"] = {**other.provider(), "api_key": "env/SECOND_KEY"}
        document["zones"]["example.com."]["targets"].append("second")
        files = {CONFIG: yaml.safe_dump(document), ZONE: a("www")}
        place.environment = {**powerdns.environment, "SECOND_KEY": other.key}
        assert place.apply(files).complete
        other.set("example.com.", "www.example.com.", "A", "192.0.2.9")
        assert changed(place.plan(files)) == {"example.com.:www:A@second": Action.UPDATE}


def test_what_is_never_applied_is_left_alone_and_said(place: Place, powerdns: PowerDNS) -> None:
    """`always-dry-run` of a zone, `apply_disabled` of a provider: no change, a finding; by hand it is unmanaged."""
    files = {CONFIG: config(powerdns.provider()), ZONE: a("www")}
    assert place.apply(files).complete
    document = yaml.safe_load(files[CONFIG])
    document["zones"]["example.com."]["always-dry-run"] = True
    plan = place.plan({CONFIG: yaml.safe_dump(document), ZONE: a("www", "192.0.2.7")})
    assert plan.empty and plan.real[Address("example.com.:www:A")].values["values"] == ["192.0.2.1"]
    assert "1 changes are left alone: `always-dry-run`" in "".join(finding.message for finding in plan.findings)
    disabled = {CONFIG: config(powerdns.provider(apply_disabled=True)), ZONE: a("www", "192.0.2.7")}
    assert place.plan(disabled).empty
    assert not attribute(place.plan(disabled), None).drifted


def test_the_thresholds_of_octodns_stop_with_the_numbers(place: Place, powerdns: PowerDNS) -> None:
    """More than 30 % of ten or more; a zone's own threshold, which octoDNS forgets, counts."""
    files = {CONFIG: config(powerdns.provider()), ZONE: many(12)}
    assert place.apply(files).complete
    plan = place.plan({**files, ZONE: many(7)})
    assert [finding.code for finding in stopping(plan)] == ["too-much-change"]
    assert "5 of 12 records" in stopping(plan)[0].message and "42%" in stopping(plan)[0].message
    assert "delete_pcent_threshold: 0.43" in stopping(plan)[0].hint
    document = yaml.safe_load(files[CONFIG])
    document["zones"]["example.com."]["delete_pcent_threshold"] = 0.43
    assert not stopping(place.plan({CONFIG: yaml.safe_dump(document), ZONE: many(7)}))
    document["providers"]["live"]["delete_pcent_threshold"] = 0.1
    document["zones"]["example.com."].pop("delete_pcent_threshold")
    assert stopping(place.plan({CONFIG: yaml.safe_dump(document), ZONE: many(10)}))


def test_the_ns_of_the_apex_are_protected(place: Place, powerdns: PowerDNS) -> None:
    """Created with the zone, never changed by a plan; left out of the code they stay as they are."""
    files = {CONFIG: config(powerdns.provider()), ZONE: NS + a("www")}
    assert not stopping(place.plan(files)) and place.apply(files).complete
    plan = place.plan({**files, ZONE: files[ZONE].replace("ns2", "ns3")})
    assert [finding.code for finding in stopping(plan)] == ["root-ns"]
    assert str(stopping(plan)[0].place).startswith(f"{ZONE}:2")
    without = place.plan({**files, ZONE: a("www")})
    assert without.empty and Address("example.com.:@:NS") not in without.real


def test_a_zone_without_ns_gets_them(place: Place, powerdns: PowerDNS) -> None:
    """Made by hand and empty: it serves nobody yet, so nothing has to be protected."""
    powerdns.create("example.com.", nameservers=[])
    files = {CONFIG: config(powerdns.provider()), ZONE: NS + a("www")}
    assert not stopping(place.plan(files)) and place.apply(files).complete
    assert place.plan(files).empty


def test_what_every_powerdns_warns_of_is_no_finding(place: Place, powerdns: PowerDNS) -> None:
    """Without LUA records it has no dynamic ones: octoDNS says so whether the code has any or not."""
    provider = {key: value for key, value in powerdns.provider().items() if key != "enable_dynamic"}
    assert not place.plan({CONFIG: config(provider), ZONE: NS + a("www")}).findings


def test_lenient_zones_say_what_they_let_pass(place: Place, powerdns: PowerDNS) -> None:
    """A complaint becomes a finding, and the plan goes on."""
    document = yaml.safe_load(config(powerdns.provider()))
    document["zones"]["example.com."]["lenient"] = True
    bad = "www:\n  ttl: -1\n  type: CNAME\n  value: other.example.com.\n"
    plan = place.plan({CONFIG: yaml.safe_dump(document), ZONE: bad})
    assert changed(plan)["example.com.:www:CNAME"] is Action.CREATE
    assert any("invalid ttl" in finding.message for finding in plan.findings)


def test_what_a_provider_does_not_support_is_left_out_only_on_request(place: Place, powerdns: PowerDNS) -> None:
    """`strict_supports: false` leaves it out: that is said, not hidden."""
    geo = "www:\n  type: URLFWD\n  value: {code: 301, masking: 2, path: /, query: 0, target: 'http://x.example'}\n"
    with pytest.raises(Invalid, match="URLFWD records not supported") as caught:
        place.plan({CONFIG: config(powerdns.provider()), ZONE: geo})
    assert "strict_supports: false" in caught.value.hint
    plan = place.plan({CONFIG: config(powerdns.provider(strict_supports=False)), ZONE: geo + a("x")})
    assert "example.com.:www:URLFWD" not in changed(plan)
    assert any("omitting record" in finding.message for finding in plan.findings)


def test_records_that_the_code_tells_octodns_not_to_look_at_are_nobodys_drift(place: Place, powerdns: PowerDNS) -> None:
    """`octodns: {ignored: true}`, and `excluded` for this target."""
    files = {CONFIG: config(powerdns.provider()), ZONE: a("www") + a("x")}
    assert place.apply(files).complete
    ignored = a("www", octodns={"ignored": True}) + a("x", octodns={"excluded": ["live"]})
    powerdns.set("example.com.", "www.example.com.", "A", "192.0.2.9")
    plan = place.plan({**files, ZONE: ignored})
    assert plan.empty and not {Address("example.com.:www:A"), Address("example.com.:x:A")} & plan.real.keys()


def test_others_records_are_neither_live_nor_deleted(place: Place, powerdns: PowerDNS) -> None:
    """ACME challenges with their CNAME, external-dns with its registry; what a person added by hand is not theirs."""
    files = {CONFIG: config(powerdns.provider()), ZONE: a("www")}
    assert place.apply(files).complete
    zone = "example.com."
    powerdns.set(zone, f"_acme-challenge.{zone}", "TXT", '"token"')
    powerdns.set(zone, f"_acme-challenge.www.{zone}", "CNAME", "challenges.acme.example.")
    powerdns.set(zone, f"app.{zone}", "A", "192.0.2.5")
    powerdns.set(zone, f"a-app.{zone}", "TXT", '"heritage=external-dns,external-dns/owner=k8s"')
    powerdns.set(zone, f"hand.{zone}", "A", "192.0.2.6")
    plan = place.plan(files)
    assert changed(plan) == {"example.com.:hand:A": Action.DELETE}
    assert {str(address) for address in plan.real} == {"zone.example.com.", "example.com.:www:A", "example.com.:hand:A"}


def test_processors_of_the_commit_work(place: Place, powerdns: PowerDNS) -> None:
    """A filter hides what it names from both sides."""
    document = yaml.safe_load(config(powerdns.provider()))
    document["processors"] = {
        "no-lab": {"class": "octodns.processor.filter.NameRejectlistFilter", "rejectlist": ["/^lab/"]}
    }
    document["zones"]["example.com."]["processors"] = ["no-lab"]
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("lab1") + a("www")}
    assert place.apply(files).complete
    powerdns.set("example.com.", "lab2.example.com.", "A", "192.0.2.9")
    assert place.plan(files).empty and ("lab1.example.com.", "A") not in powerdns.rrsets("example.com.")


@pytest.mark.parametrize("kind", ["yaml", "bind"])
def test_a_plain_directory_is_enough(kind: str, powerdns: PowerDNS, tmp_path: Path) -> None:
    """One provider in trueup.yaml, whose key is a secret reference; zones in YAML or as BIND writes them."""
    place = Place(tmp_path, {}, format="zones", path="zones")
    provider = {**powerdns.provider(), "api_key": "file:/run/secrets/key"}
    bind = "$TTL 300\n@ IN SOA ns1 hostmaster 1 2 3 4 5\n@ IN NS ns1\nns1 IN A 192.0.2.53\nwww IN A 192.0.2.1\n"
    files = {"zones/example.com.yaml": a("www")} if kind == "yaml" else {"zones/example.com.zone": bind}
    given = {"spec": {"provider": provider}, "secret": lambda text: powerdns.key if text.startswith("file:") else text}
    assert place.apply(files, **given).complete
    assert ("www.example.com.", "A") in powerdns.rrsets("example.com.")
    assert place.plan(files, **given).empty
    assert not [
        file
        for file in tmp_path.rglob("*")
        if file.is_file() and powerdns.key.encode() in file.read_bytes()
        if "powerdns" not in file.parts
    ]


def test_an_existing_zone_without_records_of_ours_exists(place: Place, powerdns: PowerDNS) -> None:
    """It is not created again, and stays live when its last record goes."""
    powerdns.create("example.com.")
    assert Address("zone.example.com.") in place.plan({CONFIG: config(powerdns.provider()), ZONE: "{}\n"}).real


def test_destroying_takes_the_records_and_leaves_the_zone(place: Place, powerdns: PowerDNS) -> None:
    """octoDNS deletes no zones; what is at its apex for the zone itself stays."""
    files = {CONFIG: config(powerdns.provider()), ZONE: NS + many(12)}
    assert place.apply(files).complete
    plan = place.plan(files, purpose="destroy", destroy=True)
    assert set(changed(plan).values()) == {Action.DELETE} and len(plan.changes) == 12 and not stopping(plan)


def test_reverse_zones_are_made_of_all_the_others(place: Place, powerdns: PowerDNS) -> None:
    """`auto_arpa`: planned last, of what the other zones have."""
    arpa = "2.0.192.in-addr.arpa."
    document = yaml.safe_load(config(powerdns.provider()))
    document["manager"] = {"auto_arpa": True}
    document["zones"][arpa] = {"sources": ["auto-arpa"], "targets": ["live"]}
    files = {CONFIG: yaml.safe_dump(document), ZONE: a("www") + a("x", "192.0.2.7")}
    assert place.apply(files).complete
    assert powerdns.rrsets(arpa)[f"7.{arpa}", "PTR"]["records"][0]["content"] == "x.example.com."
    assert place.plan(files).empty


def test_names_of_other_alphabets_are_one_zone_however_they_are_written(place: Place, powerdns: PowerDNS) -> None:
    """Addresses are in IDNA; the configuration and the file may be in either."""
    files = {CONFIG: config(powerdns.provider(), "müller.example."), "dns/zones/müller.example.yaml": a("www")}
    assert place.apply(files).complete
    assert Address("xn--mller-kva.example.:www:A") in place.plan(files).real
    broken = {**files, "dns/zones/müller.example.yaml": "www: 1\n"}
    with pytest.raises(Invalid, match="no mapping") as caught:
        place.plan(broken)
    assert str(caught.value.place) == "dns/zones/müller.example.yaml:1:6"
