"""Files: the migrations of one stack out of a tree, with what is wrong with them and where."""

from collections.abc import Mapping

from trueup.drivers.database.migrations import Migrations
from trueup.drivers.database.spec import MigrationsSpec
from trueup.ports.tree import Tree


def read_migrations(tree: Tree, path: str, spec: MigrationsSpec, values: Mapping[str, str] | None = None) -> Migrations:
    """`values` are those of all placeholders (see placeholders.values); None: offline, where secrets and the
    database's own names are not known, so that texts keep such placeholders. Raises Invalid with file and line for
    what no migration could be read from; what is wrong with single files is in the findings."""
    raise NotImplementedError
