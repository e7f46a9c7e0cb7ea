"""Real servers that refuse, limit, or give up: what is said, what it leads to, and that nothing is half known."""

import base64
from pathlib import Path

import pytest

from tests.dns.big import NAME, as_code, fill
from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.limited import Limited
from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Knot, Primary
from tests.dns.servers import running
from trueup.model.errors import Rejected, Unavailable
from trueup.model.plan import Address

WWW = "---\nwww:\n  ttl: 60\n  type: A\n  value: 192.0.2.1\n"


def test_a_server_that_refuses_transfers_is_rejected_with_what_to_compare(primary: Primary, tmp_path: Path) -> None:
    """Without a key neither Knot nor BIND gives its zone away."""
    place = Place(tmp_path, {})
    unsigned = primary.provider(key_name=None, key_secret=None, key_algorithm=None)
    with pytest.raises(Rejected, match="refuse") as caught:
        place.plan({CONFIG: config(unsigned), ZONE: WWW})
    assert "transfer" in caught.value.hint


def test_a_wrong_tsig_key_is_rejected(primary: Primary, tmp_path: Path) -> None:
    """Another secret under the right name; the secret itself is in no message."""
    other = base64.b64encode(b"another secret of thirty-two byt").decode()
    place = Place(tmp_path, {"TSIG_SECRET": other})
    with pytest.raises(Rejected, match="the TSIG key is not accepted") as caught:
        place.plan({CONFIG: config(primary.provider()), ZONE: WWW})
    assert other not in str(caught.value) and not any(other in line for line in place.lines)


def test_a_zone_that_the_primary_does_not_have_is_rejected(knot: Knot, tmp_path: Path) -> None:
    """RFC 2136 cannot create it, and the server says the same as to a wrong key."""
    place = Place(tmp_path, knot.environment)
    files = {CONFIG: config(knot.provider(), "example.net."), "dns/zones/example.net.yaml": WWW}
    with pytest.raises(Rejected) as caught:
        place.plan(files)
    assert "does the zone exist there" in caught.value.hint or "TSIG" in caught.value.message


def test_a_primary_that_is_down_may_answer_later(knot: Knot, tmp_path: Path) -> None:
    """Unavailable: the run is tried again, nothing has begun."""
    place = Place(tmp_path, knot.environment)
    files = {CONFIG: config(knot.provider(timeout=2)), ZONE: WWW}
    knot.stop()
    with pytest.raises(Unavailable):
        place.plan(files)
    knot.start()
    assert place.plan(files).changes


def test_rate_limits_are_told_and_tried_again(powerdns: PowerDNS, tmp_path: Path) -> None:
    """A gateway answers 429 to the plan: unavailable, with its words."""
    powerdns.create(NAME)
    with Limited(powerdns, lambda method, path: 429) as gateway:
        place = Place(tmp_path, powerdns.environment)
        with pytest.raises(Unavailable, match="rate limit exceeded"):
            place.plan({CONFIG: config(powerdns.provider(port=gateway.port)), ZONE: WWW})


def test_a_rate_limit_in_the_middle_of_an_apply_leaves_a_zone_that_is_known(powerdns: PowerDNS, tmp_path: Path) -> None:
    """The first zone is written, the second one's write is limited: one is done, one failed, and the next apply is the
    rest."""
    zones = ("a.example.", "b.example.")
    written: list[str] = []

    def second_write(method: str, path: str) -> int:
        if method != "PATCH":
            return 0
        written.append(path)
        return 429 if len(written) == 2 else 0

    for zone in zones:
        powerdns.create(zone)
        powerdns.set(zone, zone, "NS")
    with Limited(powerdns, second_write) as gateway:
        place = Place(tmp_path, powerdns.environment)
        provider = powerdns.provider(port=gateway.port)
        files = {CONFIG: config(provider, *zones), **{f"dns/zones/{zone}yaml": WWW for zone in zones}}
        half = place.apply(files)
        assert not half.complete and "rate limit" in half.error
        assert sorted(str(outcome) for outcome in half.outcomes.values()) == ["done", "failed"]
        (left,) = place.plan(files).changes
        assert str(half.outcomes[left.address]) == "failed"
        assert place.apply(files).complete
    assert [powerdns.ask(f"www.{zone}", "A") for zone in zones] == [{"192.0.2.1"}] * 2


def test_what_octodns_cannot_see_is_not_looked_at_where_that_is_limited(powerdns: PowerDNS, tmp_path: Path) -> None:
    """The plan stands; that nobody looked is a finding, and nothing is concluded of the children."""
    powerdns.create(NAME)
    with Limited(powerdns, lambda method, path: 429 if path.endswith("/metadata") else 0) as gateway:
        plan = Place(tmp_path, powerdns.environment).plan(
            {CONFIG: config(powerdns.provider(port=gateway.port)), ZONE: WWW}
        )
    assert "dns-unlooked" in {finding.code for finding in plan.findings}
    assert plan.changes and not plan.watched


def test_a_zone_beyond_the_servers_body_limit_is_not_half_written(tmp_path: Path) -> None:
    """PowerDNS takes a zone in one request: too big is rejected as a whole, with the setting's name."""
    with running(PowerDNS(tmp_path / "server", webserver_max_bodysize="1")) as server:
        place = Place(tmp_path, server.environment)
        applied = place.apply(as_code(server, 12_000))
        assert not applied.complete and "webserver-max-bodysize" in applied.error
        assert "DONE" not in {outcome.name for outcome in applied.outcomes.values()}


def test_ten_thousand_records_come_over_axfr(tmp_path: Path) -> None:
    """From a Knot that waits for slow readers; as it comes from the box it may give up, which is said with the setting
    to raise."""
    lines = "".join(f"n{number:05} 300 IN A 10.0.{number // 256}.{number % 256}\n" for number in range(10_000))
    for patience in ({"tcp_io_timeout": 0}, {}):
        with running(Knot(tmp_path / f"knot-{len(patience)}", {NAME: lines}, **patience)) as knot:
            place = Place(tmp_path / f"place-{len(patience)}", knot.environment)
            try:
                plan = place.plan({CONFIG: config(knot.provider()), ZONE: WWW})
            except Unavailable as error:
                assert not patience, "a server that waits gives the whole zone"
                assert "tcp-io-timeout" in error.hint
            else:
                assert Address(f"{NAME}:n09999:A") in plan.real


def test_one_edit_among_sixty_thousand_records_is_one_change(tmp_path: Path) -> None:
    """All of them are R, and nothing else is planned."""
    with running(PowerDNS(tmp_path / "server")) as server:
        fill(server, 60_000)
        files = as_code(server, 60_000)
        edited = {**files, ZONE: files[ZONE].replace("value: 10.0.0.2\n", "value: 192.0.2.2\n", 1)}
        plan = Place(tmp_path, server.environment).plan(edited)
        assert [change.address for change in plan.changes] == [f"{NAME}:n000002:A"]
        assert len(plan.real) == 60_001
