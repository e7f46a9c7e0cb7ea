"""Foreign applies: the live identity moved without a run of ours. What a commit explains is not drift."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from trueup.engine.books import Books
from trueup.engine.errands import Errands
from trueup.engine.jobs import CHECKS, OUTPUTS, Errand
from trueup.engine.settling import Settling
from trueup.engine.source import Source
from trueup.engine.vault import CLOSURE, closure_bytes
from trueup.model.address import parent_of
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.drift import Drift
from trueup.model.errors import Refused, TrueupError
from trueup.model.ledger import Draft
from trueup.model.plan import Address, Applied, AttributedPlan
from trueup.model.values import Path
from trueup.stages.attribute import attribute
from trueup.stages.children import looked_at, managed, unlooked
from trueup.stages.detect import is_as_recorded
from trueup.stages.record import settled
from trueup.system.clock import Clock

COMMITS = 20
"""How many commits are tried, newest first. Each costs a plan, and only after somebody wrote beside us."""

UNEXPLAINED = "foreign apply that no commit explains"
UNDID = "undid "
"""Before an identity that undid a change made by hand: it waits for a person, also after that drift is gone."""


@dataclass(frozen=True)
class Verdict:
    """What is said of the live identity: nothing (it did not move), settled with a commit, or unexplained."""

    words: str = ""
    baseline: Baseline | None = None
    sealed: Sequence[tuple[str, str, bytes]] = field(default_factory=tuple)
    draft: Draft | None = None
    undone: Sequence[Drift] = ()
    """What somebody's apply undid: each is told once, by itself."""
    applied: str = ""
    """The commit that was applied, where it is known."""


