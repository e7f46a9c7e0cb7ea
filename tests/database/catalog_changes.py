"""Changes of tables, columns, constraints, indexes and views, one at a time."""

from tests.database.catalog_start import Change, altered, each

COLUMNS = altered(
    "shop.users",
    "ADD COLUMN age integer",
    "ADD COLUMN age integer NOT NULL DEFAULT 1",
    "DROP COLUMN born",
    "RENAME COLUMN note TO notes",
    'ALTER "Full Name" TYPE varchar(60)',
    'ALTER "Full Name" TYPE text',
    'ALTER "Full Name" SET DEFAULT $$x$$',
    "ALTER code DROP NOT NULL",
    "ALTER note SET NOT NULL",
    "ALTER id DROP DEFAULT",
    """ALTER "Full Name" TYPE varchar(50) COLLATE "POSIX" """,
    "ALTER note SET STORAGE external",
    "ALTER note SET COMPRESSION pglz",
    "ALTER note SET STATISTICS 500",
    "ALTER note SET (n_distinct = 100)",
    "ALTER shout DROP EXPRESSION",
) | {
    "identity added": Change(
        "ALTER TABLE shop.cats ALTER lives SET NOT NULL, ALTER lives ADD GENERATED ALWAYS AS "
        "IDENTITY"
    ),
    "identity: always": Change("ALTER TABLE shop.teams ALTER id SET GENERATED ALWAYS"),
    "identity: increment": Change("ALTER TABLE shop.teams ALTER id SET INCREMENT 10"),
    "identity: start": Change("ALTER TABLE shop.teams ALTER id SET START 1000"),
    "identity: maximum": Change("ALTER TABLE shop.teams ALTER id SET MAXVALUE 2147483647"),
    "identity: cycle": Change("ALTER TABLE shop.teams ALTER id SET CYCLE"),
    "identity: cache": Change("ALTER SEQUENCE shop.teams_id_seq CACHE 20"),
    "identity: name of the sequence": Change("ALTER SEQUENCE shop.teams_id_seq RENAME TO ids"),
    "identity: privileges of the sequence": Change("GRANT USAGE ON SEQUENCE shop.teams_id_seq TO app"),
    "identity: comment of the sequence": Change("COMMENT ON SEQUENCE shop.teams_id_seq IS 'x'"),
    "identity dropped": Change("ALTER TABLE shop.teams ALTER id DROP IDENTITY"),
    "generated added": Change("ALTER TABLE shop.teams ADD twice numeric GENERATED ALWAYS AS (budget * 2) STORED"),
    "generated: another expression": Change(
        "ALTER TABLE shop.teams DROP twice, ADD twice numeric GENERATED ALWAYS AS (budget * 3) STORED",
        before="ALTER TABLE shop.teams ADD twice numeric GENERATED ALWAYS AS (budget * 2) STORED",
    ),
    "generated: virtual": Change(
        "ALTER TABLE shop.teams ADD twice numeric GENERATED ALWAYS AS (budget * 2) VIRTUAL", since=18
    ),
    "default: a function": Change("ALTER TABLE shop.users ALTER born SET DEFAULT now()"),
    "order of columns": Change(
        "ALTER TABLE shop.cats DROP name; ALTER TABLE shop.cats ADD name text",
    ),
    "renamed in a parent and its child": Change("ALTER TABLE shop.animals RENAME name TO called"),
    "renamed in a partitioned table": Change("ALTER TABLE shop.orders RENAME placed TO at"),
    "renamed with a key that others point at": Change("ALTER TABLE shop.teams RENAME id TO number"),
    "quoted names": Change('ALTER TABLE "Old Stuff"."Table" RENAME COLUMN "Select" TO "select"'),
}  # fmt: skip

