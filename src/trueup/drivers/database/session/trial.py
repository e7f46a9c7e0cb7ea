"""Trials on scratch: what migrations make of what was settled, and of what is real.

Everything is compared before and after a migration on the same scratch database and carried over to the real values, so
that what a scratch database cannot have like production (a tablespace, an owner) is no difference.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from trueup.drivers.database.migrations.migrations import Migration
from trueup.drivers.database.session.history import Beside
from trueup.drivers.database.snapshots import Snapshot, changed_between, values_at
from trueup.model.errors import Invalid, Place, Rejected, TrueupError
from trueup.model.plan import Address, Finding, Resource
from trueup.model.values import JSON

APART = 40
"""Up to so many pending migrations are told apart by a snapshot behind each; of more, only what all of them do."""
REFUSED = (Invalid, Rejected)
"""What a migration itself is to blame for. A scratch server that goes away in the middle tells nothing of it."""


class Bench(Protocol):
    """One scratch database after the other."""

    def begin(self, structure: Snapshot) -> Snapshot:
        """A fresh one with that structure, as far as it can be rebuilt here; how it came out."""
        ...

    def run(self, migration: Migration, role: str) -> Sequence[Finding]:
        """As that role would; what only fails for want of production's rows is among the findings. Raises Invalid,
        Rejected, Unavailable."""
        ...

    def look(self) -> Snapshot: ...


@dataclass(frozen=True)
class Question:
    """What is to be found out."""

    settled: Snapshot | None
    """The catalog part of S; None before adoption."""
    real: Snapshot
    beside: Sequence[Beside]
    pending: Sequence[Migration]
    role: str
    """Who would own what pending migrations create."""


@dataclass(frozen=True)
class Effect:
    """What one pending migration does to what is real."""

    migration: Migration
    touched: frozenset[Address]


@dataclass(frozen=True)
class Foreseen:
    imported: tuple[Migration, ...] = ()
    """Pending ones that make exactly what somebody made by hand: only their rows are to be written."""
    explained: Mapping[Address, JSON] = field(default_factory=dict)
    """Plan.explained: what ran beside us, and what is pending, made of S."""
    effects: tuple[Effect, ...] = ()
    """Of the migrations that would run, as far as they were tried."""
    desired: Mapping[Address, Resource | None] = field(default_factory=dict)
    """D where it is not R."""
    findings: tuple[Finding, ...] = ()


def foresee(question: Question, bench: Bench) -> Foreseen:
    """Raises Unavailable, Broken; what a migration itself is refused is a finding."""
    settled = question.settled
    imported: tuple[Migration, ...] = ()
    explained: Mapping[Address, JSON] = {}
    if settled is not None and (question.beside or (question.pending and settled != question.real)):
        made = _Made(settled, bench)
        _run_beside(question.beside, made)
        imported = tuple(_imported(question, made))
        explained = {address: made.value(address) for address in made.moved}
    running = [each for each in question.pending if each not in imported]
    if not running:
        return Foreseen(imported, explained)
    effects, desired, findings = _on_real(question, running, bench)
    return Foreseen(imported, explained, effects, desired, findings)


class _Made:
    """A catalog that migrations change step by step, with the real thing's values carried along."""

    def __init__(self, start: Snapshot, bench: Bench) -> None:
        self._bench = bench
        self._start = start
        self._first = self._last = bench.begin(start)

    def run(self, migration: Migration, role: str) -> Sequence[Finding]:
        """As Bench.run; `compare` tells what it changed."""
        return self._bench.run(migration, role)

    def compare(self) -> frozenset[Address]:
        """The addresses that changed since this was asked last."""
        before, self._last = self._last, self._bench.look()
        return changed_between(before, self._last)

    @property
    def moved(self) -> frozenset[Address]:
        """Everything that is another thing than at the start."""
        return changed_between(self._first, self._last)

    def resource(self, address: Address) -> Resource | None:
        start, first, last = (each.get(address) for each in (self._start, self._first, self._last))
        if first == last:
            return start
        if start is None or first is None or last is None:
            return last
        return Resource(start.kind, carried(start.values, first.values, last.values), start.identity)

    def value(self, address: Address) -> JSON:
        found = self.resource(address)
        return found.values if found is not None else None


def carried(real: JSON, before: JSON, after: JSON) -> JSON:
    """The real value with what changed between the two others, attribute by attribute."""
    if before == after:
        return real
    if not (isinstance(real, dict) and isinstance(before, dict) and isinstance(after, dict)):
        return after
    result = dict(real)
    for name in {*before, *after}:
        if before.get(name) != after.get(name) or (name in before) != (name in after):
            if name in after:
                result[name] = carried(real.get(name), before.get(name), after[name])
            else:
                result.pop(name, None)
    return result


def _run_beside(ran: Sequence[Beside], made: _Made) -> None:
    """As far as it goes: what cannot be run again explains nothing."""
    for each in ran:
        if each.migration is not None:
            with suppress(*REFUSED):
                made.run(each.migration, each.row.installed_by)
    made.compare()


def _imported(question: Question, made: _Made) -> Sequence[Migration]:
    """Those that make exactly what is real out of what was settled."""
    found = []
    for migration in question.pending:
        try:
            made.run(migration, question.role)
        except REFUSED:
            break
        changed = made.compare()
        if changed and all(made.value(address) == values_at(question.real, address) for address in changed):
            found.append(migration)
    return found


def _on_real(
    question: Question, running: Sequence[Migration], bench: Bench
) -> tuple[tuple[Effect, ...], Mapping[Address, Resource | None], tuple[Finding, ...]]:
    """What is left to run, on a copy of what is real."""
    made = _Made(question.real, bench)
    effects: list[Effect] = []
    findings: list[Finding] = []
    apart = len(running) <= APART
    for migration in running:
        try:
            findings += made.run(migration, question.role)
        except REFUSED as error:
            findings.append(_refused(migration, error))
            break
        effects.append(Effect(migration, made.compare() if apart else frozenset()))
    if not apart and effects:
        effects[-1] = Effect(effects[-1].migration, made.compare())
    desired = {address: made.resource(address) for address in made.moved}
    return tuple(effects), desired, tuple(findings)


def _refused(migration: Migration, error: TrueupError) -> Finding:
    return Finding(
        "migration-fails",
        f"{migration} fails on a copy of what is live: {error.message}",
        error.place or Place(migration.path),
        hint=error.hint or "nothing was changed; correct the file, or undo by hand what is in its way",
        stops=True,
    )
