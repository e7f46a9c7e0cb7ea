"""Enums, domains, composite and range types, and collations. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trueup.drivers.database.catalog.addresses import identifier, parse
from trueup.drivers.database.ddl import column_names, columns, guards
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.marks import commented, differing, made, marked
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON


def _create(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address).qualified
    _refuse_renamed(address, values, around.before, around.after, f"ALTER TYPE %s RENAME TO {parse(address).parts[-1]}")
    unless = f"SELECT FROM pg_type WHERE oid = to_regtype({literal(name)})"
    match values["form"]:
        case "enum":
            yield Ddl(
                f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, values['labels']))})", address, unless=unless
            )
        case "composite":
            found = values["attributes"]
            parts = ", ".join(columns.definition(each, found[each]) for each in columns.in_their_order(found))
            yield Ddl(f"CREATE TYPE {name} AS ({parts})", address, unless=unless)
            yield from _attribute_comments(address, {}, found)
        case "domain":
            yield from _create_domain(address, name, values["domain"], unless)
        case "range":
            yield Ddl(f"CREATE TYPE {name} AS RANGE ({_range(values['range'])})", address, unless=unless)
        case "shell":
            yield Ddl(f"CREATE TYPE {name}", address, unless=unless)
        case other:
            raise Refused(
                f"a {other} type is made of functions in C, whose library no statement carries",
                hint="install the extension that it belongs to, or write CREATE TYPE by hand",
            )
    yield from made(address, values, around)


def _refuse_renamed(address: Address, values: JSON, here: Snapshot, there: Snapshot, hint: str) -> None:
    """The same type is on the other side under another name: what uses it was not touched by that."""
    for other, each in here.items():
        if other not in there and each.kind == "type" and each.values == values:
            raise Refused(f"{other} was renamed to {address}", hint=hint % parse(other).qualified)


def _create_domain(address: Address, name: str, domain: Mapping[str, Any], unless: str) -> Iterator[Ddl]:
    text = f"CREATE DOMAIN {name} AS {domain['type']}"
    text += f" COLLATE {domain['collation']}" if "collation" in domain else ""
    text += f" DEFAULT {domain['default']}" if "default" in domain else ""
    if domain.get("not_null"):
        named = (domain.get("not_null_constraint") or {}).get("name")
        text += f" CONSTRAINT {identifier(named)} NOT NULL" if named else " NOT NULL"
    yield Ddl(text, address, unless=unless)
    for constraint, settings in sorted((domain.get("constraints") or {}).items()):
        yield _add_check(address, name, constraint, settings)
    yield from _constraint_comments(address, name, {}, domain)


def _add_check(address: Address, name: str, constraint: str, settings: Mapping[str, Any]) -> Ddl:
    there = f"SELECT FROM pg_constraint WHERE contypid = {literal(name)}::regtype AND conname = {literal(constraint)}"
    text = f"ALTER DOMAIN {name} ADD CONSTRAINT {identifier(constraint)} {settings['definition']}"
    return Ddl(text, address, unless=there)


def _constraint_comments(address: Address, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ddl]:
    before, after = old.get("constraints") or {}, new.get("constraints") or {}
    for constraint, settings in sorted(after.items()):
        if settings.get("comment") != before.get(constraint, {}).get("comment"):
            on = f"CONSTRAINT {identifier(constraint)} ON DOMAIN {name}"
            yield commented(address, on, settings.get("comment"))


def _range(values: Mapping[str, Any]) -> str:
    if "canonical" in values:
        raise Refused("the range type has a canonical function, which needs the type before it is made")
    words = {
        "subtype": "SUBTYPE",
        "operator_class": "SUBTYPE_OPCLASS",
        "collation": "COLLATION",
        "subtype_diff": "SUBTYPE_DIFF",
        "multirange": "MULTIRANGE_TYPE_NAME",
    }
    return ", ".join(f"{word} = {values[name]}" for name, word in words.items() if name in values)


def _attribute_comments(address: Address, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ddl]:
    for name, attribute in new.items():
        if attribute.get("comment") != old.get(name, {}).get("comment"):
            yield commented(address, f"COLUMN {parse(address).qualified}.{identifier(name)}", attribute.get("comment"))


def _drop(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    _refuse_renamed(
        address, values, around.after, around.before, "ALTER TYPE ... RENAME TO ...; it is %s on the other side"
    )
    noun = "DOMAIN" if values["form"] == "domain" else "TYPE"
    yield Ddl(f"DROP {noun} IF EXISTS {parse(address).qualified}", address)


def _alter(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if old["form"] != new["form"]:
        raise Refused("it is another sort of type now", hint="make a type of another name, and move the columns to it")
    name = parse(address).qualified
    if differing(old, new):
        match new["form"]:
            case "enum":
                yield from _labels(address, name, old["labels"], new["labels"])
            case "composite":
                yield from _attributes(address, name, old["attributes"], new["attributes"])
            case "domain":
                yield from _domain(address, name, old["domain"], new["domain"])
            case _:
                raise Rebuild
    yield from marked(address, old, new)


def _labels(address: Address, name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Ddl]:
    gone, fresh = [each for each in old if each not in new], [each for each in new if each not in old]
    if len(gone) == len(fresh) and [fresh[gone.index(each)] if each in gone else each for each in old] == list(new):
        for was, now in zip(gone, fresh, strict=True):
            text = f"ALTER TYPE {name} RENAME VALUE {literal(was)} TO {literal(now)}"
            yield Ddl(text, address, unless=guards.has_label(name, now))
        return
    if [each for each in new if each in old] != list(old):
        raise Refused(
            "PostgreSQL takes no value out of an enum, and does not reorder them",
            hint="make a type of another name, ALTER the columns to it, and drop this one",
        )
    for index, label in enumerate(new):
        if label not in old:
            place = f" AFTER {literal(new[index - 1])}" if index else f" BEFORE {literal(old[0])}" if old else ""
            yield Ddl(f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {literal(label)}{place}", address)


def _attributes(address: Address, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ddl]:
    names = column_names.renamed(old, new)
    for before, after in names.items():
        text = f"ALTER TYPE {name} RENAME ATTRIBUTE {identifier(before)} TO {identifier(after)}"
        yield Ddl(text, address, unless=guards.has_column(name, after))
    old = column_names.under_new_names(old, names)
    kept = [each for each in columns.in_their_order(old) if each in new]
    if columns.in_their_order(new)[: len(kept)] != kept:
        raise Refused("its attributes are in another order, which only a new type can have")
    for attribute in columns.in_their_order(old):
        if attribute not in new:
            yield Ddl(f"ALTER TYPE {name} DROP ATTRIBUTE IF EXISTS {identifier(attribute)}", address)
    for attribute in columns.in_their_order(new):
        now, was = new[attribute], old.get(attribute)
        collation = f" COLLATE {now['collation']}" if "collation" in now else ""
        if was is None:
            text = f"ALTER TYPE {name} ADD ATTRIBUTE {columns.definition(attribute, now)}"
            yield Ddl(text, address, unless=guards.has_column(name, attribute))
        elif (was["type"], was.get("collation")) != (now["type"], now.get("collation")):
            text = f"ALTER TYPE {name} ALTER ATTRIBUTE {identifier(attribute)} TYPE {now['type']}{collation}"
            yield Ddl(text, address)
    yield from _attribute_comments(address, old, new)


def _domain(address: Address, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ddl]:
    if (old["type"], old.get("collation")) != (new["type"], new.get("collation")):
        raise Refused("the type of a domain is not changed", hint="make another domain, and move the columns to it")
    alter = f"ALTER DOMAIN {name}"
    if old.get("default") != new.get("default"):
        what = f"SET DEFAULT {new['default']}" if "default" in new else "DROP DEFAULT"
        yield Ddl(f"{alter} {what}", address)
    if old.get("not_null") != new.get("not_null"):
        named = (new.get("not_null_constraint") or {}).get("name")
        what = f"ADD CONSTRAINT {identifier(named)}" if named else "SET" if new.get("not_null") else "DROP"
        yield Ddl(f"{alter} {what} NOT NULL", address)
    before, after = old.get("constraints") or {}, new.get("constraints") or {}
    for constraint in sorted({*before, *after}):
        was, now = (each.get(constraint, {}).get("definition") for each in (before, after))
        if was == now:
            continue
        if was is not None and now is not None and was == f"{now} NOT VALID":
            yield Ddl(f"{alter} VALIDATE CONSTRAINT {identifier(constraint)}", address)
            continue
        if was is not None:
            yield Ddl(f"{alter} DROP CONSTRAINT IF EXISTS {identifier(constraint)}", address)
        if now is not None:
            yield _add_check(address, name, constraint, after[constraint])
    yield from _constraint_comments(address, name, old, new)


def _create_collation(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    parts = [f"PROVIDER = {values['provider']}"]
    words = {"lc_collate": "LC_COLLATE", "lc_ctype": "LC_CTYPE", "locale": "LOCALE", "rules": "RULES"}
    parts += [f"{word} = {literal(values[name])}" for name, word in words.items() if name in values]
    parts += ["DETERMINISTIC = false"] if values.get("not_deterministic") else []
    yield Ddl(f"CREATE COLLATION IF NOT EXISTS {parse(address).qualified} ({', '.join(parts)})", address)
    yield from made(address, values, around)


def _drop_collation(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"DROP COLLATION IF EXISTS {parse(address).qualified}", address)


def _alter_collation(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if differing(old, new):
        raise Rebuild
    yield from marked(address, old, new)


TYPE = Maker(rank=20, create=_create, drop=_drop, alter=_alter, late=True)
COLLATION = Maker(rank=15, create=_create_collation, drop=_drop_collation, alter=_alter_collation, late=True)