TABLES = each(
    "CREATE TABLE shop.more ()",
    "CREATE UNLOGGED TABLE shop.more (a int)",
    "DROP TABLE shop.cats",
    "ALTER TABLE shop.cats RENAME TO pets",
    "ALTER TABLE shop.cats SET SCHEMA empty",
    "ALTER TABLE shop.cats SET UNLOGGED",
    "ALTER TABLE shop.cats OWNER TO app",
    "ALTER TABLE shop.cats SET (fillfactor = 70)",
    "ALTER TABLE shop.cats SET (autovacuum_enabled = false)",
    "ALTER TABLE shop.users RESET (fillfactor)",
    "ALTER TABLE shop.users SET (toast.autovacuum_enabled = false)",
    "ALTER TABLE shop.cats SET TABLESPACE fast",
    "ALTER TABLE shop.cats SET ACCESS METHOD pile",
    "ALTER TABLE shop.cats REPLICA IDENTITY FULL",
    "ALTER TABLE shop.cats REPLICA IDENTITY NOTHING",
    "ALTER TABLE shop.users REPLICA IDENTITY USING INDEX users_code",
    "ALTER TABLE shop.users CLUSTER ON users_email",
    "ALTER TABLE shop.cats ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE shop.users FORCE ROW LEVEL SECURITY",
    "ALTER TABLE shop.cats INHERIT shop.animals",
    "ALTER TABLE shop.dogs NO INHERIT shop.animals",
    "ALTER TABLE shop.cats OF shop.cat_type",
    "CREATE TABLE shop.orders_2023 PARTITION OF shop.orders FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
    "CREATE TABLE shop.orders_rest PARTITION OF shop.orders DEFAULT",
    "CREATE TABLE shop.orders_2026 PARTITION OF shop.orders (total DEFAULT 5 NOT NULL, CHECK (id > 5)) "
    "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "ALTER TABLE shop.orders ATTACH PARTITION shop.orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "ALTER TABLE shop.orders DETACH PARTITION shop.orders_2024",
    "ALTER TABLE shop.orders_2024 ALTER total SET DEFAULT 7",
    "CREATE TABLE shop.lists (a int) PARTITION BY LIST (a)",
    "CREATE TABLE shop.hashes (a int, b int) PARTITION BY HASH (a, (b + 1))",
    "CREATE TABLE shop.parts PARTITION OF shop.orders FOR VALUES FROM ('2030-01-01') TO (MAXVALUE) "
    "PARTITION BY LIST (id)",
)
TABLES["ALTER TABLE shop.cats OF shop.cat_type"] = Change(
    "ALTER TABLE shop.cats OF shop.cat_type", before="CREATE TYPE shop.cat_type AS (name text, lives int)"
)
TABLES["another bound"] = Change(
    "ALTER TABLE shop.orders DETACH PARTITION shop.orders_2024;"
    "ALTER TABLE shop.orders ATTACH PARTITION shop.orders_2024 FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')"
)

