"""What must be there before what: read from the texts of definitions, which name everything with its schema. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from trueup.drivers.database.catalog.addresses import parse
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)'
_QUALIFIED = re.compile(rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})+")
_PART = re.compile(_IDENTIFIER)
_OPERATOR = re.compile(r"OPERATOR\((\S+?)\)")
_BODY = re.compile(r"\bAS (\$\w*\$).*?\1", re.DOTALL)
_SILENT = frozenset({"comment", "owner", "privileges", "owned_by"})
"""What names roles and prose, and no object; and a sequence is made before the column that owns it."""


class Names:
    """Objects by the name that definitions call them."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._by_name: dict[str, list[Address]] = {}
        for address in addresses:
            self._by_name.setdefault(parse(address).qualified, []).append(address)

    def in_text(self, text: str) -> Iterator[Address]:
        """Every object whose qualified name is in a definition; not in the body of a function, which nobody reads
        before it is called."""
        shown = _BODY.sub("", text)
        for match in _QUALIFIED.finditer(shown):
            parts = _PART.findall(match[0])
            for length in range(2, len(parts) + 1):
                yield from self._by_name.get(".".join(parts[:length]), ())
        for match in _OPERATOR.finditer(shown):
            yield from self._by_name.get(match[1], ())

    def needed_by(self, address: Address, resource: Resource) -> frozenset[Address]:
        """Everything that the values of an object speak of, itself left out."""
        return frozenset(found for text in _texts(resource.values) for found in self.in_text(text) if found != address)


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _SILENT:
                yield name
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def in_order(ranks: Mapping[Address, int], needs: Mapping[Address, Collection[Address]]) -> list[Address]:
    """What is needed first, first; else by rank and name. A circle is cut where it closes."""
    done: dict[Address, None] = {}
    entered: set[Address] = set()

    def by_rank(each: Address) -> tuple[int, Address]:
        return ranks[each], each

    for start in sorted(ranks, key=by_rank):
        path = [] if start in entered else [start]
        while path:
            here = path[-1]
            entered.add(here)
            missing = [each for each in needs.get(here, ()) if each in ranks and each not in entered]
            if missing:
                path.append(min(missing, key=by_rank))
            else:
                done[path.pop()] = None
    return list(done)
