"""Changes of everything that is no table and no view, one at a time."""

from tests.database.catalog_start import SUBSCRIPTION, Change, each

SEQUENCES = each(
    "CREATE SEQUENCE shop.more",
    "DROP SEQUENCE shop.numbers",
    "ALTER SEQUENCE shop.numbers RENAME TO digits",
    "ALTER SEQUENCE shop.numbers AS bigint",
    "ALTER SEQUENCE shop.numbers INCREMENT 2",
    "ALTER SEQUENCE shop.numbers INCREMENT -1 MAXVALUE 5 MINVALUE -10",
    "ALTER SEQUENCE shop.numbers MINVALUE 0",
    "ALTER SEQUENCE shop.numbers MAXVALUE 99",
    "ALTER SEQUENCE shop.numbers START 7",
    "ALTER SEQUENCE shop.numbers CACHE 10",
    "ALTER SEQUENCE shop.numbers CYCLE",
    "ALTER SEQUENCE shop.numbers OWNED BY shop.cats.lives",
    "ALTER SEQUENCE shop.users_id_seq OWNED BY NONE",
    "ALTER SEQUENCE shop.numbers SET UNLOGGED",
    "ALTER SEQUENCE shop.numbers OWNER TO app",
    "GRANT SELECT ON SEQUENCE shop.numbers TO auditor",
    "REVOKE USAGE ON SEQUENCE shop.numbers FROM app",
    "COMMENT ON SEQUENCE shop.numbers IS 'x'",
)

TYPES = each(
    "CREATE TYPE shop.more AS ENUM ()",
    "ALTER TYPE shop.mood ADD VALUE 'great'",
    "ALTER TYPE shop.mood ADD VALUE 'great' BEFORE 'ok'",
    "ALTER TYPE shop.mood RENAME VALUE 'ok' TO 'fine'",
    "ALTER TYPE shop.mood RENAME TO temper",
    "ALTER TYPE shop.mood SET SCHEMA empty",
    "ALTER DOMAIN shop.email RENAME TO address",
    "ALTER TYPE shop.mood OWNER TO app",
    "REVOKE USAGE ON TYPE shop.mood FROM PUBLIC",
    "COMMENT ON TYPE shop.mood IS 'x'",
    "CREATE DOMAIN shop.more AS integer",
    "ALTER DOMAIN shop.email ADD CONSTRAINT long CHECK (length(VALUE) > 3)",
    "ALTER DOMAIN shop.email ADD CONSTRAINT long CHECK (length(VALUE) > 3) NOT VALID",
    "ALTER DOMAIN shop.email DROP CONSTRAINT at",
    "ALTER DOMAIN shop.email RENAME CONSTRAINT at TO has_at",
    "ALTER DOMAIN shop.email SET NOT NULL",
    "ALTER DOMAIN shop.amount DROP NOT NULL",
    "ALTER DOMAIN shop.amount SET DEFAULT 1",
    "ALTER DOMAIN shop.amount DROP DEFAULT",
    "ALTER DOMAIN shop.email OWNER TO app",
    "COMMENT ON DOMAIN shop.email IS 'x'",
    "COMMENT ON CONSTRAINT at ON DOMAIN shop.email IS 'x'",
    'CREATE DOMAIN shop.more AS text COLLATE "C"',
    "ALTER TYPE shop.point3 ADD ATTRIBUTE t float8",
    "ALTER TYPE shop.point3 DROP ATTRIBUTE y",
    "ALTER TYPE shop.point3 ALTER ATTRIBUTE x TYPE float4",
    "ALTER TYPE shop.point3 RENAME ATTRIBUTE x TO a",
    "COMMENT ON COLUMN shop.point3.x IS 'x'",
    "CREATE TYPE shop.ages AS RANGE (subtype = int4)",
    "CREATE TYPE shop.words AS RANGE (subtype = text, collation = 'C', subtype_opclass = text_pattern_ops)",
    "CREATE TYPE shop.ages AS RANGE (subtype = int4, multirange_type_name = shop.many_ages)",
    "ALTER TYPE shop.span RENAME TO spans",
    "DROP TYPE shop.shell",
    "CREATE COLLATION shop.more (locale = 'POSIX')",
    "DROP COLLATION shop.plain",
    "ALTER COLLATION shop.plain OWNER TO app",
    "COMMENT ON COLLATION shop.plain IS 'x'",
) | {
    "collation: ICU": Change(
        "CREATE COLLATION shop.german (provider = icu, locale = 'de', deterministic = false)", until=15
    ),
    "domain: validated": Change(
        "ALTER DOMAIN shop.email VALIDATE CONSTRAINT long",
        before="ALTER DOMAIN shop.email ADD CONSTRAINT long CHECK (length(VALUE) > 3) NOT VALID",
    ),
    "domain: not null by name": Change(
        "ALTER DOMAIN shop.email ADD CONSTRAINT there NOT NULL", since=18
    ),
    "base type": Change(
        "CREATE TYPE shop.whole (INPUT = shop.whole_in, OUTPUT = shop.whole_out, LIKE = integer)",
        before="CREATE TYPE shop.whole;"
        "CREATE FUNCTION shop.whole_in(cstring) RETURNS shop.whole LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION shop.whole_out(shop.whole) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'",
    ),
    "base type: storage": Change(
        "ALTER TYPE shop.long SET (STORAGE = extended)",
        before="CREATE TYPE shop.long;"
        "CREATE FUNCTION shop.long_in(cstring) RETURNS shop.long LANGUAGE internal IMMUTABLE STRICT AS 'textin';"
        "CREATE FUNCTION shop.long_out(shop.long) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';"
        "CREATE TYPE shop.long (INPUT = shop.long_in, OUTPUT = shop.long_out, INTERNALLENGTH = VARIABLE)",
    ),
    "domain: another type": Change(
        "DROP DOMAIN shop.amount; CREATE DOMAIN shop.amount AS numeric(12, 2) DEFAULT 0 NOT "
        "NULL"
    ),
    "range: another subtype": Change(
        "CREATE TYPE shop.ages AS RANGE (subtype = int8)",
        before="CREATE TYPE shop.ages AS RANGE (subtype = int4); DROP TYPE shop.ages",
    ),
}  # fmt: skip

