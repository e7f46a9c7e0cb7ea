"""Applying zones on real servers: half-way, meanwhile, in parts, confined; and whether the servers say it then."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.conformance.workers import FileJournal, entries_in, in_a_process
from tests.dns.between import Between
from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Knot
from tests.dns.servers import knot as knot
from tests.dns.servers import powerdns as powerdns
from tests.dns.servers import primary as primary
from tests.dns.test_walk import a
from tests.terraform.jobs import Diary
from trueup.model.errors import Unavailable
from trueup.model.plan import Address, Applied, Outcome
from trueup.ports.driver import Walls
from trueup.system import confinement

KEPT = "ns1:\n  type: A\n  value: 127.0.0.1\n"
"""What the test's primaries have from the start."""
THREE = "a1:\n  type: A\n  value: 192.0.2.1\na2:\n  type: A\n  value: 192.0.2.2\na3:\n  type: A\n  value: 192.0.2.3\n"
ADDRESSES = [Address(f"example.com.:a{number}:A") for number in (1, 2, 3)]


def through(between: Between, server: Knot) -> dict[str, str]:
    provider = server.provider(port=between.own_port, update_batch_size=1)
    return {CONFIG: config(provider), ZONE: THREE + KEPT}


def half_applied(place: Place, server: Knot) -> Applied:
    """octoDNS is killed between two messages: the first change is on the server, the others are not."""

    def kill(number: int) -> bool:
        if number == 2:
            status = json.loads((place.base / "evidence" / "apply-1" / "status.json").read_text())
            os.kill(status["child"], signal.SIGKILL)
        return number < 2

    with Between(server.host, server.port, kill) as between:
        return place.apply(through(between, server), spec={"verify": "0s"})


def test_a_half_applied_zone_is_told_change_by_change(knot: Knot, tmp_path: Path) -> None:
    """What the server has is done, what it has not failed; the next plan is exactly the rest, and finishes it."""
    place = Place(tmp_path, knot.environment)
    applied = half_applied(place, knot)
    assert not applied.complete and "octoDNS" in applied.error
    assert applied.outcomes == dict(zip(ADDRESSES, [Outcome.DONE, Outcome.FAILED, Outcome.FAILED], strict=True))
    assert ADDRESSES[0] in applied.resources and ADDRESSES[1] not in applied.resources
    direct = {CONFIG: config(knot.provider()), ZONE: THREE + KEPT}
    assert [change.address for change in place.plan(direct).changes] == ADDRESSES[1:]
    assert place.apply(direct).complete and place.plan(direct).empty


def test_a_lost_worker_is_recovered_between_two_messages(knot: Knot, tmp_path: Path) -> None:
    """The same where it is Trueup that dies: octoDNS is stopped with it, and recovery reads the zone."""
    place, journal = Place(tmp_path, knot.environment), tmp_path / "journal"
    pid_file = tmp_path / "pid"

    def kill(number: int) -> bool:
        if number == 2:
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
        return number < 2

    with Between(knot.host, knot.port, kill) as between:
        job = place.job(through(between, knot), spec={"verify": "0s"})

        def work() -> None:
            pid_file.write_text(str(os.getpid()))
            with place.driver.open(job) as session:
                session.apply(session.plan(), FileJournal(journal))

        assert in_a_process(work) == -signal.SIGKILL
        evidence = place.driver.recover(job, entries_in(journal))
    assert evidence.gone and evidence.applied is not None and not evidence.applied.complete
    assert evidence.applied.outcomes[ADDRESSES[0]] is Outcome.DONE
    assert {evidence.applied.outcomes[address] for address in ADDRESSES[1:]} == {Outcome.FAILED}
    assert list(evidence.applied.resources) == ADDRESSES[:1]


def test_what_was_changed_since_the_plan_is_not_overwritten(powerdns: PowerDNS, tmp_path: Path) -> None:
    """octoDNS writes blindly: a zone that moved is planned again before anything of it is begun."""
    place = Place(tmp_path, powerdns.environment)
    files = {CONFIG: config(powerdns.provider()), ZONE: a("www")}
    assert place.apply(files).complete
    diary = Diary()
    with place.driver.open(place.job({**files, ZONE: a("www", "192.0.2.7")})) as session:
        plan = session.plan()
        powerdns.set("example.com.", "www.example.com.", "A", "192.0.2.99")
        with pytest.raises(Unavailable, match="changed by somebody else since it was planned"):
            session.apply(plan, diary)
    assert not diary.entries
    assert powerdns.rrsets("example.com.")["www.example.com.", "A"]["records"][0]["content"] == "192.0.2.99"


def test_zones_are_applied_one_after_the_other(powerdns: PowerDNS, tmp_path: Path) -> None:
    """A zone that a server refuses does not undo the ones before it, and the ones behind it are not begun."""
    place, diary = Place(tmp_path, powerdns.environment), Diary()
    names = ("b.example.net.", "example.com.", "x.org.")
    refused = "zz:\n  octodns: {lenient: true}\n  type: CNAME\n  value: not..a..name.\n"
    files = {CONFIG: config(powerdns.provider(), *names), ZONE: refused}
    files |= {f"dns/zones/{name}yaml": a("www") for name in ("b.example.net.", "x.org.")}
    applied = place.apply(files, diary, spec={"verify": "0s"})
    assert not applied.complete and "not..a..name" in applied.error
    assert [entry.step for entry in diary.entries if entry.event == "begin"] == [
        "b.example.net.@live",
        "example.com.@live",
    ]
    assert applied.outcomes[Address("b.example.net.:www:A")] is Outcome.DONE
    assert applied.outcomes[Address("example.com.:zz:CNAME")] is Outcome.FAILED
    assert Address("x.org.:www:A") not in applied.outcomes
    assert {zone["name"] for zone in powerdns.api("GET", "/zones")} == {"b.example.net."}


