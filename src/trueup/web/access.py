"""Access: who is asking. A personal token says it; the owner's token, from the data directory, only claims it."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import unquote

from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.web.errors import Unauthenticated
from trueup.web.tokens import Scope, Tokens

LONGEST_NAME = 200
RESERVED = frozenset({"trueup"})
"""The actor of what Trueup does by itself: nobody may be called so."""


class Boundary(StrEnum):
    NONE = "none"
    """Whoever has the data directory claims any name: an approval over it keeps nobody out."""
    TOKEN = "token"
    """A secret of that person."""


@dataclass(frozen=True)
class Caller:
    identity: Identity
    scopes: frozenset[Scope]
    boundary: Boundary
    token: str = ""
    """The id of a personal token."""

    @property
    def via(self) -> Literal["cli", "api"]:
        return "api" if self.boundary is Boundary.TOKEN else "cli"

    def may(self, needed: Scope) -> bool:
        return any(scope.allows(needed) for scope in self.scopes)


@dataclass(frozen=True)
class Access:
    tokens: Tokens
    owner: str = ""
    """The owner's token of this process, from its runtime file; empty: there is none."""
    user: str = ""
    """Whom the owner's token stands for when no name is claimed: the account that runs Trueup."""
    embedded: bool = False
    """The app is called by the process that has the data directory and listens nowhere: no token is needed."""

    def caller(self, authorization: str, claimed: str | None, *, loopback: bool) -> Caller:
        """`authorization` and `claimed` are header values. Raises Unauthenticated, Refused (a name that may not be
        claimed) and Invalid (a name that nobody can have)."""
        if self.embedded:
            return self._owner(claimed)
        scheme, _, presented = authorization.partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Unauthenticated(
                "this needs a token", hint="Authorization: Bearer trueup_...; `trueup token create` makes one"
            )
        if loopback and self.owner and _same(presented.strip(), self.owner):
            return self._owner(claimed)
        token = self.tokens.holder_of(presented.strip())
        if token is None:
            raise Unauthenticated(
                "this token is unknown, revoked or past its end", hint="`trueup token list` shows which are valid"
            )
        if claimed is not None:
            raise Refused(
                f"a personal token speaks for {token.person} and for nobody else", hint="leave X-Trueup-As (--as) out"
            )
        return Caller(Identity("name", token.person), frozenset(token.scopes), Boundary.TOKEN, token.id)

    def _owner(self, claimed: str | None) -> Caller:
        everything = frozenset({Scope.ADMIN})
        if claimed is None:
            return Caller(Identity("os", self.user or "owner"), everything, Boundary.NONE)
        return Caller(Identity("name", person_name(unquote(claimed))), everything, Boundary.NONE)


def person_name(text: str) -> str:
    """A name that a person can have in the ledger. Raises Invalid."""
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.casefold() in RESERVED:
        raise Invalid("this cannot be a person's name", hint="a name from `people:` or an e-mail address")
    return name


def _same(one: str, other: str) -> bool:
    """In the same time for every guess, of any length."""
    return hmac.compare_digest(hashlib.sha256(one.encode()).digest(), hashlib.sha256(other.encode()).digest())
