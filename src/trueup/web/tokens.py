"""Personal tokens: `trueup_<id>_<secret>`. Only the SHA-256 is stored; revoking one works at once."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter

from trueup.model.errors import Invalid
from trueup.model.ledger import Draft, moment, stamp
from trueup.ports.store import Store
from trueup.settings import TOKEN_LONGEST
from trueup.system.clock import Clock
from trueup.web.errors import NotFound

PREFIX = "trueup"
TOKEN, REVOKED, USED = "token:", "token-revoked:", "token-used:"
"""Facts of the store, with the token's id behind. Apart, so that noting a use can never undo a revocation."""

NOTED_EVERY = 60.0
"""Seconds between two notes of a token's last use: a reader is not a writer on every request."""


class Scope(StrEnum):
    """What a token is for; of read, decide and admin each includes the ones before it."""

    READ = "read"
    DECIDE = "decide"
    """Approve, codify, deliver, and whatever else a person answers for; also what starts a plan."""
    ADMIN = "admin"
    """Tokens, locks, exports, and giving up what is watched."""
    EVENTS = "events"
    """Hand in what a live system's log tells, and nothing else: who may do that can blame people."""

    def allows(self, needed: "Scope") -> bool:
        if Scope.EVENTS in (self, needed):
            return self in (needed, Scope.ADMIN)
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Token:
    """What is known of a token; never the secret."""

    id: str
    person: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class NewToken:
    person: str
    scopes: tuple[Scope, ...]
    expires_at: datetime


@dataclass(frozen=True)
class _Stored:
    token: Token
    hash: str


_STORED = TypeAdapter(_Stored)


@dataclass(frozen=True)
class Tokens:
    store: Store
    clock: Clock
    _noted: dict[str, float] = field(default_factory=dict, repr=False)

    def create(self, wanted: NewToken, by: str) -> tuple[Token, str]:
        """The token, and its text, which is shown this once. Raises Invalid."""
        now = self.clock.now()
        if not now < wanted.expires_at <= now + TOKEN_LONGEST:
            raise Invalid("a token ends in the future, and within a year", hint="--expires 90d")
        if not wanted.scopes:
            raise Invalid("a token needs a scope", hint=f"one of {', '.join(Scope)}")
        id, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
        text = f"{PREFIX}_{id}_{secret}"
        token = Token(id, wanted.person, wanted.scopes, now, by, wanted.expires_at)
        draft = Draft(
            "token.created",
            by,
            f"{by} made the token {id} for {token.person} until {token.expires_at:%Y-%m-%d}",
            details={"scopes": list(token.scopes)},
        )
        with self.store.transaction() as tx:
            tx.record(draft)
            tx.put_fact(TOKEN + id, _STORED.dump_json(_Stored(token, _hash(text))).decode())
        return token, text

    def revoke(self, id: str, by: str) -> Token:
        """For good, from the next request on. Raises NotFound."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            stored = tx.fact(TOKEN + id)
            if stored is None:
                raise NotFound(f"there is no token {id}", hint="`trueup token list` shows them")
            token = _STORED.validate_json(stored).token
            if tx.fact(REVOKED + id) is None:
                tx.record(Draft("token.revoked", by, f"{by} revoked the token {id} of {token.person}"))
                tx.put_fact(REVOKED + id, json.dumps({"at": stamp(now), "by": by}))
        return self._as_known(id, token)

    def all(self) -> Sequence[Token]:
        with self.store.transaction() as tx:
            ids = {name.removeprefix(TOKEN): stored for name, stored in tx.facts(TOKEN).items()}
        return [self._as_known(id, _STORED.validate_json(stored).token) for id, stored in ids.items()]

    def get(self, id: str) -> Token | None:
        with self.store.transaction() as tx:
            stored = tx.fact(TOKEN + id)
        return None if stored is None else self._as_known(id, _STORED.validate_json(stored).token)

    def holder_of(self, text: str) -> Token | None:
        """The token, if this is its text and it is still good."""
        prefix, _, rest = text.partition("_")
        id, _, secret = rest.partition("_")
        if prefix != PREFIX or not id.isalnum() or not secret:
            return None
        with self.store.transaction() as tx:
            stored, revoked = tx.fact(TOKEN + id), tx.fact(REVOKED + id)
        known = _STORED.validate_json(stored) if stored else None
        # An unknown id is compared too: it takes as long as a known one with a wrong secret.
        same = hmac.compare_digest(_hash(text), known.hash if known else _hash(""))
        if known is None or not same or revoked is not None or known.token.expires_at <= self.clock.now():
            return None
        self._note(id)
        return known.token

    def _note(self, id: str) -> None:
        now = self.clock.monotonic()
        if now - self._noted.get(id, -NOTED_EVERY) < NOTED_EVERY:
            return
        self._noted[id] = now
        with self.store.transaction() as tx:
            tx.put_fact(USED + id, stamp(self.clock.now()))

    def _as_known(self, id: str, token: Token) -> Token:
        with self.store.transaction() as tx:
            used, revoked = tx.fact(USED + id), tx.fact(REVOKED + id)
        revoked_at = moment(json.loads(revoked)["at"]) if revoked else None
        return replace(token, used_at=moment(used) if used else None, revoked_at=revoked_at)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
