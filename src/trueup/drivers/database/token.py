"""A token: equal while nobody changed the schema, ran a migration, or changed the code; two questions each time.

It proves that only where the event triggers of watch.py fire: then every change of the schema is a line in their log.
What they never see is compared as it is: who is a role, and which event triggers there are. Without them the history
alone is a signal that a migration ran.
"""

from trueup.drivers.database import watch
from trueup.drivers.database.dialect import Database, Table
from trueup.drivers.database.history.records import identity_of
from trueup.drivers.database.history.table import qualified
from trueup.model.closure import Closure
from trueup.model.plan import LiveIdentity

_SEEN = (
    "SELECT to_regclass(%s) IS NOT NULL,"
    " (SELECT count(*) FROM pg_event_trigger WHERE evtname = ANY(%s) AND evtenabled = 'A'),"
    " (SELECT md5(string_agg(evtname || evtenabled::text || evtfoid, ' ' ORDER BY evtname)) FROM pg_event_trigger),"
    " (SELECT md5(string_agg(oid || ' ' || rolname, ',' ORDER BY oid)) FROM pg_roles),"
    " coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    f"  WHERE n.nspname || '.' || c.relname = '{watch.LOG}'), false)"
)
# Lines commit in another order than they are numbered: only with their count the newest number tells that one came.
_LOG = f"(SELECT count(*) || ' ' || coalesce(max(id), 0) FROM {watch.LOG})"


def token_of(database: Database, table: Table, closure: Closure) -> LiveIdentity:
    """Raises Rejected, Unavailable."""
    code = {"code": closure.digest, "database": database.identity}
    if database.dialect.name != "postgresql":
        return LiveIdentity({**code, **identity_of(database.rows(table)).values}, proves=False)
    ((has_history, firing, triggers, roles, may_read),) = database.query(
        _SEEN, (qualified(table), list(watch.TRIGGERS))
    )
    watched = bool(firing == len(watch.TRIGGERS) and may_read)
    parts = [_history(table) if has_history else "''", _LOG if watched else "''"]
    ((history, log),) = database.query(f"SELECT {', '.join(parts)}")
    return LiveIdentity(
        {**code, "history": history or "", "log": log, "triggers": triggers or "", "roles": roles}, proves=watched
    )


def _history(table: Table) -> str:
    return f'(SELECT md5(string_agg(row::text, chr(10) ORDER BY "installed_rank")) FROM {qualified(table)} AS row)'
