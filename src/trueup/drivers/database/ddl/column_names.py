"""Columns that got another name, and kept their values: told by their place, since nothing else tells. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.ddl.columns import Column, in_their_order


def renamed(old: Mapping[str, Column], new: Mapping[str, Column]) -> dict[str, str]:
    """Columns that are in the same place with everything but their names: nothing else tells a new name. A column that
    is added stands behind all others."""
    before, after = in_their_order(old), in_their_order(new)
    stays = [name for name in before if name in new]
    found: dict[str, str] = {}
    for place, (gone, fresh) in enumerate(zip(_between(before, stays), _between(after, stays), strict=True)):
        pairs = _paired([(name, old[name]) for name in gone], [(name, new[name]) for name in fresh])
        if place < len(stays) and len(pairs) < len(fresh):
            return {}
        found |= pairs
    return found


def _between(names: Sequence[str], marks: Sequence[str]) -> list[list[str]]:
    """Cut at those that stay."""
    parts: list[list[str]] = [[]]
    for name in names:
        if name in marks:
            parts.append([])
        else:
            parts[-1].append(name)
    return parts


def _paired(gone: Sequence[tuple[str, Column]], fresh: Sequence[tuple[str, Column]]) -> dict[str, str]:
    """In their order, as many as fit."""
    found: dict[str, str] = {}
    left = list(fresh)
    for name, column in gone:
        place = next((index for index, (_, each) in enumerate(left) if _unplaced(each) == _unplaced(column)), None)
        if place is not None:
            found[name] = left[place][0]
            left = left[place + 1 :]
    return found


def under_new_names(columns: Mapping[str, Column], names: Mapping[str, str]) -> dict[str, Column]:
    """Expressions follow by themselves."""
    if not names:
        return dict(columns)
    words = {identifier(old): identifier(new) for old, new in names.items()}
    pattern = re.compile("|".join(rf"(?<![\w\"]){re.escape(each)}(?![\w\"])" for each in words))

    def followed(each: Column) -> Column:
        moved: dict[str, Any] = {"after": names.get(each["after"], each["after"])} if "after" in each else {}
        if generated := each.get("generated"):
            expression = pattern.sub(lambda found: words[found[0]], generated["expression"])
            moved["generated"] = {**generated, "expression": expression}
        return {**each, **moved}

    return {names.get(name, name): followed(each) for name, each in columns.items()}


def _unplaced(column: Column) -> dict[str, Any]:
    """Its NOT NULL keeps the name that it got from the column's old one, which only PostgreSQL 18 has."""
    constraint = {name: each for name, each in (column.get("not_null_constraint") or {}).items() if name != "name"}
    return {**{name: value for name, value in column.items() if name != "after"}, "not_null_constraint": constraint}


def named_as_before(column: Column, new: Column, was: tuple[str, str], now: tuple[str, str]) -> dict[str, Any]:
    """A column whose table or itself got another name (`was` and `now`: both). The constraint of its NOT NULL keeps its
    own, which a snapshot leaves out where it follows from those two."""
    before, after = ("_".join((*each, "not_null"))[:63] for each in (was, now))
    constraint = dict(column.get("not_null_constraint") or {})
    if (new.get("not_null_constraint") or {}).get("name") == before:
        constraint["name"] = before
    elif constraint.get("name") == after:
        del constraint["name"]
    left = {name: each for name, each in column.items() if name != "not_null_constraint"}
    return {**left, "not_null_constraint": constraint} if constraint else left


def carried_over(
    table: str, old: Mapping[str, Column], new: Mapping[str, Column], names: Mapping[str, str]
) -> dict[str, Column]:
    """Old columns as they are once these are renamed."""
    found = under_new_names(old, names)
    for before, after in names.items():
        found[after] = named_as_before(found[after], new[after], (table, before), (table, after))
    return found
