"""Migrations from texts, and what `scratch` looks at of a job."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from trueup.drivers.database.migrations.configuration import Settings
from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations, Version, in_order
from trueup.ports.driver import Job, Walls

_KINDS = {"V": Kind.VERSIONED, "U": Kind.UNDO, "B": Kind.BASELINE, "R": Kind.REPEATABLE}


def scratch_job(where: str = "auto", walls: Walls | None = None) -> Job[Any]:
    """What of a job `scratch` looks at."""
    given = SimpleNamespace(spec=SimpleNamespace(scratch=where), secret=lambda text: text, walls=lambda: walls)
    return cast("Job[Any]", given)


def migration(name: str, sql: str, in_transaction: bool | None = None) -> Migration:
    """`V1`, `U1`, `B3`, `Rviews`; the file is db/NAME__x.sql."""
    kind = _KINDS[name[0]]
    version = None if kind is Kind.REPEATABLE else Version.parse(name[1:])
    script = f"{name}__x.sql"
    description = name[1:] if version is None else "x"
    return Migration(kind, version, description, script, f"db/{script}", sql, 0, in_transaction=in_transaction)


def migrations(files: Mapping[str, str]) -> Migrations:
    """Name to SQL."""
    return Migrations(
        Settings(table="flyway_schema_history"), in_order(migration(name, sql) for name, sql in files.items())
    )
