"""Alembic's entry: runs on the connection that the store hands over, inside its transaction and under its lock."""

from alembic import context

from trueup.adapters.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="schema_version",
)
with context.begin_transaction():
    context.run_migrations()
