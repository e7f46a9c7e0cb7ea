"""GRANT and REVOKE between two states of an object's privileges. Pure.

The values are those of catalog_privileges: by grantee, and only where they are others than PostgreSQL gives by itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.database.ddl.draft import Ddl
from trueup.model.plan import Address

Held = Mapping[str, Sequence[str]]
_ENTRY = re.compile(r"(?P<name>.+?)(?P<option> WITH GRANT OPTION)?(?: GRANTED BY (?P<grantor>.+))?")
OF_PUBLIC = {"ROUTINE": "EXECUTE", "TYPE": "USAGE", "LANGUAGE": "USAGE"}
"""What everybody may do by default, by what GRANT calls the object."""


@dataclass(frozen=True)
class Target:
    """What is granted on."""

    address: Address
    noun: str
    """TABLE, SEQUENCE, ROUTINE, SCHEMA, ..."""
    name: str
    owner: str
    column: str = ""

    def privileges(self, names: Sequence[str]) -> str:
        return ", ".join(f"{name} ({self.column})" if self.column else name for name in names)

    @property
    def everything(self) -> str:
        return self.privileges(["ALL PRIVILEGES" if not self.column else "ALL"])


def granted(target: Target, old: Held, new: Held) -> Iterator[Ddl]:
    """From one state to the other."""
    for grantee in sorted({*old, *new}):
        if old.get(grantee) != new.get(grantee):
            yield from _one(target, grantee, old.get(grantee), new.get(grantee))


def cleared(target: Target, grantee: str, *, usual: bool) -> Iterator[Ddl]:
    """Whatever this grantee has now: it is gone, or (`usual`) what PostgreSQL gives by itself."""
    yield _revoke(target, grantee, target.everything)
    if usual and (what := _usual(target, grantee)):
        yield _grant(target, grantee, what, "")


def _one(target: Target, grantee: str, old: Sequence[str] | None, new: Sequence[str] | None) -> Iterator[Ddl]:
    usual = _usual(target, grantee)
    if old is None and usual and new is not None:
        old = _as_entries(usual, new)
        if old is None:
            yield _revoke(target, grantee, target.everything)
            old = []
    if new is None and usual:
        yield _grant(target, grantee, usual if not target.column else target.everything, "")
        return
    was, now = set(old or ()), set(new or ())
    yield from _less(target, grantee, was - now, now)
    yield from _more(target, grantee, now - was)


def _usual(target: Target, grantee: str) -> str:
    """What this grantee has by itself."""
    if target.column:
        return ""
    if grantee == target.owner:
        return "ALL PRIVILEGES"
    return OF_PUBLIC.get(target.noun, "") if grantee == "PUBLIC" else ""


def _as_entries(usual: str, new: Sequence[str]) -> Sequence[str] | None:
    """None: everything that there is, which has another meaning in each version."""
    return None if usual == "ALL PRIVILEGES" else [usual]


def _less(target: Target, grantee: str, gone: set[str], now: set[str]) -> Iterator[Ddl]:
    for entry in sorted(gone):
        name, option, grantor = _read(entry)
        kept = option and any(_read(other)[0] == name and _read(other)[2] == grantor for other in now)
        text = ("GRANT OPTION FOR " if kept else "") + target.privileges([name])
        yield from _as_role(target, grantor, _revoke(target, grantee, text))


def _more(target: Target, grantee: str, fresh: set[str]) -> Iterator[Ddl]:
    alike: dict[tuple[bool, str], list[str]] = {}
    for entry in sorted(fresh):
        name, option, grantor = _read(entry)
        alike.setdefault((option, grantor), []).append(name)
    for (option, grantor), names in alike.items():
        suffix = " WITH GRANT OPTION" if option else ""
        yield from _as_role(target, grantor, _grant(target, grantee, target.privileges(names), suffix))


def _read(entry: str) -> tuple[str, bool, str]:
    """The privilege, whether it may be passed on, and who gave it where that is not the owner."""
    found = _ENTRY.fullmatch(entry)
    assert found is not None
    return found["name"], bool(found["option"]), found["grantor"] or ""


def _as_role(target: Target, grantor: str, statement: Ddl) -> Iterator[Ddl]:
    """Only who holds a grant option can use it."""
    if not grantor:
        yield statement
        return
    yield Ddl(f"SET ROLE {grantor}", target.address, roles=(grantor,))
    yield statement
    yield Ddl("RESET ROLE", target.address)


def _grant(target: Target, grantee: str, what: str, suffix: str) -> Ddl:
    text = f"GRANT {what} ON {target.noun} {target.name} TO {grantee}{suffix}"
    return Ddl(text, target.address, roles=_roles(grantee))


def _revoke(target: Target, grantee: str, what: str) -> Ddl:
    return Ddl(f"REVOKE {what} ON {target.noun} {target.name} FROM {grantee}", target.address, roles=_roles(grantee))


def _roles(grantee: str) -> tuple[str, ...]:
    return () if grantee == "PUBLIC" else (grantee,)
