"""Settling: how a run that applied ends. What the writes returned becomes the baseline, in one last transaction."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from trueup.engine.attribution import told_of
from trueup.engine.books import Books
from trueup.engine.deciding import about
from trueup.engine.desk import Desk
from trueup.engine.drift_records import DriftRecords
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id
from trueup.engine.jobs import OUTPUTS, Errand, sealed_outputs
from trueup.engine.source import Source
from trueup.engine.vault import CLOSURE, closure_bytes
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.drift import Drift, DriftState, Resolution
from trueup.model.ledger import Draft
from trueup.model.plan import Applied, AttributedPlan, JudgedPlan, Outcome, Plan
from trueup.model.run import Run, RunKind, RunState
from trueup.model.stack import Stack, Standing
from trueup.model.values import JSON
from trueup.ports.driver import HandsOver
from trueup.ports.store import Transaction
from trueup.render.sentences import of_drift, sentence
from trueup.render.undoings import UNDONE, came_back, undoing
from trueup.stages.attribute import attribute
from trueup.stages.children import looked_at, managed
from trueup.stages.detect import Detection, detect
from trueup.stages.record import absorbed, settled
from trueup.stages.verify import Verified
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Settling:
    books: Books
    errands: Errands
    records: DriftRecords
    clock: Clock

    def settle(self, desk: Desk, source: Source, judged: JudgedPlan, verified: Verified) -> None:
        """Ends a run of this process: finished, or (when the apply stopped half-way) failed with a partial baseline.
        What was written and could not be saved is left to recovery."""
        if verified.after is None:
            error = verified.applied.error
            desk.move(RunState.UNCERTAIN, self._stopped(desk, verified.applied), error=error)
            if verified.applied.unsaved:
                return
            desk.move(RunState.RECOVERING)
            self.fail(desk, source, judged.attributed, verified.applied)
        else:
            desk.move(RunState.VERIFYING)
            self.finish(desk, source, judged.attributed, verified)

    def finish(self, desk: Desk, source: Source, attributed: AttributedPlan, verified: Verified) -> None:
        """The writes are complete. A plan that is not empty afterwards is said, not hidden."""
        assert verified.after is not None
        applied, run = verified.applied, desk.run
        baseline = self.next_baseline(source, attributed, applied, by=f"run:{run.id}")
        after = attribute(verified.after, baseline)
        baseline = replace(baseline, resources=absorbed(baseline.resources, attributed, after))
        baseline = looked_at(baseline, after)
        with self.books.store.transaction() as tx:
            detection = self.detected(tx, source.stack, verified.after, baseline)
        converged = {change.address for change in attributed.changes if change.having(Cause.CONVERGED)}
        converged |= managed(verified.after)
        drifts = [_resolved_by(drift, run, converged) for drift in detection.rows]
        sealed: list[tuple[str, str, bytes]] = [
            (CLOSURE, baseline.basis.closure.digest, closure_bytes(source.tree, baseline.basis.closure))
        ]
        outputs = self.outputs_bytes(source)
        if outputs is not None:
            sealed.append((OUTPUTS, source.stack.id, outputs))
        desk.end(
            RunState.FINISHED,
            self._finished(desk, attributed, verified),
            baseline=baseline,
            drifts=drifts,
            drafts=drift_drafts(desk.stack, detection, drifts),
            sealed=sealed,
            stack=lambda stack: _settled_stack(stack, run, baseline),
            converged=verified.converged,
            error="" if verified.converged else "not converged: " + "; ".join(verified.remains()),
        )
        self.errands.jobs.drop_evidence(run.id)
        self._wake_dependents(desk, attributed)

    def fail(
        self,
        desk: Desk,
        source: Source,
        attributed: AttributedPlan,
        applied: Applied,
        advice: Sequence[str] = (),
    ) -> None:
        """What succeeded advances, what failed keeps its S, what nobody saw the end of is uncertain and said so."""
        baseline = self.next_baseline(source, attributed, applied, by=f"run:{desk.run.id}")
        counts = Counter(applied.outcomes.values())
        summary = (
            f"{desk.run.id} of {desk.stack.name} stopped half-way: {counts[Outcome.DONE]} done, "
            f"{counts[Outcome.FAILED]} failed, {counts[Outcome.UNCERTAIN]} uncertain"
        )
        way: list[str] = []
        if counts[Outcome.UNCERTAIN] and not applied.notes and not advice:
            way = [
                f"once it answers, `trueup stack check {desk.stack.name}` says what is there; a delivery does the rest"
            ]
        outcomes = {address: str(outcome) for address, outcome in applied.outcomes.items()}
        draft = desk.draft(
            "run.failed",
            summary,
            run_kind=desk.run.kind,
            outcomes=outcomes,
            advice=list(advice),
            error=applied.error,
            applying=desk.run.notes.get("applying", ""),
            live_before=dict(attributed.plan.basis.live.values),
            live=dict(applied.live.values),
        )
        desk.end(
            RunState.FAILED,
            draft,
            baseline=baseline,
            stack=lambda stack: replace(stack, attempted=desk.run.revision),
            error="\n".join([applied.error or desk.run.error, summary, *applied.notes, *advice, *way]).strip(),
        )
        if not advice:
            self.errands.jobs.drop_evidence(desk.run.id)

    def next_baseline(self, source: Source, attributed: AttributedPlan, applied: Applied, by: str) -> Baseline:
        old = self.books.baseline(source.stack.id)
        basis, path = attributed.plan.basis, source.path
        if old is not None and not applied.complete:
            basis, path = old.basis, old.path
        wrote = applied.outcomes.keys()
        next_one = Baseline(
            stack=source.stack.id,
            generation=old.generation + 1 if old else 1,
            basis=replace(basis, live=applied.live),
            resources=settled(old, attributed, applied),
            settled_at=self.clock.now(),
            settled_by=by,
            uncertain=tuple(address for address, outcome in applied.outcomes.items() if outcome is Outcome.UNCERTAIN),
            tolerances=tuple(each for each in (old.tolerances if old else ()) if each.address not in wrote),
            children=old.children if old else {},
            watched=old.watched if old else (),
            path=path,
        )
        return looked_at(next_one, attributed, applied)

    def detected(self, tx: Transaction, stack: Stack, plan: Plan, baseline: Baseline) -> Detection:
        """What differs from a baseline that is about to be written."""
        known = tx.drifts(stack.id, unresolved=False)
        found = detect(attribute(plan, baseline), known, baseline, self.clock.now(), None, lambda: new_id("dft"))
        self.records.subjects.write(tx, stack, plan, baseline)
        return self.records.completed(tx, stack, found)

    def outputs_bytes(self, source: Source) -> bytes | None:
        """Raw outputs for other stacks, to be sealed; None where nothing is handed over."""
        driver = self.errands.jobs.driver(source.declaration)
        if not isinstance(driver, HandsOver):
            return None
        errand = Errand("check", f"outputs-{source.stack.id}", f"check:{source.stack.id}")
        job = self.errands.jobs.job(source, errand, self.errands.upstream(source.declaration))
        with self.errands.jobs.alone(job):
            return sealed_outputs(driver.outputs(job))

    def _wake_dependents(self, desk: Desk, attributed: AttributedPlan) -> None:
        """Stacks that take an output which changed are due for a delivery, though no file of theirs moved."""
        changed = {
            c.address.removeprefix("output.") for c in attributed.plan.changes if c.address.startswith("output.")
        }
        if not changed:
            return
        for declaration in self.errands.catalog.manifest.declarations:
            taken = {each.output for each in declaration.inputs.values() if each.stack == desk.stack.name}
            if taken & changed:
                with self.books.store.transaction() as tx:
                    stack = tx.stack_named(declaration.name)
                    if stack is not None and stack.standing is Standing.SETTLED:
                        tx.put_stack(replace(stack, delivered_closure=""))

    def _finished(self, desk: Desk, attributed: AttributedPlan, verified: Verified) -> Draft:
        run, plan = desk.run, attributed.plan
        counts = Counter(change.word for change in plan.changes)
        what = ", ".join(f"{count} {action}" for action, count in sorted(counts.items())) or "nothing to change"
        verb = {"delivery": "delivered", "revert": "reverted in", "destroy": "destroyed"}.get(run.kind, str(run.kind))
        remains = "" if verified.converged else f"; not converged, {len(verified.remains())} changes remain"
        return desk.draft(
            "run.finished",
            "; ".join([f"{verb} {desk.stack.name}: {what}{remains}", *verified.applied.notes]),
            actor=run.requested_by,
            run_kind=run.kind,
            effect=plan.effect,
            authors=list(run.authors),
            approvals=[{"person": each.person, "at": each.at.isoformat(), "via": each.via} for each in run.approvals],
            releases=[{"person": each.person, "address": each.address, "reason": each.reason} for each in run.releases],
            changes=[{"address": each.address, "action": str(each.action)} for each in plan.changes],
            applying=run.notes.get("applying", ""),
            live_before=dict(plan.basis.live.values),
            live=dict(verified.applied.live.values),
            converged=verified.converged,
        )

    def _stopped(self, desk: Desk, applied: Applied) -> Draft:
        return desk.draft("run.uncertain", f"the apply of {desk.run.id} stopped half-way: {applied.error}")


def drift_drafts(stack: Stack, detection: Detection, rows: Sequence[Drift]) -> list[Draft]:
    """Ledger entries for what a look found; drift that was merely seen again is not news."""
    news = {drift.id for drift in (*detection.opened, *detection.changed, *detection.resolved)}
    drafts: list[Draft] = []
    for drift in rows:
        if drift.id in news:
            what = f"resolved.{drift.resolution}" if drift.resolution else str(drift.state)
            # What an apply would have done is of no interest once the drift has ended.
            said = "; ".join(told.place if drift.resolution else sentence(told) for told in of_drift(drift))
            said = undoing(drift) if drift.resolution in UNDONE else said + came_back(drift)
            by = ", ".join(sorted({each.by for each in drift.ignored})) if drift.state is DriftState.IGNORED else said
            summary = f"drift {drift.resolution or drift.state} on {stack.name}: {by or drift.address}"
            drafts.append(drift_draft(stack, drift, f"drift.{what}", summary, drift.actor or "trueup"))
        if drift.id in detection.quarantined:
            paths = ", ".join(drift.quarantine)
            summary = f"{drift.address} on {stack.name} has another value at every look: {paths} is in quarantine"
            drafts.append(drift_draft(stack, drift, "drift.quarantined", summary))
    return drafts


def drift_draft(stack: Stack, drift: Drift, kind: str, summary: str, actor: str = "trueup", **more: JSON) -> Draft:
    """A ledger entry about one drift, with what a reader needs of it."""
    details = {
        "drift": drift.id,
        "address": drift.address,
        "paths": [difference.label for difference in drift.differences],
        "real": [difference.real for difference in drift.differences],
        "settled": [difference.settled for difference in drift.differences],
        "severity": str(drift.severity),
        "because": drift.because,
        "owner": list(drift.owner),
        "cause": str(drift.cause),
        **told_of(drift),
        "earlier": drift.earlier or "",
        "first_seen": drift.first_seen.isoformat(),
        "not_before": drift.not_before.isoformat() if drift.not_before else None,
        **more,
    }
    draft = about(stack, kind, summary, actor)
    return replace(draft, request=drift.request, run=drift.run or "", details=details)


def _resolved_by(drift: Drift, run: Run, converged: Collection[str]) -> Drift:
    """The run that ended a drift, and how: it was told to revert it, a person accepted the loss, or the code that it
    delivered wants what was real."""
    if drift.state is not DriftState.RESOLVED:
        return drift
    if drift.id in run.reverts:
        return replace(drift, resolution=Resolution.REVERTED, run=run.id)
    if any(release.address == drift.address for release in run.releases):
        return replace(drift, resolution=Resolution.RELEASED, run=run.id)
    if drift.address in converged:
        return replace(drift, resolution=Resolution.CODIFIED, run=run.id)
    return replace(drift, run=run.id)


def _settled_stack(stack: Stack, run: Run, baseline: Baseline) -> Stack:
    if run.kind is RunKind.DESTROY:
        if stack.standing is Standing.ORPHANED:
            return replace(stack, standing=Standing.FORGOTTEN, settled=None)
        return replace(stack, paused=f"destroyed by {run.id}; `trueup stack resume` lets it be created again")
    if run.kind is RunKind.REVERT:
        return stack
    closure = baseline.basis.closure.digest
    # A merge that came while this run applied has set another closure, which stays to be delivered.
    return replace(
        stack,
        attempted=run.revision,
        settled=run.revision,
        standing=Standing.SETTLED,
        delivered_closure=stack.delivered_closure or closure,
    )
