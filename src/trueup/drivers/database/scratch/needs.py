"""What a script takes for granted on its server: roles that somebody else made. And the schemas that it makes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from postgast import PgQueryError, find_nodes, parse
from postgast import pg_query_pb2 as pg

_NAMES_ROLES = re.compile(
    r"\b(ROLE|USER|GROUP|GRANT|REVOKE|OWNER|OWNED|POLICY|PRIVILEGES|AUTHORIZATION|SCHEMA)\b", re.I
)
"""Any of these words: otherwise there is nothing to find, and nothing to parse."""


@dataclass(frozen=True)
class Needs:
    roles: frozenset[str] = frozenset()
    """Named and not made here: production has them, a scratch server does not."""
    schemas: frozenset[str] = frozenset()
    """Made here."""


def needs(scripts: Iterable[str]) -> Needs:
    """Of all of them together, whatever their order. What does not parse needs nothing: running it will tell."""
    named: set[str] = set()
    made: set[str] = set()
    schemas: set[str] = set()
    for text in scripts:
        if not _NAMES_ROLES.search(text):
            continue
        try:
            tree = parse(text)
        except PgQueryError:
            continue
        named |= {each.rolename for each in find_nodes(tree, pg.RoleSpec) if each.roletype == pg.ROLESPEC_CSTRING}
        made |= {each.role for each in find_nodes(tree, pg.CreateRoleStmt)}
        schemas |= {each.schemaname for each in find_nodes(tree, pg.CreateSchemaStmt) if not each.if_not_exists}
    return Needs(frozenset(named - made), frozenset(schemas))
