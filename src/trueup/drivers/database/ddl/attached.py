"""Indexes and constraints: without holding up those who read and write, where PostgreSQL can do so. Pure."""

import re
from collections.abc import Iterator

from trueup.drivers.database.catalog.addresses import address as address_of
from trueup.drivers.database.catalog.addresses import identifier, parse, qualified, split_name
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import has_constraint, literal
from trueup.drivers.database.ddl.marks import commented, differing, made, marked
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.drivers.database.ddl.tables import options_changed
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

_CREATE = re.compile(r"^CREATE (UNIQUE )?INDEX ")
_KEYS = ("primary key", "unique", "exclude")


def _create_index(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    if values.get("invalid"):
        raise Refused(
            "the index is invalid: a CREATE INDEX CONCURRENTLY that failed left it",
            hint=f"DROP INDEX CONCURRENTLY IF EXISTS {parse(address).qualified}, and create it again",
        )
    if _comes_along(values, around):
        return
    gently = around.gently and _is_busy(values["table"], around) and " ON ONLY " not in values["definition"]
    how = "CONCURRENTLY IF NOT EXISTS " if gently else "IF NOT EXISTS "
    text = _CREATE.sub(lambda found: f"{found[0]}{how}", values["definition"])
    yield Ddl(text, address, in_transaction=not gently)
    yield from _index_details(address, values["table"], {}, values, around)
    yield from made(address, values, around)


def _comes_along(values: JSON, around: Surroundings) -> bool:
    """PostgreSQL makes the index of a new partition like the one of its table that exists."""
    above = values.get("attached_to")
    return above is not None and any(
        address.partition(".")[0] in ("index", "constraint") and _index_name(address) == above
        for address in around.before
    )


def _index_name(address: Address) -> str:
    name = parse(address)
    return qualified(name.parts[0], name.parts[-1])


def _is_busy(table: str, around: Surroundings) -> bool:
    """A table that was there before and may be large; no partitioned one, which has no rows of its own."""
    found = (around.before.get(address_of(kind, *split_name(table))) for kind in ("table", "materialized_view"))
    here = next((each for each in found if each is not None), None)
    return here is not None and "partition_by" not in here.values


def _index_details(address: Address, table: str, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = _index_name(address)
    if old.get("attached_to") != new.get("attached_to"):
        if "attached_to" in new:
            yield Ddl(f"ALTER INDEX {new['attached_to']} ATTACH PARTITION {name}", address)
        elif not _is_detached(table, around):
            raise Refused("an index of a partition is not taken from the one of its table without detaching that")
    if old.get("tablespace") != new.get("tablespace"):
        yield Ddl(f"ALTER INDEX {name} SET TABLESPACE {new.get('tablespace', 'pg_default')}", address)
    if old.get("clustered") != new.get("clustered"):
        what = f"CLUSTER ON {identifier(split_name(name)[-1])}" if new.get("clustered") else "SET WITHOUT CLUSTER"
        yield Ddl(f"ALTER TABLE {table} {what}", address)
    for column in sorted({*(old.get("statistics") or {}), *(new.get("statistics") or {})}):
        yield _index_statistics(address, name, column, (new.get("statistics") or {}).get(column, -1))


def _is_detached(table: str, around: Surroundings) -> bool:
    here = around.after.get(address_of("table", *split_name(table)))
    return here is not None and "partition_of" not in here.values


def _index_statistics(address: Address, index: str, column: str, target: int) -> Ddl:
    """By its number, which only the catalog knows."""
    find = (
        f"SELECT attnum FROM pg_attribute WHERE attrelid = {literal(index)}::regclass AND attname = {literal(column)}"
    )
    alter = f"ALTER INDEX {index} ALTER COLUMN %s SET STATISTICS {target}"
    return Ddl(f"DO $do$ BEGIN EXECUTE format({literal(alter)}, ({find})); END $do$", address)


def _drop_index(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    table = split_name(values["table"])
    stays = any(address_of(kind, *table) in around.after for kind in ("table", "materialized_view"))
    if not stays or "attached_to" in values:
        return  # it goes with its table, or with the index that it is a part of
    gently = around.gently and _is_busy(values["table"], around)
    how = "CONCURRENTLY IF EXISTS" if gently else "IF EXISTS"
    yield Ddl(f"DROP INDEX {how} {parse(address).qualified}", address, in_transaction=not gently)


def _alter_index(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if old["definition"] != new["definition"] or old.get("invalid") != new.get("invalid"):
        if "attached_to" in old:
            raise Refused("an index of a partition cannot be made anew alone", hint="write ALTER INDEX ... SET by hand")
        raise Rebuild
    yield from _index_details(address, new["table"], old, new, around)
    yield from marked(address, old, new)


def _create_constraint(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    table, name = _table(address), identifier(parse(address).parts[-1])
    if _comes_along(values.get("index") or {}, around):
        return
    yield from _added(address, values, around)
    index = values.get("index") or {}
    index_name = _index_name(address)
    yield from _index_details(address, table, {}, index, around)
    yield from options_changed(address, f"ALTER INDEX {index_name}", {}, index.get("options"))
    if "comment" in index:
        yield commented(address, f"INDEX {index_name}", index["comment"])
    if values.get("triggers"):
        yield _triggers(address, table, name, "DISABLE")
    yield from made(address, values, around)


def _added(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    table, name, text = _table(address), identifier(parse(address).parts[-1]), values["definition"]
    here = around.after.get(address_of("table", *parse(address).parts[:-1]))
    partitioned = here is not None and "partition_by" in here.values
    only = "ONLY " if partitioned and values["type"] in _KEYS else ""
    unless = has_constraint(table, parse(address).parts[-1])
    slow = values["type"] in ("check", "foreign key") and not partitioned and _is_busy(table, around)
    if around.gently and slow and not text.endswith((" NOT VALID", " NOT ENFORCED")):
        yield Ddl(f"ALTER TABLE {table} ADD CONSTRAINT {name} {text} NOT VALID", address, unless=unless)
        yield Ddl(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", address)
    else:
        yield Ddl(f"ALTER TABLE {only}{table} ADD CONSTRAINT {name} {text}", address, unless=unless)


def _triggers(address: Address, table: str, name: str, verb: str) -> Ddl:
    """The triggers of a foreign key are named by numbers."""
    plain = parse(address).parts[-1]
    here = literal(table)
    found = f"SELECT oid FROM pg_constraint WHERE conrelid = {here}::regclass AND conname = {literal(plain)}"
    body = (
        "DO $do$ DECLARE each record; BEGIN FOR each IN SELECT tgrelid::regclass AS of, tgname FROM pg_trigger"
        f" WHERE tgconstraint = ({found}) AND tgrelid = {here}::regclass"
        f" LOOP EXECUTE format('ALTER TABLE %s {verb} TRIGGER %I', each.of, each.tgname); END LOOP; END $do$"
    )
    return Ddl(body, address)


def _drop_constraint(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    if address_of("table", *parse(address).parts[:-1]) not in around.after:
        kinds = (address_of(kind, *parse(address).parts[:-1]) for kind in ("foreign_table",))
        if not any(each in around.after for each in kinds):
            return  # it goes with its table
    if "attached_to" in (values.get("index") or {}):
        return  # it goes with the constraint that it is a part of
    name = identifier(parse(address).parts[-1])
    yield Ddl(f"ALTER TABLE {_table(address)} DROP CONSTRAINT IF EXISTS {name}", address)


def _alter_constraint(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    table, name = _table(address), identifier(parse(address).parts[-1])
    changed = differing(old, new)
    if "definition" in changed:
        if old["definition"] != f"{new['definition']} NOT VALID":
            raise Rebuild
        yield Ddl(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", address)
    if "index" in changed:
        was, now = old.get("index") or {}, new.get("index") or {}
        yield from _index_details(address, table, was, now, around)
        yield from options_changed(
            address, f"ALTER INDEX {_index_name(address)}", was.get("options"), now.get("options")
        )
        if was.get("comment") != now.get("comment"):
            yield commented(address, f"INDEX {_index_name(address)}", now.get("comment"))
    if "triggers" in changed:
        yield _triggers(address, table, name, "DISABLE" if new.get("triggers") else "ENABLE")
    yield from marked(address, old, new)


def _table(address: Address) -> str:
    return qualified(*parse(address).parts[:-1])


CONSTRAINT = Maker(rank=60, create=_create_constraint, drop=_drop_constraint, alter=_alter_constraint)
INDEX = Maker(rank=75, create=_create_index, drop=_drop_index, alter=_alter_index)
