"""Fixtures: real name servers on loopback, one for each test that asks; absent ones skip it by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.dns.powerdns import PowerDNS
from tests.dns.primaries import Bind, Knot, Primary
from tests.dns.process import Absent, NameServer

ServerT = TypeVar("ServerT", bound=NameServer)


@contextmanager
def running(server: ServerT) -> Iterator[ServerT]:
    """Skips the test by name where the program is absent."""
    try:
        server.start()
    except Absent as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def powerdns(tmp_path: Path) -> Iterator[PowerDNS]:
    """A PowerDNS without zones, for this test alone."""
    with running(PowerDNS(tmp_path / "powerdns")) as server:
        yield server


@pytest.fixture
def knot(tmp_path: Path) -> Iterator[Knot]:
    """A Knot with the zone example.com., for this test alone."""
    with running(Knot(tmp_path / "knot", {"example.com.": ""})) as server:
        yield server


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Bind]:
    """A BIND with the zone example.com., for this test alone."""
    with running(Bind(tmp_path / "bind", {"example.com.": ""})) as server:
        yield server


@pytest.fixture(params=[Knot, Bind], ids=["knot", "bind"])
def primary(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Primary]:
    """Each of the two servers that take RFC 2136 updates, with the zone example.com., for this test alone."""
    with running(request.param(tmp_path / "primary", {"example.com.": ""})) as server:
        yield server
