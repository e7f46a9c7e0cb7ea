"""The history table, created as Flyway creates it on PostgreSQL.

Followed: flyway-database-postgresql 13, PostgreSQLDatabase.getRawCreateScript.
"""

from trueup.drivers.database.dialect import Table
from trueup.drivers.database.history.table import qualified, quoted


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
