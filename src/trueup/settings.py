"""Every setting, its default and its meaning."""

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

KEY = "key"
"""In the data directory: the installation's key. Without it nothing that is sealed can be read again."""

PORT = 8642
"""Where the API of `trueup up` answers on this machine, unless told otherwise."""


def default_data() -> Path:
    """The user's own data directory (XDG on Linux); never in a repository."""
    return user_data_path("trueup", appauthor=False)


@dataclass(frozen=True)
class DemoOptions:
    """What `trueup demo` was told."""

    once: bool = False
    """End by itself, with 0 only when every step held; else it stays up to be looked at."""
    json: bool = False
    """The steps and their timings as one JSON document instead of a narration."""
    keep: Path | None = None
    """Where everything is made and stays; None: a directory that goes away."""
