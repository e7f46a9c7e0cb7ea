"""Functions, procedures, aggregates, casts, transforms and event triggers. Pure."""

import re
from collections.abc import Iterator

from trueup.drivers.database.catalog.addresses import parse
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.marks import called, differing, dropped, made, marked
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.model.values import JSON

_HEAD = re.compile(r"\A(?P<arguments>.*?)(?P<returns>\n RETURNS .*?)?\n LANGUAGE (?P<language>\S+)", re.DOTALL)
_STATES = {"disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def _head(definition: str) -> tuple[str, str, str]:
    """Name and arguments, what it returns, its language, in the form of pg_get_functiondef()."""
    found = _HEAD.match(definition)
    return (found["arguments"], found["returns"] or "", found["language"].lower()) if found else ("", "", "")


def _create(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    text = values["definition"].rstrip()
    if _head(text)[2] in ("c", "internal"):
        raise Refused(
            "it is written in C: its library is a file of the server, which no statement carries",
            hint="install the extension that it belongs to, or write CREATE FUNCTION by hand",
        )
    yield Ddl(text, address)
    yield from made(address, values, around)


def _alter(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if "definition" in differing(old, new):
        was, now = _head(old["definition"]), _head(new["definition"])
        if was[:2] != now[:2]:
            raise Rebuild  # names and defaults of arguments, or what it returns
        yield from (each for each in _create(address, {"definition": new["definition"]}, around))
    yield from marked(address, old, new)


_OF_AGGREGATE = {
    "state_function": "SFUNC",
    "state_type": "STYPE",
    "state_space": "SSPACE",
    "final_function": "FINALFUNC",
    "final_modify": "FINALFUNC_MODIFY",
    "combine_function": "COMBINEFUNC",
    "serialize_function": "SERIALFUNC",
    "deserialize_function": "DESERIALFUNC",
    "initial": "INITCOND",
    "moving_state_function": "MSFUNC",
    "moving_inverse_function": "MINVFUNC",
    "moving_state_type": "MSTYPE",
    "moving_state_space": "MSSPACE",
    "moving_final_function": "MFINALFUNC",
    "moving_final_modify": "MFINALFUNC_MODIFY",
    "moving_initial": "MINITCOND",
    "sort_operator": "SORTOP",
    "parallel": "PARALLEL",
}
_FLAGS = {"final_extra": "FINALFUNC_EXTRA", "moving_final_extra": "MFINALFUNC_EXTRA"}


def bare(routine: str) -> str:
    """A routine's name without its arguments."""
    return routine.partition("(")[0]


def _create_aggregate(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    parts = []
    for name, word in _OF_AGGREGATE.items():
        if name not in values:
            continue
        value = str(values[name])
        if name in ("initial", "moving_initial"):
            value = literal(value)
        elif name == "sort_operator":
            value = f"OPERATOR({bare(value)})"
        elif name.endswith("_function"):
            value = bare(value)
        parts.append(f"{word} = {value.upper() if name.endswith('modify') else value}")
    parts += [word for name, word in _FLAGS.items() if values.get(name)]
    parts += ["HYPOTHETICAL"] if values.get("kind") == "hypothetical" else []
    inside = ",\n    ".join(parts)
    name = parse(address).qualified
    yield Ddl(f"CREATE OR REPLACE AGGREGATE {name}({values['arguments'] or '*'}) (\n    {inside}\n)", address)
    yield from made(address, values, around)


def _drop_aggregate(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"DROP AGGREGATE IF EXISTS {parse(address).qualified}({values['arguments'] or '*'})", address)


def _alter_aggregate(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if differing(old, new):
        raise Rebuild
    yield from marked(address, old, new)


def _create_cast(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    how = "WITHOUT FUNCTION" if values.get("method") == "binary" else "WITH INOUT"
    if "function" in values:
        how = f"WITH FUNCTION {values['function']}"
    context = f" AS {values['context'].upper()}" if "context" in values else ""
    yield Ddl(f"CREATE CAST {called(address)} {how}{context}", address, unless=_cast_there(address))
    yield from made(address, values, around)


def _cast_there(address: Address) -> str:
    source, _, target = (parse(address).arguments or "").partition(" AS ")
    return (
        f"SELECT FROM pg_cast WHERE castsource = {literal(source)}::regtype AND casttarget = {literal(target)}::regtype"
    )


def _drop_unnamed(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"DROP {parse(address).kind.upper()} IF EXISTS {_unnamed(address)}", address)


def _unnamed(address: Address) -> str:
    name = parse(address)
    return f"FOR {name.arguments}" if name.kind == "transform" else called(address)


def _replaced(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if differing(old, new):
        raise Rebuild
    yield from marked(address, old, new, lambda each: f"{parse(each).kind.upper()} {_unnamed(each)}")


def _create_transform(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    parts = [
        f"{word} SQL WITH FUNCTION {values[name]}"
        for name, word in (("from_sql", "FROM"), ("to_sql", "TO"))
        if name in values
    ]
    yield Ddl(f"CREATE OR REPLACE TRANSFORM {_unnamed(address)} ({', '.join(parts)})", address)


def _create_event_trigger(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address)
    tags = ", ".join(literal(each) for each in values.get("tags") or ())
    when = f" WHEN TAG IN ({tags})" if tags else ""
    text = f"CREATE EVENT TRIGGER {name.qualified} ON {values['event']}{when} EXECUTE FUNCTION {values['function']}"
    yield Ddl(
        text,
        address,
        unless=f"SELECT FROM pg_event_trigger WHERE evtname = {literal(name.parts[0])}",
        last=True,
    )
    later = [*_event_state(address, {}, values), *made(address, values, around)]
    yield from (Ddl(each.sql, each.address, roles=each.roles, last=True) for each in later)


def _event_state(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    if old.get("enabled") != new.get("enabled"):
        state = _STATES.get(new.get("enabled", ""), "ENABLE")
        yield Ddl(f"ALTER EVENT TRIGGER {parse(address).qualified} {state}", address)


def _alter_event_trigger(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    if differing(old, new) - {"enabled"}:
        raise Rebuild
    yield from _event_state(address, old, new)
    yield from marked(address, old, new)


def _drop_event_trigger(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"DROP EVENT TRIGGER IF EXISTS {parse(address).qualified}", address)


FUNCTION = Maker(rank=50, create=_create, drop=dropped, alter=_alter, late=True)
AGGREGATE = Maker(rank=51, create=_create_aggregate, drop=_drop_aggregate, alter=_alter_aggregate, late=True)
CAST = Maker(rank=56, create=_create_cast, drop=_drop_unnamed, alter=_replaced)
TRANSFORM = Maker(rank=57, create=_create_transform, drop=_drop_unnamed, alter=_replaced)
EVENT_TRIGGER = Maker(rank=95, create=_create_event_trigger, drop=_drop_event_trigger, alter=_alter_event_trigger)
