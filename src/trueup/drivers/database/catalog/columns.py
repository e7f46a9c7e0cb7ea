"""Columns of tables, views, materialised views and foreign tables: one query for all of them."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from trueup.drivers.database.catalog.objects import (
    acl,
    any_built,
    built,
    comment,
    labels,
    only,
    options,
    spoken,
    visible,
    words,
)
from trueup.drivers.database.catalog.relations import RELATION_KINDS, STORAGE, sequence_values
from trueup.model.values import JSON


def _identity() -> str:
    values = {
        "generation": words("a.attidentity", {"a": "always", "d": "by default"}),
        # Always in the schema of its table.
        "sequence": "quote_ident(n.nspname) || '.' || quote_ident(r.relname)",
        **sequence_values("s", "a.atttypid"),
        "unlogged": only("r.relpersistence = 'u' AND c.relpersistence <> 'u'"),
        "logged": only("r.relpersistence = 'p' AND c.relpersistence <> 'p'"),
        "acl": acl("r.relacl", "acldefault('s', r.relowner)", "r.relowner"),
        "comment": comment("pg_class", "s.seqrelid"),
    }
    return f"""(SELECT {built(values)} FROM pg_depend d
        JOIN pg_class r ON r.oid = d.objid AND r.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = r.oid
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
          AND d.classid = 'pg_class'::regclass AND d.deptype = 'i')"""


# What PostgreSQL 18 keeps of it and 15 does not, where it is not as NOT NULL by itself makes it.
_NOT_NULL_CONSTRAINT = {
    "name": only("k.conname <> left(c.relname || '_' || a.attname || '_not_null', 63)", "k.conname"),
    "no_inherit": only("k.connoinherit"),
    "not_valid": only("NOT k.convalidated"),
    "inherited": only("NOT k.conislocal"),
    "comment": comment("pg_constraint", "k.oid"),
}

_GENERATED = {
    "expression": "pg_get_expr(d.adbin, d.adrelid)",
    "kind": words("a.attgenerated", {"s": "stored", "v": "virtual"}),
}
_USUAL = {
    "type": "format_type(a.atttypid, a.atttypmod)",
    "not_null": only("a.attnotnull"),
    "not_null_constraint": only("k.oid IS NOT NULL", any_built(_NOT_NULL_CONSTRAINT)),
    # It has no columns in it. With the table at hand PostgreSQL would open that for each.
    "default": only("a.attgenerated = ''", "pg_get_expr(d.adbin, 0)"),
    "comment": "r.description",
}
_RARE = {
    "collation": only("a.attcollation <> t.typcollation AND a.attcollation <> 0", "a.attcollation::regcollation::text"),
    "generated": only("a.attgenerated <> ''", built(_GENERATED)),
    "identity": only("a.attidentity <> ''", _identity()),
    "inherited": only("NOT a.attislocal"),
    "storage": only("a.attstorage <> t.typstorage", words("a.attstorage", STORAGE)),
    "compression": words("a.attcompression", {"p": "pglz", "l": "lz4"}),
    "statistics": "NULLIF(a.attstattarget, -1)",
    "options": options("a.attoptions"),
    "foreign_options": options("a.attfdwoptions"),
    "acl": acl("a.attacl", "NULL::aclitem[]", "c.relowner"),
    "security_labels": labels("pg_class", "a.attrelid", "a.attnum"),
}
_IS_RARE = """(a.attcollation <> t.typcollation OR a.attgenerated <> '' OR a.attidentity <> '' OR NOT a.attislocal
    OR a.attstorage <> t.typstorage OR a.attcompression <> '' OR a.attstattarget >= 0 OR a.attoptions IS NOT NULL
    OR a.attfdwoptions IS NOT NULL OR a.attacl IS NOT NULL OR %(labelled)s)"""

# What hardly any column has is built only where there is some of it.
COLUMNS = f"""
    SELECT a.attrelid, a.attnum, a.attname, {", ".join(_USUAL.values())}, {only(_IS_RARE, built(_RARE))}
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_description r ON r.objoid = a.attrelid AND r.classoid = 'pg_class'::regclass
        AND r.objsubid = a.attnum
      LEFT JOIN pg_constraint k ON %(named)s AND a.attnotnull AND k.contype = 'n' AND k.conrelid = a.attrelid
        AND k.conkey[1] = a.attnum
    WHERE c.relkind IN ({", ".join(f"'{letter}'" for letter in RELATION_KINDS)}) AND a.attnum > 0
      AND NOT a.attisdropped AND {visible("n")}"""


def columns(found: Iterable[tuple[Any, ...]]) -> Mapping[int, dict[str, JSON]]:
    """By the object id of their table, by name, in their order, of what COLUMNS finds. Each tells where it stands:
    one that comes or goes changes no other but the next."""
    of: dict[int, dict[str, JSON]] = {}
    table, before = 0, None
    for oid, _, name, *usual, rare in sorted(found, key=itemgetter(0, 1)):
        said = {key: value for key, value in zip(_USUAL, usual, strict=True) if value is not None}
        if rare:
            said |= spoken(rare)
        if oid != table:
            table, before, named = oid, None, of.setdefault(oid, {})
        if before is not None:
            said["after"] = before
        named[name] = said
        before = name
    return of
