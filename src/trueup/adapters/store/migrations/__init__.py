"""The schema's history, shipped with the package and run by Alembic at start."""
