"""Triggers, rules, policies and extended statistics: what acts on a table and has a definition of its own. Pure."""

import re
from collections.abc import Iterator

from trueup.drivers.database.catalog.addresses import address as address_of
from trueup.drivers.database.catalog.addresses import identifier, parse, qualified
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.guards import literal
from trueup.drivers.database.ddl.marks import called, differing, made, marked
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.model.plan import Address
from trueup.model.values import JSON

_STATES = {"disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}
_OWNERS = ("table", "view", "materialized_view", "foreign_table")


def _table(address: Address) -> str:
    return qualified(*parse(address).parts[:-1])


def _goes_with_table(address: Address, around: Surroundings) -> bool:
    table = parse(address).parts[:-1]
    return not any(address_of(kind, *table) in around.after for kind in _OWNERS)


def _enabled(address: Address, values: JSON, *, last: bool = False) -> Ddl:
    state = _STATES.get(values.get("enabled", ""), "ENABLE")
    name = parse(address)
    kind = name.kind.upper()
    return Ddl(f"ALTER TABLE {_table(address)} {state} {kind} {identifier(name.parts[-1])}", address, last=last)


def _create_trigger(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    if not values.get("clone"):
        constraint = values["definition"].startswith("CREATE CONSTRAINT TRIGGER")
        text = values["definition"] if constraint else _or_replace(values["definition"])
        yield Ddl(text, address, unless=_there(address, "pg_trigger", "tgrelid", "tgname") if constraint else "")
    if values.get("clone") or values.get("enabled"):
        yield _enabled(address, values, last=bool(values.get("clone")))
    yield from made(address, values, around)


def _or_replace(definition: str) -> str:
    return re.sub(r"^CREATE (?!OR REPLACE)", "CREATE OR REPLACE ", definition)


def _there(address: Address, catalog: str, table: str, column: str) -> str:
    name = literal(parse(address).parts[-1])
    return f"SELECT FROM {catalog} WHERE {table} = {literal(_table(address))}::regclass AND {column} = {name}"


def _drop(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    if values.get("clone"):
        if not _goes_with_table(address, around):
            yield _enabled(address, {})
        return
    if not _goes_with_table(address, around):
        name = parse(address)
        yield Ddl(f"DROP {name.kind.upper()} IF EXISTS {called(address)}", address)


def _alter_trigger(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if "definition" in changed:
        if any("CONSTRAINT TRIGGER" in each["definition"][:30] for each in (old, new)) or old.get("clone"):
            raise Rebuild
        yield Ddl(_or_replace(new["definition"]), address)
    if "enabled" in changed or ("definition" in changed and new.get("enabled")):
        yield _enabled(address, new)
    yield from marked(address, old, new)


def _create_rule(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(_or_replace(values["definition"].rstrip().removesuffix(";")), address)
    if values.get("enabled"):
        yield _enabled(address, values)
    yield from made(address, values, around)


def _alter_rule(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if "definition" in changed:
        yield Ddl(_or_replace(new["definition"].rstrip().removesuffix(";")), address)
    if "enabled" in changed or ("definition" in changed and new.get("enabled")):
        yield _enabled(address, new)
    yield from marked(address, old, new)


def _create_policy(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    text = f"CREATE POLICY {called(address)}"
    text += " AS RESTRICTIVE" if values.get("restrictive") else ""
    text += f" FOR {values['command'].upper()}"
    roles = tuple(values.get("roles") or ("PUBLIC",))
    yield Ddl(
        f"{text} TO {', '.join(roles)}{_conditions(values)}",
        address,
        unless=_there(address, "pg_policy", "polrelid", "polname"),
        roles=tuple(each for each in roles if each != "PUBLIC"),
    )
    yield from made(address, values, around)


def _conditions(values: JSON) -> str:
    text = f" USING ({values['using']})" if "using" in values else ""
    return text + (f" WITH CHECK ({values['check']})" if "check" in values else "")


def _alter_policy(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if changed & {"command", "restrictive"} or any(name in old and name not in new for name in ("using", "check")):
        raise Rebuild
    if changed:
        roles = tuple(new.get("roles") or ("PUBLIC",))
        text = f"ALTER POLICY {called(address)} TO {', '.join(roles)}{_conditions(new)}"
        yield Ddl(text, address, roles=tuple(each for each in roles if each != "PUBLIC"))
    yield from marked(address, old, new)


def _create_statistics(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(re.sub(r"^CREATE STATISTICS ", "CREATE STATISTICS IF NOT EXISTS ", values["definition"]), address)
    if "target" in values:
        yield Ddl(f"ALTER STATISTICS {parse(address).qualified} SET STATISTICS {values['target']}", address)
    yield from made(address, values, around)


def _drop_statistics(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    yield Ddl(f"DROP STATISTICS IF EXISTS {parse(address).qualified}", address)


def _alter_statistics(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    changed = differing(old, new)
    if changed - {"target"}:
        raise Rebuild
    if changed:
        yield Ddl(f"ALTER STATISTICS {parse(address).qualified} SET STATISTICS {new.get('target', -1)}", address)
    yield from marked(address, old, new)


TRIGGER = Maker(rank=80, create=_create_trigger, drop=_drop, alter=_alter_trigger)
RULE = Maker(rank=81, create=_create_rule, drop=_drop, alter=_alter_rule)
POLICY = Maker(rank=82, create=_create_policy, drop=_drop, alter=_alter_policy)
STATISTICS = Maker(rank=76, create=_create_statistics, drop=_drop_statistics, alter=_alter_statistics)
