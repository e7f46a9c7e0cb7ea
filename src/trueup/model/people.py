"""People and their many names; approvals, and who may not give one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from trueup.model.values import Digest

_NOREPLY = re.compile(r"(?:\d+[+-])?(?P<login>[^@]+)@users\.noreply\.(?P<forge>github|gitlab)\.com")
"""What a forge puts into commits made on its pages, in place of the person's e-mail address."""


@dataclass(frozen=True)
class Person:
    """One human being. `names` holds patterns by kind: {"email": (...), "aws": ("*:anna@acme.com",)}."""

    name: str
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def is_known_as(self, kind: str, name: str) -> bool:
        folded = name.casefold()
        # An account of this machine that is called like a person is that person: over the data directory names are
        # only claimed anyway, and an author must not get a second vote by leaving `--as` out.
        if kind in ("name", "os") and folded == self.name.casefold():
            return True
        login = _NOREPLY.fullmatch(folded) if kind == "email" else None
        if login and self.is_known_as(login["forge"], login["login"]):
            return True
        return any(fnmatchcase(folded, pattern.casefold()) for pattern in self.names.get(kind, ()))


@dataclass(frozen=True)
class Identity:
    """How somebody showed up: a Git e-mail, a forge login, a cloud session, a name typed at the command line."""

    kind: str
    """`email`, `forge`, `aws`, `os`, `name`, ... as in `people:`."""
    name: str

    def __str__(self) -> str:
        return self.name if self.kind in ("name", "email") else f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class People:
    """Everybody that the control repository names."""

    known: tuple[Person, ...] = ()

    def who(self, identity: Identity) -> str:
        """The person's name, or the identity itself when nobody matches: strangers stay distinguishable."""
        for person in self.known:
            if person.is_known_as(identity.kind, identity.name):
                return person.name
        if identity.kind == "name":
            kind, told, name = identity.name.partition(":")
            if told and kind.isalpha() and name:  # `github:mira-l`, as strangers are written
                return self.who(Identity(kind, name))
            for person in self.known:
                if any(person.is_known_as(kind, identity.name) for kind in person.names):
                    return person.name
        return str(identity)

    def who_all(self, identities: Iterable[Identity]) -> frozenset[str]:
        return frozenset(self.who(identity) for identity in identities)


@dataclass(frozen=True)
class Approval:
    """One person agreed to one effect."""

    person: str
    effect: Digest
    at: datetime
    via: str = "cli"
    """Where it was given: cli, api, or the forge's name."""
    note: str = ""


@dataclass(frozen=True)
class Release:
    """A named person accepts that an apply undoes a hand-made change, at the value seen."""

    person: str
    address: str
    values: Digest
    """Of the live values of the losses at that address: another value needs another release."""
    reason: str
    at: datetime
