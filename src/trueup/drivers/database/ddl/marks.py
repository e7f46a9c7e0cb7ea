"""What every kind of object has besides itself: an owner, privileges, a comment. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trueup.drivers.database.catalog.addresses import identifier, parse, qualified
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.plan import Rebuild, Surroundings
from trueup.drivers.database.ddl.privileges import Target, cleared, granted
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

MARKS = frozenset({"owner", "privileges", "comment", "security_labels", "depends_on_extensions"})
_GRANTED_AS = {
    "table": "TABLE",
    "view": "TABLE",
    "materialized_view": "TABLE",
    "foreign_table": "TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
    "procedure": "ROUTINE",
    "aggregate": "ROUTINE",
    "schema": "SCHEMA",
    "type": "TYPE",
    "language": "LANGUAGE",
    "foreign_data_wrapper": "FOREIGN DATA WRAPPER",
    "server": "FOREIGN SERVER",
}
_DEFAULTS_OF = {
    "table": "tables",
    "view": "tables",
    "materialized_view": "tables",
    "foreign_table": "tables",
    "sequence": "sequences",
    "function": "functions",
    "procedure": "functions",
    "aggregate": "functions",
    "type": "types",
    "schema": "schemas",
}
_ON_TABLE = frozenset({"constraint", "trigger", "rule", "policy"})
_NOUNS = {"server": "SERVER"}


def noun(kind: str) -> str:
    """What ALTER, COMMENT and DROP call it."""
    return _NOUNS.get(kind, kind.replace("_", " ").upper())


def called(address: Address) -> str:
    """The object as ALTER, COMMENT and DROP name it, behind its noun."""
    name = parse(address)
    if name.kind in _ON_TABLE:
        return f"{identifier(name.parts[-1])} ON {qualified(*name.parts[:-1])}"
    if name.kind in ("operator_class", "operator_family"):
        return f"{name.qualified} USING {name.arguments}"
    if name.kind == "operator":
        *schema, symbol = name.parts
        return f"{'.'.join([*map(identifier, schema), symbol])} ({name.arguments})"
    if name.kind in ("cast", "transform"):
        return f"({name.arguments})"
    arguments = name.arguments or "*" if name.kind == "aggregate" else name.arguments
    return name.qualified if arguments is None else f"{name.qualified}({arguments})"


def dropped(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    """Of an object that needs no look at anything else before it goes."""
    yield Ddl(f"DROP {noun(parse(address).kind)} IF EXISTS {called(address)}", address)


def replaced(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    """Of an object of which nothing but its marks can be altered. Raises Rebuild for everything else."""
    if differing(old, new):
        raise Rebuild
    yield from marked(address, old, new)


def made(address: Address, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    """For an object that was just created, by whoever runs this."""
    if owner := new.get("owner"):
        yield owned(address, owner)
    yield from _without_defaults(address, new, around)
    yield from marked(address, {"owner": new.get("owner")}, new)


def _without_defaults(address: Address, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    """Default privileges give to a new object what this one does not have."""
    name, held = parse(address), new.get("privileges") or {}
    if name.kind not in _GRANTED_AS:
        return
    target = Target(address, _GRANTED_AS[name.kind], called(address), new.get("owner") or "")
    given: dict[str, set[str]] = {}
    for defaults, each in around.before.items():
        here = each.kind == "default_privileges" and parse(defaults).arguments == _DEFAULTS_OF.get(name.kind)
        if here and each.values.get("in_schema") in (None, identifier(name.parts[0])):
            for grantee, entries in (each.values.get("privileges") or {}).items():
                given.setdefault(grantee, set()).update(entries or {""})
    for grantee, entries in sorted(given.items()):
        if grantee != target.owner and not entries <= set(held.get(grantee) or ()):
            yield from cleared(target, grantee, usual=grantee not in held)


def owned(address: Address, owner: str) -> Ddl:
    return Ddl(f"ALTER {noun(parse(address).kind)} {called(address)} OWNER TO {owner}", address, roles=(owner,))


def marked(
    address: Address, old: Mapping[str, Any], new: Mapping[str, Any], comment_on: Callable[[Address], str] | None = None
) -> Iterator[Ddl]:
    """From one state to the other, of one object that stays. Raises Refused for what is not written."""
    kind = parse(address).kind
    held, wanted_ = old.get("privileges") or {}, new.get("privileges") or {}
    moves = old.get("owner") != new.get("owner") and new.get("owner")
    if moves:
        yield owned(address, new["owner"])
    if (held or wanted_) and (moves or held != wanted_):
        target = Target(address, _GRANTED_AS[kind], called(address), new.get("owner") or "")
        if moves and held:  # what the old owner had went to the new one, and theirs together
            for grantee in sorted({*held, *wanted_, new["owner"]}):
                yield from cleared(target, grantee, usual=grantee not in wanted_)
            wanted_ = {grantee: entries for grantee, entries in wanted_.items() if entries}
            held = {grantee: [] for grantee in wanted_}
        yield from granted(target, held, wanted_)
    if old.get("comment") != new.get("comment"):
        on = comment_on(address) if comment_on else f"{noun(kind)} {called(address)}"
        yield commented(address, on, new.get("comment"))
    wanted, had = set(new.get("depends_on_extensions") or ()), set(old.get("depends_on_extensions") or ())
    for extension in sorted(wanted ^ had):
        no = "" if extension in wanted else "NO "
        yield Ddl(f"ALTER {noun(kind)} {called(address)} {no}DEPENDS ON EXTENSION {extension}", address)
    if old.get("security_labels") != new.get("security_labels"):
        raise Refused("security labels are not written", hint="SECURITY LABEL ... ON ... IS ...")


def commented(address: Address, on: str, comment: str | None) -> Ddl:
    return Ddl(f"COMMENT ON {on} IS {literal(comment) if comment is not None else 'NULL'}", address)


def without_marks(values: JSON) -> dict[str, JSON]:
    return {name: value for name, value in values.items() if name not in MARKS}


def differing(old: JSON, new: JSON) -> frozenset[str]:
    """Names of values that differ, marks left out."""
    one, other = without_marks(old), without_marks(new)
    return frozenset(name for name in {*one, *other} if one.get(name) != other.get(name))
