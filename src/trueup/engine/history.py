"""History: what changed, in order; and what changed shortly before a moment, most likely causes first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches

from trueup.engine.catalog import Catalog
from trueup.model.errors import Invalid, TrueupError
from trueup.model.ledger import NOUNS, Entry
from trueup.model.people import Identity
from trueup.model.stack import Standing
from trueup.ports.store import LedgerFilter, Store
from trueup.stages.incident import Graph, Suspect, graph, suspects

STEPS = (
    "run.started",
    "run.superseded",
    "run.waiting",
    "run.proposed",
    "run.queued",
    "stack.discovered",
    "stack.watched",
    "drift.reminded",
)
"""Entries about the way to a change; left out of `what-changed` unless asked for by kind."""
DAY = timedelta(days=1)
MOST = 10_000
SHOWN = 12
"""Possible values that an error names."""


@dataclass(frozen=True)
class History:
    store: Store
    catalog: Catalog

    def what_changed(self, wanted: LedgerFilter) -> Sequence[Entry]:
        """Oldest first: deliveries, drifts, foreign applies, break-glass, decisions. `wanted.actor` is anybody who had
        a part in it: did it, wrote it, agreed to it, made the drift. Raises Invalid for values that nothing has."""
        person = self._checked(wanted)
        with self.store.transaction() as tx:
            entries = tx.entries(replace(wanted, actor="", limit=MOST))
        return [
            each
            for each in entries
            if (wanted.kind or each.draft.kind not in STEPS) and (not person or person in involved(each))
        ]

    def around(self, moment: datetime, stack: str = "", environment: str = "", back: timedelta = DAY) -> list[Suspect]:
        """What changed in that time before the moment, best first. `stack` is a name: it and its neighbours count most;
        nothing is left out for not being related."""
        self._checked(LedgerFilter(environment=environment))
        wanted = LedgerFilter(since=moment - back, until=moment + 2 * DAY, environment=environment, limit=MOST)
        with self.store.transaction() as tx:
            entries = [each for each in tx.entries(wanted) if each.draft.kind not in STEPS]
        # Recorded afterwards counts only where it had happened before: a check found it later.
        return list(suspects(entries, moment, self.neighbours(stack)))

    def neighbours(self, stack: str) -> Graph:
        """Of a stack, by name; empty for none."""
        return graph(stack, self._edges()) if stack else Graph()

    def _edges(self) -> dict[str, Sequence[str]]:
        try:
            return {each.name: each.depends_on for each in self.catalog.manifest.declarations}
        except Invalid:
            return {}

    def _checked(self, wanted: LedgerFilter) -> str:
        """The person that `actor` means. Raises Invalid with the possible values."""
        with self.store.transaction() as tx:
            kinds, actors = tx.ledger_values("kind"), tx.ledger_values("actor")
            environments = {stack.environment for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN}
            environments |= set(tx.ledger_values("environment"))
        noun = wanted.kind.removesuffix(".")
        if wanted.kind and noun not in NOUNS and not any(each.startswith(wanted.kind) for each in kinds):
            raise _unknown("kind of entry begins with", wanted.kind, [*NOUNS, *kinds])
        if wanted.environment and wanted.environment not in environments:
            raise _unknown("environment is called", wanted.environment, sorted(environments - {""}))
        if not wanted.actor:
            return ""
        try:
            people = self.catalog.manifest.people
            person = people.who(Identity("name", wanted.actor))
            known = {each.name for each in people.known} | set(actors)
        except TrueupError:
            person, known = wanted.actor, set(actors)
        if person not in known and wanted.actor not in known:
            raise _unknown("person is called", wanted.actor, sorted(known - {"trueup"}))
        return person if person in known else wanted.actor


def involved(entry: Entry) -> frozenset[str]:
    """Everybody who had a part in what an entry tells."""
    details = entry.draft.details
    names = {entry.draft.actor, *(str(details.get(name) or "") for name in ("actor", "person", "added_by", "by"))}
    for name in ("authors", "people"):
        names |= {str(each) for each in details.get(name) or ()}
    for name in ("approvals", "releases"):
        names |= {str(each.get("person")) for each in details.get(name) or () if isinstance(each, dict)}
    return frozenset(names - {""})


def _unknown(what: str, typed: str, known: Sequence[str]) -> Invalid:
    close = get_close_matches(typed, known, n=3)
    names = close or list(known)[:SHOWN]
    rest = f" and {len(known) - SHOWN} more" if not close and len(known) > SHOWN else ""
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names) or 'none'}{rest}"
    return Invalid(f"no {what} {typed!r}", hint=hint)
