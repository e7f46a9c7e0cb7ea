"""Functions, procedures, aggregates, event triggers, languages, casts and transforms."""

from trueup.drivers.database.catalog.objects import ENABLED, FIRST_OF_USERS, Objects, only, visible, words

_ARGUMENTS = "oidvectortypes(p.proargtypes)"

ROUTINES = Objects(
    kind="CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END",
    catalog="pg_proc",
    oid="p.oid",
    names=("n.nspname", "p.proname"),
    arguments=_ARGUMENTS,
    owner="p.proowner",
    acl="p.proacl",
    usual_acl="acldefault('f', p.proowner)",
    values={"definition": "pg_get_functiondef(p.oid)"},
    # Without the constructors that a range type brings along.
    source=f"""pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind <> 'a' AND {visible("n")} AND NOT EXISTS (SELECT FROM pg_depend o
          WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.deptype = 'i')""",
)


def _routine(column: str) -> str:
    return f"NULLIF({column}, 0)::regprocedure::text"


_FINAL = {"r": "read_only", "s": "shareable", "w": "read_write"}

AGGREGATES = Objects(
    kind="'aggregate'",
    catalog="pg_proc",
    oid="p.oid",
    names=("n.nspname", "p.proname"),
    arguments=_ARGUMENTS,
    owner="p.proowner",
    acl="p.proacl",
    usual_acl="acldefault('f', p.proowner)",
    values={
        "arguments": "pg_get_function_arguments(p.oid)",
        "kind": words("a.aggkind", {"o": "ordered set", "h": "hypothetical"}),
        "state_function": _routine("a.aggtransfn"),
        "state_type": "format_type(a.aggtranstype, NULL)",
        "state_space": "NULLIF(a.aggtransspace, 0)",
        "initial": "a.agginitval",
        "final_function": _routine("a.aggfinalfn"),
        "final_extra": only("a.aggfinalextra"),
        "final_modify": words("a.aggfinalmodify", _FINAL),
        "combine_function": _routine("a.aggcombinefn"),
        "serialize_function": _routine("a.aggserialfn"),
        "deserialize_function": _routine("a.aggdeserialfn"),
        "moving_state_function": _routine("a.aggmtransfn"),
        "moving_inverse_function": _routine("a.aggminvtransfn"),
        "moving_state_type": "NULLIF(a.aggmtranstype, 0)::regtype::text",
        "moving_state_space": "NULLIF(a.aggmtransspace, 0)",
        "moving_initial": "a.aggminitval",
        "moving_final_function": _routine("a.aggmfinalfn"),
        "moving_final_extra": only("a.aggmfinalextra"),
        "moving_final_modify": only("a.aggmtransfn <> 0", words("a.aggmfinalmodify", _FINAL)),
        "sort_operator": "NULLIF(a.aggsortop, 0)::regoperator::text",
        "parallel": words("p.proparallel", {"s": "safe", "r": "restricted"}),
    },
    source=f"""pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {visible("n")}""",
)

EVENT_TRIGGERS = Objects(
    kind="'event_trigger'",
    catalog="pg_event_trigger",
    oid="e.oid",
    names=("e.evtname",),
    owner="e.evtowner",
    values={
        "event": "e.evtevent",
        "function": "e.evtfoid::regprocedure::text",
        "tags": "(SELECT jsonb_agg(tag ORDER BY tag) FROM unnest(e.evttags) tag)",
        "enabled": words("e.evtenabled", ENABLED),
    },
    source="pg_event_trigger e WHERE true",
)

LANGUAGES = Objects(
    kind="'language'",
    catalog="pg_language",
    oid="l.oid",
    names=("l.lanname",),
    owner="l.lanowner",
    acl="l.lanacl",
    usual_acl="acldefault('l', l.lanowner)",
    values={
        "trusted": only("l.lanpltrusted"),
        "handler": _routine("l.lanplcallfoid"),
        "inline": _routine("l.laninline"),
        "validator": _routine("l.lanvalidator"),
    },
    source=f"pg_language l WHERE l.oid >= {FIRST_OF_USERS}",
)

CASTS = Objects(
    kind="'cast'",
    catalog="pg_cast",
    oid="c.oid",
    names=(),
    arguments="format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL)",
    values={
        "function": _routine("c.castfunc"),
        "method": words("c.castmethod", {"b": "binary", "i": "inout"}),
        "context": words("c.castcontext", {"a": "assignment", "i": "implicit"}),
    },
    # Without those from a range to its multirange, which come with the type.
    source=f"""pg_cast c WHERE c.oid >= {FIRST_OF_USERS} AND NOT EXISTS (SELECT FROM pg_depend o
        WHERE o.classid = 'pg_cast'::regclass AND o.objid = c.oid AND o.deptype = 'i')""",
)

TRANSFORMS = Objects(
    kind="'transform'",
    catalog="pg_transform",
    oid="t.oid",
    names=(),
    arguments="""format_type(t.trftype, NULL) || ' LANGUAGE '
        || (SELECT quote_ident(lanname) FROM pg_language WHERE oid = t.trflang)""",
    values={"from_sql": _routine("t.trffromsql"), "to_sql": _routine("t.trftosql")},
    source="pg_transform t WHERE true",
)
