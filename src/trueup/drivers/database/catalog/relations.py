"""Tables, views, materialised views, foreign tables and sequences."""

from trueup.drivers.database.catalog.objects import Objects, built, only, options, visible, words

RELATION_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized_view", "f": "foreign_table"}
HEAP = 2
"""The object id of the access method that tables have by themselves."""
TABLESPACE = "(SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = {oid})"
STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}


def sequence_values(sequence: str, type_: str = "") -> dict[str, str]:
    """Of a pg_sequence row, without what CREATE SEQUENCE chooses by itself. `type_`: what the type is left out for."""
    smallest = f"CASE {sequence}.seqtypid WHEN 21 THEN -32768 WHEN 23 THEN -2147483648 ELSE -9223372036854775808 END"
    greatest = f"CASE {sequence}.seqtypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END"
    up = f"{sequence}.seqincrement > 0"
    lowest = f"CASE WHEN {up} THEN 1 ELSE {smallest} END"
    highest = f"CASE WHEN {up} THEN {greatest} ELSE -1 END"
    first = f"CASE WHEN {up} THEN {sequence}.seqmin ELSE {sequence}.seqmax END"
    named = f"format_type({sequence}.seqtypid, NULL)"
    return {
        "type": only(f"{sequence}.seqtypid <> {type_}", named) if type_ else named,
        "increment": f"NULLIF({sequence}.seqincrement, 1)::text",
        "minimum": f"NULLIF({sequence}.seqmin, {lowest})::text",
        "maximum": f"NULLIF({sequence}.seqmax, {highest})::text",
        "start": f"NULLIF({sequence}.seqstart, {first})::text",
        "cache": f"NULLIF({sequence}.seqcache, 1)::text",
        "cycle": only(f"{sequence}.seqcycle"),
    }


_PARTITION_OF = {
    "parent": "i.inhparent::regclass::text",
    "bound": "pg_get_expr(c.relpartbound, c.oid)",
    "detaching": only("i.inhdetachpending"),
}

_TOAST_OPTIONS = f"""CASE WHEN toast.reloptions IS NOT NULL THEN
    (SELECT jsonb_object_agg('toast.' || key, value) FROM jsonb_each({options("toast.reloptions")})) END"""

_REPLICA_IDENTITY = """CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN
    (SELECT 'index ' || quote_ident(i.relname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
     WHERE x.indrelid = c.oid AND x.indisreplident) END"""

_RELATION = {
    "definition": only("c.relkind IN ('v', 'm')", "pg_get_viewdef(c.oid)"),
    "options": only(
        "c.reloptions IS NOT NULL OR toast.reloptions IS NOT NULL",
        f"coalesce({options('c.reloptions')}, '{{}}') || coalesce({_TOAST_OPTIONS}, '{{}}')",
    ),
    "unlogged": only("c.relpersistence = 'u'"),
    "tablespace": only("c.reltablespace <> 0", TABLESPACE.format(oid="c.reltablespace")),
    "access_method": only(f"c.relam NOT IN (0, {HEAP})", "(SELECT quote_ident(amname) FROM pg_am WHERE oid = c.relam)"),
    "of_type": "NULLIF(c.reloftype, 0)::regtype::text",
    "partition_by": only("c.relkind = 'p'", "pg_get_partkeydef(c.oid)"),
    "partition_of": only(
        "c.relispartition", f"(SELECT {built(_PARTITION_OF)} FROM pg_inherits i WHERE i.inhrelid = c.oid)"
    ),
    "inherits": only(
        "c.relkind IN ('r', 'f') AND NOT c.relispartition",
        "(SELECT jsonb_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid)",
    ),
    "replica_identity": only("c.relkind NOT IN ('v', 'f')", _REPLICA_IDENTITY),
    "row_security": only("c.relrowsecurity"),
    "force_row_security": only("c.relforcerowsecurity"),
    "server": only(
        "c.relkind = 'f'", "(SELECT quote_ident(s.srvname) FROM pg_foreign_server s WHERE s.oid = f.ftserver)"
    ),
    "foreign_options": options("f.ftoptions"),
}

RELATIONS = Objects(
    kind=words("c.relkind", RELATION_KINDS),
    catalog="pg_class",
    oid="c.oid",
    names=("n.nspname", "c.relname"),
    owner="c.relowner",
    acl="c.relacl",
    usual_acl="acldefault('r', c.relowner)",
    values=_RELATION,
    source=f"""pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {visible("n")}""",
)

SEQUENCES = Objects(
    kind="'sequence'",
    catalog="pg_class",
    oid="c.oid",
    names=("n.nspname", "c.relname"),
    owner="c.relowner",
    acl="c.relacl",
    usual_acl="acldefault('s', c.relowner)",
    parent=("tn.nspname", "t.relname"),
    values={
        **sequence_values("s"),
        "owned_by": only("t.oid IS NOT NULL", "t.oid::regclass::text || '.' || quote_ident(a.attname)"),
        "unlogged": only("c.relpersistence = 'u'"),
    },
    source=f"""pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid
          AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
        LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
        LEFT JOIN pg_class t ON t.oid = o.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE o.deptype IS DISTINCT FROM 'i' AND {visible("n")}""",
)
