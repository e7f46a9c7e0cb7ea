"""Bringing a database to this program's schema, under a lock, and refusing one that a newer program wrote."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from trueup.model.errors import Refused

LOCK = 0x7472_7565_7570
"""Of PostgreSQL's advisory locks: "trueup"."""


def migrate(engine: Engine, where: str) -> None:
    """Raises Refused for a database that a newer version wrote."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = _config(connection)
        script = ScriptDirectory.from_config(config)
        current = schema_version(connection)
        if current == script.get_current_head():
            return
        known = {revision.revision for revision in script.walk_revisions()}
        if current is not None and current not in known:
            raise Refused(
                f"{where} has the schema {current}, which this version of trueup does not know "
                f"(it knows up to {script.get_current_head()})",
                hint="run the newer trueup, or restore the backup from before its first start",
            )
        command.upgrade(config, "head")


def schema_version(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
    return context.get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "trueup.adapters.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