CONSTRAINTS = altered(
    "shop.users",
    "ADD CONSTRAINT adult CHECK (born < '2010-01-01')",
    "ADD CONSTRAINT adult CHECK (born < '2010-01-01') NOT VALID",
    "ADD CONSTRAINT adult CHECK (born < '2010-01-01') NO INHERIT",
    "ADD UNIQUE (note)",
    "ADD UNIQUE NULLS NOT DISTINCT (note)",
    "ADD UNIQUE (note) INCLUDE (team)",
    "ADD UNIQUE (note) DEFERRABLE INITIALLY DEFERRED",
    "ADD CONSTRAINT by_code UNIQUE USING INDEX users_code",
    "ADD UNIQUE (note) WITH (fillfactor = 50)",
    "ADD UNIQUE (note) USING INDEX TABLESPACE fast",
    "ADD FOREIGN KEY (team) REFERENCES shop.teams (id) NOT VALID",
    "DROP CONSTRAINT users_born_check",
    "DROP CONSTRAINT users_pkey",
    "DROP CONSTRAINT users_span",
    "DROP CONSTRAINT users_team",
    "RENAME CONSTRAINT users_team TO users_teams",
    "ALTER CONSTRAINT users_team DEFERRABLE",
    "ALTER CONSTRAINT users_team DEFERRABLE INITIALLY DEFERRED",
    "CLUSTER ON users_pkey",
) | {
    "foreign key: another action": Change(
        "ALTER TABLE shop.users DROP CONSTRAINT users_team,"
        "ADD CONSTRAINT users_team FOREIGN KEY (team) REFERENCES shop.teams (id) ON DELETE SET NULL"
    ),
    "foreign key: match full": Change(
        "ALTER TABLE shop.users DROP CONSTRAINT users_team,"
        "ADD CONSTRAINT users_team FOREIGN KEY (team) REFERENCES shop.teams (id) MATCH FULL ON DELETE CASCADE"
    ),
    "check: validated": Change(
        "ALTER TABLE shop.cats VALIDATE CONSTRAINT many",
        before="ALTER TABLE shop.cats ADD CONSTRAINT many CHECK (lives > 0) NOT VALID",
    ),
    "check: another expression": Change(
        "ALTER TABLE shop.users DROP CONSTRAINT users_born_check,"
        "ADD CONSTRAINT users_born_check CHECK (born > '1901-01-01')"
    ),
    "check: comment": Change("COMMENT ON CONSTRAINT users_born_check ON shop.users IS 'x'"),
    "check: not enforced": Change(
        "ALTER TABLE shop.cats ADD CONSTRAINT many CHECK (lives > 0) NOT ENFORCED", since=18
    ),
    "foreign key: not enforced": Change(
        "ALTER TABLE shop.users ALTER CONSTRAINT users_team NOT ENFORCED", since=18
    ),
    "not null: its name": Change(
        "ALTER TABLE shop.users ADD CONSTRAINT noted NOT NULL note", since=18
    ),
    "not null: not valid": Change(
        "ALTER TABLE shop.users ADD CONSTRAINT users_note_not_null NOT NULL note NOT VALID", since=18
    ),
    "not null: not inherited": Change(
        "ALTER TABLE shop.users ADD CONSTRAINT users_note_not_null NOT NULL note NO INHERIT", since=18
    ),
    "not null: of a parent and its child": Change(
        "ALTER TABLE shop.animals ALTER name SET NOT NULL", since=18
    ),
    "not null: of a partitioned table": Change("ALTER TABLE shop.orders ALTER total SET NOT NULL", since=18),
    "not null: comment": Change(
        "COMMENT ON CONSTRAINT users_code_not_null ON shop.users IS 'x'", since=18
    ),
    "primary key: without overlaps": Change(
        "ALTER TABLE shop.cats ADD CONSTRAINT once UNIQUE (place, time WITHOUT OVERLAPS)",
        before="ALTER TABLE shop.cats ADD place int4range, ADD time tsrange",
        since=18,
    ),
    "foreign key: switched off": Change("ALTER TABLE shop.users DISABLE TRIGGER ALL"),
    "foreign key alone switched off": Change(
        """DO $$ DECLARE name text; BEGIN SELECT tgname INTO name FROM pg_trigger
           WHERE tgrelid = 'shop.users'::regclass AND tgisinternal LIMIT 1;
           EXECUTE format('ALTER TABLE shop.users DISABLE TRIGGER %I', name); END $$""",
        unseen=True,
    ),
    "foreign key of a partitioned table": Change(
        "ALTER TABLE shop.orders ADD CONSTRAINT orders_team FOREIGN KEY (id) REFERENCES shop.teams"
    ),
    "primary key of a partitioned table": Change("ALTER TABLE shop.orders ADD PRIMARY KEY (id, placed)"),
}  # fmt: skip

