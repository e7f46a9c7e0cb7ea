"""A zone of 60,000 records: read, planned, applied; and what a server says of a request that is too big for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.servers import powerdns as powerdns
from tests.dns.servers import running
from tests.terraform.jobs import Diary
from trueup.model.plan import Outcome


def zone(records: int) -> str:
    return "".join(
        f"h{number:05}:\n  ttl: 300\n  type: A\n  value: 10.{number // 250 % 250}.7.{number % 250}\n"
        for number in range(records)
    )


@pytest.fixture
def generous(tmp_path: Path) -> Iterator[PowerDNS]:
    """Takes requests of 64 MB."""
    with running(PowerDNS(tmp_path / "generous", webserver_max_bodysize="64")) as server:
        yield server


def test_sixty_thousand_records(generous: PowerDNS, tmp_path: Path) -> None:
    """In one request; the journal names the first thousand, and S has every one."""
    place, diary = Place(tmp_path, generous.environment), Diary()
    files = {CONFIG: config(generous.provider(timeout=300)), ZONE: zone(60_000)}
    applied = place.apply(files, diary, spec={"verify": "0s"})
    assert applied.complete and len(applied.resources) == 60_001
    assert len(diary.reported()) == 1000


def test_a_request_that_is_too_big_names_the_servers_setting(powerdns: PowerDNS, tmp_path: Path) -> None:
    """PowerDNS takes 2 MB unless told otherwise. Nothing was done, and that is told of every record."""
    place = Place(tmp_path, powerdns.environment)
    files = {CONFIG: config(powerdns.provider(timeout=300)), ZONE: zone(20_000)}
    refused = place.apply(files, spec={"verify": "0s"})
    assert not refused.complete and "webserver-max-bodysize" in refused.error
    assert set(refused.outcomes.values()) == {Outcome.FAILED} and len(refused.outcomes) == 20_001
