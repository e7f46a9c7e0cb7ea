"""What got a new name: tables and sequences are never dropped to be made again empty, and the rest is spared it. Pure.

No snapshot says that something was renamed. It is taken for it where one table is gone and another one is there with
the same columns; one that only resembles is declined.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.drivers.database.catalog.addresses import address as address_of
from trueup.drivers.database.catalog.addresses import identifier, parse, qualified, split_name
from trueup.drivers.database.ddl.column_names import named_as_before
from trueup.drivers.database.ddl.column_names import renamed as renamed_columns
from trueup.drivers.database.ddl.columns import in_their_order
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import has_constraint, is_gone, is_no_type
from trueup.drivers.database.ddl.marks import noun, without_marks
from trueup.model.drift import Declined
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

Snapshot = Mapping[Address, Resource]
_TABLES = ("table", "foreign_table")
_REBUILT = ("constraint", "index")
"""What holds no rows, and may take long to make anew."""
_FOLLOW = ("constraint", "index", "trigger", "policy", "statistics", "publication")
"""What PostgreSQL keeps by number of column, and prints with its name."""
_BODIES = ("function", "procedure")
_OF_TABLES = ("constraint", "trigger", "rule", "policy")


@dataclass(frozen=True)
class Renames:
    """What was renamed from one snapshot to the other, and what cannot be told."""

    names: Mapping[Address, Address]
    """Old to new."""
    declined: tuple[Declined, ...] = ()

    def statements(self, before: Snapshot) -> tuple[Ddl, ...]:
        return tuple(ddl for old, new in self.names.items() for ddl in _statements(old, new, before[old]))


def renames(before: Snapshot, after: Snapshot) -> Renames:
    """Of everything that holds rows or a position."""
    gone = [address for address in before if address not in after]
    fresh = [address for address in after if address not in before]
    names: dict[Address, Address] = {}
    declined: dict[Address, Declined] = {}
    for old in sorted(gone):
        alike = [new for new in fresh if _is_alike(old, before[old], new, after[new])]
        same = [each for each in gone if alike and _is_alike(each, before[each], alike[0], after[alike[0]])]
        if len(alike) == len(same) == 1 and _has_schema(alike[0], before):
            names[old] = alike[0]
        if old in names or before[old].kind in (*_REBUILT, "type"):
            continue
        for new in alike or [each for each in fresh if _resembles(before[old], after[each])]:
            declined |= {each: _declined(each, old, new) for each in (old, new)}
    for side, other in ((before, after), (after, before)) if declined else ():
        tables = {each: about for each, about in declined.items() if each in side}
        for address in side:
            owner = table_of(address, side[address])
            if owner is not None and owner in tables and side[address] != other.get(address):
                declined[address] = Declined(address, tables[owner].reason, tables[owner].suggestion)
    return Renames(
        dict(sorted(names.items(), key=lambda pair: before[pair[0]].kind != "type")), tuple(declined.values())
    )


def halves(asked: Collection[Address], before: Snapshot, after: Snapshot) -> Iterator[Declined]:
    """What belongs to something renamed, of which only one name was asked for."""
    for old, new in renames(before, after).names.items():
        if (old in asked) == (new in asked) or parse(old).kind in _REBUILT:
            continue
        reason = f"{old} was renamed to {new}: one is nothing without the other"
        for address in asked:
            found = before.get(address) or after.get(address)
            if address in (old, new) or (found is not None and table_of(address, found) in (old, new)):
                yield Declined(address, reason, f"name the drifts of both: {old} and {new}")


def table_of(address: Address, resource: Resource) -> Address | None:
    """The table that an object is a part of."""
    if resource.kind in _OF_TABLES:
        return address_of("table", *parse(address).parts[:-1])
    if resource.kind == "index":
        return address_of("table", *split_name(resource.values["table"]))
    if resource.kind == "sequence" and "owned_by" in resource.values:
        return address_of("table", *split_name(resource.values["owned_by"])[:-1])
    return None


def carried(before: Snapshot, after: Snapshot, names: Mapping[Address, Address]) -> Snapshot:
    """`before` as the database has it once everything is renamed: addresses, and texts that name what moved."""
    found: dict[Address, Resource] = dict(before) if not names else _under_new_names(before, after, names)
    _following(found, after)
    return found


def _under_new_names(before: Snapshot, after: Snapshot, names: Mapping[Address, Address]) -> dict[Address, Resource]:
    moved = dict(names)
    for address, resource in before.items():
        owner = table_of(address, resource)
        if owner is not None and owner in names:
            moved[address] = _followed(address, parse(names[owner]).parts)
    words = {qualified(*_named(old)): qualified(*_named(new)) for old, new in moved.items() if _named(old)}
    found: dict[Address, Resource] = {}
    for address, resource in before.items():
        target = moved.get(address) or _with_types(address, words, after)
        values = _replaced(resource.values, words)
        if resource.kind in _BODIES and (target not in after or values != after[target].values):
            values = resource.values  # the text of a body stays as it is
        if resource.kind == "publication" and "tables" in values:
            values = {**values, "tables": {_replaced(table, words): each for table, each in values["tables"].items()}}
        if address in names and resource.kind in _REBUILT:
            values = {**values, "definition": after[names[address]].values["definition"]}
        if address in names and resource.kind in _TABLES:
            values = {
                **values,
                "columns": _moved_columns(address, names[address], values["columns"], after),
            }
        found[target] = Resource(resource.kind, values, resource.identity)
    return found


def _with_types(address: Address, words: Mapping[str, str], after: Snapshot) -> Address:
    """Of a function, a cast and the like, whose address names the types of its arguments."""
    followed = Address(_replaced(str(address), words))
    return followed if followed in after else address


def _named(address: Address) -> tuple[str, ...]:
    """What a text calls it: of a constraint its index; a trigger and the like have no name of their own there."""
    name = parse(address)
    if name.kind == "constraint":
        return name.parts[0], name.parts[-1]
    return () if name.kind in _OF_TABLES else name.parts


def _followed(address: Address, table: tuple[str, ...]) -> Address:
    """Of a part of a table: an index and a sequence move to its schema, and are called as before."""
    name = parse(address)
    return address_of(name.kind, *(table if name.kind in _OF_TABLES else table[:1]), name.parts[-1])


def _moved_columns(old: Address, new: Address, columns: Mapping[str, Any], after: Snapshot) -> dict[str, JSON]:
    """Identities take their sequences along."""
    (schema, table), found = parse(new).parts, {}
    for column, settings in columns.items():
        kept = dict(settings)
        if identity := kept.get("identity"):
            sequence = identifier(split_name(identity["sequence"])[-1])
            kept["identity"] = {**identity, "sequence": f"{identifier(schema)}.{sequence}"}
        was, now = ((name, column) for name in (parse(old).parts[1], table))
        found[column] = named_as_before(kept, after[new].values["columns"].get(column) or {}, was, now)
    return found


def _following(found: dict[Address, Resource], after: Snapshot) -> None:
    """What names a renamed column follows it, where that is all that changed."""
    for address, table in list(found.items()):
        if table.kind not in _TABLES or address not in after or table == after[address]:
            continue
        words = renamed_columns(table.values["columns"], after[address].values["columns"])
        for each, resource in found.items() if words else ():
            new = after.get(each)
            if new is None or new == resource or resource.kind not in (*_TABLES, *_FOLLOW):
                continue
            values = _replaced(resource.values, {identifier(old): identifier(name) for old, name in words.items()})
            same = {key for key, value in values.items() if key != "columns" and value == new.values.get(key)}
            found[each] = Resource(resource.kind, {**resource.values, **{key: values[key] for key in same}})


def _replaced(value: JSON, words: Mapping[str, str]) -> JSON:
    """Whole names, in texts; not in comments."""
    if not words:
        return value
    longest = sorted(words, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w$\"])(?:{'|'.join(map(re.escape, longest))})(?![\w$\"])")

    def replaced(value: JSON) -> JSON:
        if isinstance(value, str):
            return pattern.sub(lambda found: words[found[0]], value)
        if isinstance(value, dict):
            return {name: each if name == "comment" else replaced(each) for name, each in value.items()}
        return [replaced(each) for each in value] if isinstance(value, list) else value

    return replaced(value)


def _is_alike(before: Address, old: Resource, after: Address, new: Resource) -> bool:
    if old.kind != new.kind:
        return False
    if old.kind in _REBUILT:
        return table_of(before, old) == table_of(after, new) and _nameless(before, old) == _nameless(after, new)
    if old.kind == "type":
        return bool(old.values == new.values)
    if old.kind == "sequence":
        one, other = without_marks(old.values), without_marks(new.values)
        return "owned_by" not in one and one == other
    return old.kind in _TABLES and _shape(old) == _shape(new)


def _nameless(address: Address, part: Resource) -> dict[str, JSON]:
    definition = part.values["definition"]
    if part.kind == "index":
        definition = definition.replace(f"INDEX {identifier(parse(address).parts[-1])} ON", "INDEX ON")
    return {**without_marks(part.values), "definition": definition}


def _shape(table: Resource) -> tuple[JSON, list[tuple[str, str]]]:
    columns = table.values["columns"]
    found = [(name, columns[name]["type"]) for name in in_their_order(columns)]
    return [table.values.get(each) for each in ("partition_by", "server")] if found else None, found


def _resembles(old: Resource, new: Resource) -> bool:
    """Half of the old columns are there."""
    if old.kind != new.kind or old.kind not in _TABLES:
        return False
    was, now = dict(_shape(old)[1]), dict(_shape(new)[1])
    return 2 * sum(now.get(name) == kind for name, kind in was.items()) >= max(1, len(was))


def _has_schema(address: Address, before: Snapshot) -> bool:
    return address_of("schema", parse(address).parts[0]) in before


def _declined(address: Address, old: Address, new: Address) -> Declined:
    reason = f"{new} may be {old} under another name: no difference tells, and made anew it would lose its rows"
    hint = (
        f"write ALTER {noun(parse(old).kind)} {parse(old).qualified} RENAME or SET SCHEMA by hand, or DROP and CREATE"
    )
    return Declined(address, reason, hint)


def _statements(old: Address, new: Address, resource: Resource) -> Iterator[Ddl]:
    was, now = parse(old), parse(new)
    if was.kind == "constraint":
        table, last = qualified(*was.parts[:-1]), now.parts[-1]
        text = f"ALTER TABLE {table} RENAME CONSTRAINT {identifier(was.parts[-1])} TO {identifier(last)}"
        yield Ddl(text, new, unless=has_constraint(table, last))
        return
    if was.kind == "index":
        text = f"ALTER INDEX {was.qualified} RENAME TO {identifier(now.parts[-1])}"
        yield Ddl(text, new, unless=is_gone(was.qualified))
        return
    gone = is_no_type if was.kind == "type" else is_gone
    alter, there = f"ALTER {_called(was.kind, resource)} ", was.parts
    for text, then in (
        (f"SET SCHEMA {identifier(now.parts[0])}", (now.parts[0], was.parts[1])),
        (f"RENAME TO {identifier(now.parts[1])}", now.parts),
    ):
        if there != then:
            said = f"{was.qualified} is taken to be renamed to {now.qualified}, with its rows"
            done = gone(qualified(*there))
            yield Ddl(f"{alter}{qualified(*there)} {text}", new, unless=done, assumes=said)
            there = then


def _called(kind: str, resource: Resource) -> str:
    return "DOMAIN" if resource.values.get("form") == "domain" else noun(kind)
