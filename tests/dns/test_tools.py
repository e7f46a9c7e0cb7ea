"""`trueup dns lint|import|diff` against real name servers."""

from pathlib import Path

import pytest
import yaml

from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from trueup.model.errors import Invalid, Unavailable

YAML = """\
'':
  - type: A
    value: 192.0.2.1
  - type: NS
    value: ns1.example.com.
ns1:
  type: A
  value: 192.0.2.53
www:
  ttl: 60
  type: A
  values:
    - 192.0.2.10
    - 192.0.2.11
"""


@pytest.fixture
def place(tmp_path: Path, powerdns: PowerDNS) -> Place:
    return Place(tmp_path, powerdns.environment)


def _files(powerdns: PowerDNS, text: str = YAML) -> dict[str, str]:
    return {CONFIG: config(powerdns.provider()), ZONE: text}


def test_a_live_zone_becomes_a_file_that_plans_nothing(place: Place, powerdns: PowerDNS) -> None:
    """Names in order, types together, texts escaped; and the entry that the configuration needs."""
    powerdns.create("live.example.")
    for name, type, *values in (
        ("live.example.", "MX", "10 mx1.example.net.", "20 mx2.example.net."),
        ("live.example.", "CAA", '0 issue "ca.example.net"'),
        ("a10.live.example.", "A", "192.0.2.1", "192.0.2.2"),
        ("a2.live.example.", "AAAA", "2001:db8::1"),
        ("*.apps.live.example.", "CNAME", "www.example.com."),
        ("t.live.example.", "TXT", '"v=DKIM1\\; p=it\'s \\"q\\""', '"' + "x" * 200 + '" "' + "y" * 100 + '"'),
        ("_sip._tcp.live.example.", "SRV", "10 20 5060 www.example.com."),
    ):
        powerdns.set("live.example.", name, type, *values, ttl=3600)
    files = _files(powerdns)
    told = place.driver.use(place.job(files, "check"), "import", {"zone": "live.example", "provider": "live"})
    assert "live.example.:\n" in told.text
    assert list(told.files) == ["dns/zones/live.example.yaml"]
    both = {CONFIG: config(powerdns.provider(), "example.com.", "live.example."), ZONE: YAML, **told.files}
    place.apply(files)
    assert place.plan(both).empty


def test_what_programs_wrote_is_not_imported(place: Place, powerdns: PowerDNS) -> None:
    """It would be theirs and the code's at once: it is named, and left to them."""
    powerdns.create("live.example.")
    registry = '"heritage=external-dns,external-dns/owner=prod,external-dns/resource=ingress/shop/app"'
    powerdns.set("live.example.", "_acme-challenge.www.live.example.", "TXT", '"token"')
    powerdns.set("live.example.", "app.live.example.", "A", "192.0.2.1")
    powerdns.set("live.example.", "a-app.live.example.", "TXT", registry)
    powerdns.set("live.example.", "www.live.example.", "A", "192.0.2.2")
    asked = {"zone": "live.example", "provider": "live"}
    told = place.driver.use(place.job(_files(powerdns), "check"), "import", asked)
    assert set(yaml.safe_load(told.files["dns/zones/live.example.yaml"])) == {"", "www"}
    assert "# left to ACME: _acme-challenge.www TXT" in told.text
    assert "# left to external-dns (owner prod, ingress/shop/app): app A" in told.text


def test_what_is_not_there_cannot_be_imported(place: Place, powerdns: PowerDNS) -> None:
    """An unknown zone, and a provider that the configuration does not have."""
    job = place.job(_files(powerdns), "check")
    with pytest.raises(Invalid, match=r"has no zone nothing\.example\."):
        place.driver.use(job, "import", {"zone": "nothing.example.", "provider": "live"})
    with pytest.raises(Invalid, match="no provider `liev`"):
        place.driver.use(job, "import", {"zone": "example.com.", "provider": "liev"})


