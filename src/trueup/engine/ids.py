"""Identifiers of our own: a prefix and ten characters, those of runs sortable by time."""

import secrets
from datetime import datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that reads like a digit."""


def new_id(prefix: str) -> str:
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(10))}"


def new_run_id(now: datetime) -> str:
    """Six characters of time (seconds, wrapping after 34 years), four of chance."""
    seconds = int(now.timestamp())
    stamp = "".join(ALPHABET[(seconds >> shift) & 31] for shift in range(25, -1, -5))
    return f"run-{stamp}{''.join(secrets.choice(ALPHABET) for _ in range(4))}"
