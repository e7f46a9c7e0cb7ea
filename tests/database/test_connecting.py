"""Connecting to databases: by URL, with TLS or without, and in words when the server says no."""

from pathlib import Path

import pytest

from tests.database.servers import OWNER, Server
from trueup.drivers.database.client import dialect_of
from trueup.drivers.database.dialect import Options
from trueup.model.errors import Invalid, Rejected, Unavailable

WRITING = Options(read_only=False)


def test_a_url_leads_to_a_database(server: Server, database: str) -> None:
    """Its version, and an identity that every connection to it shares and no other database has."""
    url = server.url(database, OWNER)
    with dialect_of(url).connect(url, Options()) as one, dialect_of(url).connect(url, WRITING) as two:
        assert one.major == server.major and one.version.startswith(f"PostgreSQL {server.major}")
        assert (one.user, one.schema) == (OWNER, "public")
        assert one.identity == two.identity
    with server.fresh_database() as other, dialect_of(url).connect(server.url(other), Options()) as third:
        assert third.identity != one.identity


def test_flyways_own_kind_of_url_is_read(server: Server, database: str) -> None:
    """JDBC's parameters become libpq's, and its current schema the search path."""
    server.execute("CREATE SCHEMA app", database)
    url = (
        f"jdbc:postgresql://127.0.0.1:{server.port}/{database}?user={OWNER}&password=correct%20horse&currentSchema=app"
    )
    server.execute(f"GRANT ALL ON SCHEMA app TO {OWNER}", database)
    with dialect_of(url).connect(url, Options()) as found:
        assert found.schema == "app"


def test_credentials_come_from_the_job_and_never_from_our_own_process(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PG variables of the job's environment count; those of the process that runs Trueup do not."""
    url = f"postgresql://{OWNER}@127.0.0.1:{server.port}/{database}"
    monkeypatch.setenv("PGPASSWORD", "correct horse")
    with pytest.raises(Rejected, match="no password supplied"), dialect_of(url).connect(url, Options()):
        pass
    given = Options(environment={"PGPASSWORD": "correct horse"})
    with dialect_of(url).connect(url, given) as found:
        assert found.user == OWNER


def test_a_connection_for_plans_cannot_write(server: Server, database: str) -> None:
    """The server itself refuses."""
    url = server.url(database, OWNER)
    with dialect_of(url).connect(url, Options()) as found, pytest.raises(Rejected, match="read-only transaction"):
        found.execute("CREATE TABLE notes (id integer)")


@pytest.mark.parametrize(
    ("url", "kind", "words", "advice"),
    [
        ("postgresql://owner:wrong@127.0.0.1:{port}/postgres", Rejected, "password authentication failed", "password"),
        ("postgresql://owner@127.0.0.1:{port}/postgres", Rejected, "no password supplied", "password"),
        ("postgresql://owner:correct%20horse@127.0.0.1:{port}/nowhere", Rejected, '"nowhere" does not exist', "create"),
        ("postgresql://owner@no-such-host.invalid/postgres", Unavailable, "no-such-host.invalid", "host"),
        ("postgresql://owner@127.0.0.1:1/postgres", Unavailable, "refused", "port"),
        (
            "postgresql://owner:correct%20horse@127.0.0.1:{port}/postgres?sslmode=require",
            Rejected,
            "server does not support SSL",
            "sslmode",
        ),
    ],
    ids=["wrong password", "no password", "no database", "no host", "no server", "no TLS"],
)
def test_a_refused_connection_is_explained(
    postgres15: Server, url: str, kind: type[Exception], words: str, advice: str
) -> None:
    """What the server or the network said, and what to look at; never a password."""
    address = url.format(port=postgres15.port)
    with pytest.raises(kind, match=words) as caught, dialect_of(address).connect(address, Options()):
        pass
    assert advice in caught.value.hint  # type: ignore[attr-defined]
    assert "wrong@" not in str(caught.value) and "?" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://root:secret@db/app", "secret", "postgresql://a:secret@[/b", "sqlite:app.db"])
def test_an_address_that_is_none_is_invalid_and_not_repeated(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(Invalid) as caught, dialect_of(url).connect(url, Options()):
        pass
    assert caught.value.hint and "secret" not in str(caught.value)


def test_a_file_is_a_database_too(tmp_path: Path) -> None:
    """SQLite, with slashes or without, to be written and to be read only."""
    path = tmp_path / "app one.db"
    with dialect_of("sqlite:").connect(f"sqlite:{path}", WRITING) as written:
        written.execute("CREATE TABLE notes (id integer); INSERT INTO notes VALUES (1)")
    for url in (f"sqlite://{path}", f"jdbc:sqlite:{path}".replace(" ", "%20")):
        with dialect_of(url).connect(url, Options()) as read:
            assert read.query("SELECT id FROM notes") == [(1,)]
            with pytest.raises(Rejected, match="readonly"):
                read.execute("DELETE FROM notes")
    with pytest.raises(Rejected, match="does not exist"), dialect_of(url).connect(f"{url}x", Options()):
        pass
