"""Operators, operator classes and families, access methods, conversions and text search."""

from trueup.drivers.database.catalog.objects import FIRST_OF_USERS, Objects, only, visible, words

OPERATORS = Objects(
    kind="'operator'",
    catalog="pg_operator",
    oid="o.oid",
    names=("n.nspname", "o.oprname"),
    arguments="""CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', '
        || format_type(o.oprright, NULL)""",
    owner="o.oprowner",
    values={
        "function": "o.oprcode::oid::regprocedure::text",
        "commutator": "NULLIF(o.oprcom, 0)::regoperator::text",
        "negator": "NULLIF(o.oprnegate, 0)::regoperator::text",
        "restrict": "NULLIF(o.oprrest::oid, 0)::regproc::text",
        "join": "NULLIF(o.oprjoin::oid, 0)::regproc::text",
        "merges": only("o.oprcanmerge"),
        "hashes": only("o.oprcanhash"),
    },
    source=f"pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprcode <> 0 AND {visible('n')}",
)


def _members(owner_catalog: str, owner: str) -> dict[str, str]:
    """What an operator class was created with, or what was added to a family later: whichever each depends on."""

    def of(catalog: str, text: str, source: str) -> str:
        return f"""(SELECT jsonb_agg(m.text ORDER BY m.text) FROM (SELECT {text} AS text FROM {source}
            JOIN pg_depend d ON d.classid = '{catalog}'::regclass AND d.objid = m.oid
              AND d.refclassid = '{owner_catalog}'::regclass AND d.refobjid = {owner}
              AND d.deptype IN ('a', 'i')) m)"""

    return {
        "operators": of(
            "pg_amop",
            """m.amopstrategy || ' ' || m.amopopr::regoperator::text || coalesce(' FOR ORDER BY '
               || (SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) FROM pg_opfamily f
                   JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = m.amopsortfamily), '')""",
            "pg_amop m",
        ),
        "functions": of(
            "pg_amproc",
            """m.amprocnum || ' (' || format_type(m.amproclefttype, NULL) || ', '
               || format_type(m.amprocrighttype, NULL) || ') ' || m.amproc::oid::regprocedure::text""",
            "pg_amproc m",
        ),
    }


OPERATOR_CLASSES = Objects(
    kind="'operator_class'",
    catalog="pg_opclass",
    oid="c.oid",
    names=("n.nspname", "c.opcname"),
    arguments="quote_ident(a.amname)",
    owner="c.opcowner",
    values={
        "type": "format_type(c.opcintype, NULL)",
        "default": only("c.opcdefault"),
        "family": "(SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) FROM pg_opfamily f "
        "JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = c.opcfamily)",
        "storage": "NULLIF(c.opckeytype, 0)::regtype::text",
        **_members("pg_opclass", "c.oid"),
    },
    source=f"""pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am a ON a.oid = c.opcmethod
        WHERE {visible("n")}""",
)

OPERATOR_FAMILIES = Objects(
    kind="'operator_family'",
    catalog="pg_opfamily",
    oid="f.oid",
    names=("n.nspname", "f.opfname"),
    arguments="quote_ident(a.amname)",
    owner="f.opfowner",
    values=_members("pg_opfamily", "f.oid"),
    source=f"""pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
        WHERE {visible("n")}""",
)

ACCESS_METHODS = Objects(
    kind="'access_method'",
    catalog="pg_am",
    oid="a.oid",
    names=("a.amname",),
    values={"type": words("a.amtype", {"i": "index", "t": "table"}), "handler": "a.amhandler::oid::regproc::text"},
    source=f"pg_am a WHERE a.oid >= {FIRST_OF_USERS}",
)

CONVERSIONS = Objects(
    kind="'conversion'",
    catalog="pg_conversion",
    oid="c.oid",
    names=("n.nspname", "c.conname"),
    owner="c.conowner",
    values={
        "from": "pg_encoding_to_char(c.conforencoding)",
        "to": "pg_encoding_to_char(c.contoencoding)",
        "function": "c.conproc::oid::regproc::text",
        "default": only("c.condefault"),
    },
    source=f"pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE {visible('n')}",
)


def _named(catalog: str, prefix: str, oid: str) -> str:
    return f"""(SELECT quote_ident(ns.nspname) || '.' || quote_ident(x.{prefix}name) FROM {catalog} x
        JOIN pg_namespace ns ON ns.oid = x.{prefix}namespace WHERE x.oid = {oid})"""


def _function(column: str) -> str:
    return f"NULLIF({column}::oid, 0)::regproc::text"


_MAPPINGS = f"""(SELECT jsonb_object_agg(alias, dictionaries) FROM (
    SELECT token.alias, jsonb_agg({_named("pg_ts_dict", "dict", "m.mapdict")} ORDER BY m.mapseqno) AS dictionaries
    FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) token ON token.tokid = m.maptokentype
    WHERE m.mapcfg = c.oid GROUP BY token.alias) o)"""

TEXT_SEARCH_CONFIGURATIONS = Objects(
    kind="'text_search_configuration'",
    catalog="pg_ts_config",
    oid="c.oid",
    names=("n.nspname", "c.cfgname"),
    owner="c.cfgowner",
    values={"parser": _named("pg_ts_parser", "prs", "c.cfgparser"), "mappings": _MAPPINGS},
    source=f"pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE {visible('n')}",
)

TEXT_SEARCH_DICTIONARIES = Objects(
    kind="'text_search_dictionary'",
    catalog="pg_ts_dict",
    oid="d.oid",
    names=("n.nspname", "d.dictname"),
    owner="d.dictowner",
    values={"template": _named("pg_ts_template", "tmpl", "d.dicttemplate"), "options": "d.dictinitoption"},
    source=f"pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE {visible('n')}",
)

TEXT_SEARCH_PARSERS = Objects(
    kind="'text_search_parser'",
    catalog="pg_ts_parser",
    oid="p.oid",
    names=("n.nspname", "p.prsname"),
    values={
        "start": _function("p.prsstart"),
        "get_token": _function("p.prstoken"),
        "end": _function("p.prsend"),
        "headline": _function("p.prsheadline"),
        "token_types": _function("p.prslextype"),
    },
    source=f"pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE {visible('n')}",
)

TEXT_SEARCH_TEMPLATES = Objects(
    kind="'text_search_template'",
    catalog="pg_ts_template",
    oid="t.oid",
    names=("n.nspname", "t.tmplname"),
    values={"init": _function("t.tmplinit"), "lexize": _function("t.tmpllexize")},
    source=f"pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE {visible('n')}",
)
