"""Globs over addresses and paths: `*` is anything, `?` one character; brackets are brackets."""

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(text: str, glob: str) -> bool:
    """The whole text, its case included."""
    return _compiled(glob).fullmatch(text) is not None


def matches_any(text: str, globs: Iterable[str]) -> bool:
    return any(matches(text, glob) for glob in globs)


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    escaped = re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)
