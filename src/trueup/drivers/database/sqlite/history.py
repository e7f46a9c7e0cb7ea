"""The history table on SQLite: created as Flyway creates it, and its rows as they come back.

Followed: flyway-core 13, SQLiteDatabase.getRawCreateScript and SQLiteSchema.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history.history import Row
from trueup.drivers.database.history.table import COLUMNS, qualified, quoted


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
