"""Tables and foreign tables. Pure. Nothing here drops rows that a column or table on the other side still has."""

from collections.abc import Iterator, Mapping
from typing import Any

from trueup.drivers.database.catalog.addresses import address as address_of
from trueup.drivers.database.catalog.addresses import identifier, parse, split_name
from trueup.drivers.database.ddl import column_names, columns, guards
from trueup.drivers.database.ddl.columns import Spot
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.marks import differing, dropped, made, marked, noun
from trueup.drivers.database.ddl.plan import Maker, Surroundings
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

_FIXED = {
    "partition_by": "how a table is partitioned",
    "server": "the server of a foreign table",
}
"""What no ALTER TABLE changes."""


def _create(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name, foreign = parse(address).qualified, parse(address).kind == "foreign_table"
    yield Ddl(_create_text(name, foreign, values, around), address)
    alter = f"ALTER {noun(parse(address).kind)} {name}"
    part = values.get("partition_of")
    if part and not _joins_existing(part, around):
        text = f"ALTER TABLE {part['parent']} ATTACH PARTITION {name} {part['bound']}"
        yield Ddl(text, address, unless=guards.is_partition(name, part))
    if kind := values.get("of_type"):
        yield Ddl(f"{alter} OF {kind}", address)
    for column, settings in values["columns"].items():
        spot = Spot(address, column, values.get("owner", ""), foreign)
        if settings.get("inherited") and (not part or _joins_existing(part, around)):
            yield from _own_default(spot, settings, values, around)
        yield from columns.details(spot, _made(settings), settings)
    yield from _settings(address, {}, values)
    yield from made(address, values, around)


def _made(column: Mapping[str, Any]) -> dict[str, JSON]:
    """What the definition of a column says by itself."""
    identity = {name: each for name, each in (column.get("identity") or {}).items() if name == "sequence"}
    constraint = column.get("not_null_constraint") or {}
    said = {name: each for name, each in constraint.items() if name not in ("comment", "not_valid")}
    found: dict[str, JSON] = {"not_null_constraint": said} if said else {}
    if column.get("not_null") and not constraint.get("not_valid"):
        found["not_null"] = True
    return {**found, "identity": identity} if identity else found


def _create_text(name: str, foreign: bool, values: JSON, around: Surroundings) -> str:
    part, inherits = values.get("partition_of"), values.get("inherits")
    kind = "FOREIGN TABLE" if foreign else "UNLOGGED TABLE" if values.get("unlogged") else "TABLE"
    text = f"CREATE {kind} IF NOT EXISTS {name}"
    if part and _joins_existing(part, around):
        text += f" PARTITION OF {part['parent']} {part['bound']}"
    else:
        own = [
            f"    {columns.definition(column, values['columns'][column])}"
            for column in columns.in_their_order(values["columns"])
            if part or not values["columns"][column].get("inherited")
        ]
        text += " (\n" + ",\n".join(own) + "\n)" if own else " ()"
    if inherits:
        text += f" INHERITS ({', '.join(inherits)})"
    if method := values.get("partition_by"):
        text += f" PARTITION BY {method}"
    if server := values.get("server"):
        text += f" SERVER {server}"
    if options := values.get("foreign_options"):
        text += f" OPTIONS ({', '.join(f'{identifier(key)} {literal(each)}' for key, each in sorted(options.items()))})"
    if method := values.get("access_method"):
        text += f" USING {method}"
    if options := values.get("options"):
        text += f" WITH ({', '.join(f'{key} = {each}' for key, each in sorted(options.items()))})"
    if tablespace := values.get("tablespace"):
        text += f" TABLESPACE {tablespace}"
    return text


def _joins_existing(part: Mapping[str, str], around: Surroundings) -> bool:
    """A partition of a table that has its indexes and constraints already gets its own from there."""
    return around.is_old(address_of("table", *split_name(part["parent"])))


def _own_default(spot: Spot, column: Mapping[str, Any], values: JSON, around: Surroundings) -> Iterator[Ddl]:
    """What an inherited column has otherwise than its parent."""
    names = [values["partition_of"]["parent"]] if "partition_of" in values else values.get("inherits") or ()
    parents = [around.after.get(address_of("table", *split_name(each))) for each in names]
    above = [each.values["columns"].get(spot.name) for each in parents if each is not None]
    inherited: Mapping[str, Any] = next((each for each in above if each is not None), {})
    if column.get("default") != inherited.get("default"):
        yield spot.alter(f"SET DEFAULT {column['default']}" if "default" in column else "DROP DEFAULT")
    if column.get("not_null") and not inherited.get("not_null"):
        yield spot.alter("SET NOT NULL")


def _alter(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    for name in sorted(differing(old, new) & _FIXED.keys()):
        raise Refused(
            f"{_FIXED[name]} cannot be changed in place",
            hint="make another table, copy the rows, and exchange the names in one transaction",
        )
    renamed = column_names.renamed(old["columns"], new["columns"])
    for before, after in renamed.items():
        if old["columns"][before].get("inherited"):
            continue  # it follows its parent's
        yield _renamed_column(address, before, after)
    kept = column_names.carried_over(parse(address).parts[1], old["columns"], new["columns"], renamed)
    old = {**old, "columns": kept}
    if not around.any_order:
        _refuse_order(old["columns"], new["columns"])
    if old.get("of_type") != new.get("of_type"):
        kind = f"OF {new['of_type']}" if "of_type" in new else "NOT OF"
        done = guards.is_of_type(parse(address).qualified, new.get("of_type"))
        yield Ddl(f"ALTER TABLE {parse(address).qualified} {kind}", address, unless=done)
    yield from _membership(address, old, new)
    part = new.get("partition_of") is not None
    for column in columns.in_their_order(new["columns"]):
        spot = Spot(address, column, new.get("owner", ""), parse(address).kind == "foreign_table")
        was, now = old["columns"].get(column), new["columns"][column]
        if was is None:
            if not now.get("inherited"):
                text = columns.definition(column, now)
                noun_ = noun(parse(address).kind)
                yield Ddl(f"ALTER {noun_} {spot.table} ADD COLUMN IF NOT EXISTS {text}", address)
            yield from columns.details(spot, _made(now), now)
        elif was is not None and _stays(was) != _stays(now):
            if part or now.get("inherited"):
                # The type comes from the parent, by its own statement.
                now = {**now, "type": was["type"]}
            if was.get("inherited") != now.get("inherited"):
                # It comes with the membership, and what PostgreSQL 18 says of its NOT NULL too.
                now = {**now, "not_null_constraint": was.get("not_null_constraint") or {}}
            yield from columns.altered(spot, _stays(was), _stays(now))
    yield from _settings(address, old, new)
    yield from marked(address, old, new)


def _renamed_column(address: Address, before: str, after: str) -> Ddl:
    table = parse(address).qualified
    text = f"ALTER {noun(parse(address).kind)} {table} RENAME COLUMN {identifier(before)} TO {identifier(after)}"
    said = f"{table}.{identifier(before)} is taken to be renamed to {identifier(after)}, with its values"
    return Ddl(text, address, unless=guards.has_column(table, after), assumes=said)


def _stays(column: Mapping[str, Any]) -> dict[str, JSON]:
    return {name: value for name, value in column.items() if name not in ("after", "inherited")}


def _refuse_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Columns are added at the end and nowhere else."""
    kept = [each for each in columns.in_their_order(old) if each in new]
    if columns.in_their_order(new)[: len(kept)] != kept:
        raise Refused(
            "its columns are in another order, which only a new table can have",
            hint="it was dropped and made again: write that, with what becomes of the rows, by hand",
        )


def _finish(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    renamed = column_names.renamed(old["columns"], new["columns"])
    for column in columns.in_their_order(old["columns"]):
        if column not in new["columns"] and column not in renamed and not old["columns"][column].get("inherited"):
            alter = f"ALTER {noun(parse(address).kind)} {parse(address).qualified}"
            yield Ddl(f"{alter} DROP COLUMN IF EXISTS {identifier(column)}", address)


def _disturbs(old: JSON, new: JSON) -> tuple[str, ...]:
    both = old["columns"].keys() & new["columns"].keys()
    return tuple(each for each in both if old["columns"][each]["type"] != new["columns"][each]["type"])


def _membership(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    name, was, now = parse(address).qualified, old.get("partition_of"), new.get("partition_of")
    if was != now:
        done = guards.is_partition(name, now) if now else guards.inherits_not(name, was["parent"])
        if was:
            yield Ddl(f"ALTER TABLE {was['parent']} DETACH PARTITION {name}", address, unless=done)
        if now:
            text = f"ALTER TABLE {now['parent']} ATTACH PARTITION {name} {now['bound']}"
            yield Ddl(text, address, unless=done)
    before, after = old.get("inherits") or [], new.get("inherits") or []
    comes = [name for name, each in new["columns"].items() if each.get("inherited") and name in old["columns"]]
    if after and any(not old["columns"][name].get("inherited") for name in comes):
        raise Refused(
            "columns that it had itself come from a parent now, which only a new table can have",
            hint="ALTER TABLE ... INHERIT keeps them as its own: make the table anew, and copy the rows",
        )
    for parent in before:
        if parent not in after:
            done = guards.inherits_not(name, parent)
            yield Ddl(f"ALTER TABLE {name} NO INHERIT {parent}", address, unless=done)
    for parent in after:
        if parent not in before:
            yield Ddl(f"ALTER TABLE {name} INHERIT {parent}", address, unless=guards.inherits(name, parent))


def _settings(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    """What ALTER TABLE sets besides columns; of a new table only what CREATE TABLE cannot say."""
    alter = f"ALTER {noun(parse(address).kind)} {parse(address).qualified}"
    if old:
        yield from options_changed(address, alter, old.get("options"), new.get("options"))
        yield from _moved(address, alter, old, new)
        if old.get("foreign_options") != new.get("foreign_options"):
            changes = columns.foreign_changes(old.get("foreign_options"), new.get("foreign_options"))
            where = f"pg_foreign_table WHERE ftrelid = {literal(parse(address).qualified)}::regclass"
            done = guards.has_options(where, "ftoptions", new.get("foreign_options") or {})
            yield Ddl(f"{alter} OPTIONS ({changes})", address, unless=done)
    if old.get("replica_identity") != new.get("replica_identity"):
        identity = new.get("replica_identity", "default")
        index = identity.partition(" ")[2]
        what = f"USING INDEX {index}" if index else identity.upper()
        yield Ddl(f"{alter} REPLICA IDENTITY {what}", address, last=bool(index))
    if old.get("row_security") != new.get("row_security"):
        yield Ddl(f"{alter} {'ENABLE' if new.get('row_security') else 'DISABLE'} ROW LEVEL SECURITY", address)
    if old.get("force_row_security") != new.get("force_row_security"):
        force = "FORCE" if new.get("force_row_security") else "NO FORCE"
        yield Ddl(f"{alter} {force} ROW LEVEL SECURITY", address)


def _moved(address: Address, alter: str, old: JSON, new: JSON) -> Iterator[Ddl]:
    if old.get("unlogged") != new.get("unlogged"):
        yield Ddl(f"{alter} SET {'UNLOGGED' if new.get('unlogged') else 'LOGGED'}", address)
    if old.get("tablespace") != new.get("tablespace"):
        yield Ddl(f"{alter} SET TABLESPACE {new.get('tablespace', 'pg_default')}", address)
    if old.get("access_method") != new.get("access_method"):
        yield Ddl(f"{alter} SET ACCESS METHOD {new.get('access_method', 'heap')}", address)


def options_changed(
    address: Address, alter: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> Iterator[Ddl]:
    """SET and RESET of storage parameters and the like."""
    was, now = old or {}, new or {}
    if lost := sorted(was.keys() - now.keys()):
        yield Ddl(f"{alter} RESET ({', '.join(lost)})", address)
    if fresh := {name: value for name, value in now.items() if was.get(name) != value}:
        yield Ddl(f"{alter} SET ({', '.join(f'{name} = {value}' for name, value in sorted(fresh.items()))})", address)


TABLE = Maker(rank=40, create=_create, drop=dropped, alter=_alter, finish=_finish, disturbs=_disturbs)
FOREIGN_TABLE = Maker(rank=41, create=_create, drop=dropped, alter=_alter, finish=_finish, disturbs=_disturbs)
