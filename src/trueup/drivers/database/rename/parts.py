"""What hangs on a column, under its new name: indexes, constraints, statistics, rewritten on the parse tree."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import deparse, find_nodes, parse
from postgast import pg_query_pb2 as pg

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.catalog.addresses import parse as parse_address
from trueup.model.plan import Address, Resource

_KINDS = ("index.", "constraint.", "statistics.")


@dataclass(frozen=True)
class Part:
    """One index or constraint that names the column."""

    kind: str
    """index, statistics, check, foreign key, unique, primary key, exclude"""
    name: str
    renamed: str
    """Its copy's name."""
    definition: str
    """Of the copy: for an index a whole statement (CONCURRENTLY), for statistics one too, for a constraint what follows
    its name."""
    original: str
    """Of the one that is there, likewise."""


def parts_of(real: Mapping[Address, Resource], table: tuple[str, str], old: str, new: str) -> tuple[Part, ...]:
    """Of one table, in the order of their addresses."""
    taken = {parse_address(address).parts[-1] for address in real if address.startswith(_KINDS)}
    found = []
    for address, resource in sorted(real.items()):
        parts = parse_address(address).parts if address.startswith(_KINDS) else ()
        definition = resource.values.get("definition") if isinstance(resource.values, dict) else None
        if not parts or not isinstance(definition, str):
            continue
        if resource.kind == "constraint" and parts[:2] == table:
            part = _constraint(str(resource.values["type"]), parts[-1], definition, (old, new))
        elif resource.kind == "index" and resource.values.get("table") == ".".join(map(identifier, table)):
            part = _index(parts[-1], definition, (old, new))
        elif resource.kind == "statistics" and _is_about(definition, table):
            part = _statistics(parts[-1], definition, (old, new))
        else:
            continue
        if part is not None:
            found.append(_named(part, old, new, taken))
    return tuple(found)


def references_to(real: Mapping[Address, Resource], table: tuple[str, str], column: str) -> tuple[Address, ...]:
    """Foreign keys of other tables that point at the column."""
    found = []
    for address, resource in sorted(real.items()):
        if resource.kind != "constraint" or resource.values.get("type") != "foreign key":
            continue
        for each in find_nodes(_tree(resource.values["definition"]), pg.Constraint):
            target = (each.pktable.schemaname or table[0], each.pktable.relname)
            if target == table and column in {node.string.sval for node in each.pk_attrs}:
                found.append(address)
    return tuple(found)


def _index(name: str, definition: str, columns: tuple[str, str]) -> Part | None:
    tree = parse(definition)
    if not _rename(tree, *columns):
        return None
    node = tree.stmts[0].stmt.index_stmt
    node.concurrent = True
    node.idxname = ""
    return Part("index", name, "", deparse(tree), definition)


def _is_about(definition: str, table: tuple[str, str]) -> bool:
    return any((each.schemaname, each.relname) == table for each in find_nodes(parse(definition), pg.RangeVar))


def _statistics(name: str, definition: str, columns: tuple[str, str]) -> Part | None:
    tree = parse(definition)
    return Part("statistics", name, "", deparse(tree), definition) if _rename(tree, *columns) else None


def _constraint(kind: str, name: str, definition: str, columns: tuple[str, str]) -> Part | None:
    tree = _tree(definition)
    if not _rename(tree, *columns):
        return None
    return Part(kind, name, "", deparse(tree).partition(" ADD ")[2], definition)


def _named(part: Part, old: str, new: str, taken: set[str]) -> Part:
    """With a name of its own: the old column's in it is replaced where it stands there."""
    name = part.name.replace(old, new) if old in part.name else f"{part.name}_{new}"
    while name in taken:
        name = f"{name}_new"
    taken.add(name)
    definition = part.definition
    if part.kind == "index":
        tree = parse(definition)
        tree.stmts[0].stmt.index_stmt.idxname = name
        definition = deparse(tree)
    elif part.kind == "statistics":
        tree = parse(definition)
        tree.stmts[0].stmt.create_stats_stmt.defnames[-1].string.sval = name
        definition = deparse(tree)
    return Part(part.kind, part.name, name, definition, part.original)


def _tree(definition: str) -> Message:
    return parse(f"ALTER TABLE t ADD {definition}")


def _rename(tree: Message, old: str, new: str) -> bool:
    """Every mention of the column in an index, a constraint or statistics of one table; whether there was one."""
    elements = [*find_nodes(tree, pg.IndexElem), *find_nodes(tree, pg.StatsElem)]
    spots = [each for each in elements if each.name == old]
    for spot in spots:
        spot.name = new
    strings = [field.string for each in find_nodes(tree, pg.ColumnRef) for field in each.fields[-1:]]
    for each in find_nodes(tree, pg.Constraint):
        strings += [node.string for node in (*each.keys, *each.including, *each.fk_attrs)]
    mentions = [each for each in strings if each.sval == old]
    for each in mentions:
        each.sval = new
    return bool(spots or mentions)
