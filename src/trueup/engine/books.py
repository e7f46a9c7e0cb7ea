"""Books: what the walk reads of what was settled, seen and agreed, and how a plan is written into a run's row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trueup.engine.break_glass_told import covering
from trueup.engine.catalog import Catalog
from trueup.engine.desk import Desk
from trueup.engine.source import Source
from trueup.model.baseline import Baseline
from trueup.model.break_glass import BreakGlass
from trueup.model.drift import DriftId
from trueup.model.ledger import Draft
from trueup.model.people import Approval, Identity
from trueup.model.plan import Address, AttributedChange, JudgedPlan, Verdict
from trueup.model.request import RequestState
from trueup.model.run import ChangeSummary, DifferenceSummary, Run, RunId, RunKind
from trueup.model.stack import Stack, StackId
from trueup.ports.driver import Reading
from trueup.ports.forge import Forge
from trueup.ports.store import RunFilter, Store
from trueup.render.encoding import to_json
from trueup.render.losses import lost_by
from trueup.render.sentences import of_run, sentence
from trueup.stages.judge import Rulebook, losses_by_address
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Books:
    store: Store
    catalog: Catalog
    forges: Callable[[str], Forge | None]
    clock: Clock

    def desk(self, id: RunId) -> Desk:
        return Desk(self.store, id, self.clock.now)

    def who(self, identity: Identity) -> str:
        """The person behind an identity, as the control repository names people."""
        return self.catalog.manifest.people.who(identity)

    def baseline(self, stack: StackId) -> Baseline | None:
        with self.store.transaction() as tx:
            return tx.baseline(stack)

    def held(self, stack: Stack) -> BreakGlass | None:
        """The break-glass that an apply to a stack waits for."""
        with self.store.transaction() as tx:
            return covering(tx, tx.stack(stack.id) or stack)

    def begun(self, run: RunId) -> bool:
        """Whether an effect may have reached the live system. The stored journal is the truth."""
        with self.store.transaction() as tx:
            return any(entry.event == "begin" for entry in tx.journal(run))

    def rulebook(self, source: Source, run: Run, reading: Reading) -> Rulebook:
        with self.store.transaction() as tx:
            return Rulebook(
                declaration=source.declaration,
                at=self.clock.now(),
                baseline=tx.baseline(source.stack.id),
                drifts=tx.drifts(source.stack.id),
                releases=run.releases,
                reverts=frozenset(run.reverts),
                findings=reading.findings,
                rewritten="rewritten" in run.notes,
                automatic="response" in run.notes,
            )

    def named(self, run: Run) -> frozenset[Address]:
        """Addresses of the drifts that a revert names; nothing for any other run."""
        with self.store.transaction() as tx:
            drifts = [tx.drift(DriftId(id)) for id in run.reverts]
        return frozenset(drift.address for drift in drifts if drift is not None)

    def approvals(self, run: Run) -> Sequence[Approval]:
        """Given to the run, to runs that it superseded, and to its change request where that counts: an
        environment that is critical asks for an approval of its own apply."""
        given = [*run.approvals, *self._of_superseded(run)]
        with self.store.transaction() as tx:
            stack = tx.stack(run.stack)
        declared = self.catalog.manifest.declaration(stack.name) if stack else None
        if run.request is not None and declared is not None and not declared.environment.critical:
            given += self._of_request(run, declared.repository)
        return given

    def _of_superseded(self, run: Run) -> list[Approval]:
        with self.store.transaction() as tx:
            runs = tx.runs(RunFilter(stack=run.stack, kinds=frozenset({run.kind})))
        line, given = {run.id}, list[Approval]()
        for each in runs:  # newest first: whoever superseded a run comes before it
            if each.superseded_by in line:
                line.add(each.id)
                given += each.approvals
        return given

    def _of_request(self, run: Run, repository: str) -> list[Approval]:
        """People approved a commit in the forge; what they saw there is the effect of that commit's proposal."""
        forge = self.forges(repository)
        if forge is None or run.request is None:
            return []
        request = forge.get(run.request)
        with self.store.transaction() as tx:
            wanted = RunFilter(stack=run.stack, kinds=frozenset({RunKind.PROPOSAL}), request=run.request)
            seen = {each.revision: each.effect for each in tx.runs(wanted)}
        people = self.catalog.manifest.people
        return [
            Approval(people.who(each.by), effect, each.at, via=forge.name)
            for each in request.approvals
            if request.state is not RequestState.CLOSED
            and each.commit == request.head
            and (effect := seen.get(each.commit)) is not None
        ]

    def of_plan(self, judged: JudgedPlan) -> dict[str, Any]:
        """Fields of Run that show a plan: what would change, what would be lost, who must agree."""
        plan, verdict = judged.plan, judged.verdict
        return {
            "effect": plan.effect,
            "basis": plan.basis.digest,
            "changes": tuple(_summary(change) for change in judged.attributed.changes if change.planned),
            "losses": verdict.losses,
            "findings": (*verdict.refusals, *(each for each in plan.findings if not each.stops)),
            "approvals_needed": verdict.approvals_needed,
            "approvers": verdict.approvers,
            "waiting_for": (),
            "error": "",
        }

    def blocked_draft(self, desk: Desk, verdict: Verdict) -> Draft:
        labels = {a: [each.label for each in found] for a, found in losses_by_address(verdict.losses).items()}
        with self.store.transaction() as tx:
            drifts = [tx.drift(DriftId(id)) for id in dict.fromkeys(loss.drift for loss in verdict.losses) if id]
        lost = lost_by(desk.run, [drift for drift in drifts if drift is not None])
        said = "; ".join(sentence(told) for told in of_run(desk.run) if told.cause.is_guarded)
        summary = f"{desk.run.id} of {desk.stack.name} is blocked: {said}"
        return desk.draft("run.blocked", summary, losses=labels, losing=to_json(lost))


def _summary(change: AttributedChange) -> ChangeSummary:
    assert change.planned is not None
    return ChangeSummary(
        change.address,
        change.kind,
        change.planned.word,
        tuple(
            DifferenceSummary(each.label, each.cause, each.settled, each.real, each.desired)
            for each in change.differences
        ),
    )
