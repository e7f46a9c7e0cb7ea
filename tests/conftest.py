"""What every test may ask for: the emulated cloud and Terraform with its provider (tests/cloud.py), PostgreSQL
(tests/postgres.py)."""

from hypothesis import settings

pytest_plugins = ["tests.cloud", "tests.postgres"]

# A busy machine is not a failure: no test asserts times.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
