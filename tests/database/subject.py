"""A database in the suite that every driver passes: a Flyway project on a real PostgreSQL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.database.jobs import Place, files
from tests.database.servers import OWNER, Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.spec import DatabaseSpec
from trueup.model.plan import Address, Resource
from trueup.model.stack import Purpose
from trueup.ports.driver import Job
from trueup.ports.tree import Tree

CANARY = "canary-52ab90-secret"
FIRST = {
    "V1__users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
    "V2__token.sql": "CREATE FUNCTION token() RETURNS text LANGUAGE sql AS $$ SELECT '${token}' $$;\n",
}
ADDED = {"V3__active.sql": "ALTER TABLE users ADD active boolean;\n"}
REFUSED = {"V3__nowhere.sql": "-- ${token}\nALTER TABLE nowhere ADD active boolean;\n"}


class DatabaseSubject:
    """A Subject (tests/conformance/subject.py)."""

    canary = CANARY
    settled: Mapping[Address, Resource] | None = None

    def __init__(self, server: Server, database: str, directory: Path) -> None:
        self.driver = DatabaseDriver()
        self._server, self._database = server, database
        self._place = Place(directory, server.url(database, OWNER), secrets={"env:TOKEN": CANARY})
        self._made = self._transactions()

    @property
    def lines(self) -> Sequence[str]:
        return self._place.lines

    def first(self) -> Tree:
        return files(FIRST)

    def second(self) -> Tree:
        return files({**FIRST, **ADDED})

    def mistaken(self) -> Tree:
        return files({**FIRST, "flyway.toml": "[flyway]\nlocations = = 3\n"})

    def rejected(self) -> Tree:
        return files({**FIRST, **REFUSED})

    def job(self, tree: Tree, purpose: Purpose, **changes: Any) -> Job[DatabaseSpec]:
        spec = {"placeholders": {"token": "env:TOKEN"}}
        return self._place.job(tree, purpose, spec, **{"settled": lambda: self.settled, **changes})

    def drift(self) -> Address:
        self._server.execute("CREATE INDEX hotfix ON users (email)", self._database, OWNER)
        return Address("index.public.hotfix")

    def writes(self) -> int:
        """Transactions that wrote anything took a number."""
        return self._transactions() - self._made

    def _transactions(self) -> int:
        with self._server.connect(self._database) as connection:
            row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        assert row is not None
        return int(row[0])
