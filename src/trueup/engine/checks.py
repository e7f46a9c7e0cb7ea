"""Checks: one look for drift. Not a run: it holds no lease, applies nothing, and does not judge a moving target."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trueup.engine.asking import Asking, keep
from trueup.engine.books import Books
from trueup.engine.deciding import about
from trueup.engine.drift_records import DriftRecords
from trueup.engine.errands import Errands
from trueup.engine.foreign import Foreign, Verdict
from trueup.engine.ids import new_id
from trueup.engine.jobs import CHECKS, Errand
from trueup.engine.settling import drift_drafts
from trueup.engine.source import Source
from trueup.engine.undoing import Undoing
from trueup.engine.vouching import Vouching
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.drift import Check, CheckState, Drift, DriftState, Resolution
from trueup.model.errors import TrueupError
from trueup.model.plan import Address, AttributedPlan
from trueup.model.run import RunState
from trueup.model.signal import LiveEvent
from trueup.model.stack import Declaration, Stack, StackId, Standing
from trueup.ports.store import RunFilter, Store, Transaction
from trueup.settings import CHECK_AGAIN
from trueup.stages.attribute import attribute
from trueup.stages.children import looked_at, managed
from trueup.stages.detect import Detection, detect
from trueup.system.clock import Clock, jittered

BUSY = frozenset({RunState.APPLYING, RunState.VERIFYING, RunState.UNCERTAIN, RunState.RECOVERING})
ACCEPTED = frozenset({DriftState.TOLERATED, DriftState.IGNORED})
"""A stack with no other drift is clean."""


@dataclass(frozen=True)
class _Found:
    """What one look brought home."""

    attributed: AttributedPlan
    foreign: Verdict
    events: Sequence[LiveEvent]
    """Of the live system's own log."""


