"""What a snapshot of PostgreSQL holds, what it leaves out, and what makes no difference to it."""

import random
import re
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from tests.database.servers import OWNER, READER, Server
from trueup.drivers.database.catalog.addresses import address, parse
from trueup.drivers.database.catalog.catalog import fingerprint, hashes, snapshot
from trueup.model.plan import Address, Resource
from trueup.model.values import canonical, masked

TABLES = """
    CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL DEFAULT 'none',
        "Full Name" varchar(50)
    );
    CREATE TABLE teams (id serial PRIMARY KEY, boss bigint REFERENCES users (id));
"""
INDEPENDENT = """
    CREATE INDEX users_email ON users (email);
    CREATE INDEX users_name ON users ("Full Name");
    GRANT SELECT ON users TO reader;
    GRANT INSERT ON users TO reader;
    GRANT UPDATE (email) ON users TO reader;
    GRANT SELECT ON users TO PUBLIC;
    ALTER TABLE users ADD CONSTRAINT long CHECK (length(email) > 3);
    ALTER TABLE users ADD CONSTRAINT short CHECK (length(email) < 300);
    ALTER TABLE users SET (fillfactor = 80);
    ALTER TABLE users SET (autovacuum_enabled = false);
    COMMENT ON TABLE users IS 'People';
    COMMENT ON COLUMN users.email IS 'Where';
    CREATE VIEW mails AS SELECT email FROM users;
    CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION one(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE POLICY mine ON users FOR SELECT USING (true);
    CREATE POLICY yours ON users FOR UPDATE USING (false);
    ALTER TABLE users ENABLE ROW LEVEL SECURITY;
    ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT ON TABLES TO reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT INSERT ON TABLES TO reader;
    CREATE PUBLICATION all_mails FOR TABLE users (id, email);
    CREATE SEQUENCE numbers;
    CREATE STATISTICS users_stats (ndistinct) ON id, email FROM users;
"""
NOISE = """
    INSERT INTO users (email) VALUES ('anna@acme.com');
    SELECT nextval('teams_id_seq');
    ANALYZE users;
    VACUUM users;
    REINDEX TABLE users;
    TRUNCATE teams;
    GRANT SELECT ON users TO reader; REVOKE SELECT ON users FROM reader;
    GRANT SELECT (email) ON users TO reader; REVOKE SELECT (email) ON users FROM reader;
    COMMENT ON TABLE teams IS 'x'; COMMENT ON TABLE teams IS NULL;
    ALTER TABLE users ADD COLUMN age integer; ALTER TABLE users DROP COLUMN age;
    ALTER TABLE users ALTER email SET DEFAULT 'none';
    ALTER TABLE users SET (fillfactor = 80); ALTER TABLE users RESET (fillfactor);
    ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME TO users;
    GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO reader; REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM reader;
    CREATE TEMPORARY TABLE passing (a integer);
    ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO owner; ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM owner;
    CLUSTER teams USING teams_pkey; ALTER TABLE teams SET WITHOUT CLUSTER;
"""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _taken(server: Server, database: str, user: str = "postgres") -> Mapping[Address, Resource]:
    with server.connect(database, user) as connection:
        return snapshot(connection)


def test_a_table_reads_like_its_definition(server: Server, database: str) -> None:
    """Columns by name with what is not as usual; privileges by grantee; the identity's sequence inside its column."""
    server.execute(TABLES, database)
    server.execute("GRANT SELECT, UPDATE (email) ON users TO reader; GRANT INSERT ON users TO owner", database)
    server.execute("GRANT INSERT ON users TO reader WITH GRANT OPTION", database)
    found = _taken(server, database)
    assert found[Address("table.public.users")].values == {
        "owner": "postgres",
        "columns": {
            "id": {
                "type": "bigint",
                "not_null": True,
                "identity": {"generation": "always", "sequence": "public.users_id_seq"},
            },
            "email": {
                "type": "text",
                "after": "id",
                "not_null": True,
                "default": "'none'::text",
                "privileges": {"reader": ["UPDATE"]},
            },
            "Full Name": {"type": "character varying(50)", "after": "email"},
        },
        "privileges": {"owner": ["INSERT"], "reader": ["INSERT WITH GRANT OPTION", "SELECT"]},
    }
    assert sorted(at for at in found if "teams" in at) == [
        "constraint.public.teams.teams_boss_fkey",
        "constraint.public.teams.teams_pkey",
        "sequence.public.teams_id_seq",
        "table.public.teams",
    ]
    assert found[Address("constraint.public.teams.teams_boss_fkey")].values == {
        "type": "foreign key",
        "definition": "FOREIGN KEY (boss) REFERENCES public.users(id)",
    }


EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
ODD_NAMES = ("with space", 'a "quote"', "back\\slash", "comma, {brace}", "a=r*/b", "line\nbreak", "Größe")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_whoever_was_granted_a_privilege_is_read_whatever_the_name(server: Server, database: str, name: str) -> None:
    """As the grantee who may grant, as the grantor, and as the owner; everybody's privileges beside them."""
    role = f"{name}{uuid.uuid4().hex[:8]}"
    quoted = sql.Identifier(role).as_string()
    server.execute(f"CREATE ROLE {quoted}; CREATE TABLE t (a integer); CREATE TABLE o (a integer)", database)
    try:
        server.execute(
            f"GRANT SELECT, INSERT ON t TO {quoted} WITH GRANT OPTION; GRANT UPDATE ON t TO PUBLIC", database
        )
        server.execute(f"SET ROLE {quoted}; GRANT SELECT ON t TO reader WITH GRANT OPTION", database)
        server.execute(f"ALTER TABLE o OWNER TO {quoted}; GRANT ALL ON o TO reader", database)
        found = _taken(server, database)
        assert found[Address("table.public.t")].values["privileges"] == {
            quoted: ["INSERT WITH GRANT OPTION", "SELECT WITH GRANT OPTION"],
            "PUBLIC": ["UPDATE"],
            "reader": [f"SELECT WITH GRANT OPTION GRANTED BY {quoted}"],
        }
        assert found[Address("table.public.o")].values["privileges"] == {
            "reader": sorted(EVERY if server.major < 17 else [*EVERY, "MAINTAIN"])
        }
    finally:
        server.execute(f"DROP OWNED BY {quoted} CASCADE; DROP ROLE {quoted}", database)


def test_hashes_tell_which_object_changed(server: Server, database: str) -> None:
    """One for each object, one for all."""
    server.execute(TABLES, database)
    before = _taken(server, database)
    server.execute("ALTER TABLE users ALTER email SET DEFAULT 'nobody'", database)
    after = _taken(server, database)
    assert [at for at, each in hashes(after).items() if hashes(before).get(at) != each] == ["table.public.users"]
    assert fingerprint(before) != fingerprint(after)


def test_a_role_without_privileges_sees_the_same(server: Server, database: str) -> None:
    """Neither rights on tables nor the superuser's view of catalogs make a difference."""
    server.execute(TABLES + INDEPENDENT, database)
    server.execute("CREATE FOREIGN DATA WRAPPER files; CREATE SERVER far FOREIGN DATA WRAPPER files", database)
    server.execute("CREATE USER MAPPING FOR reader SERVER far OPTIONS (user 'anna', password 'hunter2')", database)
    everything = _taken(server, database)
    assert everything == _taken(server, database, READER) == _taken(server, database, OWNER)
    assert b"hunter2" not in canonical({at: each.values for at, each in everything.items()})


def test_secrets_are_marked_where_they_are_asked_for(server: Server, database: str) -> None:
    """Names of options and the user stay readable."""
    server.execute("CREATE FOREIGN DATA WRAPPER files; CREATE SERVER far FOREIGN DATA WRAPPER files", database)
    server.execute("CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'anna', password 'hunter2')", database)
    with server.connect(database) as connection:
        found = snapshot(connection, secret=lambda value: masked(str(len(value))))
    assert found[Address("user_mapping.far.public")].values == {
        "options": {"user": "anna", "password": {"$secret": "7"}}
    }


def test_what_is_skipped_takes_along_what_belongs_to_it(server: Server, database: str) -> None:
    """A table with its index, sequence and constraints; a schema with everything; an event trigger."""
    server.execute(TABLES, database)
    without = _taken(server, database)
    server.execute(
        """CREATE TABLE flyway_schema_history (rank serial PRIMARY KEY, success boolean CHECK (success));
        CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
        CREATE SCHEMA trueup; CREATE TABLE trueup.ddl_log (id serial PRIMARY KEY);
        CREATE FUNCTION trueup.log() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER trueup_log ON ddl_command_end EXECUTE FUNCTION trueup.log()""",
        database,
    )
    with server.connect(database) as connection:
        assert snapshot(connection, (), ["public.flyway_schema_history", "trueup", "trueup_log"]) == without


