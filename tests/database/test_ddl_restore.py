"""A snapshot rebuilt on an empty database is the same snapshot."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.database.servers import Server
from trueup.drivers.database.catalog.catalog import snapshot
from trueup.drivers.database.ddl.ddl import restoration
from trueup.model.plan import Address, Resource

RICH = (Path(__file__).parent / "rich.sql").read_text()


def look(server: Server, name: str) -> Mapping[Address, Resource]:
    with server.connect(name) as connection:
        return snapshot(connection)


def rebuilt(server: Server, structure: Mapping[Address, Resource]) -> Mapping[Address, Resource]:
    with server.fresh_database("template0") as name:
        with server.connect(name) as connection:
            for statement in restoration(structure).statements:
                connection.execute(statement)
        return look(server, name)


def test_a_rich_schema_comes_back_as_it_was(server: Server, database: str) -> None:
    """Every kind of object that PostgreSQL's catalogs know and that needs no file of the server."""
    server.execute(RICH, database)
    structure = look(server, database)
    assert len({each.kind for each in structure.values()}) >= 24
    assert restoration(structure).declined == ()
    assert rebuilt(server, structure) == structure


def test_extensions_come_back_in_their_schemas(postgres15: Server) -> None:
    """They are made anew, with what depends on them."""
    with postgres15.fresh_database() as name:
        postgres15.execute(
            "CREATE SCHEMA app; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist WITH SCHEMA app;"
            "CREATE TABLE t (name text, room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&));"
            "CREATE INDEX trigrams ON t USING gin (name gin_trgm_ops)",
            name,
        )
        structure = look(postgres15, name)
        assert rebuilt(postgres15, structure) == structure


def test_what_no_statement_carries_is_named(postgres15: Server) -> None:
    """A function in C, a password and an index that failed are said, and the rest comes back."""
    with postgres15.fresh_database() as name:
        postgres15.execute(
            "CREATE FUNCTION shout(text) RETURNS text LANGUAGE internal AS 'upper'; CREATE TABLE t (a int);"
            "CREATE INDEX broken ON t (a);"
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
            name,
        )
        structure = look(postgres15, name)
        declined = {each.address: each for each in restoration(structure).declined}
        assert declined.keys() == {"function.public.shout(text)", "index.public.broken"}
        assert "library" in declined[Address("function.public.shout(text)")].reason
        back = rebuilt(postgres15, structure)
        assert back == {address: each for address, each in structure.items() if address not in declined}


@pytest.mark.parametrize("role", ["of nobody yet", 'naïve"quoted'])
def test_roles_that_are_missing_are_made_without_a_login(postgres15: Server, role: str) -> None:
    """Grants and owners name roles, and roles are of the server."""
    quoted = '"' + role.replace('"', '""') + '"'
    postgres15.execute(f"CREATE ROLE {quoted} LOGIN")
    with postgres15.fresh_database() as name:
        postgres15.execute(f"CREATE TABLE t (); GRANT SELECT ON t TO {quoted}", name)
        structure = look(postgres15, name)
    postgres15.execute(f"DROP ROLE {quoted}")
    assert rebuilt(postgres15, structure) == structure
    with postgres15.connect() as connection:
        found = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchall()
    assert found == [(False,)]
    postgres15.execute(f"DROP ROLE {quoted}")
