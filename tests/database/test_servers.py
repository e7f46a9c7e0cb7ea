"""The servers that the tests of databases run on."""

import psycopg
import pytest

from tests.database.servers import OWNER, READER, Server


def test_owner_creates_and_reader_reads_catalogs_only(server: Server, database: str) -> None:
    """Two roles without privileges of an administrator, over TCP with a password."""
    with psycopg.connect(server.url(database, OWNER)) as connection:
        connection.execute("CREATE TABLE notes (id integer)")
    with psycopg.connect(server.url(database, READER)) as connection:
        counted = connection.execute("SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'notes'").fetchone()
        assert counted == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM notes")
    assert server.run("psql", database, "-Atc", "SHOW server_version_num").startswith(str(server.major))


def test_a_wrong_password_is_refused_over_tcp(server: Server) -> None:
    """TCP asks for a password; the socket does not."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url(password="wrong"))
    with server.connect() as connection:
        assert connection.info.server_version // 10000 == server.major
