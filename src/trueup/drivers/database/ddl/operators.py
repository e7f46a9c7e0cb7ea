"""Operators, their classes and families, conversions, access methods, text search. Pure."""

import re
from collections.abc import Iterator
from typing import NoReturn

from trueup.drivers.database.catalog.addresses import parse
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import is_there, literal
from trueup.drivers.database.ddl.marks import called, differing, dropped, made, marked, replaced
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.drivers.database.ddl.routines import bare
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON


def _create_operator(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    left, right = re.split(r", (?![^(]*\))", parse(address).arguments or "", maxsplit=1)
    parts = [f"FUNCTION = {bare(values['function'])}"]
    parts += [f"LEFTARG = {left}"] if left != "NONE" else []
    parts += [f"RIGHTARG = {right}"] if right != "NONE" else []
    for name in ("commutator", "negator"):
        parts += [f"{name.upper()} = OPERATOR({bare(values[name])})"] if name in values else []
    parts += [f"{name.upper()} = {values[name]}" for name in ("restrict", "join") if name in values]
    parts += [name.upper() for name in ("hashes", "merges") if values.get(name)]
    name_ = called(address).partition(" (")[0]
    yield Ddl(f"CREATE OPERATOR {name_} ({', '.join(parts)})", address, unless=_operator_there(address))
    yield from made(address, values, around)


def _operator_there(address: Address) -> str:
    name = called(address).partition(" (")[0]
    return f"SELECT FROM pg_operator WHERE oid = to_regoperator({literal(f'{name}({parse(address).arguments})')})"


def _member(text: str, values: JSON) -> str:
    """`1 schema.<(integer,integer)` behind OPERATOR; the types need a blank before them."""
    number, _, rest = text.partition(" ")
    return f"OPERATOR {number} {rest}"


def _members(values: JSON) -> list[str]:
    found = [_member(each, values) for each in values.get("operators") or ()]
    return [*found, *(f"FUNCTION {each}" for each in values.get("functions") or ())]


def _create_class(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address)
    default = " DEFAULT" if values.get("default") else ""
    parts = [*_members(values), *([f"STORAGE {values['storage']}"] if "storage" in values else [])]
    text = f"CREATE OPERATOR CLASS {name.qualified}{default} FOR TYPE {values['type']} USING {name.arguments}"
    parts = parts or [f"STORAGE {values['type']}"]
    yield Ddl(f"{text} FAMILY {values['family']} AS {', '.join(parts)}", address, unless=is_there(address))
    yield from made(address, values, around)


def _create_family(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"CREATE OPERATOR FAMILY {called(address)}", address, unless=is_there(address))
    if parts := _members(values):
        yield Ddl(f"ALTER OPERATOR FAMILY {called(address)} ADD {', '.join(parts)}", address, last=True)
    yield from made(address, values, around)


def _create_conversion(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    default = "DEFAULT " if values.get("default") else ""
    ends = f"{literal(values['from'])} TO {literal(values['to'])}"
    text = f"CREATE {default}CONVERSION {called(address)} FOR {ends} FROM {values['function']}"
    yield Ddl(text, address, unless=is_there(address))
    yield from made(address, values, around)


def _create_method(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    text = f"CREATE ACCESS METHOD {called(address)} TYPE {values['type'].upper()} HANDLER {values['handler']}"
    yield Ddl(text, address, unless=is_there(address))
    yield from made(address, values, around)


def _create_dictionary(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    options = f", {values['options']}" if values.get("options") else ""
    text = f"CREATE TEXT SEARCH DICTIONARY {called(address)} (TEMPLATE = {values['template']}{options})"
    yield Ddl(text, address, unless=is_there(address))
    yield from made(address, values, around)


def _create_configuration(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    text = f"CREATE TEXT SEARCH CONFIGURATION {called(address)} (PARSER = {values['parser']})"
    yield Ddl(text, address, unless=is_there(address))
    yield from _mappings(address, {}, values)
    yield from made(address, values, around)


def _mappings(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    before, after = old.get("mappings") or {}, new.get("mappings") or {}
    alter = f"ALTER TEXT SEARCH CONFIGURATION {called(address)}"
    for token in sorted({*before, *after}):
        if before.get(token) == after.get(token):
            continue
        yield Ddl(f"{alter} DROP MAPPING IF EXISTS FOR {token}", address)
        if token in after:
            yield Ddl(f"{alter} ADD MAPPING FOR {token} WITH {', '.join(after[token])}", address)


def _alter_configuration(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if "parser" in differing(old, new):
        raise Rebuild
    yield from _mappings(address, old, new)
    yield from marked(address, old, new)


def _refused(address: Address, values: JSON, around: Surroundings) -> NoReturn:
    what = parse(address).kind.replace("_", " ")
    raise Refused(
        f"a {what} is made of functions in C, or connects to another server: no statement carries that",
        hint="write the statement by hand where it is needed",
    )


def _refused_change(address: Address, old: JSON, new: JSON, around: Surroundings) -> NoReturn:
    _refused(address, new, around)


OPERATOR = Maker(rank=53, create=_create_operator, drop=dropped, alter=replaced, late=True)
OPERATOR_FAMILY = Maker(rank=54, create=_create_family, drop=dropped, alter=replaced, late=True)
OPERATOR_CLASS = Maker(rank=55, create=_create_class, drop=dropped, alter=replaced)
CONVERSION = Maker(rank=58, create=_create_conversion, drop=dropped, alter=replaced, late=True)
ACCESS_METHOD = Maker(rank=14, create=_create_method, drop=dropped, alter=replaced, late=True)
DICTIONARY = Maker(rank=16, create=_create_dictionary, drop=dropped, alter=replaced, late=True)
CONFIGURATION = Maker(rank=17, create=_create_configuration, drop=dropped, alter=_alter_configuration, late=True)
BY_HAND = Maker(rank=18, create=_refused, drop=dropped, alter=_refused_change, late=True)
"""Subscriptions, languages, parsers and templates of text search."""