ROUTINES = each(
    "CREATE FUNCTION shop.more() RETURNS void LANGUAGE sql AS ''",
    "CREATE FUNCTION shop.more(a int DEFAULT 5, VARIADIC b text[] DEFAULT '{}') RETURNS SETOF int "
    "LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION shop.more(OUT a int, OUT b text) LANGUAGE sql AS $$SELECT 1, 'x'::text$$",
    "CREATE FUNCTION shop.more() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION shop.more(a int) RETURNS int LANGUAGE sql RETURN a + 1",
    "CREATE OR REPLACE FUNCTION shop.twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + n'",
    "DROP FUNCTION shop.twice(text)",
    "ALTER FUNCTION shop.twice(integer) RENAME TO double",
    "ALTER FUNCTION shop.twice(integer) IMMUTABLE",
    "ALTER FUNCTION shop.twice(integer) STABLE",
    "ALTER FUNCTION shop.twice(integer) STRICT",
    "ALTER FUNCTION shop.twice(integer) SECURITY DEFINER",
    "ALTER FUNCTION shop.twice(integer) LEAKPROOF",
    "ALTER FUNCTION shop.twice(integer) PARALLEL SAFE",
    "ALTER FUNCTION shop.twice(integer) COST 5",
    "ALTER FUNCTION shop.twice(integer) SET search_path = shop, pg_temp",
    "ALTER FUNCTION shop.twice(integer) OWNER TO app",
    "ALTER FUNCTION shop.twice(integer) DEPENDS ON EXTENSION {extension}",
    "GRANT EXECUTE ON FUNCTION shop.twice(integer) TO app",
    "REVOKE EXECUTE ON FUNCTION shop.twice(integer) FROM PUBLIC",
    "COMMENT ON FUNCTION shop.twice(integer) IS 'x'",
    "CREATE PROCEDURE shop.more() LANGUAGE sql AS ''",
    "CREATE OR REPLACE PROCEDURE shop.tidy(days int) LANGUAGE plpgsql AS 'BEGIN COMMIT; END'",
    "ALTER PROCEDURE shop.tidy(int) SECURITY DEFINER",
    "GRANT EXECUTE ON PROCEDURE shop.tidy(int) TO app",
    "COMMENT ON PROCEDURE shop.tidy(int) IS 'x'",
    "CREATE AGGREGATE shop.more(integer) (sfunc = shop.add, stype = integer)",
    "CREATE AGGREGATE shop.rows(*) (sfunc = int8inc, stype = bigint, initcond = '0')",
    "DROP AGGREGATE shop.total(integer)",
    "CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = shop.add, stype = integer, initcond = '1')",
    "CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = shop.add, stype = integer, initcond = '0', "
    "parallel = safe)",
    "CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = shop.add, stype = integer, initcond = '0', sspace = 99)",
    "CREATE OR REPLACE AGGREGATE shop.total(integer) "
    "(sfunc = shop.add, stype = integer, initcond = '0', combinefunc = shop.add)",
    "CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = shop.add, stype = integer, initcond = '0', "
    "msfunc = shop.add, minvfunc = shop.add, mstype = integer)",
    "CREATE AGGREGATE shop.middle(float8 ORDER BY anyelement) "
    "(sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra)",
    "ALTER AGGREGATE shop.total(integer) OWNER TO app",
    "REVOKE EXECUTE ON FUNCTION shop.total(integer) FROM PUBLIC",
    "COMMENT ON AGGREGATE shop.total(integer) IS 'x'",
    "CREATE CAST (shop.mood AS integer) WITHOUT FUNCTION",
    "CREATE CAST (text AS shop.mood) WITH INOUT AS ASSIGNMENT",
    "DROP CAST (integer AS shop.mood)",
    "DROP CAST (integer AS shop.mood); CREATE CAST (integer AS shop.mood) WITH FUNCTION "
    "shop.mood_of(integer) AS IMPLICIT",
    "COMMENT ON CAST (integer AS shop.mood) IS 'x'",
    "CREATE TRANSFORM FOR integer LANGUAGE plmine (FROM SQL WITH FUNCTION prsd_lextype(internal))",
    "CREATE TRUSTED LANGUAGE more HANDLER plpgsql_call_handler",
    "DROP LANGUAGE plmine",
    "ALTER LANGUAGE plmine OWNER TO app",
    "COMMENT ON LANGUAGE plmine IS 'x'",
)  # fmt: skip
ROUTINES["CREATE CAST (shop.mood AS integer) WITHOUT FUNCTION"] = Change(
    "CREATE CAST (shop.teams AS shop.users) WITH INOUT"
)

