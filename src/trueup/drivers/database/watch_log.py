"""The log of a watched database: its lines become events with a name, a time and a statement. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trueup.drivers.database.catalog.addresses import parse, qualified, split_name
from trueup.drivers.database.history.records import KIND
from trueup.drivers.database.watch import LOG
from trueup.model.people import Identity
from trueup.model.plan import Address, Resource
from trueup.model.signal import LiveEvent, Subject
from trueup.model.words import words_in

SOURCE = "database"
OURS = re.compile(r"trueup (?P<run>[\w-]+)")
"""The application name of a run of ours: another one can call itself so too, and the engine compares."""
QUERY = (
    f"SELECT id, at, login, role, database, application, client, tag, objects, statement FROM {LOG} "
    "WHERE at >= %s ORDER BY id"
)
STATEMENTS = f"SELECT id, statement FROM {LOG} WHERE id = ANY(%s)"
LONGEST = 300
_NAME = re.compile(r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)(?:\.(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*))*')
_INSIDE = frozenset({"constraint", "trigger", "rule", "policy"})
"""Kinds whose address has their table's name before their own."""


@dataclass(frozen=True)
class Line:
    """One statement that changed the schema."""

    id: int
    at: datetime
    login: str
    role: str
    """What it had become by SET ROLE; empty: nothing else."""
    database: str
    application: str
    client: str
    tag: str
    objects: tuple[str, ...]
    """Identities as PostgreSQL writes them: `public.users`, `t on public.users`, `public.f(pg_catalog.int4)`."""
    statement: str
    """Empty where it named a password."""

    @property
    def title(self) -> str:
        text = " ".join(self.statement.split()) or self.tag
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def line_of(row: tuple[Any, ...]) -> Line:
    """One row of QUERY."""
    id, at, login, role, database, application, client, tag, objects, statement = row
    names = tuple(dict.fromkeys(_whole(each["type"], each["name"]) for each in objects if each["name"]))
    return Line(
        int(id),
        at.astimezone(UTC),
        login,
        role or "",
        database,
        application or "",
        client or "",
        tag,
        names,
        statement or "",
    )


def event_of(line: Line, database: str, received_at: datetime, redact: Callable[[str], str] = str) -> LiveEvent:
    """`database`: its identity, so that lines of two databases are two events. People are matched by the role that they
    logged in as: `people:` has `database: [anna]`."""
    run = OURS.fullmatch(line.application)
    return LiveEvent(
        id=f"{database}:{line.id}",
        source=SOURCE,
        at=min(line.at, received_at),
        received_at=received_at,
        name=redact(line.title),
        identity=Identity("database", line.login),
        subjects=frozenset(_subjects(line)),
        session=f"{line.login} as {line.role}" if line.role and line.role != line.login else line.login,
        address=line.client,
        user_agent=line.application,
        run=run["run"] if run else "",
        mentions=words_in(redact(line.statement)),
    )


def _subjects(line: Line) -> Iterator[str]:
    if line.objects:
        for name in line.objects:
            yield _plain(name)
        return
    # GRANT, REVOKE, ALTER DEFAULT PRIVILEGES: only the statement says of what.
    yield f"tag/{line.tag}"
    for found in _NAME.findall(line.statement):
        yield f"name/{found.rpartition('.')[2]}"


def subjects_of(resources: Mapping[Address, Resource]) -> Iterable[Subject]:
    """Also of what an object is a part of: a constraint comes with its table."""
    for address, resource in resources.items():
        if resource.kind == KIND:
            continue
        try:
            name = parse(address)
        except ValueError:
            continue
        if resource.kind == "default_privileges":
            yield Subject("tag/ALTER DEFAULT PRIVILEGES", address, exact=False)
        if not name.parts:
            continue
        if resource.kind in _INSIDE and len(name.parts) > 1:
            table = qualified(*name.parts[:-1])
            yield Subject(f"{qualified(name.parts[-1])} on {table}", address)
            yield Subject(table, address)
        else:
            yield Subject(name.qualified, address)
        yield Subject(f"name/{qualified(name.parts[-1])}", address, exact=False)


def _plain(identity: str) -> str:
    """Without arguments: what subjects are called by."""
    return identity.partition("(")[0]


def _whole(type: str, identity: str) -> str:
    """A column as its table."""
    return qualified(*split_name(identity)[:-1]) if type.endswith(" column") else identity
