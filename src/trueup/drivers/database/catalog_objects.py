"""One kind of catalog object as one query, and a row of it as a Resource.

Values leave out what is as PostgreSQL makes it by itself, so that a drift shows little else than what somebody did.
Names of other objects inside values are SQL: qualified (the search path is pg_catalog) and quoted where need be. Whole
numbers that may take 64 bits are texts: JSON does not carry them everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.drivers.database.addresses import address
from trueup.drivers.database.catalog_privileges import privileges
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

FIRST_OF_USERS = 16384
"""Smaller object ids are those of initdb."""
_DEFINED = frozenset(
    ("view", "materialized_view", "index", "constraint", "function", "procedure", "trigger", "rule", "statistics")
)


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
    owner: str = "NULL::oid"
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

    @property
    def sql(self) -> str:
        """Columns: kind, names, arguments, parent, values (jsonb), and what every kind has (jsonb)."""
        marks = {
            "owner": f"(SELECT quote_ident(rolname) FROM pg_roles WHERE oid = {self.owner})",
            "comment": comment(self.catalog, self.oid),
            "security_labels": labels(self.catalog, self.oid),
            "depends_on_extensions": f"""(SELECT jsonb_agg(quote_ident(needed.extname) ORDER BY needed.extname)
                FROM pg_depend needs JOIN pg_extension needed ON needed.oid = needs.refobjid
                WHERE needs.classid = '{self.catalog}'::regclass AND needs.objid = {self.oid}
                  AND needs.deptype = 'x')""",
        }
        if self.acl:
            marks["acl"] = acl(self.acl, self.usual_acl, self.owner)
        if self.owner.startswith("NULL"):
            del marks["owner"]
        if self.bare:
            marks = {"acl": marks["acl"]}
        members = "true" if self.bare else f"NOT {of_an_extension(self.catalog, self.oid)}"
        return f"""
            SELECT {self.kind}, {_texts(self.names)}, {self.arguments}, {_texts(self.parent)},
              {built(self.values)}, {built(marks)}
            FROM {self.source} AND {members}"""


@dataclass(frozen=True)
class Row:
    """What `Objects.sql` answers."""

    kind: str
    names: list[str | None]
    arguments: str | None
    parent: list[str]
    values: dict[str, JSON]
    marks: dict[str, JSON]

    @property
    def is_whole(self) -> bool:
        """False: it went after the catalog was read and before its definition was."""
        return self.kind not in _DEFINED or "definition" in self.values

    def is_of(self, skipped: frozenset[tuple[str | None, ...]]) -> bool:
        """It, its table or its schema is among these names."""
        return any(
            names[:length] in skipped
            for names in (tuple(self.names), tuple(self.parent))
            for length in range(1, len(names) + 1)
        )

    def resource(self) -> tuple[Address, Resource]:
        values = {**self.values, **_spoken(self.marks)}
        if columns := self.values.get("columns"):
            values["columns"] = {name: _spoken(column) for name, column in columns.items()}
        names = [name for name in self.names if name is not None]
        return address(self.kind, *names, arguments=self.arguments), Resource(self.kind.partition(".")[0], values)


def _spoken(marks: dict[str, Any]) -> dict[str, JSON]:
    """With `privileges` in place of `acl`, also inside of an identity."""
    spoken = {name: value for name, value in marks.items() if name != "acl"}
    if "identity" in marks:
        spoken["identity"] = _spoken(marks["identity"])
    if held := privileges(marks.get("acl")):
        spoken["privileges"] = held
    return spoken


def _texts(expressions: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(f'{each}::text' for each in expressions)}]::text[]"


def built(values: Mapping[str, str]) -> str:
    """An object without nulls."""
    pairs = ",\n".join(f"'{name}', {expression}" for name, expression in values.items())
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))" if values else "'{}'::jsonb"


def acl(held: str, usual: str, owner: str) -> str:
    """Two lists of [grantee, privilege, grantable, grantor or null for the owner]: what is granted, and what would be
    by itself. Null where nobody ever granted or revoked anything."""
    return f"CASE WHEN {held} IS NOT NULL THEN jsonb_build_array({_entries(held, owner)}, {_entries(usual, owner)}) END"


def _entries(acl: str, owner: str) -> str:
    return f"""(SELECT coalesce(jsonb_agg(jsonb_build_array(
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        a.privilege_type, a.is_grantable,
        CASE WHEN a.grantor <> {owner} THEN quote_ident(pg_get_userbyid(a.grantor)) END)), '[]')
        FROM aclexplode({acl}) a)"""


def comment(catalog: str, oid: str, part: str = "0") -> str:
    return f"""(SELECT description FROM pg_description
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {part})"""


def labels(catalog: str, oid: str, part: str = "0") -> str:
    return f"""(SELECT jsonb_object_agg(provider, label) FROM pg_seclabel
        WHERE objoid = {oid} AND classoid = '{catalog}'::regclass AND objsubid = {part})"""


def of_an_extension(catalog: str, oid: str) -> str:
    return f"""EXISTS (SELECT FROM pg_depend member WHERE member.classid = '{catalog}'::regclass
        AND member.objid = {oid} AND member.deptype = 'e')"""


def options(column: str) -> str:
    """`{fillfactor=70}` as an object."""
    return f"""(SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
        FROM unnest({column}) o)"""


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
