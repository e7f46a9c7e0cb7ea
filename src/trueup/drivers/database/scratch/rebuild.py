"""Rebuilding a structure on scratch: production's as it is, or as it was settled."""

from collections.abc import Mapping
from contextlib import suppress

from trueup.drivers.database.ddl.ddl import restoration
from trueup.drivers.database.dialect import Database
from trueup.drivers.database.scratch.needs import needs
from trueup.drivers.database.scratch.scratch import Scratch
from trueup.model.errors import Rejected
from trueup.model.plan import Address, Resource


def rebuild(structure: Mapping[Address, Resource], scratch: Scratch, database: Database) -> None:
    """As far as it can be rebuilt: what is refused here (an extension, a tablespace) is missing before and after a
    migration alike. Raises Unavailable."""
    statements = restoration(structure, database.dialect.name).statements
    scratch.roles(needs(statements).roles)
    for sql in statements:
        with suppress(Rejected):
            database.execute(sql)
