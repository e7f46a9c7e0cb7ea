"""DDL of SQLite: the texts that sqlite_master keeps, and what ALTER TABLE can do to a table. Pure.

What ALTER TABLE can do: https://www.sqlite.org/lang_altertable.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from trueup.drivers.database.catalog.addresses import identifier, parse
from trueup.drivers.database.ddl.draft import Ddl, Draft
from trueup.model.drift import Declined
from trueup.model.errors import Refused
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

_ORDER = ("table", "index", "view", "trigger")
_CREATE = re.compile(
    r"^\s*CREATE\s+(?:UNIQUE\s+)?(?:VIRTUAL\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)\s+(?!IF\s+NOT\s+EXISTS\b)", re.IGNORECASE
)
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[(),]|.""", re.DOTALL)
_NAME = re.compile(r"""\s*("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\w+)""")
_NOT_ADDABLE = re.compile(r"\b(PRIMARY\s+KEY|UNIQUE|STORED|DEFAULT\s*(\(|CURRENT_))", re.IGNORECASE)


def restore(resources: Mapping[Address, Resource]) -> list[str]:
    """Statements that rebuild a snapshot in an empty file: the texts with which the objects were made."""
    return [each.sql for each in _created(resources, idempotent=False)]


def difference(before: Mapping[Address, Resource], after: Mapping[Address, Resource]) -> Draft:
    """SQL that makes `before` into `after`."""
    forward, declined = _statements(before, after)
    reverse, kept = _statements(after, before)
    return Draft(tuple(forward), tuple(reverse), tuple(declined), tuple(kept))


def _statements(
    before: Mapping[Address, Resource], after: Mapping[Address, Resource]
) -> tuple[list[Ddl], list[Declined]]:
    declined = list(_renamed_tables(before, after))
    altered: list[Ddl] = []
    gone = {address: each for address, each in before.items() if address not in after}
    fresh = {address: each for address, each in after.items() if address not in before}
    for address in sorted(before.keys() & after.keys()):
        old, new = before[address], after[address]
        if _text(old) == _text(new):
            continue
        if old.kind != "table":
            gone[address], fresh[address] = old, new
            continue
        try:
            altered += _altered(address, _text(old), _text(new))
        except Refused as error:
            declined.append(Declined(address, error.message, error.hint))
    dropped = [
        Ddl(f"DROP {each.kind.upper()} IF EXISTS {_name(address)}", address)
        for address, each in sorted(gone.items(), key=lambda item: (-_rank(item[0]), item[0]))
        if _rank(address) < len(_ORDER) and not _goes_with(address, each, gone)
    ]
    return [*dropped, *altered, *_created(fresh, idempotent=True)], declined


def _renamed_tables(before: Mapping[Address, Resource], after: Mapping[Address, Resource]) -> Iterator[Declined]:
    """A table that is gone while another one has the very same columns would be made anew without its rows. With its
    indexes and triggers."""
    gone = {address: each for address, each in before.items() if address not in after and each.kind == "table"}
    fresh = {address: each for address, each in after.items() if address not in before and each.kind == "table"}
    for old, was in gone.items():
        for new, now in fresh.items():
            if _parts(_text(was))[1:] != _parts(_text(now))[1:]:
                continue
            reason = f"{new} may be {old} under another name, and made anew it would lose its rows"
            hint = f"write ALTER TABLE {_name(old)} RENAME TO {_name(new)} by hand; or DROP, CREATE"
            parts = {
                address
                for side in (before, after)
                for address, each in side.items()
                if before.get(address) != after.get(address) and _goes_with(address, each, {old: was, new: now})
            }
            yield from (Declined(address, reason, hint) for address in (old, new, *sorted(parts)))


def _name(address: Address) -> str:
    """Without the schema: a migration's file is for the database that it runs on."""
    return identifier(parse(address).parts[-1])


def _goes_with(address: Address, resource: Resource, gone: Mapping[Address, Resource]) -> bool:
    """Indexes and triggers go with their table."""
    if resource.kind not in ("index", "trigger"):
        return False
    table = resource.values["table"] if resource.kind == "index" else identifier(parse(address).parts[-2])
    return any(each.kind == "table" and _name(other) == table for other, each in gone.items())


def _created(resources: Mapping[Address, Resource], *, idempotent: bool) -> Iterator[Ddl]:
    for address in sorted(resources, key=lambda each: (_rank(each), each)):
        text = _text(resources[address])
        if _rank(address) < len(_ORDER) and text:
            yield Ddl(
                _CREATE.sub(lambda found: f"{found[0]}IF NOT EXISTS ", text, count=1) if idempotent else text, address
            )


def _rank(address: Address) -> int:
    kind = parse(address).kind
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _text(resource: Resource) -> str:
    values: JSON = resource.values
    return str(values.get("definition") or "").rstrip().rstrip(";") if isinstance(values, dict) else ""


def _altered(address: Address, old: str, new: str) -> Iterator[Ddl]:
    """Raises Refused for what only a rebuilt table can have."""
    (head, olds, tail), (new_head, news, new_tail) = _parts(old), _parts(new)
    kept = [each for each in olds if each in news]
    lost, added = [each for each in olds if each not in news], [each for each in news if each not in olds]
    lost_names = {_column(each) for each in lost}
    if (
        _squeezed(head) != _squeezed(new_head)
        or _squeezed(tail) != _squeezed(new_tail)
        or kept + added != news
        or lost_names & {_column(each) for each in added}
        or any(_NOT_ADDABLE.search(each) or not _column(each) for each in added)
        or "" in lost_names
    ):
        raise Refused(
            "SQLite cannot change this part of a table in place",
            hint="make the table anew under another name, copy the rows, drop the old one and rename: "
            "https://www.sqlite.org/lang_altertable.html#otheralter",
        )
    _refuse_renamed(address, lost, added)
    for each in lost:
        yield Ddl(f"ALTER TABLE {_name(address)} DROP COLUMN {_column(each)}", address)
    for each in added:
        yield Ddl(f"ALTER TABLE {_name(address)} ADD COLUMN {each}", address)


def _refuse_renamed(address: Address, lost: Sequence[str], added: Sequence[str]) -> None:
    for was, now in ((each, other) for each in lost for other in added):
        old, new = _column(was), _column(now)
        if was.removeprefix(old) == now.removeprefix(new):
            raise Refused(
                f"{new} may be {old} under another name, and made anew it would lose its values",
                hint=f"write ALTER TABLE {_name(address)} RENAME COLUMN {old} TO {new} by hand; or DROP and ADD COLUMN",
            )


def _column(definition: str) -> str:
    """The column that one entry of a CREATE TABLE defines; empty for a constraint of the table."""
    found = _NAME.match(definition)
    name = found[1] if found else ""
    return "" if name.upper() in ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "") else name


def _parts(text: str) -> tuple[str, list[str], str]:
    """What is before the columns of a CREATE TABLE, each of their entries, and what follows."""
    depth, start, entries, head, end = 0, 0, [], text, len(text)
    for found in _TOKEN.finditer(text):
        match found[0]:
            case "(":
                depth += 1
                if depth == 1 and not start:
                    head, start = text[: found.start()], found.end()
            case ")":
                depth -= 1
                if depth == 0 and start and end == len(text):
                    entries.append(text[start : found.start()].strip())
                    end = found.end()
            case "," if depth == 1 and end == len(text):
                entries.append(text[start : found.start()].strip())
                start = found.end()
    return head, entries, text[end:]


def _squeezed(text: str) -> str:
    return " ".join(text.split())
