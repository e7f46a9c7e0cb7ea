"""DDL from catalog snapshots: statements that rebuild one on an empty database, or that make one into another.

Nothing here is believed before it ran on a scratch database and a snapshot of that said the same (codify.py,
rehearsal/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trueup.drivers.database.ddl import attached as ddl_attached
from trueup.drivers.database.ddl import database as ddl_database
from trueup.drivers.database.ddl import operators as ddl_operators
from trueup.drivers.database.ddl import routines as ddl_routines
from trueup.drivers.database.ddl import rules as ddl_rules
from trueup.drivers.database.ddl import sqlite as ddl_sqlite
from trueup.drivers.database.ddl import types as ddl_types
from trueup.drivers.database.ddl.draft import Ddl, Draft
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.plan import Maker, Surroundings, Way
from trueup.drivers.database.ddl.renames import carried, renames
from trueup.drivers.database.ddl.sequences import SEQUENCE
from trueup.drivers.database.ddl.tables import FOREIGN_TABLE, TABLE
from trueup.drivers.database.ddl.views import MATERIALIZED_VIEW, VIEW
from trueup.model.drift import Declined
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

MAKERS: Mapping[str, Maker] = {
    "schema": ddl_database.SCHEMA,
    "extension": ddl_database.EXTENSION,
    "foreign_data_wrapper": ddl_database.FOREIGN_DATA_WRAPPER,
    "server": ddl_database.SERVER,
    "user_mapping": ddl_database.USER_MAPPING,
    "access_method": ddl_operators.ACCESS_METHOD,
    "collation": ddl_types.COLLATION,
    "text_search_dictionary": ddl_operators.DICTIONARY,
    "text_search_configuration": ddl_operators.CONFIGURATION,
    "text_search_parser": ddl_operators.BY_HAND,
    "text_search_template": ddl_operators.BY_HAND,
    "language": ddl_operators.BY_HAND,
    "subscription": ddl_operators.BY_HAND,
    "type": ddl_types.TYPE,
    "sequence": SEQUENCE,
    "table": TABLE,
    "foreign_table": FOREIGN_TABLE,
    "function": ddl_routines.FUNCTION,
    "procedure": ddl_routines.FUNCTION,
    "aggregate": ddl_routines.AGGREGATE,
    "operator": ddl_operators.OPERATOR,
    "operator_family": ddl_operators.OPERATOR_FAMILY,
    "operator_class": ddl_operators.OPERATOR_CLASS,
    "cast": ddl_routines.CAST,
    "transform": ddl_routines.TRANSFORM,
    "conversion": ddl_operators.CONVERSION,
    "constraint": ddl_attached.CONSTRAINT,
    "view": VIEW,
    "materialized_view": MATERIALIZED_VIEW,
    "index": ddl_attached.INDEX,
    "statistics": ddl_rules.STATISTICS,
    "trigger": ddl_rules.TRIGGER,
    "rule": ddl_rules.RULE,
    "policy": ddl_rules.POLICY,
    "publication": ddl_database.PUBLICATION,
    "privileges": ddl_database.PRIVILEGES,
    "default_privileges": ddl_database.DEFAULT_PRIVILEGES,
    "event_trigger": ddl_routines.EVENT_TRIGGER,
}
"""By kind of object."""
SQLITE = "sqlite"


@dataclass(frozen=True)
class Restoration:
    """What rebuilds a snapshot, and what of it cannot be rebuilt."""

    statements: tuple[str, ...]
    declined: tuple[Declined, ...]


def restoration(resources: Mapping[Address, Resource], dialect: str = "postgresql") -> Restoration:
    """For an empty scratch database of the same major version. Roles are made where they are missing, without a
    login: they are of the server."""
    if dialect == SQLITE:
        return Restoration(tuple(ddl_sqlite.restore(resources)), ())
    way = Way(Surroundings({}, resources), MAKERS)
    statements = way.statements()
    roles = sorted({role for each in statements for role in each.roles} | _named(resources))
    return Restoration(
        (
            *map(_role, roles),
            # The bodies of functions name what may come later.
            "SET check_function_bodies = off",
            *(each.sql for each in statements),
            "RESET check_function_bodies",
        ),
        tuple(way.declined),
    )


def difference(
    before: Mapping[Address, Resource],
    after: Mapping[Address, Resource],
    dialect: str = "postgresql",
    *,
    gently: bool = True,
) -> Draft:
    """SQL that makes `before` into `after`. `gently`: without holding up those who read and write, where PostgreSQL
    can do so in more steps or with a statement that is in no transaction."""
    if dialect == SQLITE:
        return ddl_sqlite.difference(before, after)
    changes, declined = _way(Surroundings(before, after, gently))
    reverse, kept = _way(Surroundings(after, before, gently, any_order=True))
    return Draft(changes, reverse, declined, kept)


def _way(around: Surroundings) -> tuple[tuple[Ddl, ...], tuple[Declined, ...]]:
    """Its statements, and what is declined: what is renamed first, so that nothing with rows is dropped for it."""
    found = renames(around.before, around.after)
    way = Way(replace(around, before=carried(around.before, around.after, found.names)), MAKERS)
    statements = way.statements()
    return (*found.statements(around.before), *statements), (*found.declined, *way.declined)


def _named(value: JSON | Mapping[Address, Resource]) -> set[str]:
    """Roles of owners, also of those objects that nobody can rebuild."""
    return {each.values["owner"] for each in value.values() if "owner" in each.values}


def _role(name: str) -> str:
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name
    there = f"SELECT FROM pg_roles WHERE rolname = {literal(plain)}"
    return f"DO $do$ BEGIN IF NOT EXISTS ({there}) THEN CREATE ROLE {name} NOLOGIN; END IF; END $do$"
