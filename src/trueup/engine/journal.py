"""Journal: the engine's record of an apply, written before the effect and under the lease."""

from trueup.model.plan import Address, Outcome, StepId
from trueup.model.run import RunId
from trueup.ports.driver import JournalEntry
from trueup.ports.store import Lease, Store


class StoredJournal:
    """ports.driver.Journal. Every entry is durable when the call returns, and refused once the lease is lost."""

    def __init__(self, store: Store, run: RunId, lease: Lease) -> None:
        self._store, self._run, self._lease = store, run, lease

    @property
    def begun(self) -> bool:
        """Read back from the store: the truth for whoever comes after a crash, too."""
        with self._store.transaction() as tx:
            return any(entry.event == "begin" for entry in tx.journal(self._run))

    def begin(self, step: StepId) -> None:
        self._add(JournalEntry(step, "begin"))

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self._add(JournalEntry(step, "report", at, outcome, identity))

    def end(self, step: StepId) -> None:
        self._add(JournalEntry(step, "end"))

    def _add(self, entry: JournalEntry) -> None:
        with self._store.transaction() as tx:
            tx.add_journal(self._run, entry, self._lease)
