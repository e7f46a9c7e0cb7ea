"""What happens when the database cannot: each has a message that says so, and nothing is half written."""

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from tests.store import nouns
from trueup.adapters.store import connect
from trueup.adapters.store.store import SqlStore, open_store
from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.ports.store import LedgerFilter


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trueup.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{file}", nouns.a_key())
    yield store
    store.close()


def test_a_full_disk_under_sqlite(store: SqlStore) -> None:
    """SQLite's own limit on pages stands for the disk: clear words, and the ledger stays whole."""

    def small(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    with store.transaction() as transaction:
        transaction.record(nouns.a_draft())
    store._engine.dispose()
    event.listen(store._engine, "connect", small)
    with (
        pytest.raises(Unavailable, match=r"the disk that holds the database .* is full") as caught,
        store.transaction() as full,
    ):
        full.record(nouns.a_draft())
        full.seal("state", "app", bytes(100_000))
    assert "nothing of this transaction was written" in str(caught.value)
    with store.transaction() as transaction:
        assert len(transaction.entries(LedgerFilter())) == 1
    assert store.verify_ledger().intact


def test_a_full_disk_under_postgres(postgres: str) -> None:
    """The server says disk_full (53100) in the middle of the transaction."""
    store = open_store(postgres, nouns.a_key())
    server = create_engine(connect.parse(postgres))
    with server.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
            )
        )
        connection.execute(text("CREATE TRIGGER no_room BEFORE INSERT ON blobs EXECUTE FUNCTION full_disk()"))
    with pytest.raises(Unavailable, match=r"the disk of the database .* is full"), store.transaction() as transaction:
        transaction.record(nouns.a_draft())
        transaction.seal("state", "app", b"content")
    assert store.verify_ledger().size == 0
    server.dispose()
    store.close()


def test_a_server_that_is_not_there() -> None:
    """No connection is Unavailable, and says where it was tried, without the password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=r"the database trueup at 127\.0\.0\.1 does not answer") as caught:
            open_store(f"postgresql://trueup:s3cret@127.0.0.1:{port}/trueup", nouns.a_key())
    assert "s3cret" not in str(caught.value)


def test_a_server_that_goes_away(postgres: str) -> None:
    """A connection cut in the middle of a transaction is Unavailable; the next transaction gets a new one."""
    store = open_store(postgres, nouns.a_key())
    server = create_engine(connect.parse(postgres), isolation_level="AUTOCOMMIT")
    with pytest.raises(Unavailable, match="does not answer"), store.transaction() as transaction:
        transaction.record(nouns.a_draft())
        with server.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'trueup'"
            connection.execute(text(others))
        transaction.record(nouns.a_draft())
    with store.transaction() as transaction:
        assert transaction.record(nouns.a_draft()).seq == 0
    server.dispose()
    store.close()


def test_a_database_that_does_not_exist(postgres: str) -> None:
    """The server's own words are in the message."""
    absent = connect.parse(postgres).set(database="absent", drivername="postgresql")
    with pytest.raises(Unavailable, match='database "absent" does not exist'):
        open_store(absent.render_as_string(hide_password=False), nouns.a_key())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_lock_that_nobody_gives_back(
    kind: str, file: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waited for, and then Unavailable."""
    monkeypatch.setattr(connect, "DATABASE_PATIENCE", 0.2)
    monkeypatch.setitem(connect.SESSION, "options", "-c lock_timeout=200ms")
    url = f"sqlite:///{file}" if kind == "sqlite" else request.getfixturevalue("postgres")
    store = open_store(url, nouns.a_key())
    with store.transaction() as holding:
        holding.record(nouns.a_draft())
        with pytest.raises(Unavailable, match="locked by another writer"), store.transaction() as waiting:
            waiting.record(nouns.a_draft())
    assert store.verify_ledger().size == 1
    store.close()


def test_a_file_that_is_no_database(file: Path) -> None:
    """Somebody's other file is not overwritten."""
    file.write_bytes(b"this is a text, and it is longer than the header of a database would be" * 10)
    before = file.read_bytes()
    with pytest.raises(Invalid, match="damaged or not a database"):
        open_store(f"sqlite:///{file}", nouns.a_key())
    assert file.read_bytes() == before


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_none(url: str) -> None:
    """The message shows the two forms that work."""
    with pytest.raises(Invalid, match="sqlite:////path/to/file or postgresql://"):
        open_store(url, nouns.a_key())


def test_a_file_that_may_not_be_written(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-only is a refusal with what to look at."""

    def read_only(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    store._engine.dispose()
    event.listen(store._engine, "connect", read_only)
    with pytest.raises(Refused, match="may not be written"), store.transaction() as transaction:
        transaction.put_fact("a", "b")
