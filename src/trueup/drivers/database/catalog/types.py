"""Enums, domains, ranges, composite and base types, and collations."""

from trueup.drivers.database.catalog.objects import Objects, built, comment, labels, only, visible, words
from trueup.drivers.database.catalog.relations import STORAGE

_FORMS = {"e": "enum", "d": "domain", "r": "range", "b": "base", "c": "composite", "p": "shell"}

_ATTRIBUTE = {
    "type": "format_type(a.atttypid, a.atttypmod)",
    "after": "lag(a.attname) OVER (ORDER BY a.attnum)",
    "collation": only(
        "a.attcollation <> at.typcollation AND a.attcollation <> 0", "a.attcollation::regcollation::text"
    ),
    "comment": comment("pg_class", "a.attrelid", "a.attnum"),
    "security_labels": labels("pg_class", "a.attrelid", "a.attnum"),
}

_ATTRIBUTES = f"""(SELECT coalesce(jsonb_object_agg(o.attname, o.attribute), '{{}}') FROM (
    SELECT a.attname, {built(_ATTRIBUTE)} AS attribute FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) o)"""

_DOMAIN_CONSTRAINT = {"definition": "pg_get_constraintdef(k.oid)", "comment": comment("pg_constraint", "k.oid")}

_NOT_NULL_OF_A_DOMAIN = {
    "name": only("k.conname <> left(t.typname || '_not_null', 63)", "k.conname"),
    "comment": comment("pg_constraint", "k.oid"),
}


def _routine(column: str) -> str:
    return f"NULLIF({column}, 0)::regproc::text"


_DOMAIN = {
    "type": "format_type(t.typbasetype, t.typtypmod)",
    "collation": only("t.typcollation <> b.typcollation", "t.typcollation::regcollation::text"),
    "not_null": only("t.typnotnull"),
    "not_null_constraint": f"""(SELECT NULLIF({built(_NOT_NULL_OF_A_DOMAIN)}, '{{}}') FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'n')""",
    "default": "coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)",
    "constraints": f"""(SELECT jsonb_object_agg(k.conname, {built(_DOMAIN_CONSTRAINT)}) FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'c')""",
}

_RANGE = {
    "subtype": "format_type(r.rngsubtype, NULL)",
    "operator_class": only(
        "NOT o.opcdefault",
        "(SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = o.opcnamespace) || '.' || quote_ident(o.opcname)",
    ),
    "collation": only("r.rngcollation <> s.typcollation", "r.rngcollation::regcollation::text"),
    "canonical": _routine("r.rngcanonical"),
    "subtype_diff": _routine("r.rngsubdiff"),
    "multirange": "r.rngmultitypid::regtype::text",
}

_BASE = {
    "input": _routine("t.typinput"),
    "output": _routine("t.typoutput"),
    "receive": _routine("t.typreceive"),
    "send": _routine("t.typsend"),
    "typmod_in": _routine("t.typmodin"),
    "typmod_out": _routine("t.typmodout"),
    "analyze": _routine("t.typanalyze"),
    "subscript": _routine("t.typsubscript"),
    "length": "t.typlen",
    "by_value": only("t.typbyval"),
    "alignment": words("t.typalign", {"c": "char", "s": "int2", "i": "int4", "d": "double"}),
    "storage": words("t.typstorage", STORAGE),
    "category": "t.typcategory::text",
    "preferred": only("t.typispreferred"),
    "default": "coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)",
    "element": "NULLIF(t.typelem, 0)::regtype::text",
    "delimiter": "NULLIF(t.typdelim, ',')::text",
    "collatable": only("t.typcollation <> 0"),
}

_RANGE_OF = f"""(SELECT {built(_RANGE)} FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc
    JOIN pg_type s ON s.oid = r.rngsubtype WHERE r.rngtypid = t.oid)"""

TYPES = Objects(
    kind="'type'",
    catalog="pg_type",
    oid="t.oid",
    names=("n.nspname", "t.typname"),
    owner="t.typowner",
    acl="t.typacl",
    usual_acl="acldefault('T', t.typowner)",
    values={
        "form": words("t.typtype", _FORMS),
        "labels": only(
            "t.typtype = 'e'",
            """(SELECT coalesce(jsonb_agg(enumlabel ORDER BY enumsortorder), '[]')
                FROM pg_enum WHERE enumtypid = t.oid)""",
        ),
        "attributes": only("t.typtype = 'c'", _ATTRIBUTES),
        "domain": only("t.typtype = 'd'", built(_DOMAIN)),
        "range": only("t.typtype = 'r'", _RANGE_OF),
        "base": only("t.typtype = 'b'", built(_BASE)),
    },
    # Not the row types of tables, nor arrays and multiranges: they come and go with what they are made of.
    source=f"""pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
        LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE {visible("n")} AND (t.typtype IN ('e', 'd', 'r', 'b') OR c.relkind = 'c'
            OR (t.typtype = 'p' AND NOT t.typisdefined))
          AND NOT (t.typelem <> 0 AND EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))""",
)

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin", "d": "default"}

COLLATIONS = Objects(
    kind="'collation'",
    catalog="pg_collation",
    oid="c.oid",
    names=("n.nspname", "c.collname"),
    owner="c.collowner",
    values={
        "provider": words("c.collprovider", _PROVIDERS),
        "not_deterministic": only("NOT c.collisdeterministic"),
        "lc_collate": "c.collcollate",
        "lc_ctype": "c.collctype",
        # The same column under its name up to 16 and since 17.
        "locale": "coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale')",
        "rules": "to_jsonb(c) ->> 'collicurules'",
    },
    source=f"pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE {visible('n')}",
)
