"""Sequences, and the one inside an identity column. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from trueup.drivers.database.catalog.addresses import parse
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.marks import differing, dropped, made, marked
from trueup.drivers.database.ddl.plan import Maker, Surroundings
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

_WORDS = {
    "increment": "INCREMENT BY",
    "minimum": "MINVALUE",
    "maximum": "MAXVALUE",
    "start": "START WITH",
    "cache": "CACHE",
}
_DEFAULTS = {"increment": "INCREMENT BY 1", "minimum": "NO MINVALUE", "maximum": "NO MAXVALUE", "cache": "CACHE 1"}


def options(values: Mapping[str, Any]) -> list[str]:
    """What CREATE SEQUENCE and GENERATED AS IDENTITY take."""
    found = [f"{word} {values[name]}" for name, word in _WORDS.items() if name in values]
    return [*found, "CYCLE"] if values.get("cycle") else found


def changed_options(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What ALTER SEQUENCE takes. Raises Refused for a start that nobody wrote down."""
    found = []
    for name, word in _WORDS.items():
        if old.get(name) == new.get(name):
            continue
        if name in new:
            found.append(f"{word} {new[name]}")
        elif name in _DEFAULTS:
            found.append(_DEFAULTS[name])
        else:
            down = str(new.get("increment", "1")).startswith("-")
            found.append(f"START WITH {new.get('maximum', '-1') if down else new.get('minimum', '1')}")
    if old.get("cycle") != new.get("cycle"):
        found.append("CYCLE" if new.get("cycle") else "NO CYCLE")
    return found


def _create(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address).qualified
    kind = "UNLOGGED SEQUENCE" if values.get("unlogged") else "SEQUENCE"
    parts = [f"CREATE {kind} IF NOT EXISTS {name}", f"AS {values.get('type', 'bigint')}", *options(values)]
    yield Ddl(" ".join(parts), address)
    if column := values.get("owned_by"):
        yield Ddl(f"ALTER SEQUENCE {name} OWNED BY {column}", address, last=True)
    yield from made(address, values, around)


def _alter(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    name, changed = parse(address).qualified, differing(old, new)
    parts = [f"AS {new.get('type', 'bigint')}"] if "type" in changed else []
    parts += changed_options(old, new)
    if parts:
        yield Ddl(f"ALTER SEQUENCE {name} {' '.join(parts)}", address)
    if "unlogged" in changed:
        yield Ddl(f"ALTER SEQUENCE {name} SET {'UNLOGGED' if new.get('unlogged') else 'LOGGED'}", address)
    if "owned_by" in changed:
        yield Ddl(f"ALTER SEQUENCE {name} OWNED BY {new.get('owned_by', 'NONE')}", address, last=True)
    left = changed - {*_WORDS, "cycle", "type", "unlogged", "owned_by"}
    if left:
        raise Refused(f"no DDL is written for {', '.join(sorted(left))} of a sequence")
    yield from marked(address, old, new)


SEQUENCE = Maker(rank=30, create=_create, drop=dropped, alter=_alter, late=True)
