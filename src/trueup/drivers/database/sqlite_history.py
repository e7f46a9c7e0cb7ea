"""The history table on SQLite: created, read and written as Flyway does it, every name quoted.

Followed: flyway-core 13, SQLiteDatabase.getRawCreateScript and SQLiteSchema.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history import Correction, NewRow, Row
from trueup.drivers.database.postgres_history import COLUMNS, Query, qualified, quoted


def create(table: Table) -> str:
    name = qualified(table)
    return f"""CREATE TABLE {name} (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
CREATE INDEX {quoted(table.schema)}.{quoted(table.name + "_s_idx")} ON {quoted(table.name)} ("success")"""


def select(table: Table) -> str:
    columns = ", ".join(quoted(each) for each in COLUMNS)
    return f'SELECT {columns} FROM {qualified(table)} ORDER BY "installed_rank"'


def row(values: Sequence[Any]) -> Row:
    found = dict(zip(COLUMNS, values, strict=True))
    return Row(
        found["installed_rank"],
        found["version"],
        found["description"],
        found["type"],
        found["script"],
        found["checksum"],
        found["installed_by"],
        datetime.fromisoformat(found["installed_on"]),
        found["execution_time"],
        bool(found["success"]),
    )


def insert(table: Table, new: NewRow) -> Query:
    columns = [each for each in COLUMNS if each != "installed_on"]
    names, marks = ", ".join(quoted(each) for each in columns), ", ".join("?" * len(columns))
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
    return f'DELETE FROM {qualified(table)} WHERE "installed_rank" = ?', (rank,)


def correct(table: Table, correction: Correction) -> Query:
    sql = f'UPDATE {qualified(table)} SET "description" = ?, "type" = ?, "checksum" = ? WHERE "installed_rank" = ?'
    return sql, (correction.description, str(correction.type), correction.checksum, correction.rank)
