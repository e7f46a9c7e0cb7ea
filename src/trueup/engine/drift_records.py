"""Drift records: what a look found is completed before it is stored: who owns it, and by when it must be decided."""

from dataclasses import dataclass, replace

from trueup.engine.catalog import Catalog
from trueup.model.drift import Drift
from trueup.model.stack import Declaration, Stack
from trueup.ports.store import Transaction
from trueup.stages.detect import Detection


@dataclass(frozen=True)
class DriftRecords:
    catalog: Catalog

    def completed(self, tx: Transaction, stack: Stack, detection: Detection) -> Detection:
        """The same detection with every unresolved record completed. Called by every writer of drift, in the
        transaction that stores it."""
        declaration = self.catalog.manifest.declaration(stack.name)

        def complete(drifts: tuple[Drift, ...]) -> tuple[Drift, ...]:
            return tuple(self._complete(tx, drift, declaration) for drift in drifts)

        return replace(
            detection,
            opened=complete(detection.opened),
            seen_again=complete(detection.seen_again),
            changed=complete(detection.changed),
        )

    def _complete(self, tx: Transaction, drift: Drift, declaration: Declaration | None) -> Drift:
        if declaration is None:
            return drift
        deadline = drift.first_seen + declaration.environment.deadline
        return replace(drift, owner=declaration.owner, deadline=deadline)