TRIGGERS = each(
    "CREATE TRIGGER more BEFORE INSERT OR DELETE ON shop.users FOR EACH STATEMENT EXECUTE FUNCTION "
    "shop.touch('a', 'b')",
    "CREATE TRIGGER more BEFORE UPDATE OF note ON shop.users FOR EACH ROW WHEN (OLD.note IS DISTINCT FROM NEW.note) "
    "EXECUTE FUNCTION shop.touch()",
    "CREATE TRIGGER more AFTER UPDATE ON shop.users REFERENCING OLD TABLE AS was FOR EACH STATEMENT "
    "EXECUTE FUNCTION shop.touch()",
    "CREATE TRIGGER more INSTEAD OF INSERT ON shop.rich FOR EACH ROW EXECUTE FUNCTION shop.touch()",
    "CREATE CONSTRAINT TRIGGER more AFTER INSERT ON shop.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
    "EXECUTE FUNCTION shop.touch()",
    "DROP TRIGGER touched ON shop.users",
    "ALTER TRIGGER touched ON shop.users RENAME TO touching",
    "ALTER TABLE shop.users DISABLE TRIGGER touched",
    "ALTER TABLE shop.users ENABLE REPLICA TRIGGER touched",
    "ALTER TABLE shop.users ENABLE ALWAYS TRIGGER touched",
    "ALTER TABLE shop.orders_2024 DISABLE TRIGGER placed",
    "ALTER TRIGGER touched ON shop.users DEPENDS ON EXTENSION {extension}",
    "COMMENT ON TRIGGER touched ON shop.users IS 'x'",
    "CREATE EVENT TRIGGER more ON sql_drop EXECUTE FUNCTION shop.told()",
    "DROP EVENT TRIGGER watch",
    "ALTER EVENT TRIGGER watch DISABLE",
    "ALTER EVENT TRIGGER watch ENABLE REPLICA",
    "ALTER EVENT TRIGGER watch ENABLE ALWAYS",
    "ALTER EVENT TRIGGER watch RENAME TO watching",
    'ALTER EVENT TRIGGER watch OWNER TO "Boss"',
    "COMMENT ON EVENT TRIGGER watch IS 'x'",
    "CREATE RULE more AS ON UPDATE TO shop.cats DO ALSO NOTHING",
    "DROP RULE quiet ON shop.teams",
    "CREATE OR REPLACE RULE quiet AS ON DELETE TO shop.teams WHERE old.id > 5 DO INSTEAD NOTHING",
    "ALTER TABLE shop.teams DISABLE RULE quiet",
    "ALTER TABLE shop.teams ENABLE ALWAYS RULE quiet",
    "ALTER RULE quiet ON shop.teams RENAME TO silent",
    "COMMENT ON RULE quiet ON shop.teams IS 'x'",
    "CREATE POLICY more ON shop.cats",
    "CREATE POLICY more ON shop.cats AS RESTRICTIVE",
    "CREATE POLICY more ON shop.cats FOR INSERT WITH CHECK (lives > 0)",
    "DROP POLICY own ON shop.users",
    "ALTER POLICY own ON shop.users TO app, auditor",
    "ALTER POLICY own ON shop.users TO PUBLIC",
    "ALTER POLICY own ON shop.users USING (true)",
    "ALTER POLICY own ON shop.users RENAME TO mine",
    "COMMENT ON POLICY own ON shop.users IS 'x'",
    "CREATE STATISTICS shop.more (ndistinct, mcv) ON note, team FROM shop.users",
    "CREATE STATISTICS shop.more ON (lower(note)) FROM shop.users",
    "DROP STATISTICS shop.users_stats",
    "ALTER STATISTICS shop.users_stats SET STATISTICS 77",
    "ALTER STATISTICS shop.users_stats OWNER TO app",
    "COMMENT ON STATISTICS shop.users_stats IS 'x'",
)