def test_a_revert_undoes_what_it_names_and_nothing_else(powerdns: PowerDNS, tmp_path: Path) -> None:
    """A plan may be narrowed to some of its changes; the others stay drift."""
    place = Place(tmp_path, powerdns.environment)
    files = {CONFIG: config(powerdns.provider()), ZONE: a("one") + a("two")}
    assert place.apply(files).complete
    for name in ("one", "two"):
        powerdns.set("example.com.", f"{name}.example.com.", "A", "192.0.2.9")
    with place.driver.open(place.job(files, "revert")) as session:
        plan = session.narrowed(session.plan(), [Address("example.com.:two:A")])
        assert [change.address for change in plan.changes] == ["example.com.:two:A"]
        assert list(session.apply(plan, Diary()).outcomes) == ["example.com.:two:A"]
    assert [change.address for change in place.plan(files).changes] == ["example.com.:one:A"]


def test_the_authoritative_server_is_asked_until_it_says_it(primary: Knot, tmp_path: Path) -> None:
    """Knot and BIND answer what was applied, and no longer what went."""
    place = Place(tmp_path, primary.environment)
    files = {CONFIG: config(primary.provider()), ZONE: THREE + KEPT}
    with place.driver.open(place.job(files)) as session:
        assert session.apply(session.plan(), Diary()).complete
        assert not [finding for finding in session.plan().findings if finding.code == "not-answered"]
    gone = {**files, ZONE: KEPT + 'txt:\n  type: TXT\n  values: ["a \\\\; b", "two words"]\n'}
    with place.driver.open(place.job(gone)) as session:
        assert session.apply(session.plan(), Diary()).complete
        assert not [finding for finding in session.plan().findings if finding.code == "not-answered"]


def test_a_server_that_does_not_say_it_is_named(powerdns: PowerDNS, knot: Knot, tmp_path: Path) -> None:
    """Written at the provider, and another server answers for the zone: that is no failure, and it is said."""
    place = Place(tmp_path, powerdns.environment)
    files = {CONFIG: config(powerdns.provider()), ZONE: a("www")}
    spec = {"nameservers": [f"{knot.host}@{knot.port}"], "verify": "1s"}
    with place.driver.open(place.job(files, spec=spec)) as session:
        assert session.apply(session.plan(), Diary()).complete
        said = [finding for finding in session.plan().findings if finding.code == "not-answered"]
    assert "www.example.com. A" in said[0].message and f"{knot.host}@{knot.port}" in said[0].message


def test_an_apex_ns_change_never_reaches_a_primary(knot: Knot, tmp_path: Path) -> None:
    """Servers ignore the deletion of their last NS, so such a plan would never be empty: it stops."""
    place = Place(tmp_path, knot.environment)
    files = {
        CONFIG: config(knot.provider()),
        ZONE: "'':\n  type: NS\n  values: [ns1.example.com., ns9.example.com.]\n" + KEPT,
    }
    assert [finding.code for finding in place.plan(files).findings if finding.stops] == ["root-ns"]


def test_octodns_sees_its_own_environment_and_files_only(powerdns: PowerDNS, tmp_path: Path) -> None:
    """Confined, with the environment of the job alone: nothing of this process is inherited, no home, no data."""
    if why := confinement.obstacle():
        pytest.skip(f"{why}: apt-get install bubblewrap")
    secret = tmp_path / "data" / "secret"
    secret.parent.mkdir()
    secret.write_text("of somebody else")
    place = Place(tmp_path / "data", powerdns.environment)
    job = place.job({CONFIG: config(powerdns.provider()), ZONE: a("www")})
    inside = confinement.confined(job.environment, [], [tmp_path / "data", Path.home()])
    walls = Walls(inside.readable, inside.writable, inside.hidden)
    job = replace(job, walls=lambda: walls)
    with place.driver.open(job) as session:
        assert session.apply(session.plan(), Diary()).complete and session.plan().empty
    document = yaml.safe_load(config(powerdns.provider()))
    document["providers"]["zones"] = {
        "class": "octodns.source.envvar.EnvVarSource",
        "name": "leak",
        "variable": "TRUEUP_OF_THIS_PROCESS",
    }
    os.environ["TRUEUP_OF_THIS_PROCESS"] = "leaked"
    try:
        leaking = replace(job, tree=place.job({CONFIG: yaml.safe_dump(document), ZONE: a("www")}).tree)
        with pytest.raises(Exception, match="TRUEUP_OF_THIS_PROCESS"), place.driver.observe(leaking) as observation:
            observation.plan()
    finally:
        del os.environ["TRUEUP_OF_THIS_PROCESS"]
