"""The walk. Read this first: everything that Trueup does to a live system happens in `Reconciler.walk`.

source -> read -> plan -> attribute -> judge -> approve -> apply -> verify -> record
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import random
from typing import Literal, TypeGuard

from trueup.engine.books import Books
from trueup.engine.desk import Desk
from trueup.engine.errands import Errands
from trueup.engine.journal import StoredJournal
from trueup.engine.leases import Held, Leases
from trueup.engine.retries import after_error
from trueup.engine.settling import Settling
from trueup.model.errors import TrueupError
from trueup.model.plan import Applied, ApprovedPlan, AttributedPlan, Finding, JudgedPlan
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.ports.driver import Narrows, Observation, Session
from trueup.ports.store import Conflict
from trueup.stages.approve import Count, approve
from trueup.stages.attribute import attribute
from trueup.stages.judge import judge
from trueup.stages.narrow import beyond, narrowed
from trueup.stages.verify import verify
from trueup.system.clock import Clock

Phase = Literal["plan", "apply"]
STARTS: dict[Phase, RunState] = {"plan": RunState.QUEUED, "apply": RunState.APPROVED}
APPLYING = "applying"
"""The note that says when the apply began: who agreed before it is asked for as evidence."""
WORKS: dict[Phase, RunState] = {"plan": RunState.PLANNING, "apply": RunState.APPLYING}


@dataclass(frozen=True)
class Reconciler:
    errands: Errands
    """Finds a run's files and opens its live system."""
    books: Books
    """Baselines, drifts and approvals."""
    settling: Settling
    """What the end of a run writes."""
    leases: Leases
    clock: Clock

    def walk(self, id: RunId, phase: Phase) -> Run:
        """One walk for one stack. The phase `plan` ends where people decide; `apply` goes the whole way again, in
        one session with the live system, and applies that fresh plan. Called for a run that has moved on, it does
        nothing. Raises Unavailable when another run holds the stack's lease."""
        desk = self.books.desk(id)
        if desk.run.state is not STARTS[phase] or self._deferred(desk, phase):
            return desk.run
        with self.leases.hold(desk.stack.id, id, wanted=phase == "apply") as lease, self._answering(desk):
            began = {APPLYING: self.clock.now().isoformat()} if phase == "apply" else {}
            notes = {**desk.run.notes, **began}
            desk.move(WORKS[phase], attempts=desk.run.attempts + 1, not_before=None, notes=notes)
            source = self.errands.source(desk.run)
            if desk.run.kind is RunKind.PROPOSAL and source.is_gone:
                return _propose_removal(desk)
            reading = self.errands.read(source)
            with self.errands.live(source, desk.run, lease) as live:
                attributed = attribute(live.plan(), self.books.baseline(desk.stack.id))
                attributed = self._only_named(live, desk.run, attributed)
                judged = judge(attributed, self.books.rulebook(source, desk.run, reading))
                approved = approve(judged, self.books.approvals(desk.run), frozenset(desk.run.authors))
                if phase == "plan" or not _still_approved(approved, desk.run):
                    self._park(desk, judged, approved)
                    return desk.run
                applied = self._apply(live, approved, id, lease)
                verified = verify(applied, live.plan() if applied.complete else None, self.books.named(desk.run))
            self.settling.settle(desk, source, judged, verified)
        return desk.run

    def _deferred(self, desk: Desk, phase: Phase) -> bool:
        """A run of a stack that is paused or under break-glass, or that is not settled, or whose upstream is not,
        waits, and holds nothing meanwhile."""
        if phase == "apply" and (desk.stack.paused or self.books.held(desk.stack) is not None):
            return True
        waiting = self.errands.waiting_for(desk.run)
        if waiting and phase == "plan":
            desk.move(RunState.DEFERRED, waiting_for=waiting)
        return bool(waiting)

    def _only_named(self, live: Observation, run: Run, attributed: AttributedPlan) -> AttributedPlan:
        """A revert leaves alone what it does not name, where the technology can; judging refuses the rest."""
        named = self.books.named(run)
        if not named or not isinstance(live, Narrows) or not beyond(attributed, named):
            return attributed
        asked = [change.address for change in attributed.plan.changes if change.address in named]
        if not asked:  # all of it is gone already
            return narrowed(attributed, replace(attributed.plan, changes=(), steps=()))
        return narrowed(attributed, live.narrowed(attributed.plan, asked))

    def _apply(self, live: Observation, approved: ApprovedPlan, id: RunId, lease: Held | None) -> Applied:
        plan = approved.plan
        if plan.empty:
            # Applying an empty plan could still write the state (facts: `applyable: false`, refreshed attributes).
            return Applied(True, plan.real, {}, plan.basis.live)
        assert lease is not None and isinstance(live, Session)
        return live.apply(plan, StoredJournal(self.books.store, id, lease.lease))

    def _park(self, desk: Desk, judged: JudgedPlan, approved: ApprovedPlan | Count) -> None:
        """Where a plan goes when nothing is applied now. Proposals always end here, showing what would block."""
        desk.move(RunState.JUDGING, **self.books.of_plan(judged))
        verdict, run = judged.verdict, desk.run
        if run.kind is RunKind.PROPOSAL:
            desk.move(RunState.FINISHED, desk.draft("run.proposed", f"planned {desk.stack.name} for review"))
        elif verdict.refused:
            why = "; ".join(finding.message for finding in verdict.refusals)
            desk.move(RunState.REFUSED, desk.draft("run.refused", f"refused to change {desk.stack.name}: {why}"))
        elif verdict.blocked:
            desk.move(RunState.BLOCKED, self.books.blocked_draft(desk, verdict))
        elif isinstance(approved, ApprovedPlan):
            desk.move(RunState.APPROVED, approvals=approved.approvals)
        else:
            summary = f"{desk.stack.name} waits: {approved.explain()}"
            # Given to a run that this one superseded, they count here from now on.
            approvals = tuple(dict.fromkeys((*run.approvals, *approved.counted)))
            desk.move(RunState.AWAITING_APPROVAL, desk.draft("run.waiting", summary), approvals=approvals)

    @contextmanager
    def _answering(self, desk: Desk) -> Iterator[None]:
        """Every error has a sequel: retry, fail, or say that what happened is uncertain."""
        try:
            yield
        except Conflict:
            return  # somebody moved the row: cancelled, superseded, or taken over
        except TrueupError as error:
            if desk.run.state not in WORKS.values():
                raise
            sequel = after_error(
                error, desk.run, begun=self.books.begun(desk.run.id), now=self.clock.now(), jitter=random()
            )
            kind, words = type(error).__name__.lower(), str(error)
            draft = desk.draft(f"run.{sequel.state}", f"{desk.stack.name}: {error.message}", error=kind)
            desk.move(sequel.state, draft, error=words, not_before=sequel.not_before)


def _still_approved(approved: ApprovedPlan | Count, run: Run) -> TypeGuard[ApprovedPlan]:
    """People agreed to an effect; another one goes back to judging, also where nobody had to agree."""
    return isinstance(approved, ApprovedPlan) and approved.plan.effect == run.effect


def _propose_removal(desk: Desk) -> Run:
    """A change request that removes a stack's code: there is nothing to plan, and merging it destroys nothing."""
    finding = Finding(
        "stack-removed",
        f"no file of {desk.stack.name} is left: once this is merged, what it made stays alive and checked",
        hint="`trueup stack destroy` ends it, `trueup stack forget` leaves it; `movedFrom` keeps its books elsewhere",
    )
    desk.move(RunState.JUDGING, findings=(finding,))
    return desk.move(RunState.FINISHED, desk.draft("run.proposed", f"the code of {desk.stack.name} would be removed"))
