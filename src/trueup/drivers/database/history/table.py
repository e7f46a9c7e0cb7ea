"""Reading and writing the history table: the same SQL on every kind of database, with every name quoted.

Followed: flyway-core 13, Database.getInsertStatement.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history.history import NewRow, Repair

COLUMNS = (
    "installed_rank",
    "version",
    "description",
    "type",
    "script",
    "checksum",
    "installed_by",
    "installed_on",
    "execution_time",
    "success",
)
Query = tuple[str, Sequence[Any]]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def qualified(table: Table) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def select(table: Table) -> str:
    columns = ", ".join(quoted(each) for each in COLUMNS)
    return f'SELECT {columns} FROM {qualified(table)} ORDER BY "installed_rank"'


def insert(table: Table, new: NewRow) -> Query:
    columns = [each for each in COLUMNS if each != "installed_on"]
    names, marks = ", ".join(quoted(each) for each in columns), ", ".join(["%s"] * len(columns))
    values = (
        new.rank,
        new.version,
        new.description,
        str(new.type),
        new.script,
        new.checksum,
        new.installed_by,
        new.execution_time,
        new.success,
    )
    return f"INSERT INTO {qualified(table)} ({names}) VALUES ({marks})", values


def repairing(table: Table, wanted: Repair) -> Iterator[Query]:
    """Everything that a repair writes."""
    name = qualified(table)
    for rank in wanted.delete:
        yield f'DELETE FROM {name} WHERE "installed_rank" = %s', (rank,)
    for new in wanted.insert:
        yield insert(table, new)
    for each in wanted.correct:
        values = (each.description, str(each.type), each.checksum, each.rank)
        yield f'UPDATE {name} SET "description" = %s, "type" = %s, "checksum" = %s WHERE "installed_rank" = %s', values