OPERATORS = each(
    "CREATE OPERATOR shop.<<<< (leftarg = integer, rightarg = integer, function = shop.add, commutator = "
    "OPERATOR(shop.<<<<))",
    "CREATE OPERATOR shop.!!! (rightarg = text, function = shop.twice)",
    "DROP OPERATOR shop.|+| (integer, integer)",
    "ALTER OPERATOR shop.|+| (integer, integer) OWNER TO app",
    "COMMENT ON OPERATOR shop.|+| (integer, integer) IS 'x'",
    "CREATE OPERATOR CLASS shop.more FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer)",
    "DROP OPERATOR CLASS shop.backwards USING btree",
    "ALTER OPERATOR CLASS shop.backwards USING btree OWNER TO app",
    "ALTER OPERATOR CLASS shop.backwards USING btree RENAME TO forwards",
    "COMMENT ON OPERATOR CLASS shop.backwards USING btree IS 'x'",
    "ALTER OPERATOR FAMILY shop.numbers USING btree ADD OPERATOR 1 < (integer, bigint)",
    "ALTER OPERATOR FAMILY shop.numbers USING btree ADD FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint)",
    "DROP OPERATOR FAMILY shop.numbers USING btree",
    "COMMENT ON OPERATOR FAMILY shop.numbers USING btree IS 'x'",
    "CREATE ACCESS METHOD more TYPE INDEX HANDLER bthandler",
    "DROP ACCESS METHOD pile",
    "COMMENT ON ACCESS METHOD pile IS 'x'",
    "CREATE DEFAULT CONVERSION shop.more FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "DROP CONVERSION shop.latin",
    "COMMENT ON CONVERSION shop.latin IS 'x'",
    "CREATE TEXT SEARCH CONFIGURATION shop.more (PARSER = default)",
    "ALTER TEXT SEARCH CONFIGURATION shop.search ALTER MAPPING FOR word WITH english_stem, simple",
    "ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR url",
    "CREATE TEXT SEARCH CONFIGURATION shop.more (COPY = english)",
    "ALTER TEXT SEARCH CONFIGURATION shop.search OWNER TO app",
    "COMMENT ON TEXT SEARCH CONFIGURATION shop.search IS 'x'",
    "ALTER TEXT SEARCH DICTIONARY shop.simple (STOPWORDS = english)",
    "COMMENT ON TEXT SEARCH DICTIONARY shop.simple IS 'x'",
    "DROP TEXT SEARCH PARSER shop.words",
    "COMMENT ON TEXT SEARCH PARSER shop.words IS 'x'",
    "ALTER TEXT SEARCH TEMPLATE shop.template RENAME TO templates",
    "COMMENT ON TEXT SEARCH TEMPLATE shop.template IS 'x'",
)

