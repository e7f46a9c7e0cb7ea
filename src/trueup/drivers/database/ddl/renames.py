"""Tables and sequences under a new name: what holds rows is never dropped to be made again empty. Pure.

No snapshot says that something was renamed. It is taken for it where one table is gone and another one is there with
the same columns; one that only resembles is declined.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.drivers.database.catalog.addresses import address as address_of
from trueup.drivers.database.catalog.addresses import identifier, parse, qualified, split_name
from trueup.drivers.database.ddl.columns import in_their_order
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import is_gone
from trueup.drivers.database.ddl.marks import noun, without_marks
from trueup.model.drift import Declined
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

Snapshot = Mapping[Address, Resource]
_TABLES = ("table", "foreign_table")
_OF_TABLES = ("constraint", "trigger", "rule", "policy")


@dataclass(frozen=True)
class Renames:
    """What was renamed from one snapshot to the other, and what cannot be told."""

    names: Mapping[Address, Address]
    """Old to new."""
    declined: tuple[Declined, ...] = ()

    def statements(self) -> tuple[Ddl, ...]:
        return tuple(ddl for old, new in self.names.items() for ddl in _statements(old, new))


def renames(before: Snapshot, after: Snapshot) -> Renames:
    """Of everything that holds rows or a position."""
    gone = [address for address in before if address not in after]
    fresh = [address for address in after if address not in before]
    names: dict[Address, Address] = {}
    declined: dict[Address, Declined] = {}
    for old in sorted(gone):
        alike = [new for new in fresh if _is_alike(before[old], after[new])]
        same = [each for each in gone if alike and _is_alike(before[each], after[alike[0]])]
        if len(alike) == len(same) == 1 and _has_schema(alike[0], before):
            names[old] = alike[0]
            continue
        for new in alike or [each for each in fresh if _resembles(before[old], after[each])]:
            declined |= {each: _declined(each, old, new) for each in (old, new)}
    for side, other in ((before, after), (after, before)):
        tables = {each: about for each, about in declined.items() if each in side}
        for address in side:
            owner = table_of(address, side[address])
            if owner is not None and owner in tables and side[address] != other.get(address):
                declined[address] = Declined(address, tables[owner].reason, tables[owner].suggestion)
    return Renames(names, tuple(declined.values()))


def halves(asked: Collection[Address], before: Snapshot, after: Snapshot) -> Iterator[Declined]:
    """What belongs to something renamed, of which only one name was asked for."""
    for old, new in renames(before, after).names.items():
        if (old in asked) == (new in asked):
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
    if not names:
        return before
    moved = dict(names)
    for address, resource in before.items():
        owner = table_of(address, resource)
        if owner is not None and owner in names:
            moved[address] = _followed(address, parse(names[owner]).parts)
    words = {qualified(*_named(old)): qualified(*_named(new)) for old, new in moved.items() if _named(old)}
    longest = sorted(words, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w$\".])(?:{'|'.join(map(re.escape, longest))})(?![\w$\"])")

    def renamed(value: JSON) -> JSON:
        if isinstance(value, str):
            return pattern.sub(lambda found: words[found[0]], value)
        if isinstance(value, dict):
            return {name: each if name == "comment" else renamed(each) for name, each in value.items()}
        return [renamed(each) for each in value] if isinstance(value, list) else value

    found: dict[Address, Resource] = {}
    for address, resource in before.items():
        values = resource.values if resource.kind in ("function", "procedure") else renamed(resource.values)
        if resource.kind == "publication" and "tables" in values:
            values = {**values, "tables": {renamed(table): each for table, each in values["tables"].items()}}
        if address in names and resource.kind in _TABLES:
            values = {
                **values,
                "columns": _moved_columns(address, names[address], values["columns"], after),
            }
        found[moved.get(address, address)] = Resource(resource.kind, values, resource.identity)
    return found


def _named(address: Address) -> tuple[str, ...]:
    """What a text calls it; a constraint, a trigger and the like have no name of their own there."""
    return () if parse(address).kind in _OF_TABLES else parse(address).parts


def _followed(address: Address, table: tuple[str, ...]) -> Address:
    """Of a part of a table: an index and a sequence move to its schema, and are called as before."""
    name = parse(address)
    return address_of(name.kind, *(table if name.kind in _OF_TABLES else table[:1]), name.parts[-1])


def _moved_columns(old: Address, new: Address, columns: Mapping[str, Any], after: Snapshot) -> dict[str, JSON]:
    """Identities take their sequences along. A NOT NULL keeps its name, which a snapshot has unless it follows from the
    table's."""
    schema = identifier(parse(new).parts[0])
    found: dict[str, JSON] = {}
    for column, settings in columns.items():
        kept = dict(settings)
        if identity := kept.get("identity"):
            sequence = identifier(split_name(identity["sequence"])[-1])
            kept["identity"] = {**identity, "sequence": f"{schema}.{sequence}"}
        was, now = (f"{parse(table).parts[1]}_{column}_not_null"[:63] for table in (old, new))
        constraint = dict(kept.pop("not_null_constraint", {}))
        if _not_null_name(after[new], column) == was:
            constraint["name"] = was
        elif constraint.get("name") == now:
            del constraint["name"]
        found[column] = {**kept, "not_null_constraint": constraint} if constraint else kept
    return found


def _not_null_name(table: Resource, column: str) -> str | None:
    constraint = (table.values["columns"].get(column) or {}).get("not_null_constraint") or {}
    name: str | None = constraint.get("name")
    return name


def _is_alike(old: Resource, new: Resource) -> bool:
    if old.kind != new.kind:
        return False
    if old.kind == "sequence":
        one, other = without_marks(old.values), without_marks(new.values)
        return "owned_by" not in one and one == other
    return old.kind in _TABLES and _shape(old) == _shape(new)


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


def _statements(old: Address, new: Address) -> Iterator[Ddl]:
    was, now = parse(old), parse(new)
    alter, there = f"ALTER {noun(was.kind)} ", was.parts
    for text, then in (
        (f"SET SCHEMA {identifier(now.parts[0])}", (now.parts[0], was.parts[1])),
        (f"RENAME TO {identifier(now.parts[1])}", now.parts),
    ):
        if there != then:
            done = is_gone(qualified(*there))
            said = f"{was.qualified} is taken to be renamed to {now.qualified}, with its rows"
            yield Ddl(f"{alter}{qualified(*there)} {text}", new, unless=done, assumes=said)
            there = then