@dataclass(frozen=True)
class Checks:
    store: Store
    errands: Errands
    books: Books
    foreign: Foreign
    records: DriftRecords
    undoing: Undoing
    vouching: Vouching
    asking: Asking
    clock: Clock

    def check(self, id: StackId, reason: str = "") -> Check:
        """Plans at the branch's head, compares what is real with what was settled, and writes down the difference. The
        schedule's own checks need no plan where nothing that they depend on has changed."""
        stack = self.errands.stack(id)
        token = self.vouching.token(stack)
        if token and not reason:
            vouched = self.vouching.vouched(stack, token, self._next(self.errands.declaration(stack)))
            if vouched is not None:
                return vouched
        began = replace(self._begin(stack, reason), token=token)
        try:
            baseline = self.books.baseline(id)
            source = self._source(stack)
            with self.errands.observed(source, Errand("check", CHECKS, f"check:{id}")) as live:
                attributed = attribute(live.plan(), baseline)
            foreign = self.foreign.look(source, attributed, baseline)
            found = _Found(attributed, foreign, self.asking.ask(source, began))
            return self._conclude(began, source, baseline, found)
        except TrueupError as error:
            return self._end(began, CheckState.FAILED, error=str(error), due_at=self.clock.now() + CHECK_AGAIN)

    def _source(self, stack: Stack) -> Source:
        """A stack that is gone from Git is checked against what was settled last."""
        if stack.standing is Standing.ORPHANED and stack.settled:
            return self.errands.settled_source(stack)
        return self.errands.source_at(stack, self.errands.catalog.head(stack.repository))

    def _begin(self, stack: Stack, reason: str) -> Check:
        with self.store.transaction() as tx:
            before = tx.check(stack.id)
            now = self.clock.now()
            check = Check(
                stack.id,
                CheckState.CHECKING,
                due_at=before.due_at if before else now,
                started_at=now,
                last_clean_at=before.last_clean_at if before else None,
                completed_at=before.completed_at if before else None,
                planned_at=before.planned_at if before else None,
                reason=reason or (before.reason if before and before.state is CheckState.DUE else "schedule"),
            )
            tx.put_check(check)
        return check

    def _conclude(self, check: Check, source: Source, baseline: Baseline | None, found: _Found) -> Check:
        """One transaction; when the baseline moved or a run is at work, nothing of what was seen counts."""
        stack, now = source.stack, self.clock.now()
        attributed, foreign = found.attributed, found.foreign
        with self.store.transaction() as tx:
            current = tx.baseline(stack.id)
            moved = (current.generation if current else 0) != (baseline.generation if baseline else 0)
            if moved or any(run.state in BUSY for run in tx.runs(RunFilter(stack=stack.id, states=BUSY))):
                return self._put(tx, check, CheckState.INVALIDATED, due_at=now + CHECK_AGAIN)
            against = foreign.baseline or baseline
            converging = {change.address for change in attributed.changes if change.having(Cause.CONVERGED)}
            converging |= managed(attributed.plan)
            if foreign.baseline is not None:
                attributed = attribute(attributed.plan, against)
            keep(tx, stack.id, found.events)
            detection = self._detect(tx, stack, attributed, against, check)
            if baseline is not None and foreign.baseline is None:
                _look_first(tx, stack, baseline, attributed)
            if foreign.baseline is not None:
                ended = tuple(_ended(drift, foreign.baseline, converging) for drift in detection.resolved)
                detection = replace(detection, resolved=ended)
            detection = replace(detection, resolved=tuple(_undone(each, foreign) for each in detection.resolved))
            self._record(tx, stack, detection, source, foreign)
            standing = [drift for drift in detection.unresolved if drift.state not in ACCEPTED]
            state = CheckState.DRIFTED if standing else CheckState.CLEAN
            return self._put(
                tx,
                check,
                state,
                due_at=self._next(source.declaration),
                last_clean_at=check.last_clean_at if standing else now,
                completed_at=now,
                planned_at=check.started_at,
                revision=source.revision,
                pending=detection.pending,
                drifted=len(standing),
                ignored=sum(len(drift.ignored) for drift in detection.rows if drift.state is not DriftState.RESOLVED),
                foreign=foreign.words,
            )

    def _detect(
        self, tx: Transaction, stack: Stack, attributed: AttributedPlan, baseline: Baseline | None, check: Check
    ) -> Detection:
        known = tx.drifts(stack.id, unresolved=False)
        now, fresh = self.clock.now(), lambda: new_id("dft")
        found = detect(attributed, known, baseline, now, check.last_clean_at, fresh, stack.id)
        self.records.subjects.write(tx, stack, attributed.plan, baseline)
        return self.records.completed(tx, stack, found)

    def _record(self, tx: Transaction, stack: Stack, detection: Detection, source: Source, foreign: Verdict) -> None:
        rows = detection.rows
        for drift in rows:
            tx.put_drift(drift)
        for draft in drift_drafts(stack, detection, rows):
            tx.record(draft)
        if foreign.baseline is not None:
            tx.put_baseline(foreign.baseline)
            for kind, name, content in foreign.sealed:
                tx.seal(kind, name, content)
            tx.put_stack(_settled(stack, foreign.baseline))
        if foreign.draft is not None:
            tx.record(foreign.draft)
        for drift in foreign.undone:
            how = f"an apply of {foreign.applied[:12]} beside Trueup" if foreign.applied else "an apply beside Trueup"
            tx.record(self.undoing.draft(tx, stack, drift, self.clock.now(), how=how, commit=foreign.applied))

    def _next(self, declaration: Declaration) -> datetime:
        """A little earlier or later each time, so that a thousand stacks do not stay in step."""
        interval = declaration.environment.checks or self.errands.jobs.driver(declaration).checks
        return self.clock.now() + timedelta(seconds=jittered(interval.total_seconds()))

    def _end(self, check: Check, state: CheckState, *, error: str, due_at: datetime) -> Check:
        with self.store.transaction() as tx:
            return self._put(tx, check, state, due_at=due_at, error=error)

    def _put(self, tx: Transaction, check: Check, state: CheckState, **changes: object) -> Check:
        ended = replace(check, state=state, ended_at=self.clock.now(), **changes)  # type: ignore[arg-type]
        tx.put_check(ended)
        return ended


def _ended(drift: Drift, baseline: Baseline, converging: Set[Address]) -> Drift:
    """A drift that code wants by now ended with the commit that settled: by our codification, or by an apply of
    somebody else's."""
    if drift.address not in converging:
        return drift
    codified = drift.request is not None or baseline.settled_by.startswith("codified:")
    return replace(drift, resolution=Resolution.CODIFIED if codified else Resolution.FOREIGN)


def _look_first(tx: Transaction, stack: Stack, baseline: Baseline, attributed: AttributedPlan) -> None:
    """Where nobody had looked for children before (a permission that was missing, a kind that is newly watched), what
    is there is taken as settled, and said."""
    seen = looked_at(baseline, attributed)
    more = {*seen.watched} - {*baseline.watched}
    if not more:
        return
    tx.put_baseline(replace(seen, generation=baseline.generation + 1))
    found = sorted(seen.children.keys() - baseline.children.keys())
    said = f"{len(found)} that no code has" if found else "nothing there that no code has"
    summary = f"{stack.name}: children are watched in {len(more)} more places; {said}"
    tx.record(replace(about(stack, "stack.watched", summary, "trueup"), details={"settled": found}))


def _undone(drift: Drift, foreign: Verdict) -> Drift:
    """Gone with somebody's apply is not undone by hand."""
    gone = drift.resolution is Resolution.VANISHED and any(each.id == drift.id for each in foreign.undone)
    return replace(drift, resolution=Resolution.UNDONE) if gone else drift


def _settled(stack: Stack, baseline: Baseline) -> Stack:
    return replace(stack, settled=baseline.basis.revision, delivered_closure=baseline.basis.closure.digest)
