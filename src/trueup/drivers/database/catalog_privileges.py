"""Privileges as people read them: by grantee, and only where they are others than PostgreSQL gives by itself."""

from collections.abc import Iterable, Sequence
from typing import Any

Entry = Sequence[Any]
"""Grantee, privilege, grantable, grantor (None: the owner)."""


def privileges(acl: Sequence[Sequence[Entry]] | None) -> dict[str, list[str]]:
    """`{"app": ["INSERT", "SELECT WITH GRANT OPTION"]}` of [granted, usual]. An empty list: what this grantee
    usually has was revoked. A grantor is named where it is not the owner."""
    if acl is None:
        return {}
    granted, usual = (_by_grantee(entries) for entries in acl)
    return {
        grantee: granted.get(grantee, [])
        for grantee in sorted(granted.keys() | usual.keys())
        if granted.get(grantee) != usual.get(grantee)
    }


def _by_grantee(entries: Iterable[Entry]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for grantee, privilege, grantable, grantor in entries:
        option = " WITH GRANT OPTION" if grantable else ""
        by = f" GRANTED BY {grantor}" if grantor else ""
        held.setdefault(grantee, []).append(f"{privilege}{option}{by}")
    return {grantee: sorted(names) for grantee, names in held.items()}
