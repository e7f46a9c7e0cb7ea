"""Every change of one object that pg_dump -s sees, a snapshot sees. Nothing else makes a difference."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest

from tests.database.catalog_changes import RELATIONS
from tests.database.catalog_other_changes import OTHERS
from tests.database.catalog_start import ROLES, START, TABLESPACES, Change
from tests.database.servers import Server
from trueup.drivers.database.catalog.catalog import snapshot
from trueup.model.plan import Address, Resource
from trueup.model.values import masked

CHANGES = {**RELATIONS, **OTHERS}
# Debian's 15 has all of contrib, the wheel's 18 has one extension.
EXTENSIONS = {15: ("citext", "public.citext_hash(public.citext)"), 18: ("vector", "public.vector_dims(public.vector)")}


@dataclass(frozen=True)
class Seen:
    """One database, as both see it."""

    dump: str
    snapshot: Mapping[Address, Resource]


class Playground:
    """Databases with START in them. One change after the other goes into the same, because a new one and its dump take
    most of the time; a new one is taken where a change does not fit any more: it fails, or pg_dump sees no change."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.extension, self.member = EXTENSIONS[server.major]
        with server.connect() as connection:
            for tablespace in TABLESPACES:
                connection.execute(tablespace)
        server.execute(ROLES)
        self.databases = ExitStack()
        self.template = self.databases.enter_context(server.fresh_database())
        server.execute(f"CREATE EXTENSION {self.extension}", self.template)
        server.execute(START, self.template)
        with self.server.connect(self.template) as self.connection:
            self.start = self.seen(self.template)
        self.renew()

    def renew(self) -> None:
        """The one before it stays until the end: dropping waits for a checkpoint."""
        self.database = self.databases.enter_context(self.server.fresh_database(self.template))
        self.connection = self.databases.enter_context(self.server.connect(self.database))
        self.now = self.start

    def seen(self, database: str) -> Seen:
        lines = self.server.run("pg_dump", database, "--schema-only").splitlines()
        # A token against injection, which is another one each time.
        kept = [line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))]
        taken = snapshot(self.connection, secret=lambda value: masked(f"hash of {value}"))
        return Seen("\n".join(kept), taken)

    def run(self, sql: str) -> Seen:
        self.connection.execute(sql.replace("{extension}", self.extension).replace("{member}", self.member))
        self.now = self.seen(self.database)
        return self.now

    def apply(self, change: Change) -> tuple[Seen, Seen]:
        """Before and after."""
        before = self.run(change.before) if change.before else self.now
        return before, self.run(change.sql)


@pytest.fixture(scope="session")
def playground15(postgres15: Server) -> Iterator[Playground]:
    playground = Playground(postgres15)
    with playground.databases:
        yield playground


@pytest.fixture(scope="session")
def playground18(postgres18: Server) -> Iterator[Playground]:
    playground = Playground(postgres18)
    with playground.databases:
        yield playground


@pytest.fixture
def playground(request: pytest.FixtureRequest) -> Playground:
    found: Playground = request.getfixturevalue(f"playground{request.param}")
    return found


CASES = [
    pytest.param(major, change, id=f"{major}-{name}")
    for major in EXTENSIONS
    for name, change in CHANGES.items()
    if change.since <= major <= change.until
]


@pytest.mark.parametrize(("playground", "change"), CASES, indirect=["playground"])
def test_a_snapshot_sees_what_pg_dump_sees(playground: Playground, change: Change) -> None:
    """One change of one object: where pg_dump -s says something else, the snapshot is another one."""
    try:
        before, after = playground.apply(change)
        fits = before.dump != after.dump
    except psycopg.Error:
        fits = False
    if not fits:
        playground.renew()
        before, after = playground.apply(change)
    assert (before.dump != after.dump) is not change.unseen
    assert before.snapshot != after.snapshot


def test_the_corpus_is_large() -> None:
    """What the completeness is measured with."""
    assert len(CHANGES) > 400
