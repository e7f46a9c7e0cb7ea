"""What belongs to the database as a whole: schemas, extensions, privileges, publications, foreign servers. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from trueup.drivers.database.catalog.addresses import identifier, parse
from trueup.drivers.database.ddl.columns import foreign_changes
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import has_options, literal
from trueup.drivers.database.ddl.marks import called, differing, dropped, made, marked, noun, replaced
from trueup.drivers.database.ddl.plan import Maker, Surroundings
from trueup.drivers.database.ddl.privileges import Target, cleared, granted
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

PUBLIC: Mapping[str, Any] = {
    "owner": "pg_database_owner",
    "comment": "standard public schema",
    "privileges": {"PUBLIC": ["USAGE"]},
}
"""The schema that every new database has, since PostgreSQL 15."""
_WHOLE = {"tables": "TABLES", "sequences": "SEQUENCES", "functions": "ROUTINES", "types": "TYPES", "schemas": "SCHEMAS"}
_FOREIGN = {"server": ("pg_foreign_server", "srv"), "foreign_data_wrapper": ("pg_foreign_data_wrapper", "fdw")}
_NOUN_OF_DEFAULTS = {"functions": "ROUTINE", "types": "TYPE"}


def _create_schema(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address).qualified
    yield Ddl(f"CREATE SCHEMA IF NOT EXISTS {name}", address)
    if name == "public" and not around.before:
        yield from marked(address, PUBLIC, values)
    else:
        yield from made(address, values, around)


def _create_extension(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    # On scratch the version that is installed there has to do.
    version = f" VERSION {literal(values['version'])}" if around.before else ""
    text = f"CREATE EXTENSION IF NOT EXISTS {called(address)} WITH SCHEMA {values['schema']}{version}"
    yield Ddl(text, address)
    if "comment" in values and around.before:
        yield from marked(address, {}, {"comment": values["comment"]})


def _alter_extension(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if "version" in changed:
        yield Ddl(f"ALTER EXTENSION {called(address)} UPDATE TO {literal(new['version'])}", address)
    if "schema" in changed:
        yield Ddl(f"ALTER EXTENSION {called(address)} SET SCHEMA {new['schema']}", address)
    yield from marked(address, {**old, "owner": new.get("owner")}, new)


def _default_privileges(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    name = parse(address)
    kind = name.arguments or ""
    if kind not in _WHOLE:
        raise Refused(f"default privileges of {kind} are not written", hint="ALTER DEFAULT PRIVILEGES ...")
    owner = identifier(name.parts[0])
    within = new.get("in_schema") or old.get("in_schema")
    target = Target(address, _NOUN_OF_DEFAULTS.get(kind, kind), "", "" if within else owner)
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner}" + (f" IN SCHEMA {within}" if within else "")
    if within:
        # There they only add: nobody has anything by itself.
        target = Target(address, _WHOLE[kind], "", "")
    for each in granted(target, old.get("privileges") or {}, new.get("privileges") or {}):
        text = each.sql.replace(f" ON {target.noun} ", f" ON {_WHOLE[kind]}", 1)
        yield Ddl(f"{head} {text}", address, roles=(*each.roles, owner), last=True)


def _create_defaults(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _default_privileges(address, {}, values)


def _drop_defaults(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _default_privileges(address, values, {})


def _alter_defaults(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _default_privileges(address, old, new)


def _create_publication(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address)
    unless = f"SELECT FROM pg_publication WHERE pubname = {literal(name.parts[0])}"
    what = "FOR ALL TABLES" if values.get("all_tables") else _published(values)
    text = f"CREATE PUBLICATION {name.qualified}{f' {what}' if what else ''} WITH ({_publishes(values)})"
    yield Ddl(text, address, unless=unless)
    yield from made(address, values, around)


def _published(values: JSON) -> str:
    parts = []
    for table, settings in sorted((values.get("tables") or {}).items()):
        only = f" ({', '.join(map(identifier, settings['columns']))})" if "columns" in settings else ""
        where = f" WHERE ({settings['where']})" if "where" in settings else ""
        # Without ONLY those that inherit from it come along.
        parts.append(f"TABLE ONLY {table}{only}{where}")
    parts += [f"TABLES IN SCHEMA {schema}" for schema in values.get("schemas") or ()]
    return f"FOR {', '.join(parts)}" if parts else ""


def _publishes(values: JSON) -> str:
    acts = [each for each in ("insert", "update", "delete", "truncate") if not values.get(f"no_{each}")]
    text = f"publish = {literal(', '.join(acts))}"
    text += ", publish_via_partition_root = true" if values.get("via_root") else ""
    return text + (
        f", publish_generated_columns = {values['generated_columns']}" if "generated_columns" in values else ""
    )


def _create_wrapper(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address)
    text = f"CREATE FOREIGN DATA WRAPPER {name.qualified}"
    text += "".join(f" {word.upper()} {values[word]}" for word in ("handler", "validator") if word in values)
    unless = f"SELECT FROM pg_foreign_data_wrapper WHERE fdwname = {literal(name.parts[0])}"
    yield Ddl(f"{text}{_options(values)}", address, unless=unless)
    yield from made(address, values, around)


def _create_server(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    text = f"CREATE SERVER IF NOT EXISTS {called(address)}"
    text += "".join(f" {word.upper()} {literal(values[word])}" for word in ("type", "version") if word in values)
    yield Ddl(f"{text} FOREIGN DATA WRAPPER {values['wrapper']}{_options(values)}", address)
    yield from made(address, values, around)


def _options(values: JSON) -> str:
    found = values.get("options") or {}
    inside = ", ".join(f"{identifier(name)} {literal(value)}" for name, value in sorted(found.items()))
    return f" OPTIONS ({inside})" if inside else ""


def _alter_foreign(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if changed - {"options", "version"} or ("version" in changed and "version" not in new):
        raise Refused("it cannot be changed in place", hint="write DROP and CREATE by hand, with what depends on it")
    if changed:
        version = f" VERSION {literal(new['version'])}" if "version" in changed else ""
        changes = foreign_changes(old.get("options"), new.get("options"))
        options = f" OPTIONS ({changes})" if changes else ""
        catalog, prefix = _FOREIGN[parse(address).kind]
        where = f"{catalog} WHERE {prefix}name = {literal(parse(address).parts[0])}"
        done = has_options(where, f"{prefix}options", new.get("options") or {}) if changes else ""
        yield Ddl(f"ALTER {noun(parse(address).kind)} {called(address)}{version}{options}", address, unless=done)
    yield from marked(address, old, new)


def _create_mapping(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    if values:
        raise Refused(
            "the options of a user mapping are secrets, which no file may hold",
            hint="CREATE USER MAPPING by hand where it is needed",
        )
    server, role = _mapping(address)
    yield Ddl(f"CREATE USER MAPPING IF NOT EXISTS FOR {role} SERVER {server}", address, roles=(role,))


def _drop_mapping(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    server, role = _mapping(address)
    yield Ddl(f"DROP USER MAPPING IF EXISTS FOR {role} SERVER {server}", address)


def _alter_mapping(address: Address, old: JSON, new: JSON, around: Surroundings) -> NoReturn:
    raise Refused(
        "the options of a user mapping are secrets, which no file may hold",
        hint="ALTER USER MAPPING by hand where it is needed",
    )


def _mapping(address: Address) -> tuple[str, str]:
    server, role = parse(address).parts
    return identifier(server), "PUBLIC" if role == "PUBLIC" else identifier(role)


def _granted_on(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    """Privileges of an object that is in no snapshot itself: `privileges.function.pg_catalog.pg_sleep(...)`."""
    inner = parse(Address(address.partition(".")[2]))
    nouns = {"function": "ROUTINE", "procedure": "ROUTINE", "type": "TYPE", "schema": "SCHEMA"}
    nouns |= {"language": "LANGUAGE", "sequence": "SEQUENCE", "aggregate": "ROUTINE"}
    kind = nouns.get(inner.kind, "TABLE")
    name = called(Address(address.partition(".")[2]))
    before, after = (each.get("privileges") or {} for each in (old, new))
    if old.get("columns") != new.get("columns") or before.keys() - after.keys():
        raise Refused(
            "what the server or an extension gave at first is in no snapshot",
            hint="write GRANT or REVOKE by hand",
        )
    target = Target(address, kind, name, "")
    for grantee in sorted(after):
        if before.get(grantee) != after[grantee]:
            yield from cleared(target, grantee, usual=False)
            yield from granted(target, {grantee: []}, {grantee: after[grantee]})


def _create_privileges(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _granted_on(address, {}, values)


def _drop_privileges(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _granted_on(address, values, {})


def _alter_privileges(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield from _granted_on(address, old, new)


SCHEMA = Maker(rank=5, create=_create_schema, drop=dropped, alter=replaced, late=True)
EXTENSION = Maker(rank=10, create=_create_extension, drop=dropped, alter=_alter_extension, late=True)
DEFAULT_PRIVILEGES = Maker(rank=90, create=_create_defaults, drop=_drop_defaults, alter=_alter_defaults)
PUBLICATION = Maker(rank=85, create=_create_publication, drop=dropped, alter=replaced)
FOREIGN_DATA_WRAPPER = Maker(rank=11, create=_create_wrapper, drop=dropped, alter=_alter_foreign, late=True)
SERVER = Maker(rank=12, create=_create_server, drop=dropped, alter=_alter_foreign, late=True)
USER_MAPPING = Maker(rank=13, create=_create_mapping, drop=_drop_mapping, alter=_alter_mapping)
PRIVILEGES = Maker(rank=88, create=_create_privileges, drop=_drop_privileges, alter=_alter_privileges)
