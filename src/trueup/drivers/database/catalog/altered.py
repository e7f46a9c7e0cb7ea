"""Privileges that somebody changed on objects that came with the server or with an extension."""

from trueup.drivers.database.catalog.objects import FIRST_OF_USERS, Objects, acl, of_an_extension, visible

_LOOSE = """FROM pg_attribute a LEFT JOIN pg_init_privs ai
        ON ai.objoid = a.attrelid AND ai.objsubid = a.attnum AND ai.classoid = 'pg_class'::regclass
    WHERE a.attrelid = o.oid AND a.attacl IS NOT NULL AND a.attacl IS DISTINCT FROM ai.initprivs"""
_COLUMNS = f"""(SELECT jsonb_agg(jsonb_build_object(
    'name', a.attname, 'acl', {acl("a.attacl", "ai.initprivs", "o.relowner")}) ORDER BY a.attnum) {_LOOSE})"""


def _altered(what: str, *, catalog: str, names: tuple[str, ...], prefix: str, letter: str, source: str) -> Objects:
    """Where they are others than initdb or CREATE EXTENSION left."""
    columns = f"OR EXISTS (SELECT {_LOOSE})" if what == "table" else ""
    return Objects(
        kind=f"'privileges.{what}'",
        catalog=catalog,
        oid="o.oid",
        names=names,
        arguments="oidvectortypes(o.proargtypes)" if catalog == "pg_proc" else "NULL::text",
        owner=f"o.{prefix}owner",
        acl=f"o.{prefix}acl",
        usual_acl=f"coalesce(i.initprivs, acldefault('{letter}', o.{prefix}owner))",
        values={"columns": _COLUMNS} if what == "table" else {},
        source=f"""{catalog} o LEFT JOIN pg_init_privs i ON i.objoid = o.oid AND i.objsubid = 0
              AND i.classoid = '{catalog}'::regclass
            {source} AND (o.{prefix}acl IS DISTINCT FROM i.initprivs {columns})
              AND (o.oid < {FIRST_OF_USERS} OR {of_an_extension(catalog, "o.oid")})""",
        bare=True,
    )


def _in_schema(column: str) -> str:
    return f"JOIN pg_namespace n ON n.oid = o.{column} WHERE (n.nspname = 'pg_catalog' OR {visible('n')})"


ALTERED = (
    _altered(
        "function",
        catalog="pg_proc",
        names=("n.nspname", "o.proname"),
        prefix="pro",
        letter="f",
        source=_in_schema("pronamespace"),
    ),
    _altered(
        "table",
        catalog="pg_class",
        names=("n.nspname", "o.relname"),
        prefix="rel",
        letter="r",
        source=_in_schema("relnamespace") + " AND o.relkind IN ('r', 'p', 'v', 'm', 'f')",
    ),
    _altered(
        "type",
        catalog="pg_type",
        names=("n.nspname", "o.typname"),
        prefix="typ",
        letter="T",
        source=_in_schema("typnamespace"),
    ),
    _altered(
        "schema",
        catalog="pg_namespace",
        names=("o.nspname",),
        prefix="nsp",
        letter="n",
        source="WHERE o.nspname NOT IN ('public', 'information_schema')",
    ),
    _altered("language", catalog="pg_language", names=("o.lanname",), prefix="lan", letter="l", source="WHERE true"),
)
