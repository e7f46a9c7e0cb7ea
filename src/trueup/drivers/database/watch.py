"""Watching a PostgreSQL database: event triggers that write down who changed the schema, when and with which statement.

Optional: `trueup db watch install`. What they write is also the signal that a check is due. A statement never fails
because of them; what could not be written down is found by the next check, without a name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.dialect import Database

SCHEMA = "trueup"
"""Everything of ours is in it; no snapshot has it."""
LOG = f"{SCHEMA}.ddl_log"
TRIGGERS = {
    "trueup_ddl": ("ddl_command_end", "note_commands"),
    "trueup_drop": ("sql_drop", "note_drops"),
}
"""Event trigger to its event and its function."""
LONGEST = 20_000
"""Characters that are kept of one statement."""

# Run as the owner, whoever changes the schema: that role needs no privilege on the log, and cannot write a line of its
# own. SET ROLE is seen by its setting, since current_user is the owner here.
_WRITE = f"""
  INSERT INTO {LOG} (login, role, database, application, client, tag, objects, statement)
  VALUES (session_user, nullif(current_setting('role'), 'none'), current_database(),
          current_setting('application_name', true), host(inet_client_addr()), TG_TAG, found,
          CASE WHEN current_query() ~* '(password|passwd|secret|identified)' THEN NULL
               ELSE left(current_query(), {LONGEST}) END);
"""
_SAFE = """
EXCEPTION WHEN OTHERS THEN
  RAISE LOG 'trueup could not write down %: %', TG_TAG, SQLERRM;
END
"""
_FUNCTION = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms'"
# GRANT, REVOKE and ALTER DEFAULT PRIVILEGES name no object here: their statement has to tell.
_INSTALL = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {LOG} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  login text NOT NULL,
  role text,
  database text NOT NULL,
  application text,
  client text,
  tag text NOT NULL,
  objects jsonb NOT NULL,
  statement text
);
CREATE INDEX IF NOT EXISTS ddl_log_at ON {LOG} (at);
COMMENT ON TABLE {LOG} IS 'Who changed the schema: written by the event triggers of Trueup, `trueup db watch`.';
CREATE OR REPLACE FUNCTION {SCHEMA}.note_commands() RETURNS event_trigger {_FUNCTION} AS $note$
DECLARE found jsonb;
BEGIN
  SELECT jsonb_agg(DISTINCT jsonb_build_object('type', object_type, 'name', object_identity)) INTO found
    FROM pg_event_trigger_ddl_commands()
   WHERE coalesce(schema_name, '') NOT IN ('pg_temp', '{SCHEMA}');
  IF found IS NULL THEN RETURN; END IF;
{_WRITE}{_SAFE}$note$;
CREATE OR REPLACE FUNCTION {SCHEMA}.note_drops() RETURNS event_trigger {_FUNCTION} AS $note$
DECLARE found jsonb;
BEGIN
  SELECT jsonb_agg(DISTINCT jsonb_build_object('type', object_type, 'name', object_identity)) INTO found
    FROM pg_event_trigger_dropped_objects()
   WHERE NOT is_temporary AND (original OR normal) AND coalesce(schema_name, '') <> '{SCHEMA}';
  IF found IS NULL THEN RETURN; END IF;
{_WRITE}{_SAFE}$note$;
REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC;
"""


@dataclass(frozen=True)
class Watching:
    """What is installed in a database."""

    triggers: tuple[str, ...] = ()
    """Those of ours that fire."""
    lines: int = 0

    @property
    def is_on(self) -> bool:
        return set(self.triggers) == set(TRIGGERS)


def install(database: Database, reader: str = "") -> None:
    """As a superuser, or as what a hosted service has in its place; again is once. `reader`: the role of plans and
    checks, which may read what is written down. Raises Rejected."""
    with database.transaction():
        for statement in installing(reader if reader != database.user else ""):
            database.execute(statement)


def installing(*readers: str) -> Iterator[str]:
    """What makes a database watched, in one transaction of a superuser."""
    for name in TRIGGERS:
        yield f"DROP EVENT TRIGGER IF EXISTS {name};"
    yield _INSTALL.strip()
    for role in (identifier(reader) for reader in readers if reader):
        yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}; GRANT SELECT ON {LOG} TO {role};"
    for name, (event, function) in TRIGGERS.items():
        yield f"CREATE EVENT TRIGGER {name} ON {event} EXECUTE FUNCTION {SCHEMA}.{function}();"
        # Also for those who say that they are a replica.
        yield f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS;"


def uninstall(database: Database) -> None:
    """With everything that was written down. Raises Rejected."""
    with database.transaction():
        for name in TRIGGERS:
            database.execute(f"DROP EVENT TRIGGER IF EXISTS {name}")
        for _, function in TRIGGERS.values():
            database.execute(f"DROP FUNCTION IF EXISTS {SCHEMA}.{function}()")
        database.execute(f"DROP TABLE IF EXISTS {LOG}; DROP SCHEMA IF EXISTS {SCHEMA}")


def watching(database: Database) -> Watching:
    """Raises Rejected, Unavailable."""
    found = database.query(
        "SELECT evtname FROM pg_event_trigger WHERE evtname = ANY(%s) AND evtenabled = 'A' ORDER BY evtname",
        (list(TRIGGERS),),
    )
    if not found or not may_read(database):
        return Watching(tuple(name for (name,) in found))
    ((lines,),) = database.query(f"SELECT count(*) FROM {LOG}")
    return Watching(tuple(name for (name,) in found), lines)


def skipped() -> frozenset[str]:
    """What of ours no snapshot may have, by the names that `snapshot` takes."""
    return frozenset({SCHEMA, *TRIGGERS})


def may_read(database: Database) -> bool:
    """Whether there is a log, and this role may read it. Raises Rejected, Unavailable."""
    if not database.query(
        "SELECT 1 FROM pg_namespace WHERE nspname = %s AND has_schema_privilege(oid, 'USAGE')", (SCHEMA,)
    ):
        return False
    ((may,),) = database.query("SELECT coalesce(has_table_privilege(to_regclass(%s), 'SELECT'), false)", (LOG,))
    return bool(may)
