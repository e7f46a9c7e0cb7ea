"""Beside the walk, on real servers: applies teach what serials are worth, and what octoDNS cannot see is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Primary
from trueup.drivers.dns.signal import MOVES, SERIAL, SILENT
from trueup.model.plan import Address, Applied

NAME = "example.com."
OF_ZONE = Address(f"zone.{NAME}")
WWW = "www:\n  ttl: 60\n  type: A\n  value: 192.0.2.1\n"


def files(server: PowerDNS | Primary, text: str = WWW, **more: Any) -> dict[str, str]:
    return {CONFIG: config(server.provider(**more)), ZONE: f"---\n{text}"}


def applied(place: Place, given: dict[str, str]) -> Applied:
    done = place.apply(given)
    assert done.complete, done.error
    return done


def test_an_apply_teaches_that_a_primarys_serial_moves(primary: Primary, tmp_path: Path) -> None:
    """Then an equal token proves that nobody edited, and an edit by hand makes another one."""
    place = Place(tmp_path, primary.environment)
    text = "ns1:\n  ttl: 3600\n  type: A\n  value: 127.0.0.1\n" + WWW
    settled = applied(place, files(primary, text)).resources
    assert settled[OF_ZONE].values[SERIAL] == MOVES
    job = replace(place.job(files(primary, text)), settled=lambda: settled)
    before = place.driver.token(job)
    assert before.proves and before == place.driver.token(job)
    primary.set(NAME, f"www.{NAME}", "A", "192.0.2.9")
    assert place.driver.token(job) != before


def test_an_apply_teaches_that_a_serial_is_silent(powerdns: PowerDNS, tmp_path: Path) -> None:
    """A zone of other tools, whose SOA-EDIT-API is off: its token signals nothing and proves nothing."""
    powerdns.create(NAME, soa_edit_api="OFF")
    powerdns.set(NAME, NAME, "NS")
    place = Place(tmp_path, powerdns.environment)
    settled = applied(place, files(powerdns)).resources
    assert settled[OF_ZONE].values[SERIAL] == SILENT
    assert not place.driver.token(replace(place.job(files(powerdns)), settled=lambda: settled)).proves


def test_what_was_learned_is_no_drift(powerdns: PowerDNS, tmp_path: Path) -> None:
    """The next plan says of the zone what was settled, although no server tells it."""
    powerdns.create(NAME)
    powerdns.set(NAME, NAME, "NS")
    place = Place(tmp_path, powerdns.environment)
    settled = applied(place, files(powerdns)).resources
    plan = place.plan(files(powerdns), settled=lambda: settled)
    assert plan.empty
    assert plan.real == settled


def test_before_anything_was_settled_there_is_no_token(powerdns: PowerDNS, tmp_path: Path) -> None:
    """Which zones there are is not known without octoDNS."""
    place = Place(tmp_path, powerdns.environment)
    assert not place.driver.token(place.job(files(powerdns))).exists


@pytest.mark.parametrize("disabled", [True, False])
def test_a_record_that_was_disabled_by_hand_is_in_the_plan(powerdns: PowerDNS, tmp_path: Path, disabled: bool) -> None:
    """The plan is empty, since octoDNS reads it as live; the zone has a child that it had not before."""
    place = Place(tmp_path, powerdns.environment)
    applied(place, files(powerdns))
    powerdns.set(NAME, f"www.{NAME}", "A", "192.0.2.1", ttl=60, disabled=disabled)
    plan = place.plan(files(powerdns))
    assert plan.empty
    assert f"{OF_ZONE}/disabled" in plan.watched
    assert [child.key for child in plan.children or () if child.kind == "disabled"] == ["www A 192.0.2.1"] * disabled
