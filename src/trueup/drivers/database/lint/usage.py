"""Who uses a column or table by name alone: bodies of functions, which the catalog's own dependencies do not know."""

import re
from collections.abc import Iterator, Mapping

from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

BODIES = ("function", "procedure")
"""Views, rules, policies and constraints are not among them: PostgreSQL refuses by itself to drop what they use."""


def users_of(real: Mapping[Address, Resource], table: str, column: str) -> tuple[Address, ...]:
    """Functions and procedures in whose text both names stand, each as a word of its own."""
    words = [re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])", re.IGNORECASE) for name in (table, column) if name]
    if not words:
        return ()
    return tuple(
        address
        for address, resource in sorted(real.items())
        if resource.kind in BODIES and all(any(word.search(text) for text in _texts(resource.values)) for word in words)
    )


def _texts(values: JSON) -> Iterator[str]:
    match values:
        case str():
            yield values
        case dict():
            for each in values.values():
                yield from _texts(each)
        case list():
            for each in values:
                yield from _texts(each)
        case _:
            return
