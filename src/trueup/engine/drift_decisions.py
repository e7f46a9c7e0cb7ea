"""Decisions about drifts: revert and tolerate. Codifying is engine/codification.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.books import Books
from trueup.engine.deciding import needs_reason
from trueup.engine.settling import drift_draft
from trueup.engine.stewardship import StackDecisions
from trueup.model.address import parent_of
from trueup.model.baseline import Tolerance
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.run import Run, RunKind
from trueup.model.values import digest
from trueup.stages.detect import deviation


@dataclass(frozen=True)
class DriftDecisions:
    books: Books
    stacks: StackDecisions

    def revert(self, ids: Sequence[DriftId], by: Identity, reason: str) -> Run:
        """Undoes exactly these drifts of one stack, at the values seen."""
        needs_reason(reason)
        drifts, person = [self.drift(id) for id in ids], self.books.who(by)
        stacks = {drift.stack for drift in drifts}
        if len(stacks) != 1:
            raise Invalid("a revert names drifts of exactly one stack")
        stack = self.stacks.deliverable(stacks.pop())
        closed = [drift.id for drift in drifts if drift.state not in (DriftState.OPEN, DriftState.TOLERATED)]
        if closed:
            raise Refused(f"{', '.join(closed)} is not open any more")
        unseen = [drift for drift in drifts if parent_of(drift.address) is not None]
        if unseen:
            raise Refused(
                f"no plan sees {', '.join(drift.address for drift in unseen)}, so no apply can undo it",
                hint="undo it by hand where it was done, or `trueup drift codify` it and delete it from the code then",
            )
        run = self.stacks.new_run(stack, RunKind.REVERT, person, reason)
        reverting = [replace(each, state=DriftState.REVERTING, run=run.id, requested_by=person) for each in drifts]
        return self.stacks.intake.start(stack, replace(run, reverts=tuple(each.id for each in drifts)), reverting)

    def tolerate(self, id: DriftId, by: Identity, reason: str, until: datetime) -> Drift:
        """S stays, and this value beside it is accepted until then; another value is new drift."""
        needs_reason(reason)
        now, person, drift = self.books.clock.now(), self.books.who(by), self.drift(id)
        if until <= now:
            raise Invalid("a tolerance ends in the future", hint="--until 14d")
        if drift.state not in (DriftState.OPEN, DriftState.TOLERATED):
            raise Refused(f"{id} is {drift.state}")
        added = tuple(
            Tolerance(drift.address, each.path, digest(each.real), person, reason, until) for each in drift.differences
        )
        with self.books.store.transaction() as tx:
            baseline, stack = tx.baseline(drift.stack), tx.stack(drift.stack)
            if baseline is None or stack is None:
                raise Refused("only a settled stack tolerates drift", hint="`trueup adopt` settles it")
            kept = tuple(each for each in baseline.tolerances if each.address != drift.address)
            by_person = f"tolerate:{person}"
            tx.put_baseline(
                replace(
                    baseline,
                    generation=baseline.generation + 1,
                    settled_at=now,
                    settled_by=by_person,
                    tolerances=(*kept, *added),
                )
            )
            stored = tx.put_drift(replace(drift, state=DriftState.TOLERATED))
            summary = f"{person} tolerates {drift.address} on {stack.name} until {until:%Y-%m-%d %H:%M}: {reason}"
            tx.record(replace(drift_draft(stack, stored, "drift.tolerated", summary, person), reason=reason))
        return stored

    def release(self, id: DriftId, by: Identity, reason: str) -> Drift:
        """Takes every path of a drift out of quarantine: another value is news again."""
        needs_reason(reason)
        person, drift = self.books.who(by), self.drift(id)
        if not drift.quarantine:
            raise Refused(f"nothing of {id} is in quarantine", hint=f"`trueup drift show {id}`")
        freed = replace(drift, quarantine=(), restless={})
        with self.books.store.transaction() as tx:
            stack = tx.stack(drift.stack)
            if stack is None:
                raise Refused(f"the stack of {id} is not known any more")
            stored = tx.put_drift(replace(freed, fingerprint=deviation(freed)))
            summary = f"{person} released {', '.join(drift.quarantine)} of {drift.address} on {stack.name}: {reason}"
            draft = drift_draft(stack, stored, "drift.released-from-quarantine", summary, person)
            tx.record(replace(draft, reason=reason))
        return stored

    def drift(self, id: DriftId) -> Drift:
        with self.books.store.transaction() as tx:
            drift = tx.drift(id)
        if drift is None:
            raise Invalid(f"there is no drift {id}", hint="`trueup drift list` shows them")
        return drift
