"""What every test may ask for: the emulated cloud and Terraform with its provider (tests/cloud.py), PostgreSQL
(tests/postgres.py)."""

pytest_plugins = ["tests.cloud", "tests.postgres"]
