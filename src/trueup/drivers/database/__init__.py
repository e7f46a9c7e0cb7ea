"""Databases: schema as code. Migrations go forward; what the catalog says is compared with what was settled."""
