"""The drivers that the suite runs against: each name has a fixture `NAME_subject`. A new driver adds its own here."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conformance.subject import Subject
from tests.database.servers import Server
from tests.database.subject import DatabaseSubject
from tests.dns.powerdns import PowerDNS
from tests.dns.servers import powerdns as powerdns
from tests.dns.subject import DnsSubject
from tests.terraform.subject import TerraformSubject
from trueup.demo.cloud import Cloud

DRIVERS = ("database", "dns", "terraform")


@pytest.fixture(params=DRIVERS)
def subject(request: pytest.FixtureRequest) -> Subject:
    """An empty stack of each driver."""
    found: Subject = request.getfixturevalue(f"{request.param}_subject")
    return found


@pytest.fixture
def database_subject(postgres15: Server, tmp_path: Path) -> Iterator[DatabaseSubject]:
    """A Flyway project on an empty PostgreSQL database."""
    with postgres15.fresh_database() as name:
        yield DatabaseSubject(postgres15, name, tmp_path)


@pytest.fixture
def dns_subject(powerdns: PowerDNS, tmp_path: Path) -> DnsSubject:
    """A zone on a PowerDNS of its own."""
    return DnsSubject(powerdns, tmp_path)


@pytest.fixture
def terraform_subject(cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path) -> TerraformSubject:
    """A security group and a secret on the emulated AWS, with the state in S3."""
    return TerraformSubject(cloud, tf_environment, tmp_path, f"c{uuid4().hex[:12]}")
