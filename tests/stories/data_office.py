"""The office of the database stories: one Flyway project, a staging and a production database on a real PostgreSQL, a
Trueup beside them, services that run Flyway when they start, and people with a psql."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import yaml

from tests.database.servers import OWNER, READER, Server
from tests.stories.office import Office, scheduler_of, signature
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Options as Connection
from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history.history import applied, next_rank, resolve
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.spec import FlywaySpec
from trueup.model.drift import Drift
from trueup.model.people import Identity
from trueup.model.run import Run, RunKind
from trueup.model.stack import Stack
from trueup.ports.forge import Forge
from trueup.ports.store import RunFilter
from trueup.ports.tree import StoredTree
from trueup.wiring import Options, installation

HISTORY = Table("public", "flyway_schema_history")
PROJECT = "services/orders/db"
PEOPLE = ("anna", "ben", "carla", "mira")
FIRST = {
    "V1__orders.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, placed timestamptz);\n",
    "V2__open.sql": "CREATE VIEW open_orders AS SELECT id FROM orders WHERE placed IS NULL;\n",
}


@dataclass(frozen=True)
class DataOffice(Office):
    """Stacks are called by their environment: `prod`, `staging`."""

    server: Server
    databases: Mapping[str, str]
    rules: dict[str, Any]
    """trueup.yaml as it is now."""

    def stack(self, short: str) -> Stack:
        with self.site.store.transaction() as tx:
            return next(stack for stack in tx.stacks() if stack.environment == short)

    def newest(self, short: str, kind: RunKind = RunKind.DELIVERY) -> Run:
        wanted = RunFilter(stack=self.stack(short).id, kinds=frozenset({kind}))
        with self.site.store.transaction() as tx:
            return tx.runs(wanted)[0]

    def adopt(self, *shorts: str, by: str = "carla") -> None:
        super().adopt(*(shorts or ("staging", "prod")), by=by)

    def govern(self, mode: str, *shorts: str) -> None:
        """Carla changes the control repository."""
        for short in shorts or ("staging", "prod"):
            self.rules["environments"][short]["mode"] = mode
        (self.control / "trueup.yaml").write_text(yaml.safe_dump(self.rules, sort_keys=False))
        git = self.terminal.having(signature("carla"))
        git.git(self.control, "commit", "--quiet", "--allow-empty", "-am", f"{mode} {shorts}")
        self.look()

    def pushed(self, files: Mapping[str, str], *, by: str = "ben", message: str = "Migrations") -> str:
        """Somebody writes files of the project and pushes; Trueup does not look yet. The commit."""
        git = self.terminal.having(signature(by))
        git.git(self.laptop, "fetch", "--quiet", "origin")
        git.git(self.laptop, "checkout", "--quiet", "-B", "main", "origin/main")
        for name, text in files.items():
            (self.laptop / PROJECT / name).write_text(text)
        git.git(self.laptop, "add", "--all")
        git.git(self.laptop, "commit", "--quiet", "-m", message)
        git.git(self.laptop, "push", "--quiet", "origin", "main")
        return git.git(self.laptop, "rev-parse", "HEAD").strip()

    def starts(self, short: str) -> None:
        """A service of that environment starts, and runs Flyway with what is on the branch."""
        where = self.laptop.parent / "service"
        self.terminal.git(self.laptop.parent, "clone", "--quiet", str(self.bare), str(where))
        found = {f"{PROJECT}/{path.name}": path.read_bytes() for path in (where / PROJECT).iterdir()}
        shutil.rmtree(where)
        flyway(self.server, self.databases[short], StoredTree("branch", found))

    def by_hand(self, short: str, statement: str, who: str = OWNER) -> None:
        """Somebody with a psql."""
        self.server.execute(statement, self.databases[short], who)

    def watched(self, short: str) -> None:
        """The administrator of the database installs the event triggers."""
        with Postgres().connect(self.server.url(self.databases[short]), Connection(read_only=False)) as connection:
            watch.install(connection, READER)

    def hired(self, name: str) -> None:
        """Somebody gets a role of their own on the server."""
        exists = f"SELECT FROM pg_roles WHERE rolname = '{name}'"
        self.server.execute(
            f"DO $$ BEGIN IF NOT EXISTS ({exists}) THEN CREATE ROLE {name} LOGIN IN ROLE {OWNER}; END IF; END $$"
        )

    def asked(self, short: str, query: str) -> list[tuple[Any, ...]]:
        with self.server.connect(self.databases[short]) as connection:
            return connection.execute(query.encode()).fetchall()

    def scripts(self, short: str) -> list[str]:
        """What the history says was applied, in order."""
        return [
            name for (name,) in self.asked(short, "SELECT script FROM flyway_schema_history ORDER BY installed_rank")
        ]

    def drift(self, drift: Drift) -> Drift:
        return self.site.drifts.drift(drift.id)

    @property
    def forge(self) -> Forge:
        forge = self.site.forges("data")
        assert forge is not None
        return forge

    def approve(self, run: Run, by: str = "carla") -> None:
        self.site.runs.approve(run.id, Identity("name", by))
        self.look(3)


def flyway(server: Server, database: str, tree: StoredTree) -> None:
    """What Flyway does when it migrates: each pending file and its row, in one transaction where that is allowed."""
    dialect = Postgres()
    writing = Connection(read_only=False, application="Flyway")
    url = server.url(database, OWNER)
    migrations = read_migrations(tree, PROJECT, FlywaySpec(), {})
    with dialect.held(url, HISTORY, writing), dialect.connect(url, writing) as connection:
        if connection.rows(HISTORY) is None:
            connection.create_history(HISTORY)
        for each in resolve(migrations, connection.rows(HISTORY) or (), migrations.settings).pending:
            statements = dialect.split(each.sql, each.path)
            together = all(statement.in_transaction for statement in statements)
            with connection.transaction() if together else nullcontext():
                for statement in statements:
                    connection.run(statement)
                connection.add_row(HISTORY, applied(each, next_rank(connection.rows(HISTORY) or ()), OWNER))


@contextmanager
def open_data_office(server: Server, place: Path) -> Iterator[DataOffice]:
    """Both databases are as Flyway left them; Trueup only observes, with a role that may read."""
    home = place / "home"
    home.mkdir()
    alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(home)}
    terminal = Terminal(place, {"PATH": os.environ["PATH"], **alone})
    bare, laptop, control = place / "data.git", place / "laptop", place / "control"
    terminal.git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    for directory in (laptop, control):
        directory.mkdir()
        terminal.git(directory, "init", "--quiet", "--initial-branch=main")
    terminal.git(laptop, "remote", "add", "origin", str(bare))
    (laptop / PROJECT).mkdir(parents=True)
    for name, text in FIRST.items():
        (laptop / PROJECT / name).write_text(text)
    with server.fresh_database() as staging, server.fresh_database() as prod:
        databases = {"staging": staging, "prod": prod}
        rules = first_rules(bare, place, server, databases)
        (control / "trueup.yaml").write_text(yaml.safe_dump(rules, sort_keys=False))
        for directory, who in ((laptop, "anna"), (control, "carla")):
            terminal.git(directory, "add", "--all")
            terminal.having(signature(who)).git(directory, "commit", "--quiet", "-m", "Begin")
        terminal.git(laptop, "push", "--quiet", "origin", "main")
        for database in databases.values():
            server.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader", database, OWNER)
            flyway(server, database, StoredTree("first", {f"{PROJECT}/{n}": t.encode() for n, t in FIRST.items()}))
        around = patch.dict(os.environ, {"HOME": str(home)})
        with around, installation(Options(place / "data", str(control)), None) as installed:
            office = DataOffice(
                cast(Cloud, None),
                terminal,
                bare,
                laptop,
                control,
                installed,
                scheduler_of(installed),
                server,
                databases,
                rules,
            )
            office.look()
            yield office


def first_rules(bare: Path, place: Path, server: Server, databases: Mapping[str, str]) -> dict[str, Any]:
    """trueup.yaml: addresses of databases are secrets in files; plans have a role that only reads."""
    for short, database in databases.items():
        (place / f"{short}.url").write_text(server.url(database, OWNER))
        (place / f"{short}.plan").write_text(server.url(database, READER))
    return {
        "apiVersion": "trueup.dev/v1",
        "mode": "observe",
        "repositories": {"data": {"url": str(bare)}},
        "stacks": [
            {
                "flyway": f"data//{PROJECT}",
                "envs": ["staging", "prod"],
                "url": f"file:{place}/{{env}}.url",
                "planUrl": f"file:{place}/{{env}}.plan",
            }
        ],
        "environments": {
            "staging": {"mode": "observe", "critical": False, "sandbox": "preferred"},
            "prod": {"mode": "observe", "critical": False, "sandbox": "preferred"},
        },
        # The URLs carry all that is needed.
        "credentials": [{"match": {"env": "*"}, "plan": {}, "apply": {}}],
        "people": {name: {"email": [f"{name}@acme.example"], "database": [name]} for name in PEOPLE},
    }