OPERATORS["operator: restrict"] = Change(
    "ALTER OPERATOR shop.=== (integer, integer) SET (restrict = eqsel, join = eqjoinsel)",
    before="CREATE FUNCTION shop.same(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';"
    "CREATE OPERATOR shop.=== (leftarg = integer, rightarg = integer, function = shop.same)",
)

PRIVILEGES = each(
    "GRANT SELECT ON shop.cats TO auditor",
    "GRANT SELECT ON shop.cats TO PUBLIC",
    'GRANT SELECT ON shop.cats TO "Boss"',
    "GRANT SELECT ON shop.users TO app WITH GRANT OPTION",
    "REVOKE GRANT OPTION FOR SELECT ON shop.cats FROM app",
    "REVOKE INSERT ON shop.users FROM app",
    "REVOKE TRUNCATE ON shop.cats FROM postgres",
    "SET ROLE app; GRANT SELECT ON shop.cats TO auditor; RESET ROLE",
    "GRANT TRUNCATE, REFERENCES, TRIGGER ON shop.cats TO app",
    "GRANT SELECT (note) ON shop.users TO auditor",
    "REVOKE UPDATE (note) ON shop.users FROM app",
    "GRANT CREATE ON SCHEMA shop TO app",
    "REVOKE USAGE ON SCHEMA shop FROM app",
    "GRANT USAGE ON SCHEMA shop TO app WITH GRANT OPTION",
    "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "ALTER SCHEMA shop OWNER TO app",
    "ALTER SCHEMA public OWNER TO app",
    "ALTER SCHEMA empty RENAME TO void",
    "CREATE SCHEMA more",
    "DROP SCHEMA empty",
    "COMMENT ON SCHEMA shop IS 'x'",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT INSERT ON TABLES TO app",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM app",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app WITH GRANT OPTION",
    "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT USAGE ON SEQUENCES TO auditor",
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO app",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO app",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC",
    "GRANT SELECT ON pg_catalog.pg_authid TO app",
    "REVOKE SELECT ON pg_catalog.pg_tables FROM PUBLIC",
    "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    "REVOKE USAGE ON TYPE pg_catalog.int4 FROM PUBLIC",
    "GRANT CREATE ON SCHEMA pg_catalog TO app",
    "REVOKE EXECUTE ON FUNCTION {member} FROM PUBLIC",
) | {
    "MAINTAIN": Change("GRANT MAINTAIN ON shop.cats TO app", since=18),
    "SELECT of a system column": Change("GRANT SELECT (rolname) ON pg_catalog.pg_authid TO app"),
}  # fmt: skip

