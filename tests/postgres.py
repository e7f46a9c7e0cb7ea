"""A real PostgreSQL for everything but the database driver: a fresh database for each test, on a server of
tests/database/servers.py."""

from collections.abc import Iterator

import pytest

from tests.database.servers import Server


@pytest.fixture
def postgres(postgres18: Server) -> Iterator[str]:
    """The address of an empty database: postgresql://..."""
    with postgres18.fresh_database() as name:
        yield postgres18.url(name)
