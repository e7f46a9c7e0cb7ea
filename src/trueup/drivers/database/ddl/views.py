"""Views and materialised views. Pure."""

from collections.abc import Iterator

from trueup.drivers.database.catalog.addresses import parse
from trueup.drivers.database.ddl import columns
from trueup.drivers.database.ddl.columns import Spot
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.marks import differing, dropped, made, marked
from trueup.drivers.database.ddl.plan import Maker, Rebuild, Surroundings
from trueup.drivers.database.ddl.tables import options_changed
from trueup.model.plan import Address
from trueup.model.values import JSON


def _create(address: Address, values: JSON, around: Surroundings) -> Iterator[Ddl]:
    name = parse(address)
    options = ", ".join(f"{key} = {each}" for key, each in sorted((values.get("options") or {}).items()))
    query = values["definition"].strip().removesuffix(";")
    if name.kind == "view":
        yield Ddl(
            f"CREATE OR REPLACE VIEW {name.qualified}{f' WITH ({options})' if options else ''} AS\n{query}", address
        )
    else:
        text = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name.qualified}"
        text += f" USING {values['access_method']}" if "access_method" in values else ""
        text += f" WITH ({options})" if options else ""
        text += f" TABLESPACE {values['tablespace']}" if "tablespace" in values else ""
        yield Ddl(f"{text} AS\n{query}", address)
    yield from _columns(address, {}, values)
    yield from made(address, values, around)


def _columns(address: Address, old: JSON, new: JSON) -> Iterator[Ddl]:
    """A view's columns have comments, privileges and defaults of their own."""
    before = old.get("columns", {})
    for column, now in new["columns"].items():
        spot, was = Spot(address, column, new.get("owner", "")), before.get(column, {})
        if was.get("default") != now.get("default"):
            yield spot.alter(f"SET DEFAULT {now['default']}" if "default" in now else "DROP DEFAULT")
        if parse(address).kind == "view":
            was, now = ({k: v for k, v in each.items() if k in ("comment", "privileges")} for each in (was, now))
        yield from columns.details(spot, was, now)


def _alter(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterator[Ddl]:
    name, changed = parse(address), differing(old, new)
    if changed & {"definition", "access_method", "tablespace"} or _shape(old) != _shape(new)[: len(_shape(old))]:
        if name.kind == "materialized_view" or _shape(old) != _shape(new)[: len(_shape(old))]:
            raise Rebuild
        query = new["definition"].strip().removesuffix(";")
        yield Ddl(f"CREATE OR REPLACE VIEW {name.qualified} AS\n{query}", address)
        old = {**old, "options": {}}  # they went with it
    alter = f"ALTER {name.kind.replace('_', ' ').upper()} {name.qualified}"
    yield from options_changed(address, alter, old.get("options"), new.get("options"))
    yield from _columns(address, old, new)
    yield from marked(address, old, new)


def _shape(values: JSON) -> list[tuple[str, str, str]]:
    found = values["columns"]
    return [(name, found[name]["type"], found[name].get("collation", "")) for name in columns.in_their_order(found)]


VIEW = Maker(rank=70, create=_create, drop=dropped, alter=_alter)
MATERIALIZED_VIEW = Maker(rank=71, create=_create, drop=dropped, alter=_alter)
