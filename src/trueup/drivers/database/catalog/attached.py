"""What belongs to one table and has a name of its own: indexes, constraints, triggers, rules, policies, statistics."""

from trueup.drivers.database.catalog.objects import ENABLED, Objects, any_built, comment, only, options, visible, words
from trueup.drivers.database.catalog.relations import TABLESPACE

_TABLE = "JOIN pg_class t ON t.oid = {table} JOIN pg_namespace n ON n.oid = t.relnamespace"

_OF_AN_INDEX = {
    "tablespace": only("i.reltablespace <> 0", TABLESPACE.format(oid="i.reltablespace")),
    "clustered": only("x.indisclustered"),
    "invalid": only("NOT x.indisvalid AND i.relkind = 'i'"),
    # Only of expressions.
    "statistics": only(
        "x.indexprs IS NOT NULL",
        """(SELECT jsonb_object_agg(attname, attstattarget) FROM pg_attribute
        WHERE attrelid = i.oid AND attstattarget >= 0)""",
    ),
    "attached_to": only(
        "i.relispartition", "(SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = i.oid)"
    ),
}

INDEXES = Objects(
    kind="'index'",
    catalog="pg_class",
    oid="i.oid",
    names=("n.nspname", "i.relname"),
    parent=("n.nspname", "t.relname"),
    values={"table": "t.oid::regclass::text", "definition": "pg_get_indexdef(i.oid)", **_OF_AN_INDEX},
    source=f"""pg_index x JOIN pg_class i ON i.oid = x.indexrelid {_TABLE.format(table="x.indrelid")}
        WHERE {visible("n")} AND NOT EXISTS (
          SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))""",
)

_CONSTRAINTS = {"c": "check", "p": "primary key", "u": "unique", "f": "foreign key", "x": "exclude"}
_INDEX_OF_A_CONSTRAINT = {
    **_OF_AN_INDEX,
    "options": options("i.reloptions"),
    "comment": comment("pg_class", "i.oid"),
}

CONSTRAINTS = Objects(
    kind="'constraint'",
    catalog="pg_constraint",
    oid="c.oid",
    names=("n.nspname", "t.relname", "c.conname"),
    values={
        "type": words("c.contype", _CONSTRAINTS),
        "definition": "pg_get_constraintdef(c.oid)",
        "index": only("i.oid IS NOT NULL", any_built(_INDEX_OF_A_CONSTRAINT)),
        # Whoever switches off all triggers of a table switches off its foreign keys; pg_dump does not say so.
        "triggers": only(
            """c.contype = 'f' AND EXISTS (SELECT FROM pg_trigger g
            WHERE g.tgconstraint = c.oid AND g.tgisinternal AND g.tgenabled <> 'O')""",
            "'disabled'",
        ),
    },
    source=f"""pg_constraint c {_TABLE.format(table="c.conrelid")}
        LEFT JOIN pg_index x ON x.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
        LEFT JOIN pg_class i ON i.oid = x.indexrelid
        WHERE c.contype IN ('c', 'p', 'u', 'f', 'x') AND {visible("n")}
          AND NOT (c.contype = 'f' AND c.conparentid <> 0) AND NOT (c.contype = 'c' AND NOT c.conislocal)""",
)

TRIGGERS = Objects(
    kind="'trigger'",
    catalog="pg_trigger",
    oid="g.oid",
    names=("n.nspname", "t.relname", "g.tgname"),
    values={
        "definition": "pg_get_triggerdef(g.oid)",
        "enabled": words("g.tgenabled", ENABLED),
        "clone": only("g.tgparentid <> 0"),
    },
    # A partition's copy only where its state is another than the original's.
    source=f"""pg_trigger g {_TABLE.format(table="g.tgrelid")} LEFT JOIN pg_trigger origin ON origin.oid = g.tgparentid
        WHERE {visible("n")} AND ((NOT g.tgisinternal AND g.tgparentid = 0) OR g.tgenabled <> origin.tgenabled)""",
)

RULES = Objects(
    kind="'rule'",
    catalog="pg_rewrite",
    oid="r.oid",
    names=("n.nspname", "t.relname", "r.rulename"),
    values={"definition": "pg_get_ruledef(r.oid)", "enabled": words("r.ev_enabled", ENABLED)},
    source=f"""pg_rewrite r {_TABLE.format(table="r.ev_class")}
        WHERE {visible("n")} AND r.rulename <> '_RETURN'""",
)

_COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}

POLICIES = Objects(
    kind="'policy'",
    catalog="pg_policy",
    oid="p.oid",
    names=("n.nspname", "t.relname", "p.polname"),
    values={
        "command": words("p.polcmd", _COMMANDS),
        "restrictive": only("NOT p.polpermissive"),
        "roles": """(SELECT jsonb_agg(CASE o WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END
            ORDER BY pg_get_userbyid(o)) FROM unnest(p.polroles) o)""",
        "using": "pg_get_expr(p.polqual, p.polrelid)",
        "check": "pg_get_expr(p.polwithcheck, p.polrelid)",
    },
    source=f"""pg_policy p {_TABLE.format(table="p.polrelid")} WHERE {visible("n")}""",
)

STATISTICS = Objects(
    kind="'statistics'",
    catalog="pg_statistic_ext",
    oid="s.oid",
    names=("sn.nspname", "s.stxname"),
    owner="s.stxowner",
    parent=("n.nspname", "t.relname"),
    values={
        "table": "t.oid::regclass::text",
        "definition": "pg_get_statisticsobjdef(s.oid)",
        "target": "NULLIF(s.stxstattarget, -1)",
    },
    source=f"""pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace
        {_TABLE.format(table="s.stxrelid")} WHERE {visible("sn")}""",
)
