"""Privileges as people read them: by grantee, and only where they are others than PostgreSQL gives by itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from trueup.drivers.database.catalog.addresses import identifier

# The privilege abbreviations of PostgreSQL's documentation, chapter "Privileges".
_PRIVILEGES = {
    "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "x": "REFERENCES", "t": "TRIGGER",
    "C": "CREATE", "c": "CONNECT", "T": "TEMPORARY", "X": "EXECUTE", "U": "USAGE", "s": "SET", "A": "ALTER SYSTEM",
    "m": "MAINTAIN",
}  # fmt: skip
# Of an aclitem[] as text: {owner=arwd/owner,=r/owner,"\\"odd one\\"=r*/owner"}
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^{},"]+)')
_ROLE = r'("(?:[^"]|"")*"|[^"=/]*)'
_ITEM = re.compile(rf"{_ROLE}=([^/]*)/{_ROLE}", re.DOTALL)
_PRIVILEGE = re.compile(r"(.)(\*?)")


def privileges(acl: Sequence[str | None]) -> dict[str, list[str]]:
    """`{"app": ["INSERT", "SELECT WITH GRANT OPTION"]}` of what is granted and what usually is (each an aclitem[] as
    text, or None) and of the owner's name. An empty list: what this grantee usually has was revoked. A grantor is
    named where it is not the owner."""
    granted, usual = (_by_grantee(entries or "{}", acl[2]) for entries in acl[:2])
    return {
        grantee: list(granted.get(grantee, ()))
        for grantee in sorted(granted.keys() | usual.keys())
        if granted.get(grantee) != usual.get(grantee)
    }


# Most objects of a schema have the same privileges.
@lru_cache(maxsize=1000)
def _by_grantee(entries: str, owner: str | None) -> Mapping[str, Sequence[str]]:
    held: dict[str, list[str]] = {}
    for grantee, letters, grantor in _items(entries):
        by = f" GRANTED BY {identifier(grantor)}" if grantor != owner else ""
        names = held.setdefault(identifier(grantee) if grantee else "PUBLIC", [])
        for letter, option in _PRIVILEGE.findall(letters):
            names.append(f"{_PRIVILEGES.get(letter, letter)}{' WITH GRANT OPTION' if option else ''}{by}")
    return {grantee: sorted(names) for grantee, names in held.items()}


def _items(entries: str) -> Iterator[tuple[str, str, str]]:
    """Grantee (empty for everybody), letters, grantor."""
    for quoted, plain in _ELEMENT.findall(entries):
        item = _ITEM.fullmatch(plain or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        if item is None:
            raise ValueError(f"not a list of privileges: {entries}")
        yield _role(item[1]), item[2], _role(item[3])


def _role(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