DATABASE = each(
    "DROP EXTENSION {extension}",
    "COMMENT ON EXTENSION {extension} IS 'x'",
    "ALTER EXTENSION {extension} SET SCHEMA empty",
    "CREATE FOREIGN DATA WRAPPER more",
    "ALTER FOREIGN DATA WRAPPER files OPTIONS (SET kind 'tsv')",
    "ALTER FOREIGN DATA WRAPPER files VALIDATOR postgresql_fdw_validator",
    "GRANT USAGE ON FOREIGN DATA WRAPPER files TO app",
    "COMMENT ON FOREIGN DATA WRAPPER files IS 'x'",
    "CREATE SERVER more TYPE 'x' VERSION '2' FOREIGN DATA WRAPPER files",
    "ALTER SERVER archive VERSION '2'",
    "ALTER SERVER archive OPTIONS (SET host 'b')",
    "ALTER SERVER archive OWNER TO app",
    "GRANT USAGE ON FOREIGN SERVER archive TO app",
    "COMMENT ON SERVER archive IS 'x'",
    "CREATE USER MAPPING FOR PUBLIC SERVER archive",
    "DROP USER MAPPING FOR app SERVER archive",
    "ALTER USER MAPPING FOR app SERVER archive OPTIONS (SET password 'hunter3')",
    "CREATE FOREIGN TABLE shop.more (a int) SERVER archive",
    "ALTER FOREIGN TABLE shop.old_orders OPTIONS (SET file 'b.csv')",
    "ALTER FOREIGN TABLE shop.old_orders ALTER id OPTIONS (SET column_name 'id')",
    "ALTER FOREIGN TABLE shop.old_orders ADD note text",
    "COMMENT ON FOREIGN TABLE shop.old_orders IS 'x'",
    "CREATE PUBLICATION more",
    "CREATE PUBLICATION more FOR TABLE ONLY shop.animals",
    "CREATE PUBLICATION more FOR ALL TABLES",
    "DROP PUBLICATION changes",
    "ALTER PUBLICATION changes ADD TABLE shop.cats",
    "ALTER PUBLICATION changes DROP TABLE shop.teams",
    "ALTER PUBLICATION changes SET TABLE shop.teams, shop.users (id, code, note) WHERE (id > 10)",
    "ALTER PUBLICATION changes SET TABLE shop.teams, shop.users (id, code) WHERE (id > 11)",
    "ALTER PUBLICATION changes SET (publish = 'insert, update')",
    "ALTER PUBLICATION changes SET (publish_via_partition_root)",
    'ALTER PUBLICATION changes OWNER TO "Boss"',
    "ALTER PUBLICATION inserts SET TABLES IN SCHEMA shop, empty",
    "COMMENT ON PUBLICATION changes IS 'x'",
) | {
    "generated columns published": Change(
        "ALTER PUBLICATION changes SET (publish_generated_columns = stored)", since=18
    ),
    "security label of a table": Change(
        "INSERT INTO pg_seclabel VALUES ('shop.cats'::regclass, 'pg_class'::regclass, 0, 'anon', 'MASKED')"
    ),
    "security label of a column": Change(
        "INSERT INTO pg_seclabel VALUES ('shop.cats'::regclass, 'pg_class'::regclass, 1, 'anon', 'MASKED')"
    ),
}  # fmt: skip

SUBSCRIPTIONS = {
    sql: Change(sql, before=SUBSCRIPTION, since=since)
    for since, statements in (
        (
            15,
            each(
                "DROP SUBSCRIPTION upstream",
                "ALTER SUBSCRIPTION upstream SET PUBLICATION near WITH (refresh = false)",
                "ALTER SUBSCRIPTION upstream SET (binary = true)",
                "ALTER SUBSCRIPTION upstream SET (streaming = true)",
                "ALTER SUBSCRIPTION upstream SET (disable_on_error = true)",
                "ALTER SUBSCRIPTION upstream SET (synchronous_commit = local)",
                "ALTER SUBSCRIPTION upstream CONNECTION 'dbname=elsewhere'",
                "COMMENT ON SUBSCRIPTION upstream IS 'x'",
            ),
        ),
        (
            18,
            each(
                "ALTER SUBSCRIPTION upstream SET (origin = none)",
                "ALTER SUBSCRIPTION upstream SET (run_as_owner = true)",
                "ALTER SUBSCRIPTION upstream SET (password_required = false)",
            ),
        ),
    )
    for sql in statements
}

OTHERS = {**SEQUENCES, **TYPES, **ROUTINES, **TRIGGERS, **OPERATORS, **PRIVILEGES, **DATABASE, **SUBSCRIPTIONS}
