"""One kind of catalog object as one query, and a row of it as a Resource.

Values leave out what is as PostgreSQL makes it by itself, so that a drift shows little else than what somebody did.
Names of other objects inside values are SQL: qualified (the search path is pg_catalog) and quoted where need be. Whole
numbers that may take 64 bits are texts: JSON does not carry them everywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trueup.drivers.database.catalog.addresses import address
from trueup.drivers.database.catalog.privileges import privileges
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

FIRST_OF_USERS = 16384
"""Smaller object ids are those of initdb."""
_DEFINED = frozenset(
    ("view", "materialized_view", "index", "constraint", "function", "procedure", "trigger", "rule", "statistics")
)
_WITH_COLUMNS = frozenset(("table", "view", "materialized_view", "foreign_table"))


@dataclass(frozen=True, kw_only=True)
class Objects:
    """SQL expressions over one row of `source`. Members of extensions are left out: the extension stands for them."""

    kind: str
    """An expression: a literal with its quotes, or a CASE."""
    catalog: str
    """`pg_class`: where comments, labels and extensions know these objects from."""
    oid: str
    names: tuple[str, ...]
    arguments: str = "NULL::text"
    owner: str = ""
    acl: str = ""
    """The column with the privileges; empty for what has none."""
    usual_acl: str = ""
    """What they would be by themselves."""
    parent: tuple[str, ...] = ()
    """Names of the table without which it is not."""
    values: Mapping[str, str]
    """Null is left out, at any depth."""
    source: str
    """What follows FROM, with its WHERE."""
    bare: bool = False
    """Members of extensions too, and nothing of each but its privileges."""

    @cached_property
    def sql(self) -> str:
        """Plain columns, no JSON but for what is nested: building documents costs the server more than the rest, and
        reading them costs the client."""
        members = "true" if self.bare else f"NOT {of_an_extension(self.catalog, self.oid)}"
        said = (self.kind, self.oid, self.arguments, *self.names, *self.parent, *self._values.values())
        return f"SELECT {', '.join(said)} FROM {self.source} AND {members}"

    @cached_property
    def _values(self) -> Mapping[str, str]:
        held = {"acl": acl(self.acl, self.usual_acl, self.owner)} if self.acl else {}
        if self.bare:
            return {**self.values, **held}
        marks = {
            "comment": comment(self.catalog, self.oid),
            "security_labels": labels(self.catalog, self.oid),
            "depends_on_extensions": f"""CASE WHEN %(depending)s THEN
                (SELECT jsonb_agg(quote_ident(needed.extname) ORDER BY needed.extname)
                FROM pg_depend needs JOIN pg_extension needed ON needed.oid = needs.refobjid
                WHERE needs.classid = '{self.catalog}'::regclass AND needs.objid = {self.oid}
                  AND needs.deptype = 'x') END""",
        }
        owner = {"owner": f"quote_ident(pg_get_userbyid({self.owner}))"} if self.owner else {}
        return {**self.values, **marks, **owner, **held}

    def rows(self, found: Iterable[tuple[Any, ...]]) -> Iterator["Row"]:
        """Of what `sql` finds."""
        parent = 3 + len(self.names)
        values = parent + len(self.parent)
        names = tuple(self._values)
        for each in found:
            said = {name: value for name, value in zip(names, each[values:], strict=True) if value is not None}
            yield Row(each[0], each[1], each[2], each[3:parent], each[parent:values], said)


PRELUDE = """
    SELECT EXISTS (SELECT FROM pg_seclabel), EXISTS (SELECT FROM pg_depend WHERE deptype = 'x'),
      current_setting('server_version_num')::integer >= 180000"""
"""What most databases have none of, asked once instead of for each object: labels, what depends on an extension, names
of NOT NULL. The answers are the parameters `labelled`, `depending` and `named`; `schemas` is the caller's."""


