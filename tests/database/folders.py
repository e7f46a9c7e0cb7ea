"""Folders of migrations for tests: trees of values, and rows as Flyway would have written them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trueup.drivers.database.history.history import Row
from trueup.drivers.database.migrations.checksums import checksum
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.drivers.database.spec import FlywaySpec, MigrationsSpec
from trueup.ports.tree import StoredTree


def tree(files: Mapping[str, str | bytes]) -> StoredTree:
    contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return StoredTree("c0ffee", contents)


def flyway(files: Mapping[str, str | bytes], values: Mapping[str, str] | None = None, **keys: Any) -> Migrations:
    """A Flyway project in the directory `db`; its files are named relative to that."""
    return read_migrations(tree({f"db/{name}": text for name, text in files.items()}), "db", _spec(keys), values)


def plain(files: Mapping[str, str | bytes], **keys: Any) -> Migrations:
    spec = MigrationsSpec.model_validate(keys)
    return read_migrations(tree({f"migrations/{name}": text for name, text in files.items()}), "migrations", spec)


def row(rank: int, version: str | None, description: str, sql: str = "", **fields: Any) -> Row:
    """The row of a file that held `sql`."""
    given = {
        "type": "SQL",
        "script": f"V{version}__{description}.sql" if version else f"R__{description}.sql",
        "checksum": checksum(sql),
        "installed_by": "app",
        "installed_on": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        "execution_time": 5,
        "success": True,
    }
    return Row(rank=rank, version=version, description=description, **{**given, **fields})


def _spec(keys: Mapping[str, Any]) -> FlywaySpec:
    return FlywaySpec.model_validate(keys)
