"""Adoption: a stack that is live gets its first books. A person looks at what differs and settles it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from trueup.engine.books import Books
from trueup.engine.deciding import about, needs_reason
from trueup.engine.errands import Errands
from trueup.engine.foreign import Foreign
from trueup.engine.jobs import CHECKS, OUTPUTS, Errand
from trueup.engine.settling import Settling, drift_drafts
from trueup.engine.source import Source
from trueup.engine.vault import CLOSURE, closure_bytes
from trueup.model.address import parent_of
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.drift import Resolution
from trueup.model.errors import Broken, Refused, TrueupError
from trueup.model.people import Identity
from trueup.model.plan import OUTPUT, AttributedPlan, Finding
from trueup.model.stack import Stack, StackId, Standing
from trueup.model.values import JSON, Digest, digest
from trueup.ports.store import Transaction
from trueup.stages.attribute import attribute
from trueup.stages.children import accepted, looked_at
from trueup.stages.record import adopted

COMMITS = 20
"""How far back adoption looks for the commit that is live, when the newest one is not."""


class Sight(StrEnum):
    CLEAN = "clean"
    PENDING = "pending"
    """Merged code that was never applied."""
    DRIFTED = "drifted"
    """Something was changed by hand."""
    ABSENT = "absent"
    """Nothing is live: the first delivery creates it all."""


@dataclass(frozen=True)
class Preview:
    """What is known before anybody settles anything."""

    stack: Stack
    revision: str
    state: "Sight"
    attributed: AttributedPlan
    seen: Digest
    """Binds an adoption to exactly this sight."""
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Adoption:
    books: Books
    errands: Errands
    settling: Settling
    foreign: Foreign

    def preview(self, id: StackId) -> Preview:
        """Plans with plan credentials only; writes nothing anywhere."""
        stack = self.errands.stack(id)
        revision = self.books.catalog.head(stack.repository)
        return self._preview(self.errands.source_at(stack, revision))[1]

    def adopt(self, id: StackId, by: Identity, reason: str, seen: Digest | None = None) -> Baseline:
        """Writes generation 1. With `seen`, only if nothing moved since that preview. What somebody changed by
        hand before stays open drift: settling it never makes the next delivery undo it. A stack that has books gets
        the next generation when somebody wrote beside us, or when there is drift that no plan sees, which is settled
        as it is; it is refused otherwise."""
        needs_reason(reason)
        stack, person = self.errands.stack(id), self.books.who(by)
        if stack.standing is Standing.SETTLED:
            return self._accept(stack, person, reason)
        if stack.standing is not Standing.UNADOPTED:
            raise Refused(f"{stack.name} is {stack.standing}")
        source = self.errands.source_at(stack, self.books.catalog.head(stack.repository))
        source, preview = self._preview(source)
        if seen is not None and preview.seen != seen:
            raise Refused(f"{stack.name} moved since you looked at it", hint=f"`trueup adopt {stack.name}` looks again")
        self._refuse_twin(stack, preview)
        if preview.state is not Sight.ABSENT and pending(preview.attributed):
            source, preview = self._at_live_commit(source, preview)
        baseline = self._baseline(preview, person)
        outputs = self.settling.outputs_bytes(source)
        with self.books.store.transaction() as tx:
            tx.put_baseline(baseline)
            closure = baseline.basis.closure
            tx.seal(CLOSURE, closure.digest, closure_bytes(source.tree, closure))
            if outputs is not None:
                tx.seal(OUTPUTS, stack.id, outputs)
            self._open_drifts(tx, stack, preview, baseline)
            self._settle(tx, stack, baseline, preview, person, reason)
        return baseline

    def _accept(self, stack: Stack, person: str, reason: str) -> Baseline:
        source = self.errands.source_at(stack, self.books.catalog.head(stack.repository))
        baseline = self.books.baseline(stack.id)
        if baseline is None:
            raise Broken(f"{stack.name} is settled and has no baseline")
        with self.errands.observed(source, Errand("check", CHECKS, f"check:{stack.id}")) as live:
            attributed = attribute(live.plan(), baseline)
        with_children = accepted(baseline, attributed)
        if with_children != baseline and attributed.plan.basis.live == baseline.basis.live:
            return self._accept_children(stack, with_children, attributed, person, reason)
        verdict = self.foreign.accept(source, attributed, baseline, person)
        taken = verdict.baseline
        assert taken is not None and verdict.draft is not None
        with self.books.store.transaction() as tx:
            tx.put_baseline(taken)
            for kind, name, content in verdict.sealed:
                tx.seal(kind, name, content)
            tx.put_stack(replace(stack, settled=taken.basis.revision))
            tx.record(replace(verdict.draft, actor=person, reason=reason))
        return taken

    def _accept_children(
        self, stack: Stack, baseline: Baseline, attributed: AttributedPlan, person: str, reason: str
    ) -> Baseline:
        """What no plan sees is settled as it is now: no code will have it, and no check speaks of it again."""
        next_one = replace(
            baseline,
            generation=baseline.generation + 1,
            settled_at=self.books.clock.now(),
            settled_by=f"adopt:{person}",
        )
        with self.books.store.transaction() as tx:
            tx.put_baseline(next_one)
            detection = self.settling.detected(tx, stack, attributed.plan, next_one)
            rows = [
                replace(each, resolution=Resolution.ADOPTED) if parent_of(each.address) and each.resolution else each
                for each in detection.rows
            ]
            for drift in rows:
                tx.put_drift(drift)
            for draft in drift_drafts(stack, detection, rows):
                tx.record(draft)
            summary = f"{person} settled what no plan sees on {stack.name}, as it is now"
            settled = [each.address for each in attributed.changes if parent_of(each.address)]
            draft = about(stack, "drift.settled", summary, person, reason)
            tx.record(replace(draft, details={"children": settled}))
        return next_one

    def _refuse_twin(self, stack: Stack, preview: Preview) -> None:
        """A stack that was renamed without saying so: its books are an orphan's, and it would create everything
        a second time, or give what is live a second owner."""
        plan = preview.attributed.plan
        creates = {change.address for change in plan.changes if change.kind != OUTPUT}
        live = {each.identity for each in plan.real.values() if each.identity}
        with self.books.store.transaction() as tx:
            orphans = [
                (each, baseline)
                for each in tx.stacks()
                if each.standing is Standing.ORPHANED and each.driver == stack.driver
                if (baseline := tx.baseline(each.id)) is not None
            ]
        for orphan, baseline in orphans:
            theirs = {address: each for address, each in baseline.resources.items() if each.kind != OUTPUT}
            twice = theirs.keys() & creates if preview.state is Sight.ABSENT else set()
            if len(twice) * 2 > len(theirs) or live & {each.identity for each in theirs.values()}:
                verb = "create again" if twice else "take over"
                raise Refused(
                    f"{stack.name} would {verb} what {orphan.name} manages, which is no longer in Git",
                    hint=f"`trueup stack mv {orphan.name} {stack.name}` if it was renamed; if it is another one, "
                    f"`trueup stack destroy {orphan.name}` or `forget` first",
                )

    def _preview(self, source: Source) -> tuple[Source, Preview]:
        errand = Errand("check", CHECKS, f"check:{source.stack.id}")
        reading = self.errands.read(source)
        with self.errands.observed(source, errand) as live:
            plan = live.plan()
        attributed = attribute(plan, None)
        strays = {child.address: child.values for child in plan.children or () if child.managed_by is None}
        seen = digest([plan.effect, {address: each.values for address, each in plan.real.items()}, strays])
        findings = (*reading.findings, *plan.findings)
        return source, Preview(source.stack, source.revision, _state(attributed), attributed, seen, findings)

    def _at_live_commit(self, source: Source, preview: Preview) -> tuple[Source, Preview]:
        """The newest commit at which nothing is pending is the one that is live; without one, the head stands in."""
        stack, catalog = source.stack, self.books.catalog
        closure = preview.attributed.plan.basis.closure
        for commit in catalog.mirror(stack.repository).commits("", source.revision, paths=sorted(closure.files))[
            1 : COMMITS + 1
        ]:
            try:
                there, seen = self._preview(self.errands.source_at(stack, commit.id))
            except TrueupError:
                continue  # this commit does not plan: it is not what is live
            if not pending(seen.attributed):
                return there, seen
        return source, preview

    def _baseline(self, preview: Preview, person: str) -> Baseline:
        plan = preview.attributed.plan
        first = Baseline(
            stack=preview.stack.id,
            generation=1,
            basis=plan.basis,
            resources=adopted(preview.attributed),
            settled_at=self.books.clock.now(),
            settled_by=f"adopt:{person}",
            path=preview.stack.path,
        )
        return looked_at(first, preview.attributed)

    def _open_drifts(self, tx: Transaction, stack: Stack, preview: Preview, baseline: Baseline) -> None:
        detection = self.settling.detected(tx, stack, preview.attributed.plan, baseline)
        for drift in detection.rows:
            tx.put_drift(replace(drift, provisional=False))
        for draft in drift_drafts(stack, detection, detection.rows):
            tx.record(draft)

    def _settle(
        self, tx: Transaction, stack: Stack, baseline: Baseline, preview: Preview, person: str, reason: str
    ) -> None:
        revision = baseline.basis.revision
        tx.put_stack(
            replace(
                stack,
                standing=Standing.SETTLED,
                attempted=revision,
                settled=revision,
                # What is still to be done at the commit that stands in for the live one is due for a delivery.
                delivered_closure="" if pending(preview.attributed) else baseline.basis.closure.digest,
            )
        )
        summary = f"{person} adopted {stack.name} ({preview.state}) at {revision[:12]}"
        draft = about(stack, "stack.adopted", summary, person, reason)
        drifted = [change.address for change in preview.attributed.drifted]
        details: dict[str, JSON] = {"state": str(preview.state), "drifted": drifted}
        details["live"] = dict(baseline.basis.live.values)
        tx.record(replace(draft, commit=revision, details=details))


def _state(attributed: AttributedPlan) -> Sight:
    if not attributed.plan.real and attributed.plan.changes:
        return Sight.ABSENT
    if attributed.drifted:
        return Sight.DRIFTED
    return Sight.PENDING if pending(attributed) else Sight.CLEAN


def pending(attributed: AttributedPlan) -> bool:
    """Merged code that was never applied, at least at this commit."""
    return any(change.planned and change.having(Cause.INTENDED) for change in attributed.changes)