def test_what_a_name_server_answers_is_compared_with_the_code(place: Place, powerdns: PowerDNS) -> None:
    """Equal, another value, another TTL, nothing; only the zone that is asked for."""
    files = _files(powerdns)
    place.apply(files)
    where = {"nameserver": f"{powerdns.host}@{powerdns.port}", "zone": "example.com."}
    same = place.driver.use(place.job(files, "check"), "diff", where)
    assert (same.passed, same.text) == (True, f"{where['nameserver']}: 4 of 4 record sets are what the code says")
    powerdns.set("example.com.", "www.example.com.", "A", "192.0.2.99", ttl=60)
    powerdns.set("example.com.", "example.com.", "A", "192.0.2.1", ttl=30)
    powerdns.set("example.com.", "ns1.example.com.", "A")
    told = place.driver.use(place.job(files, "check"), "diff", where)
    assert not told.passed
    assert {(each["name"], each["answered"]) for each in told.data} == {
        ("www.example.com.", "60 192.0.2.99"),
        ("example.com.", "30 192.0.2.1"),
        ("ns1.example.com.", "nothing"),
    }


def test_the_same_in_other_words_is_no_difference(place: Place, powerdns: PowerDNS) -> None:
    """Texts with quotes and backslashes, cut elsewhere, capitals in names; and types with fields of their own."""
    code = """---
'':
  type: NS
  value: ns1.example.com.
'*':
  type: A
  value: 192.0.2.1
_ftp._tcp:
  type: URI
  value: {priority: 10, target: 'ftp://ftp.example.com/public', weight: 1}
mail:
  type: MX
  value: {exchange: mx.example.net., preference: 10}
t:
  type: TXT
  values:
    - say \\"hi\\"\\; now
    - back\\\\slash
w:
  type: HTTPS
  value: {svcparams: {alpn: [h2, h3], no-default-alpn: null, port: 8443}, svcpriority: 2, targetname: svc.example.com.}
"""
    files = {CONFIG: config(powerdns.provider()), ZONE: code}
    assert place.apply(files, spec={"nameservers": [f"127.0.0.1@{powerdns.port}"]}).complete
    powerdns.set("example.com.", "mail.example.com.", "MX", "10 MX.example.net.", ttl=3600)
    powerdns.set("example.com.", "t.example.com.", "TXT", '"say " "\\"hi\\"; now"', '"back\\\\slash"', ttl=3600)
    asked = {"nameserver": f"127.0.0.1@{powerdns.port}"}
    told = place.driver.use(place.job(files, "check"), "diff", asked)
    assert told.passed and "5 of 5 record sets" in told.text and "; 1 more cannot" in told.text, told.text


def test_a_server_that_is_silent_or_unknown_is_said(place: Place, powerdns: PowerDNS) -> None:
    """Neither is taken for a zone without records."""
    job = place.job(_files(powerdns), "check")
    with pytest.raises(Unavailable, match="does not answer"):
        place.driver.use(job, "diff", {"nameserver": "127.0.0.1@9"})
    with pytest.raises(Invalid, match="names no name server"):
        place.driver.use(job, "diff", {"nameserver": "ns1@port"})
    with pytest.raises(Invalid, match=r"has no zone other\.example\."):
        place.driver.use(job, "diff", {"nameserver": "127.0.0.1", "zone": "other.example."})


def test_lint_names_what_octodns_takes_and_what_it_refuses(place: Place, powerdns: PowerDNS) -> None:
    """Both with file and line; a zone without mistakes passes."""
    good = place.driver.use(place.job(_files(powerdns), "check"), "lint", {})
    assert (good.passed, good.text) == (True, "nothing found")
    wrong = YAML.replace("192.0.2.11", "192.0.2.300").replace("ttl: 60", "ttl: 060")
    told = place.driver.use(place.job(_files(powerdns, wrong), "check"), "lint", {})
    assert not told.passed
    assert {(each["code"], each["file"]) for each in told.data} == {("zone-number", ZONE), ("octodns", ZONE)}