@dataclass(frozen=True)
class Foreign:
    errands: Errands
    books: Books
    settling: Settling
    clock: Clock

    def look(self, source: Source, attributed: AttributedPlan, baseline: Baseline | None) -> Verdict:
        """Compares the live identity with the settled one; when it moved, finds the commit whose plan is empty."""
        live = attributed.plan.basis.live
        if baseline is None or live == baseline.basis.live or not live.exists:
            return self._codified(source, attributed, baseline) if baseline else Verdict()
        undone = self._undone(source, attributed)
        told = self._told_before(source, attributed)
        if told == UNDID:
            return Verdict(f"{UNEXPLAINED}; it undid what was made by hand: `trueup adopt` accepts what is live now")
        if self._only_refreshed(source, attributed) and not undone and told is None:
            return self._refreshed(source, attributed, baseline)
        explained = None if undone else self._explained(source, attributed, baseline)
        if explained is None:
            return self._unexplained(source, attributed, baseline)
        at, plan = explained
        words = f"foreign apply of {at.revision[:12]}: explained by that commit"
        return self._settle(at, plan, baseline, by=f"foreign:{at.revision}", kind="foreign.apply", words=words)

    def _codified(self, source: Source, attributed: AttributedPlan, baseline: Baseline) -> Verdict:
        """Code that a merge made to want what is real settles itself where no delivery will do it, and nobody has to
        agree."""
        by_delivery = source.declaration.mode.value == "deliver" and not source.stack.paused
        asks = any(finding.approvals for finding in attributed.plan.findings)
        if by_delivery or asks or not attributed.plan.idle or attributed.drifted or not _converged(attributed):
            return Verdict()
        words = f"codified: {source.revision[:12]} wants what is real"
        return self._settle(
            source, attributed, baseline, by=f"codified:{source.revision}", kind="stack.codified", words=words
        )

    def _refreshed(self, source: Source, attributed: AttributedPlan, baseline: Baseline) -> Verdict:
        """Only the stored state was written (a refresh): S keeps every value, the identity follows."""
        basis = replace(baseline.basis, live=attributed.plan.basis.live)
        next_one = replace(
            baseline,
            generation=baseline.generation + 1,
            basis=basis,
            settled_at=self.clock.now(),
            settled_by="foreign:refresh",
        )
        words = "the stored state was written by somebody else, without a change to any resource"
        return Verdict(words, next_one, (), self._draft(source, "foreign.refresh", words, attributed))

    def _only_refreshed(self, source: Source, attributed: AttributedPlan) -> bool:
        """Nothing differs but drift that was known before, at the values known."""
        with self.books.store.transaction() as tx:
            known = {drift.address: drift for drift in tx.drifts(source.stack.id)}
        return not _converged(attributed) and all(
            change.address in known and is_as_recorded(known[change.address], attributed.drift_of(change))
            for change in attributed.drifted
            if parent_of(change.address) is None
        )

    def _undone(self, source: Source, attributed: AttributedPlan) -> list[Drift]:
        """Open drifts that are gone, and not because code wants them now: somebody's apply undid what
        was made by hand."""
        there = {
            (change.address, each.path)
            for change in attributed.changes
            for each in (*attributed.drift_of(change), *change.having(Cause.CONVERGED))
        }
        with self.books.store.transaction() as tx:
            known = tx.drifts(source.stack.id)
        return [
            drift
            for drift in known
            if drift.address not in managed(attributed.plan) and not unlooked(attributed.plan, drift.address)
            if any(_gone(drift.address, each.path, there) for each in drift.differences)
        ]

    def _explained(
        self, source: Source, attributed: AttributedPlan, baseline: Baseline
    ) -> tuple[Source, AttributedPlan] | None:
        """The newest commit at which nothing is left to do and every difference is what that commit says."""
        with self.books.store.transaction() as tx:
            open_drifts = frozenset(drift.address for drift in tx.drifts(source.stack.id))
        if _explains(attributed, open_drifts):
            return source, attributed
        if self._looked_for(source, attributed):
            return None
        stack, catalog = source.stack, self.errands.catalog
        newer = catalog.commits(stack.repository, baseline.basis.revision, source.revision)
        for commit in newer[1 : COMMITS + 1]:
            try:
                there = self.errands.source_at(stack, commit.id)
                errand = Errand("check", CHECKS, f"check:{stack.id}")
                with self.errands.observed(there, errand) as live:
                    plan = attribute(live.plan(), baseline)
            except TrueupError:
                continue  # a commit that does not even plan explains nothing
            if _explains(plan, open_drifts):
                return there, plan
        return None

    def _looked_for(self, source: Source, attributed: AttributedPlan) -> bool:
        """Whether the same commits were tried for the same identity before: each of them costs a plan."""
        name, tried = f"foreign.tried:{source.stack.id}", f"{source.revision} {_identity(attributed)}"
        with self.books.store.transaction() as tx:
            before = tx.fact(name)
            if before != tried:
                tx.put_fact(name, tried)
        return before == tried

    def _unexplained(self, source: Source, attributed: AttributedPlan, baseline: Baseline) -> Verdict:
        """Said once for each live identity; what differs stays drift, for a person to decide."""
        words, undone = UNEXPLAINED, self._undone(source, attributed)
        if undone:
            words += f"; it undid what was made by hand: {', '.join(each.address for each in undone)}"
        if self._told_before(source, attributed) is not None:
            return Verdict(words)
        with self.books.store.transaction() as tx:
            tx.put_fact(_told(source), f"{UNDID if undone else ''}{_identity(attributed)}")
        # Nothing is left to do at this commit: it is the one that was applied.
        applied = source.revision if attributed.plan.empty else ""
        draft = self._draft(source, "foreign.unexplained", words, attributed)
        return Verdict(words, draft=draft, undone=undone, applied=applied)

    def _told_before(self, source: Source, attributed: AttributedPlan) -> str | None:
        """Whether this very live identity was called unexplained before, and why it waits: UNDID or nothing."""
        with self.books.store.transaction() as tx:
            told = tx.fact(_told(source)) or ""
        if told.removeprefix(UNDID) != _identity(attributed):
            return None
        return UNDID if told.startswith(UNDID) else ""

    def accept(self, source: Source, attributed: AttributedPlan, baseline: Baseline, person: str) -> Verdict:
        """A named person takes what a foreign apply left as settled: what code and reality agree on advances, what
        still differs by hand stays drift. Raises Refused where nobody wrote beside us."""
        if attributed.plan.basis.live == baseline.basis.live:
            raise Refused(f"{source.stack.name} has books already, and nobody wrote beside us since")
        words = f"{person} accepted what a foreign apply left"
        verdict = self._settle(source, attributed, baseline, by=f"adopt:{person}", kind="foreign.accepted", words=words)
        if attributed.plan.empty or verdict.baseline is None:
            return verdict
        # Something is pending at this commit: what is live is not it, so the settled files stay the ones they were.
        basis = replace(baseline.basis, live=attributed.plan.basis.live)
        return replace(verdict, baseline=replace(verdict.baseline, basis=basis), sealed=verdict.sealed[1:])

    def _settle(
        self, source: Source, attributed: AttributedPlan, baseline: Baseline, *, by: str, kind: str, words: str
    ) -> Verdict:
        plan = attributed.plan
        applied = Applied(True, plan.real, {}, plan.basis.live)
        next_one = replace(
            baseline,
            generation=baseline.generation + 1,
            basis=plan.basis,
            resources=settled(baseline, attributed, applied),
            settled_at=self.clock.now(),
            settled_by=by,
            path=source.path,
        )
        next_one = looked_at(next_one, attributed, applied)
        sealed: list[tuple[str, str, bytes]] = [
            (CLOSURE, plan.basis.closure.digest, closure_bytes(source.tree, plan.basis.closure))
        ]
        outputs = self.settling.outputs_bytes(source)
        if outputs is not None:
            sealed.append((OUTPUTS, source.stack.id, outputs))
        return Verdict(words, next_one, sealed, self._draft(source, kind, words, attributed))

    def _draft(self, source: Source, kind: str, words: str, attributed: AttributedPlan) -> Draft:
        stack = source.stack
        return Draft(
            kind,
            "trueup",
            f"{stack.name}: {words}",
            stack=stack.id,
            name=stack.name,
            environment=stack.environment,
            commit=source.revision,
            details={"live": dict(attributed.plan.basis.live.values)},
        )


def _identity(attributed: AttributedPlan) -> str:
    return json.dumps(dict(attributed.plan.basis.live.values), sort_keys=True)


def _told(source: Source) -> str:
    """Name of the fact that remembers the live identity that was called unexplained last."""
    return f"foreign:{source.stack.id}"


def _gone(address: Address, path: Path, there: Collection[tuple[Address, Path]]) -> bool:
    """Neither the path, nor what holds it, nor anything in it differs any more."""
    return not any(
        address == other and (path[: len(deviating)] == deviating or deviating[: len(path)] == path)
        for other, deviating in there
    )


def _converged(attributed: AttributedPlan) -> bool:
    return any(change.having(Cause.CONVERGED) for change in attributed.changes)


def _explains(attributed: AttributedPlan, known: frozenset[Address]) -> bool:
    """Nothing is left to do there, and what differs from the books is what the code sets, or drift known before. What
    no plan sees is no apply's doing."""
    new = {change.address for change in attributed.drifted if parent_of(change.address) is None} - known
    return attributed.plan.empty and not new and _converged(attributed)
