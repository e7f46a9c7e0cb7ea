"""Backlog: open drift counted and split, and the whole life of one drift as the ledger tells it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trueup.engine.codification import Codification, Codified
from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftState
from trueup.model.errors import Invalid, TrueupError
from trueup.model.ledger import Entry
from trueup.model.people import Identity
from trueup.model.severity import Severity
from trueup.model.stack import Stack, StackId
from trueup.ports.store import LedgerFilter, Store, Transaction
from trueup.settings import CODIFIED_TOGETHER
from trueup.stages.respond import groups

NOBODY = "nobody"
"""Whoever did what no event told of."""
EVERYTHING = 10**9


class By(StrEnum):
    """What a backlog is counted by."""

    STACK = "stack"
    OWNER = "owner"
    PERSON = "person"
    CAUSE = "cause"


@dataclass(frozen=True)
class Pile:
    """Drifts that have one thing in common. Of several owners each has the drift in their own pile."""

    key: str
    count: int
    structural: int
    overdue: int
    """Past their deadline."""
    oldest: datetime
    newest: datetime
    """When they were first seen."""


@dataclass(frozen=True)
class Proposed:
    """One change request of a backlog, or why there is none."""

    person: str
    cause: Cause
    drifts: tuple[str, ...]
    codified: Codified | None = None
    error: str = ""


@dataclass(frozen=True)
class Backlog:
    store: Store
    codification: Codification

    def life(self, drift: Drift) -> Sequence[Entry]:
        """Everything that the ledger says of one drift, its run included, oldest first."""
        with self.store.transaction() as tx:
            told = tx.entries(LedgerFilter(stack=drift.stack, kind="drift.", limit=EVERYTHING))
            run = tx.entries(LedgerFilter(run=drift.run, limit=EVERYTHING)) if drift.run else ()
        found = {each.seq: each for each in (*(each for each in told if _is_of(each, drift)), *run)}
        return [found[seq] for seq in sorted(found)]

    def earlier(self, drift: Drift) -> Sequence[Drift]:
        """The lives before this one, newest first."""
        with self.store.transaction() as tx:
            return _chain(tx, drift)

    def codify(
        self, stack: Stack, by: Identity, reason: str = "", *, person: str = "", cause: Cause | None = None
    ) -> Sequence[Proposed]:
        """Several small change requests instead of one: split by person and cause. One that fails does not keep the
        others. Raises Invalid where nothing is selected."""
        with self.store.transaction() as tx:
            found = [drift for drift in tx.drifts(stack.id) if drift.state is DriftState.OPEN]
        wanted = [
            drift
            for drift in found
            if person in ("", drift.actor or NOBODY) and cause in (None, drift.cause) and not drift.quarantine
        ]
        if not wanted:
            raise Invalid(f"{stack.name} has no such open drift", hint="`trueup drift list --group person` counts them")
        return [
            self._propose(who, why, drifts, by, reason)
            for (who, why, _), drifts in groups(wanted, CODIFIED_TOGETHER).items()
        ]

    def _propose(self, person: str, cause: Cause, drifts: Sequence[Drift], by: Identity, reason: str) -> Proposed:
        ids = tuple(drift.id for drift in drifts)
        try:
            return Proposed(person or NOBODY, cause, ids, self.codification.codify(ids, by, reason))
        except TrueupError as error:
            return Proposed(person or NOBODY, cause, ids, error=str(error))


def piles(drifts: Sequence[Drift], by: By, names: Mapping[StackId, str], now: datetime) -> Sequence[Pile]:
    """The greatest pile first."""
    keys: Mapping[By, Callable[[Drift], Sequence[str]]] = {
        By.STACK: lambda drift: (names.get(drift.stack, drift.stack),),
        By.OWNER: lambda drift: drift.owner or (NOBODY,),
        By.PERSON: lambda drift: (drift.actor or NOBODY,),
        By.CAUSE: lambda drift: (str(drift.cause),),
    }
    found: dict[str, list[Drift]] = {}
    for drift in drifts:
        for key in keys[by](drift):
            found.setdefault(key, []).append(drift)
    made = [_pile(key, members, now) for key, members in found.items()]
    return sorted(made, key=lambda pile: (-pile.count, pile.key))


def _pile(key: str, drifts: Sequence[Drift], now: datetime) -> Pile:
    seen = [drift.first_seen for drift in drifts]
    structural = sum(drift.severity is Severity.STRUCTURAL for drift in drifts)
    overdue = sum(drift.deadline is not None and drift.deadline < now for drift in drifts)
    return Pile(key, len(drifts), structural, overdue, min(seen), max(seen))


def _is_of(entry: Entry, drift: Drift) -> bool:
    details = entry.draft.details
    return details.get("drift") == drift.id or drift.id in (details.get("drifts") or ())


def _chain(tx: Transaction, drift: Drift) -> Sequence[Drift]:
    lives: list[Drift] = []
    now: Drift | None = drift
    while now is not None and now.earlier is not None and now.earlier not in {drift.id, *(life.id for life in lives)}:
        now = tx.drift(now.earlier)
        if now is not None:
            lives.append(now)
    return lives
