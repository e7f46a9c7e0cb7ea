"""The schema comes up by itself, once, and a newer one is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from tests.store import nouns
from trueup.adapters.store.connect import connect, parse
from trueup.adapters.store.migrate import migrate, schema_version
from trueup.adapters.store.store import open_store
from trueup.adapters.store.tables import METADATA
from trueup.model.errors import Refused


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/trueup.db"
    found: str = request.getfixturevalue("postgres")
    return found


def test_the_migrations_make_the_tables_that_queries_use(url: str) -> None:
    """Alembic finds nothing left to do between the migrated database and the tables in the code."""
    engine = connect(parse(url))
    migrate(engine, "here")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_processes_that_start_together_migrate_once(url: str) -> None:
    """Each waits for the lock and finds the work done."""
    key = nouns.a_key()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(url, key), range(4)))
    for store in stores:
        assert store.verify_ledger().size == 0
        store.close()


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    """The message names the version; the database keeps it, and its data."""
    key = nouns.a_key()
    store = open_store(url, key)
    with store.transaction() as transaction:
        transaction.put_fact("cursor", "17")
    store.close()
    engine = connect(parse(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version_num = 'v9999'"))
    with pytest.raises(Refused, match="has the schema v9999") as caught:
        open_store(url, key)
    assert "run the newer trueup" in str(caught.value)
    with engine.connect() as connection:
        assert schema_version(connection) == "v9999"
        assert connection.scalar(text("SELECT value FROM facts WHERE name = 'cursor'")) == "17"
    engine.dispose()


def test_another_key_does_not_even_migrate(url: str) -> None:
    """A wrong key on an older database leaves it as old as it was."""
    ours = nouns.a_key()
    open_store(url, ours).close()
    engine = connect(parse(url))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM schema_version"))
    with pytest.raises(Refused, match=f"sealed with the key {ours.key_id}"):
        open_store(url, nouns.a_key())
    with engine.connect() as connection:
        assert schema_version(connection) is None
    engine.dispose()
