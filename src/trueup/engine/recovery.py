"""Recovery: what became of an apply whose worker was lost. Nothing is concluded by guessing."""

from dataclasses import dataclass, replace
from datetime import timedelta

from trueup.engine.books import Books
from trueup.engine.desk import Desk
from trueup.engine.errands import PURPOSES, Errands
from trueup.engine.jobs import Errand
from trueup.engine.leases import Leases
from trueup.engine.settling import Settling
from trueup.engine.source import Source
from trueup.model.errors import TrueupError
from trueup.model.plan import Applied, AttributedPlan, Outcome
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.ports.driver import Evidence, Fence, Recovers
from trueup.stages.attribute import attribute
from trueup.stages.verify import verify

NO_END = "recovery did not come to an end:"
PAUSE = timedelta(seconds=30)
"""Between two tries of the schedule: nothing is gained by asking a backend that does not answer every second."""


@dataclass(frozen=True)
class Recovery:
    books: Books
    errands: Errands
    settling: Settling
    leases: Leases

    def recover(self, id: RunId) -> Run:
        """From uncertain to finished (everything had happened), failed (a partial baseline says what did), or back
        to uncertain while the old process is not proven gone. Raises Unavailable when the lease is held."""
        desk = self.books.desk(id)
        if desk.run.state is not RunState.UNCERTAIN:
            return desk.run
        before = desk.run.error.partition(NO_END)[0].rstrip()
        with self.leases.hold(desk.stack.id, id, wanted=True) as lease:
            desk.move(RunState.RECOVERING)
            try:
                source = self.errands.source(desk.run)
                evidence = self._evidence(desk, source, lease)
                if not evidence.gone:
                    why = "; ".join(evidence.advice) or "the process that applied is still running"
                    return self._again_later(desk, before, why)
                attributed = self._look(desk, source)
                self._conclude(desk, source, attributed, evidence, before)
            except TrueupError as error:
                return self._again_later(desk, before, str(error))
        return desk.run

    def _again_later(self, desk: Desk, before: str, why: str) -> Run:
        """Tried again after a while by itself, and at once when a person asks."""
        later = self.books.clock.now() + PAUSE
        return desk.move(RunState.UNCERTAIN, error=f"{before}\n{NO_END} {why}".lstrip(), not_before=later)

    def _evidence(self, desk: Desk, source: Source, lease: Fence | None) -> Evidence:
        driver = self.errands.jobs.driver(source.declaration)
        if not isinstance(driver, Recovers):
            advice = f"look at the live system yourself, then `trueup stack deliver {desk.stack.name}`"
            return Evidence(gone=True, applied=None, advice=(advice,))
        errand = Errand(PURPOSES[desk.run.kind], desk.run.id, desk.run.id, right="apply", fence=lease)
        job = self.errands.jobs.job(source, errand, self.errands.upstream(source.declaration))
        with self.books.store.transaction() as tx:
            journal = tx.journal(desk.run.id)
        with self.errands.jobs.alone(job):
            return driver.recover(job, journal)

    def _look(self, desk: Desk, source: Source) -> AttributedPlan:
        """What is left to do, seen with plan credentials after the old process is gone."""
        errand = Errand(PURPOSES[desk.run.kind], desk.run.id, desk.run.id, slot="recovery")
        with self.errands.observed(source, errand) as live:
            return attribute(live.plan(), self.books.baseline(desk.stack.id))

    def _conclude(
        self, desk: Desk, source: Source, attributed: AttributedPlan, evidence: Evidence, before: str
    ) -> None:
        """`before`: why the run became uncertain; it says more than that a worker was lost."""
        applied = evidence.applied
        if applied is None:
            applied = Applied(False, {}, {}, attributed.plan.basis.live, "what happened cannot be told")
        if applied.complete:
            desk.move(RunState.VERIFYING)
            self.settling.finish(desk, source, attributed, verify(applied, attributed.plan, self.books.named(desk.run)))
        else:
            advice = evidence.advice or _way_on(desk, applied)
            self.settling.fail(desk, source, attributed, replace(applied, error=before or applied.error), advice)


def _way_on(desk: Desk, applied: Applied) -> tuple[str, ...]:
    """Where everything is known, nothing has to be looked at first."""
    if desk.run.kind is not RunKind.DELIVERY or Outcome.UNCERTAIN in applied.outcomes.values():
        return ()
    return (f"`trueup stack deliver {desk.stack.name} --reason ...` plans again and does what is left",)
