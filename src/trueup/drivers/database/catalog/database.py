"""What belongs to the database as a whole: schemas, extensions, default privileges, foreign servers."""

from trueup.drivers.database.catalog.objects import FIRST_OF_USERS, Objects, options, visible, words

SCHEMAS = Objects(
    kind="'schema'",
    catalog="pg_namespace",
    oid="n.oid",
    names=("n.nspname",),
    owner="n.nspowner",
    acl="n.nspacl",
    usual_acl="acldefault('n', n.nspowner)",
    values={},
    source=f"pg_namespace n WHERE {visible('n')}",
)

EXTENSIONS = Objects(
    kind="'extension'",
    catalog="pg_extension",
    oid="x.oid",
    names=("x.extname",),
    values={
        "schema": "(SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = x.extnamespace)",
        "version": "x.extversion",
    },
    # plpgsql is there from the beginning.
    source=f"pg_extension x WHERE x.oid >= {FIRST_OF_USERS}",
)

_DEFAULTS_OF = {
    "r": "tables", "S": "sequences", "f": "functions", "T": "types", "n": "schemas", "L": "large objects"
}  # fmt: skip

DEFAULT_PRIVILEGES = Objects(
    kind="'default_privileges'",
    catalog="pg_default_acl",
    oid="d.oid",
    names=("pg_get_userbyid(d.defaclrole)", "n.nspname"),
    arguments=words("d.defaclobjtype", _DEFAULTS_OF),
    owner="d.defaclrole",
    acl="d.defaclacl",
    # In one schema they are additions to those of all schemas.
    usual_acl="""CASE WHEN d.defaclnamespace <> 0 THEN NULL::aclitem[]
        ELSE acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's'::"char" ELSE d.defaclobjtype END, d.defaclrole) END""",
    values={"in_schema": "quote_ident(n.nspname)"},
    source=f"""pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
        WHERE (n.oid IS NULL OR {visible("n")})""",
)

FOREIGN_DATA_WRAPPERS = Objects(
    kind="'foreign_data_wrapper'",
    catalog="pg_foreign_data_wrapper",
    oid="w.oid",
    names=("w.fdwname",),
    owner="w.fdwowner",
    acl="w.fdwacl",
    usual_acl="acldefault('F', w.fdwowner)",
    values={
        "handler": "NULLIF(w.fdwhandler, 0)::regproc::text",
        "validator": "NULLIF(w.fdwvalidator, 0)::regproc::text",
        "options": options("w.fdwoptions"),
    },
    source="pg_foreign_data_wrapper w WHERE true",
)

SERVERS = Objects(
    kind="'server'",
    catalog="pg_foreign_server",
    oid="s.oid",
    names=("s.srvname",),
    owner="s.srvowner",
    acl="s.srvacl",
    usual_acl="acldefault('S', s.srvowner)",
    values={
        "wrapper": "(SELECT quote_ident(fdwname) FROM pg_foreign_data_wrapper WHERE oid = s.srvfdw)",
        "type": "s.srvtype",
        "version": "s.srvversion",
        "options": options("s.srvoptions"),
    },
    source="pg_foreign_server s WHERE true",
)


def user_mappings(secrets: bool) -> Objects:
    """Their options (among them passwords) only when asked for: who may see them depends on who asks."""
    return Objects(
        kind="'user_mapping'",
        catalog="pg_user_mapping",
        oid="m.umid",
        names=("m.srvname", "CASE m.umuser WHEN 0 THEN 'public' ELSE m.usename END"),
        values={"secret_options": options("m.umoptions")} if secrets else {},
        source="pg_user_mappings m WHERE true",
    )
