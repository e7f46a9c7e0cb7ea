"""Every change of one object that a person may make by hand can be written down and taken back, or is declined."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing

import psycopg
import pytest

from tests.database.catalog_changes import RELATIONS
from tests.database.catalog_other_changes import OTHERS
from tests.database.catalog_start import ROLES, START, TABLESPACES, Change
from tests.database.servers import Server, running
from tests.database.test_catalog_completeness import EXTENSIONS
from trueup.drivers.database.catalog.catalog import snapshot
from trueup.drivers.database.codify_text import guarded
from trueup.drivers.database.ddl.ddl import difference
from trueup.drivers.database.ddl.draft import Draft
from trueup.model.plan import Address, Resource
from trueup.model.values import masked

Snapshot = Mapping[Address, Resource]
CHANGES = {**RELATIONS, **OTHERS}
BY_HAND = (
    "CREATE TRUSTED LANGUAGE", "DROP LANGUAGE", "ALTER LANGUAGE", "COMMENT ON LANGUAGE", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "SUBSCRIPTION", "USER MAPPING FOR app", "security label",
    "base type", "an invalid index", "order of columns", "domain: another type", "generated: another expression",
    "ALTER FOREIGN DATA WRAPPER files VALIDATOR", "SELECT of a system column",
)  # fmt: skip
"""Changes that no statement here writes, one way or both: made of C, secret, or of something that is made anew."""
NOT_BACK = (
    "ALTER TYPE shop.mood ADD VALUE", "shop.users: DROP COLUMN born", "ALTER TYPE shop.point3 DROP ATTRIBUTE",
    "ALTER shout DROP EXPRESSION", "ALTER TABLE shop.dogs NO INHERIT", "ALTER INDEX shop.orders_placed ATTACH",
    "ALTER SERVER archive VERSION", "pg_catalog", "ON FUNCTION {member}", "ON LANGUAGE plpgsql FROM",
)  # fmt: skip
"""Changes that can be written, and not taken back: a column comes back at the end."""


class Pair:
    """Two equal databases: on one a person works, on the other what was written down is run."""

    def __init__(self, server: Server, template: str) -> None:
        self._server, self._template, self._stack = server, template, ExitStack()
        self.fresh = False

    def renew(self) -> None:
        """Unless both are again what they were: making databases takes most of the time."""
        if self.fresh:
            return
        self._stack.close()
        self.by_hand, self.written = (
            self._stack.enter_context(
                closing(self._server.connect(self._stack.enter_context(self._server.fresh_database(self._template))))
            )
            for _ in range(2)
        )

    def close(self) -> None:
        self._stack.close()


def prepared(server: Server) -> Iterator[Pair]:
    with server.connect() as connection:
        for tablespace in TABLESPACES:
            connection.execute(tablespace)
        connection.execute(ROLES)
    with server.fresh_database() as template:
        server.execute(f"CREATE EXTENSION {EXTENSIONS[server.major][0]}; {START}", template)
        with closing(Pair(server, template)) as pair:
            yield pair


@pytest.fixture(scope="session")
def pair15() -> Iterator[Pair]:
    """On a server of its own: its roles and tablespaces are of the server."""
    with running(15) as server:
        yield from prepared(server)


@pytest.fixture(scope="session")
def pair18() -> Iterator[Pair]:
    with running(18) as server:
        yield from prepared(server)


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(f"pair{request.param}")
    return found


def look(connection: psycopg.Connection[object]) -> Snapshot:
    return snapshot(connection, secret=lambda value: masked(f"hash of {value}"))


CASES = [
    pytest.param(major, (name, change), id=f"{major}-{name}")
    for major in EXTENSIONS
    for name, change in CHANGES.items()
    # On 18 only what is new there: the statements are the same.
    if change.since <= major <= change.until and (major == 15 or change.since > 15)
]


@pytest.mark.parametrize(("pair", "named"), CASES, indirect=["pair"])
def test_a_change_by_hand_is_written_down_and_taken_back(pair: Pair, named: tuple[str, Change]) -> None:
    """What is written makes exactly what the hand made, on another database; and what undoes it makes what was."""
    name, change = named
    pair.renew()
    pair.fresh = False
    extension, member = EXTENSIONS[pair.by_hand.info.server_version // 10000]
    sql, first = (
        each.replace("{extension}", extension).replace("{member}", member) for each in (change.sql, change.before)
    )
    if first:
        pair.by_hand.execute(first)
        pair.written.execute(first)
    before = look(pair.by_hand)
    pair.by_hand.execute(sql)
    after = look(pair.by_hand)
    draft = difference(before, after)
    by_hand = any(each in name for each in BY_HAND)
    assert by_hand or not draft.declined
    assert all(each.reason for each in draft.declined)
    if not draft.declined:
        for _ in range(2):  # a Flyway on the database that drifted runs it as well, and finds nothing to do
            run(pair.written, tuple(map(guarded, draft.changes)))
            assert look(pair.written) == after
    back = difference(after, before)
    assert by_hand or bool(back.declined) is any(each in name for each in NOT_BACK), back.declined
    assert not by_hand or draft.declined or back.declined
    if not back.declined:
        for connection in (pair.by_hand, *([] if draft.declined else [pair.written])):
            run(connection, back.statements)
            assert look(connection) == before
        pair.fresh = not first and not draft.declined


def run(connection: psycopg.Connection[object], statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(statement)


def test_nothing_is_written_where_nothing_differs(postgres15: Server) -> None:
    """Of a whole schema."""
    with postgres15.fresh_database() as name:
        postgres15.execute(
            "CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x'); CREATE VIEW v AS SELECT a FROM t", name
        )
        with postgres15.connect(name) as connection:
            structure = look(connection)
    assert difference(structure, structure) == Draft(())
