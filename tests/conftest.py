"""What every test may ask for: the emulated cloud and Terraform with its provider (tests/cloud.py), PostgreSQL
(tests/postgres.py); and when a skip counts as a failure (tests/required.py)."""

import signal

from hypothesis import settings

pytest_plugins = [
    "pytester",
    "tests.cloud",
    "tests.database.servers",
    "tests.dns.servers",
    "tests.postgres",
    "tests.required",
]

# A busy machine is not a failure: no test asserts times.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Tests that a shell started behind it (`make test &`) ignore interrupts, and so does everything that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