def test_other_schemas_are_left_out(server: Server, database: str) -> None:
    """What belongs to the database as a whole stays in."""
    server.execute("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (); CREATE TABLE b.t ()", database)
    server.execute("CREATE PUBLICATION p FOR TABLE b.t", database)
    with server.connect(database) as connection:
        assert list(snapshot(connection, ["a"])) == ["publication.p", "schema.a", "table.a.t"]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_statements_is_no_difference(server: Server, database: str, seed: int) -> None:
    """Statements that do not build on each other, in the order of a file and in another one."""
    shuffled = _lines(INDEPENDENT)
    random.Random(seed).shuffle(shuffled)
    server.execute(TABLES + INDEPENDENT, database)
    with server.fresh_database() as other:
        server.execute(TABLES + "\n".join(shuffled), other)
        assert _taken(server, database) == _taken(server, other)


def test_what_is_no_structure_is_no_difference(server: Server, database: str) -> None:
    """Data, current values of sequences, statistics, storage files, and what was done and undone."""
    server.execute(TABLES, database)
    with server.connect(database) as connection:
        before = snapshot(connection)
        for line in _lines(NOISE):
            for statement in line.split("; "):
                connection.execute(statement.rstrip(";"))
            assert snapshot(connection) == before, line


def test_numbers_of_the_server_never_occur(server: Server, database: str) -> None:
    """Object ids are those of one server."""
    server.execute(TABLES + INDEPENDENT, database)
    for found in _taken(server, database).values():
        assert not re.search(rb"\b(1[6-9]|[2-9]\d)\d{3}\b", canonical(found.values))


def test_inside_of_a_transaction_its_own_writes_are_seen(server: Server, database: str) -> None:
    """The transaction goes on, with the settings that it had."""
    with psycopg.connect(server.socket_url(database)) as connection:
        connection.execute("SET LOCAL search_path = pg_temp")
        connection.execute("CREATE TABLE public.more (a integer)")
        assert Address("table.public.more") in snapshot(connection)
        assert connection.execute("SHOW search_path").fetchone() == ("pg_temp",)
        connection.execute("CREATE TABLE public.even_more (a integer)")


def test_nothing_is_written_and_nothing_locked(server: Server, database: str) -> None:
    """The transaction is read-only, ends with the snapshot and leaves no lock and no setting behind."""
    server.execute(TABLES, database)
    with server.connect(database) as connection, server.connect(database) as other:
        connection.execute("SET default_transaction_read_only = on")
        snapshot(connection)
        locks = other.execute(
            "SELECT count(*) FROM pg_locks WHERE pid = %s AND locktype = 'relation'", (connection.info.backend_pid,)
        )
        assert locks.fetchone() == (0,)
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


@pytest.mark.parametrize("gone", ["VIEW mails", "INDEX users_email", "TABLE teams"])
def test_objects_may_go_meanwhile(server: Server, database: str, gone: str) -> None:
    """Somebody drops what is being read: all is read again, and nothing half is in the snapshot."""
    server.execute(TABLES + INDEPENDENT, database)
    with (
        server.connect(database) as connection,
        psycopg.connect(server.socket_url(database)) as other,
        ThreadPoolExecutor() as pool,
    ):
        other.execute(f"DROP {gone}; LOCK TABLE users")
        found = pool.submit(snapshot, connection)
        waiting = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
        with server.connect() as watcher:
            while watcher.execute(waiting, (connection.info.backend_pid,)).rowcount == 0:
                assert not found.done()
        other.commit()
        assert found.result() == snapshot(connection)
    kind, _, name = gone.lower().partition(" ")
    assert not [at for at in found.result() if at.startswith(f"{kind}.") and name in at]


@pytest.mark.parametrize(
    ("kind", "names", "arguments", "written"),
    [
        ("table", ("public", "users"), None, "table.public.users"),
        ("table", ("public", "Users"), None, 'table.public."Users"'),
        ("table", ("public", "user"), None, 'table.public."user"'),
        ("table", ("my.schema", 'a"b'), None, 'table."my.schema"."a""b"'),
        ("function", ("public", "f"), "integer, text", "function.public.f(integer, text)"),
        ("function", ("public", "f"), "", "function.public.f()"),
        ("operator", ("public", "==="), "integer, integer", "operator.public.===(integer, integer)"),
        ("cast", (), "integer AS public.mood", "cast.(integer AS public.mood)"),
        ("trigger", ("public", "users", "t"), None, "trigger.public.users.t"),
    ],
)
def test_addresses_are_read_as_they_are_written(
    kind: str, names: tuple[str, ...], arguments: str | None, written: str
) -> None:
    """Quoted only where SQL needs it."""
    made = address(kind, *names, arguments=arguments)
    assert made == written
    read = parse(made)
    assert (read.kind, read.parts, read.arguments) == (kind, names, arguments)
