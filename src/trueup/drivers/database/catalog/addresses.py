"""Addresses of catalog objects: the kind, the qualified name as SQL quotes it, and the arguments where they tell two
objects of one name apart.

    table.public.users            also view, materialized_view, foreign_table, sequence, index
    type.public.mood              enum, domain, range, composite, base; also collation, conversion, statistics,
                                  text_search_configuration, _dictionary, _parser, _template
    constraint.public.users.users_pkey            by the name of its table; also trigger, rule, policy
    function.public.f(integer, text)              also procedure, aggregate, operator.public.===(integer, integer)
    operator_class.public.c(btree)                also operator_family
    schema.public                 also extension, publication, subscription, event_trigger, language, access_method,
                                  foreign_data_wrapper, server
    user_mapping.server.role      user_mapping.server.public is everybody's
    cast.(integer AS public.mood)                 also transform.(public.hstore LANGUAGE plperl)
    default_privileges.owner.public(tables)       of one schema; default_privileges.owner(tables): of all
    privileges.function.pg_catalog.pg_sleep(double precision)     of an object that is in no snapshot itself
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from trueup.model.address import Address

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_NAME = re.compile(r'"(?:[^"]|"")*"|[^."()]+')
# Every word of PostgreSQL 15 to 18 that quote_ident() quotes: the same address whatever the server's version.
_WORDS = """
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
char character check coalesce collate collation column concurrently constraint create cross current_catalog
current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not
notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real
references returning right row select session_user setof similar smallint some substring symmetric system_user table
tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose
when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
xmlserialize xmltable
"""
_KEYWORDS = frozenset(_WORDS.split())


@dataclass(frozen=True)
class Name:
    """What an address says."""

    kind: str
    parts: tuple[str, ...]
    """Without quotes: schema, table, name."""
    arguments: str | None = None
    """Between the parentheses; None where there are none."""

    @property
    def qualified(self) -> str:
        """As SQL writes it, without the arguments."""
        return qualified(*self.parts)


@lru_cache(maxsize=10_000)
def identifier(name: str) -> str:
    """As SQL needs it: quoted unless it is lower-case, plain and no keyword."""
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def qualified(*names: str) -> str:
    return ".".join(identifier(name) for name in names)


def address(kind: str, *names: str, arguments: str | None = None) -> Address:
    """`address("function", "public", "f", arguments="integer")` is `function.public.f(integer)`."""
    written = [name if kind == "operator" and _OPERATOR.fullmatch(name) else identifier(name) for name in names]
    suffix = "" if arguments is None else f"({arguments})"
    return Address(".".join([kind, *written]) + suffix if names else f"{kind}.{suffix}")


def parse(text: Address) -> Name:
    """What `address` made. Raises ValueError for any other text."""
    kind, _, rest = text.partition(".")
    names: list[str] = []
    while rest and not rest.startswith("("):
        found = _NAME.match(rest)
        if found is None:
            raise ValueError(f"not the address of a catalog object: {text}")
        names.append(_unquoted(found[0]))
        rest = rest[found.end() :].removeprefix(".")
    return Name(kind, tuple(names), rest[1:-1] if rest else None)


def split_name(text: str) -> tuple[str, ...]:
    """The parts of a qualified name as SQL writes it: `public."Users"`."""
    return tuple(_unquoted(found) for found in _NAME.findall(text))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
