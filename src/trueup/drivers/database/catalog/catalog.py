"""A snapshot of PostgreSQL's catalog: one value for each object, made so that a person who reads a drift sees what
changed, and equal exactly where the structure is.

It takes no lock that outlives a statement, needs no privilege but to connect, and says the same to every role.
"""

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from trueup.drivers.database.catalog.addresses import split_name
from trueup.drivers.database.catalog.altered import ALTERED
from trueup.drivers.database.catalog.attached import CONSTRAINTS, INDEXES, POLICIES, RULES, STATISTICS, TRIGGERS
from trueup.drivers.database.catalog.columns import COLUMNS, columns
from trueup.drivers.database.catalog.database import (
    DEFAULT_PRIVILEGES,
    EXTENSIONS,
    FOREIGN_DATA_WRAPPERS,
    SCHEMAS,
    SERVERS,
    user_mappings,
)
from trueup.drivers.database.catalog.objects import PRELUDE, Objects, Row
from trueup.drivers.database.catalog.operators import (
    ACCESS_METHODS,
    CONVERSIONS,
    OPERATOR_CLASSES,
    OPERATOR_FAMILIES,
    OPERATORS,
    TEXT_SEARCH_CONFIGURATIONS,
    TEXT_SEARCH_DICTIONARIES,
    TEXT_SEARCH_PARSERS,
    TEXT_SEARCH_TEMPLATES,
)
from trueup.drivers.database.catalog.relations import RELATIONS, SEQUENCES
from trueup.drivers.database.catalog.replication import PUBLICATIONS, subscriptions
from trueup.drivers.database.catalog.routines import AGGREGATES, CASTS, EVENT_TRIGGERS, LANGUAGES, ROUTINES, TRANSFORMS
from trueup.drivers.database.catalog.types import COLLATIONS, TYPES
from trueup.model.errors import Unavailable
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON, Digest, digest

_KINDS = (
    *(SCHEMAS, EXTENSIONS, DEFAULT_PRIVILEGES, FOREIGN_DATA_WRAPPERS, SERVERS, LANGUAGES, ACCESS_METHODS),
    *(TYPES, COLLATIONS, CONVERSIONS, ROUTINES, AGGREGATES, CASTS, TRANSFORMS),
    *(OPERATORS, OPERATOR_CLASSES, OPERATOR_FAMILIES),
    *(TEXT_SEARCH_PARSERS, TEXT_SEARCH_TEMPLATES, TEXT_SEARCH_DICTIONARIES, TEXT_SEARCH_CONFIGURATIONS),
    *(RELATIONS, SEQUENCES, INDEXES, CONSTRAINTS, TRIGGERS, RULES, POLICIES, STATISTICS),
    *(EVENT_TRIGGERS, PUBLICATIONS, *ALTERED),
)
_SETTINGS = {
    # Every name outside of pg_catalog is written with its schema then.
    "search_path": "pg_catalog",
    "quote_all_identifiers": "off",
    # Constants in expressions and partition bounds.
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    # Compiling these queries takes longer than running them.
    "jit": "off",
}
_SET = "SELECT " + ", ".join(f"set_config('{name}', %({name})s, true)" for name in _SETTINGS)
_GONE_MEANWHILE = (psycopg.errors.InternalError_, psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable)
_ATTEMPTS = 5


def snapshot(
    connection: psycopg.Connection[Any],
    schemas: Collection[str] = (),
    skip: Collection[str] = (),
    secret: Callable[[JSON], JSON] | None = None,
) -> Mapping[Address, Resource]:
    """Every object of these schemas (none given: all but the system's), and of the database as a whole.

    `skip` holds names as SQL writes them, each with all that belongs to it: `public.flyway_schema_history`, a schema,
    an event trigger. `secret` marks a secret leaf (the options of a user mapping, the connection of a subscription);
    without it they are left out, because not every role sees them. Inside a transaction of the caller, its own writes
    are seen and its settings stay as they are. Raises psycopg.Error, like everything that has a connection in its
    hands; Unavailable while somebody drops object after object.
    """
    major = connection.info.server_version // 10000
    kinds = (*_KINDS, user_mappings(secret is not None), subscriptions(major, secret is not None))
    skipped = frozenset(split_name(name) for name in skip)
    rows = _read(connection, kinds, {"schemas": list(schemas)})
    with _nothing_collected():
        found = dict(row.resource() for row in rows if not row.is_of(skipped))
        return {at: _without_secrets(found[at], secret) for at in sorted(found) if not _says_nothing(found[at])}


def hashes(resources: Mapping[Address, Resource]) -> dict[Address, Digest]:
    """One for each object."""
    return {address: digest(resource.values) for address, resource in resources.items()}


def fingerprint(resources: Mapping[Address, Resource]) -> Digest:
    """One for all of them together."""
    return digest(hashes(resources))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """All that is made here stays: looking for garbage in it again and again takes a fifth of the client's time. Not
    while the server is waited for; of two snapshots at once in one process, the first to end collects for both."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def _read(connection: psycopg.Connection[Any], kinds: Sequence[Objects], parameters: Mapping[str, Any]) -> list[Row]:
    """At one moment. What pg_get_*() says is of the newest moment, though: where somebody drops an object meanwhile,
    that function fails or has nothing to say, and all is read again."""
    alone = connection.info.transaction_status == TransactionStatus.IDLE
    for attempt in range(_ATTEMPTS):
        try:
            # Rolled back, so that the settings of a transaction around it come back.
            with connection.transaction(force_rollback=True):
                if alone:
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.execute(_SET, _SETTINGS)
                cursors = [connection.cursor(row_factory=tuple_row) for _ in (PRELUDE, COLUMNS, *kinds)]
                answers = cursors.pop().execute(PRELUDE).fetchone() or ()
                known = dict(zip(("labelled", "depending", "named"), answers, strict=True))
                with connection.pipeline():
                    for cursor, query in zip(cursors, (COLUMNS, *(each.sql for each in kinds)), strict=True):
                        cursor.execute(query, {**parameters, **known})
                with _nothing_collected():
                    rows = _whole(kinds, *(cursor.fetchall() for cursor in cursors))
            if not alone or all(row.is_whole for row in rows):
                return rows
        except _GONE_MEANWHILE:
            if not alone or attempt == _ATTEMPTS - 1:
                raise
    raise Unavailable(
        f"objects of the database went {_ATTEMPTS} times while its catalog was read",
        hint="Try again when the migration that is at work there is through.",
    )


def _whole(kinds: Sequence[Objects], named: list[tuple[Any, ...]], *answers: list[tuple[Any, ...]]) -> list[Row]:
    """Tables and the like with their columns."""
    of = columns(named)
    rows = [row for kind, found in zip(kinds, answers, strict=True) for row in kind.rows(found)]
    for row in rows:
        if row.has_columns:
            row.values["columns"] = of.get(row.oid, {})
    return rows


def _without_secrets(resource: Resource, secret: Callable[[JSON], JSON] | None) -> Resource:
    """Names of options stay readable, the user's too."""
    if secret is None or resource.kind not in ("user_mapping", "subscription"):
        return resource
    values = dict(resource.values)
    if settings := values.pop("secret_options", None):
        values["options"] = {name: text if name == "user" else secret(text) for name, text in settings.items()}
    if connection := values.pop("secret_connection", None):
        values["connection"] = secret(connection)
    return Resource(resource.kind, values)


def _says_nothing(resource: Resource) -> bool:
    """Granted and revoked again: the list of privileges is another one, its meaning is not."""
    return resource.kind == "privileges" and not resource.values.keys() & {"privileges", "columns"}