INDEXES = each(
    "CREATE INDEX users_born ON shop.users (born)",
    "CREATE UNIQUE INDEX users_born ON shop.users (born)",
    "CREATE INDEX users_born ON shop.users USING brin (born) WITH (pages_per_range = 7)",
    "CREATE INDEX users_hash ON shop.users USING hash (note)",
    "CREATE INDEX users_ops ON shop.users (note text_pattern_ops)",
    'CREATE INDEX users_in ON shop.users (note COLLATE "C") INCLUDE (team)',
    "CREATE UNIQUE INDEX users_nulls ON shop.users (team) NULLS NOT DISTINCT",
    "CREATE INDEX users_where ON shop.users (note NULLS FIRST) WHERE born IS NULL",
    "CREATE INDEX orders_total ON shop.orders (total)",
    "CREATE INDEX orders_only ON ONLY shop.orders (total)",
    "CREATE INDEX counts_users ON shop.counts (users)",
    "DROP INDEX shop.users_email",
    "DROP INDEX shop.counts_team",
    "ALTER INDEX shop.users_email RENAME TO by_email",
    "ALTER INDEX shop.orders_placed RENAME TO by_day",
    "ALTER INDEX shop.orders_2024_placed_idx RENAME TO by_day_2024",
    "ALTER INDEX shop.teams_pkey RENAME TO teams_key",
    "ALTER INDEX shop.users_email SET (fillfactor = 60)",
    "ALTER INDEX shop.users_email SET TABLESPACE fast",
    "ALTER INDEX shop.users_pkey SET TABLESPACE fast",
    "ALTER INDEX shop.users_pkey SET (fillfactor = 60)",
    "ALTER INDEX shop.users_note ALTER COLUMN 1 SET STATISTICS 300",
    "ALTER INDEX shop.orders_placed ATTACH PARTITION shop.orders_2024_placed_idx",
    "COMMENT ON INDEX shop.users_email IS 'x'",
    "COMMENT ON INDEX shop.users_pkey IS 'x'",
)
INDEXES["ALTER INDEX shop.orders_placed ATTACH PARTITION shop.orders_2024_placed_idx"] = Change(
    "ALTER INDEX shop.orders_total ATTACH PARTITION shop.orders_2024_total",
    before="CREATE INDEX orders_total ON ONLY shop.orders (total); CREATE INDEX orders_2024_total ON "
    "shop.orders_2024 (total)",
)
INDEXES["an invalid index"] = Change(
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.users_email'::regclass"
)

VIEWS = each(
    "CREATE VIEW shop.more AS SELECT 1 AS one",
    "DROP VIEW shop.members",
    "CREATE OR REPLACE VIEW shop.rich AS SELECT id, name, budget FROM shop.teams WHERE budget > 200",
    "CREATE OR REPLACE VIEW shop.rich AS SELECT id, name, budget, mood FROM shop.teams WHERE budget > 100",
    "ALTER VIEW shop.rich SET (security_barrier)",
    "ALTER VIEW shop.rich SET (security_invoker = true)",
    "ALTER VIEW shop.rich SET (check_option = local)",
    "ALTER VIEW shop.rich SET (check_option = cascaded)",
    "ALTER VIEW shop.rich ALTER budget SET DEFAULT 5",
    "ALTER VIEW shop.rich OWNER TO app",
    "ALTER VIEW shop.rich RENAME TO wealthy",
    "ALTER VIEW shop.rich RENAME COLUMN budget TO money",
    "COMMENT ON VIEW shop.rich IS 'x'",
    "COMMENT ON COLUMN shop.rich.id IS 'x'",
    "GRANT SELECT ON shop.rich TO app",
    "GRANT SELECT (id) ON shop.rich TO app",
    "CREATE MATERIALIZED VIEW shop.sums AS SELECT sum(budget) FROM shop.teams WITH NO DATA",
    "DROP MATERIALIZED VIEW shop.counts",
    "ALTER MATERIALIZED VIEW shop.counts SET (autovacuum_enabled = false)",
    "ALTER MATERIALIZED VIEW shop.counts CLUSTER ON counts_team",
    "ALTER MATERIALIZED VIEW shop.counts ALTER team SET STATISTICS 9",
    "ALTER MATERIALIZED VIEW shop.counts SET TABLESPACE fast",
    "ALTER MATERIALIZED VIEW shop.counts OWNER TO app",
    "COMMENT ON MATERIALIZED VIEW shop.counts IS 'x'",
)

RELATIONS = {**COLUMNS, **TABLES, **CONSTRAINTS, **INDEXES, **VIEWS}