@dataclass(frozen=True)
class Row:
    """One object as `Objects.sql` tells it, without its columns."""

    kind: str
    oid: int
    arguments: str | None
    names: tuple[str | None, ...]
    parent: tuple[str | None, ...]
    values: dict[str, JSON]

    @property
    def has_columns(self) -> bool:
        return self.kind in _WITH_COLUMNS

    @property
    def is_whole(self) -> bool:
        """False: it went after the catalog was read and before its definition was."""
        return self.kind not in _DEFINED or "definition" in self.values

    def is_of(self, skipped: frozenset[tuple[str | None, ...]]) -> bool:
        """It, its table or its schema is among these names."""
        return bool(skipped) and any(
            names[:length] in skipped for names in (self.names, self.parent) for length in range(1, len(names) + 1)
        )

    def resource(self) -> tuple[Address, Resource]:
        values = spoken(self.values)
        if self.kind == "privileges.table" and "columns" in values:
            values["columns"] = {column.pop("name"): spoken(column) for column in values["columns"]}
        names = [name for name in self.names if name is not None]
        return address(self.kind, *names, arguments=self.arguments), Resource(self.kind.partition(".")[0], values)


def spoken(values: dict[str, Any]) -> dict[str, JSON]:
    """With `privileges` in place of `acl`, also inside of an identity."""
    if "identity" in values:
        values["identity"] = spoken(values["identity"])
    if "acl" in values and (held := privileges(values.pop("acl"))):
        values["privileges"] = held
    return values


def built(values: Mapping[str, str]) -> str:
    """An object without nulls."""
    pairs = ",\n".join(f"'{name}', {expression}" for name, expression in values.items())
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))" if values else "'{}'::jsonb"


def any_built(values: Mapping[str, str]) -> str:
    """The same, or null where it would be empty: asked first, for it is nearly always."""
    return only(" OR ".join(f"{expression} IS NOT NULL" for expression in values.values()), built(values))


def acl(held: str, usual: str, owner: str) -> str:
    """What `privileges` reads: what is granted, what would be by itself, and the owner's name. Null where nobody ever
    granted or revoked anything."""
    return f"CASE WHEN {held} IS NOT NULL THEN ARRAY[{held}::text, {usual}::text, pg_get_userbyid({owner})::text] END"


def comment(catalog: str, oid: str, part: str = "0") -> str:
    return f"""(SELECT description FROM pg_description
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {part})"""


def labels(catalog: str, oid: str, part: str = "0") -> str:
    return f"""CASE WHEN %(labelled)s THEN (SELECT jsonb_object_agg(provider, label) FROM pg_seclabel
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {part}) END"""


def of_an_extension(catalog: str, oid: str) -> str:
    return f"""EXISTS (SELECT FROM pg_depend member WHERE member.classid = '{catalog}'::regclass
        AND member.objid = {oid} AND member.deptype = 'e')"""


def options(column: str) -> str:
    """`{fillfactor=70}` as an object."""
    return f"""CASE WHEN {column} IS NOT NULL THEN
        (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest({column}) o) END"""


def words(column: str, meanings: Mapping[str, str]) -> str:
    """One letter of the catalog as a word; other letters as null."""
    cases = " ".join(f"WHEN '{letter}' THEN '{word}'" for letter, word in meanings.items())
    return f"CASE {column} {cases} END"


def only(condition: str, word: str = "true") -> str:
    """True where it holds, else null."""
    return f"CASE WHEN {condition} THEN {word} END"


def visible(schema: str) -> str:
    """Of a pg_namespace row: it is nobody's but the users', and asked for."""
    return f"""({schema}.nspname !~ '^pg_' AND {schema}.nspname <> 'information_schema'
        AND (cardinality(%(schemas)s::text[]) = 0 OR {schema}.nspname = ANY (%(schemas)s::text[])))"""


ENABLED = {"D": "disabled", "R": "replica", "A": "always"}
"""States of triggers, rules and event triggers that are not plainly enabled."""
