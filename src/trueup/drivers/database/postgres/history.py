"""The history table, created as Flyway does it on PostgreSQL; read and written alike everywhere, every name quoted.

Followed: flyway-database-postgresql 13, PostgreSQLDatabase.getRawCreateScript and getInsertStatement.
"""

from collections.abc import Sequence
from typing import Any

from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history.history import Correction, NewRow, Row

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


def create(table: Table) -> str:
    name = qualified(table)
    return f"""CREATE TABLE {name} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE {name} ADD CONSTRAINT {quoted(table.name + "_pk")} PRIMARY KEY ("installed_rank");
CREATE INDEX {quoted(table.name + "_s_idx")} ON {name} ("success")"""


def select(table: Table) -> str:
    columns = ", ".join(quoted(each) for each in COLUMNS)
    return f'SELECT {columns} FROM {qualified(table)} ORDER BY "installed_rank"'


def row(values: Sequence[Any]) -> Row:
    return Row(*values)


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


def delete(table: Table, rank: int) -> Query:
    return f'DELETE FROM {qualified(table)} WHERE "installed_rank" = %s', (rank,)


def correct(table: Table, correction: Correction) -> Query:
    sql = f'UPDATE {qualified(table)} SET "description" = %s, "type" = %s, "checksum" = %s WHERE "installed_rank" = %s'
    return sql, (correction.description, str(correction.type), correction.checksum, correction.rank)
