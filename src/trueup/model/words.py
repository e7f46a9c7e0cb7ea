"""Words: the leaves of a JSON value that somebody else wrote, bounded: what a request and a difference may share."""

import json
from collections.abc import Iterator
from typing import Any

DEEPEST = 12
MOST_LEAVES = 2000
MOST_WORDS = 200
LONGEST_WORD = 200
LONGEST_DOCUMENT = 20_000
EMPTY = frozenset({"", "true", "false", "none", "null", "hidden_due_to_security_reasons"})
"""Words that any request may have."""

Leaf = tuple[str, Any]
"""The nearest key above, and the value."""


def leaves(value: Any, *, skip: frozenset[str] = frozenset()) -> Iterator[Leaf]:
    """Strings and numbers below `value`, without those below the keys to skip; at most MOST_LEAVES of them."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    seen = 0
    while waiting and seen < MOST_LEAVES:
        key, here, depth = waiting.pop()
        seen += 1
        if isinstance(here, dict):
            if depth < DEEPEST:
                inside = [(str(name), each, depth + 1) for name, each in here.items() if name not in skip]
                waiting.extend(reversed(inside[:MOST_LEAVES]))
        elif isinstance(here, list):
            if depth < DEEPEST:
                waiting.extend((key, each, depth + 1) for each in reversed(here[:MOST_LEAVES]))
        elif isinstance(here, str | int | float) and not isinstance(here, bool):
            yield key, here


def words_in(value: Any) -> frozenset[str]:
    """In lower case; those inside of JSON texts (policies) included, and what any value may have left out."""
    words: set[str] = set()
    for _, leaf in leaves(value):
        document = _document(leaf)
        found = (inner for _, inner in leaves(document)) if document is not None else [leaf]
        for each in found:
            word = str(each).casefold()[:LONGEST_WORD]
            if word not in EMPTY:
                words.add(word)
            if len(words) >= MOST_WORDS:
                return frozenset(words)
    return frozenset(words)


def _document(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")) or len(value) > LONGEST_DOCUMENT:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
