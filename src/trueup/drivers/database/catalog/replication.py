"""Publications and subscriptions."""

from trueup.drivers.database.catalog.objects import Objects, built, only, words

_PUBLISHED = {
    "columns": """(SELECT jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::smallint[]))""",
    "where": "pg_get_expr(r.prqual, r.prrelid)",
}

PUBLICATIONS = Objects(
    kind="'publication'",
    catalog="pg_publication",
    oid="p.oid",
    names=("p.pubname",),
    owner="p.pubowner",
    values={
        "all_tables": only("p.puballtables"),
        "tables": f"""(SELECT jsonb_object_agg(r.prrelid::regclass::text, {built(_PUBLISHED)})
            FROM pg_publication_rel r WHERE r.prpubid = p.oid)""",
        "schemas": """(SELECT jsonb_agg(quote_ident(n.nspname) ORDER BY n.nspname) FROM pg_publication_namespace s
            JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid)""",
        "no_insert": only("NOT p.pubinsert"),
        "no_update": only("NOT p.pubupdate"),
        "no_delete": only("NOT p.pubdelete"),
        "no_truncate": only("NOT p.pubtruncate"),
        "via_root": only("p.pubviaroot"),
        # Since 18.
        "generated_columns": "CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END",
    },
    source="pg_publication p WHERE true",
)

_SINCE_16 = {
    "no_password_required": only("NOT s.subpasswordrequired"),
    "run_as_owner": only("s.subrunasowner"),
    "origin": "NULLIF(s.suborigin, 'any')",
}
_SINCE_17 = {"failover": only("s.subfailover")}


def subscriptions(major: int, secrets: bool) -> Objects:
    """The columns that everybody may read; the connection (with its password) only when asked for."""
    return Objects(
        kind="'subscription'",
        catalog="pg_subscription",
        oid="s.oid",
        names=("s.subname",),
        owner="s.subowner",
        values={
            "publications": "(SELECT jsonb_agg(quote_ident(p) ORDER BY p) FROM unnest(s.subpublications) p)",
            "disabled": only("NOT s.subenabled"),
            "slot": "s.subslotname",
            "binary": only("s.subbinary"),
            "streaming": words("s.substream", {"t": "on", "p": "parallel"}) if major > 15 else only("s.substream"),
            "two_phase": only("s.subtwophasestate <> 'd'"),
            "disable_on_error": only("s.subdisableonerr"),
            "synchronous_commit": "NULLIF(s.subsynccommit, 'off')",
            **(_SINCE_16 if major >= 16 else {}),
            **(_SINCE_17 if major >= 17 else {}),
            **({"secret_connection": "s.subconninfo"} if secrets else {}),
        },
        source="pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
