"""Columns of tables: as CREATE TABLE and ADD COLUMN write them, and what ALTER COLUMN can change. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.drivers.database.catalog.addresses import identifier, parse
from trueup.drivers.database.ddl import guards, sequences
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.marks import commented, differing
from trueup.drivers.database.ddl.privileges import Target, granted
from trueup.model.errors import Refused
from trueup.model.plan import Address

Column = Mapping[str, Any]
_DEFAULT_COLLATION = 'pg_catalog."default"'
_MAIN = ("numeric", "inet", "cidr")
"""Types whose values are kept in the row as long as they fit, by default."""


@dataclass(frozen=True)
class Spot:
    """One column of one table."""

    address: Address
    name: str
    owner: str
    """Of the table."""
    foreign: bool = False

    @property
    def table(self) -> str:
        return parse(self.address).qualified

    @property
    def quoted(self) -> str:
        return identifier(self.name)

    def alter(self, what: str, unless: str = "") -> Ddl:
        noun = "FOREIGN TABLE" if self.foreign else "TABLE"
        return Ddl(f"ALTER {noun} {self.table} ALTER COLUMN {self.quoted} {what}", self.address, unless=unless)


def in_their_order(columns: Mapping[str, Column]) -> list[str]:
    """Each says behind which one it is."""
    following = {column.get("after"): name for name, column in columns.items()}
    found: list[str] = []
    name = following.get(None)
    while name is not None and name not in found:
        found.append(name)
        name = following.get(name)
    return found if len(found) == len(columns) else sorted(columns)


def definition(name: str, column: Column) -> str:
    """What stands in CREATE TABLE and behind ADD COLUMN."""
    parts = [identifier(name), column["type"]]
    if collation := column.get("collation"):
        parts.append(f"COLLATE {collation}")
    if "default" in column:
        parts.append(f"DEFAULT {column['default']}")
    if generated := column.get("generated"):
        parts.append(f"GENERATED ALWAYS AS ({generated['expression']}) {generated['kind'].upper()}")
    if identity := column.get("identity"):
        parts.append(_identity(identity))
    if options := column.get("foreign_options"):
        parts.insert(2, f"OPTIONS ({_foreign(options)})")
    constraint = column.get("not_null_constraint") or {}
    if column.get("not_null") and not constraint.get("not_valid"):
        named = f"CONSTRAINT {identifier(constraint['name'])} " if "name" in constraint else ""
        parts.append(f"{named}NOT NULL{' NO INHERIT' if constraint.get('no_inherit') else ''}")
    return " ".join(parts)


def _identity(identity: Mapping[str, Any]) -> str:
    options = [f"SEQUENCE NAME {identity['sequence']}"] if "sequence" in identity else []
    options += sequences.options(identity)
    return f"GENERATED {identity['generation'].upper()} AS IDENTITY ({' '.join(options)})"


def _foreign(options: Mapping[str, str]) -> str:
    return ", ".join(f"{identifier(name)} {literal(value)}" for name, value in sorted(options.items()))


def details(spot: Spot, old: Column, new: Column) -> Iterator[Ddl]:
    """What no column definition can say: of a new column `old` is empty."""
    if old.get("storage") != new.get("storage"):
        yield spot.alter(f"SET STORAGE {(new.get('storage') or _usual_storage(new)).upper()}")
    if old.get("compression") != new.get("compression"):
        yield spot.alter(f"SET COMPRESSION {new.get('compression', 'default')}")
    if old.get("statistics") != new.get("statistics"):
        yield spot.alter(f"SET STATISTICS {new.get('statistics', -1)}")
    yield from _options(spot, old.get("options") or {}, new.get("options") or {})
    if old.get("privileges") != new.get("privileges"):
        target = Target(spot.address, "TABLE", spot.table, spot.owner, spot.quoted)
        yield from granted(target, old.get("privileges") or {}, new.get("privileges") or {})
    if old.get("comment") != new.get("comment"):
        yield commented(spot.address, f"COLUMN {spot.table}.{spot.quoted}", new.get("comment"))
    yield from _not_null_details(spot, old, new)
    yield from _identity_details(spot, old.get("identity") or {}, new.get("identity") or {})
    if old.get("security_labels") != new.get("security_labels"):
        raise Refused("security labels are not written", hint="SECURITY LABEL ... ON COLUMN ... IS ...")


def altered(spot: Spot, old: Column, new: Column) -> Iterator[Ddl]:
    """A column that stays. Raises Refused."""
    changed = differing(old, new)
    retyped = bool(changed & {"type", "collation"})
    yield from _generated(spot, old, new, changed)
    if retyped:
        if "default" in old:
            yield spot.alter("DROP DEFAULT")
        collation = f" COLLATE {new.get('collation', _DEFAULT_COLLATION)}" if "collation" in changed else ""
        through = "::text" if "." in old["type"] and "." in new["type"] else ""
        using = "" if spot.foreign else f" USING {spot.quoted}{through}::{new['type']}"
        yield spot.alter(f"TYPE {new['type']}{collation}{using}")
    if "identity" in changed and "identity" not in new:
        yield spot.alter("DROP IDENTITY IF EXISTS")
    if "not_null" in changed and not new.get("not_null") and not _comes_from_parent(old):
        yield spot.alter("DROP NOT NULL")
    if "default" in new and ("default" in changed or retyped):
        yield spot.alter(f"SET DEFAULT {new['default']}")
    elif "default" in changed and not retyped:
        yield spot.alter("DROP DEFAULT")
    later = _comes_from_parent(new) or (new.get("not_null_constraint") or {}).get("not_valid")
    if "not_null" in changed and new.get("not_null") and not later:
        yield from _set_not_null(spot, new)
    if "identity" in changed and "identity" in new:
        yield from _changed_identity(spot, old, new)
    if "foreign_options" in changed:
        where = f"pg_attribute WHERE attrelid = {literal(spot.table)}::regclass AND attname = {literal(spot.name)}"
        done = guards.has_options(where, "attfdwoptions", new.get("foreign_options") or {})
        changes = foreign_changes(old.get("foreign_options"), new.get("foreign_options"))
        yield spot.alter(f"OPTIONS ({changes})", unless=done)
    yield from details(spot, old, new)


def foreign_changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> str:
    """ADD, SET and DROP between two lists of options."""
    was, now = old or {}, new or {}
    parts = [f"DROP {identifier(name)}" for name in sorted(was.keys() - now.keys())]
    parts += [f"ADD {identifier(name)} {literal(now[name])}" for name in sorted(now.keys() - was.keys())]
    both = sorted(was.keys() & now.keys())
    parts += [f"SET {identifier(name)} {literal(now[name])}" for name in both if was[name] != now[name]]
    return ", ".join(parts)


def _generated(spot: Spot, old: Column, new: Column, changed: frozenset[str]) -> Iterator[Ddl]:
    if "generated" not in changed:
        return
    if "generated" not in new and old["generated"]["kind"] == "stored":
        yield spot.alter("DROP EXPRESSION IF EXISTS")
        return
    raise Refused(
        f"how column {spot.name} is generated cannot be changed in place",
        hint="add another column, and drop this one when nobody reads it any more",
    )


def _comes_from_parent(column: Column) -> bool:
    """Its NOT NULL, as PostgreSQL 18 says."""
    return bool((column.get("not_null_constraint") or {}).get("inherited"))


def _set_not_null(spot: Spot, new: Column) -> Iterator[Ddl]:
    constraint = new.get("not_null_constraint") or {}
    if "name" in constraint or constraint.get("no_inherit"):
        named = f"CONSTRAINT {identifier(constraint['name'])} " if "name" in constraint else ""
        no_inherit = " NO INHERIT" if constraint.get("no_inherit") else ""
        yield Ddl(f"ALTER TABLE {spot.table} ADD {named}NOT NULL {spot.quoted}{no_inherit}", spot.address)
    else:
        yield spot.alter("SET NOT NULL")


def _not_null_details(spot: Spot, old: Column, new: Column) -> Iterator[Ddl]:
    was, now = old.get("not_null_constraint") or {}, new.get("not_null_constraint") or {}
    if not new.get("not_null") or was == now:
        return
    default = f"{parse(spot.address).parts[-1]}_{spot.name}_not_null"[:63]
    name = identifier(now.get("name", default))
    if now.get("not_valid") and not (old.get("not_null") and was.get("not_valid")):
        yield Ddl(f"ALTER TABLE {spot.table} ADD CONSTRAINT {name} NOT NULL {spot.quoted} NOT VALID", spot.address)
    elif was.get("not_valid") and old.get("not_null"):
        yield Ddl(f"ALTER TABLE {spot.table} VALIDATE CONSTRAINT {name}", spot.address)
    if old.get("not_null") and was.get("name") != now.get("name"):
        before = identifier(was.get("name", default))
        done = guards.has_constraint(spot.table, now.get("name", default))
        yield Ddl(f"ALTER TABLE {spot.table} RENAME CONSTRAINT {before} TO {name}", spot.address, unless=done)
    if was.get("comment") != now.get("comment"):
        yield commented(spot.address, f"CONSTRAINT {name} ON {spot.table}", now.get("comment"))


def _changed_identity(spot: Spot, old: Column, new: Column) -> Iterator[Ddl]:
    identity = new["identity"]
    if "identity" not in old:
        done = guards.has_column(spot.table, spot.name, "attidentity <> ''")
        yield spot.alter(f"ADD {_identity(identity)}", unless=done)
        return
    parts = [f"SET {each}" for each in sequences.changed_options(old["identity"], identity)]
    if old["identity"]["generation"] != identity["generation"]:
        parts.insert(0, f"SET GENERATED {identity['generation'].upper()}")
    if parts:
        yield spot.alter(" ".join(parts))


def _identity_details(spot: Spot, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ddl]:
    if not new:
        return
    name = new.get("sequence", "")
    if old and old.get("sequence") != name:
        text = f"ALTER SEQUENCE {old['sequence']} RENAME TO {name.rpartition('.')[2]}"
        yield Ddl(text, spot.address, unless=guards.is_gone(old["sequence"]))
    if old.get("type") != new.get("type"):
        yield Ddl(f"ALTER SEQUENCE {name} AS {new.get('type', 'bigint')}", spot.address)
    if old.get("privileges") != new.get("privileges"):
        target = Target(spot.address, "SEQUENCE", name, spot.owner)
        yield from granted(target, old.get("privileges") or {}, new.get("privileges") or {})
    if old.get("comment") != new.get("comment"):
        yield commented(spot.address, f"SEQUENCE {name}", new.get("comment"))
    for word in ("unlogged", "logged"):
        if new.get(word) and not old.get(word):
            yield Ddl(f"ALTER SEQUENCE {name} SET {word.upper()}", spot.address)


def _options(spot: Spot, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Ddl]:
    lost = sorted(old.keys() - new.keys())
    if lost:
        yield spot.alter(f"RESET ({', '.join(lost)})")
    fresh = {name: value for name, value in new.items() if old.get(name) != value}
    if fresh:
        yield spot.alter(f"SET ({', '.join(f'{name} = {value}' for name, value in sorted(fresh.items()))})")


def _usual_storage(column: Column) -> str:
    return "main" if column["type"].partition("(")[0] in _MAIN else "extended"
