"""Drift records: what a look found is completed before it is stored: who owns it, what of it counts, how much it
matters, and by when it must be decided."""

from dataclasses import dataclass, replace

from trueup.engine.attribution import Attribution
from trueup.engine.catalog import Catalog
from trueup.engine.subjects import Subjects
from trueup.model.drift import Drift, DriftState
from trueup.model.severity import weigh
from trueup.model.stack import Declaration, Stack
from trueup.ports.store import Transaction
from trueup.stages.detect import BUSY, Detection, deviation, earlier_life, tolerated
from trueup.stages.ignore import without_ignored
from trueup.stages.quarantine import watched
from trueup.system.clock import Clock


@dataclass(frozen=True)
class DriftRecords:
    catalog: Catalog
    clock: Clock
    attribution: Attribution
    subjects: Subjects

    def completed(self, tx: Transaction, stack: Stack, detection: Detection) -> Detection:
        """The same detection with every unresolved record completed, and sorted anew by what of it is news. Called
        by every writer of drift, in the transaction that stores it."""
        declaration = self.catalog.manifest.declaration(stack.name)
        detection = self.attribution.completed(tx, stack, detection)
        found: dict[str, list[Drift]] = {"opened": [], "seen_again": [], "changed": [], "resolved": [], "quiet": []}
        quarantined = set(detection.quarantined)
        for drift in detection.unresolved:
            before = tx.drift(drift.id)
            now = self._complete(tx, drift, before, declaration)
            found[_group(before, now)].append(now)
            if set(now.quarantine) - set(before.quarantine if before else ()):
                quarantined.add(now.id)
        for drift in detection.resolved:
            before = tx.drift(drift.id)
            was_ignored = before is not None and before.state is DriftState.IGNORED
            found["quiet" if was_ignored else "resolved"].append(drift)
        return replace(
            detection,
            opened=tuple(found["opened"]),
            seen_again=tuple(found["seen_again"]),
            changed=tuple(found["changed"]),
            resolved=tuple(found["resolved"]),
            quiet=tuple(found["quiet"]),
            quarantined=frozenset(quarantined),
        )

    def _complete(self, tx: Transaction, drift: Drift, before: Drift | None, declaration: Declaration | None) -> Drift:
        """One step after the other; each is a function of its own."""
        if declaration is not None:
            drift = replace(
                drift, owner=declaration.owner, deadline=drift.counts_from + declaration.environment.deadline
            )
        drift = without_ignored(drift, declaration.ignores if declaration else (), self.clock.now())
        drift = watched(drift, before)
        weight = weigh(drift.address, drift.kind, drift.differences, declaration.severities if declaration else ())
        drift = replace(drift, severity=weight.severity, because=weight.why)
        return self._restated(tx, drift, before)

    def _restated(self, tx: Transaction, drift: Drift, before: Drift | None) -> Drift:
        """Its fingerprint and state, now that it is known what of it counts."""
        drift = replace(drift, fingerprint=deviation(drift))
        if drift.state is DriftState.IGNORED:
            return drift
        if before is not None and before.state in BUSY and before.fingerprint == drift.fingerprint:
            return replace(drift, state=before.state)
        if not drift.ignored:
            return drift
        baseline = tx.baseline(drift.stack)
        tolerances = baseline.tolerances if baseline else ()
        covered = all(tolerated(drift.address, each, tolerances, self.clock.now()) for each in drift.differences)
        if before is None:
            drift = replace(drift, earlier=earlier_life(drift, tx.drifts(drift.stack, unresolved=False)))
        return replace(drift, state=DriftState.TOLERATED if covered else drift.state)


def _group(before: Drift | None, now: Drift) -> str:
    """What nobody needs to know of is quiet, unless people knew of it before."""
    if now.state is DriftState.IGNORED and (before is None or before.state is DriftState.IGNORED):
        return "quiet"
    if before is None:
        return "opened"
    return "seen_again" if (now.fingerprint, now.state) == (before.fingerprint, before.state) else "changed"
