"""Codification: drift becomes a change request whose edit is proven, or a draft saying what a person should write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event

from trueup.engine.books import Books
from trueup.engine.catalog import Catalog
from trueup.engine.deciding import TRUEUP, about
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id
from trueup.engine.jobs import Errand
from trueup.engine.proofs import CONTEXT, Proof, Proofs
from trueup.engine.source import Source
from trueup.model.drift import Declined, Drift, DriftId, DriftState
from trueup.model.errors import Invalid, Refused, Rejected, Unavailable
from trueup.model.people import Identity
from trueup.model.plan import AttributedPlan, Finding
from trueup.model.request import ChangeRequest, NewRequest, Status
from trueup.model.stack import Mode, Stack, StackId
from trueup.ports.driver import Codification as Edited
from trueup.ports.driver import Codifies
from trueup.ports.forge import Forge
from trueup.ports.tree import EditedTree, Edits
from trueup.render.comments import codification_body
from trueup.render.values import counted
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline, proves_at_head

_TRIES = 3
"""How often a codification begins again because the branch moved meanwhile."""
_OPENING_SECONDS, _PAUSE, _PATIENCE = 60.0, 0.2, 400
"""How long opening a change request may take, and how often others look whether it is done."""


@dataclass(frozen=True)
class Codified:
    """What came of it: a change request, proven or a draft with the reasons."""

    request: ChangeRequest
    proven: bool
    done: tuple[Drift, ...]
    declined: tuple[Declined, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One set of edits and what its proof left open: nothing, when it is proven."""

    edited: Edited
    findings: tuple[Finding, ...]

    @property
    def proven(self) -> bool:
        return not self.findings and bool(self.edited.edits)


@dataclass(frozen=True)
class Asked:
    """Who asked, and what the proof was made with."""

    by: Identity
    revision: str
    closure: str


@dataclass(frozen=True)
class Codification:
    books: Books
    errands: Errands
    catalog: Catalog
    forges: Callable[[str], Forge | None]

    @property
    def proofs(self) -> Proofs:
        return Proofs(self.books.store, self.catalog, self.errands, self.forges)

    def codify(self, ids: Sequence[DriftId], by: Identity, reason: str = "") -> Codified:
        """Writes drifts of one stack into its code. Tries the obvious edit, then literals in place of what others
        share; without a proof, or where an edit was declined, a draft carries the evidence."""
        stack, drifts = self._asked(ids)
        forge = self.forges(stack.repository)
        if forge is None:
            raise Invalid(f"{stack.repository} has no forge to open a change request in")
        for _ in range(_TRIES):
            head = self.errands.source_at(stack, self._newest(stack.repository))
            closure = self.errands.read(head).closure.digest
            self.proofs.superseded_by_another(forge, drifts, closure)
            attempt = self._best_attempt(head, drifts)
            with self._one_at_a_time(stack):
                old = self.proofs.superseded_by_another(forge, self._unchanged(drifts), closure)
                if self._moved(head, closure):
                    continue  # what was proven is not what would be merged
                request = self._open(forge, head, drifts, attempt, by, reason)
                codified = self._record(stack, drifts, attempt, request, Asked(by, head.revision, closure))
            for each in old:
                forge.close(each.number, TRUEUP, f"#{request.number} takes its place: the proof did not hold any more.")
            return codified
        raise Unavailable(f"{stack.name} gets new commits faster than they can be proven", hint="try again later")

    def _best_attempt(self, head: Source, drifts: Sequence[Drift]) -> Attempt:
        attempt = self._attempt(head, drifts, inline=False)
        if attempt.findings and attempt.edited.edits:
            again = self._attempt(head, drifts, inline=True)
            attempt = again if not again.findings else attempt
        return attempt

    def _newest(self, repository: str) -> str:
        """What the branch is at the remote right now: the catalog may not have looked for a while."""
        branch = self.catalog.manifest.repositories[repository].branch
        return self.catalog.mirror(repository).remote_heads().get(branch) or self.catalog.head(repository)

    def _moved(self, head: Source, closure: str) -> bool:
        """Whether the branch has other files of this stack than the proof was made with."""
        newest = self._newest(head.stack.repository)
        if newest == head.revision:
            return False
        return self.errands.read(self.errands.source_at(head.stack, newest)).closure.digest != closure

    def _unchanged(self, drifts: Sequence[Drift]) -> list[Drift]:
        """The records as they are now. Raises Refused when one is another drift by now, or somebody decided it."""
        with self.books.store.transaction() as tx:
            current = [tx.drift(drift.id) or drift for drift in drifts]
        for before, now in zip(drifts, current, strict=True):
            if now.fingerprint != before.fingerprint:
                raise Refused(
                    f"{now.address} changed again while it was codified", hint=f"`trueup drift show {now.id}`"
                )
            if now.state is not before.state and now.state is not DriftState.CODIFYING:
                raise Refused(f"{now.id} became {now.state} while it was codified", hint="nothing was opened")
        return current

    @contextmanager
    def _one_at_a_time(self, stack: Stack) -> Iterator[None]:
        """Of several who codify on one stack, the others wait until the change request is open and written down."""
        name, store = StackId(f"codify:{stack.id}"), self.books.store
        holder, waiting = new_id("cod"), Event()
        for _ in range(_PATIENCE):
            lease = store.acquire(name, holder, _OPENING_SECONDS)
            if lease is not None:
                break
            waiting.wait(_PAUSE)
        else:
            raise Unavailable(f"somebody else is codifying drift of {stack.name}", hint="try again in a minute")
        try:
            yield
        finally:
            store.release(lease)

    def _asked(self, ids: Sequence[DriftId]) -> tuple[Stack, list[Drift]]:
        with self.books.store.transaction() as tx:
            drifts = [drift for id in ids if (drift := tx.drift(id)) is not None]
        missing = set(ids) - {drift.id for drift in drifts}
        if missing or not drifts:
            raise Invalid(
                f"there is no drift {', '.join(sorted(missing)) or '(none named)'}", hint="`trueup drift list`"
            )
        if len({drift.stack for drift in drifts}) != 1:
            raise Invalid("one change request codifies drifts of one stack", hint="name those of one stack at a time")
        stack = self.errands.stack(drifts[0].stack)
        mode = self.errands.declaration(stack).mode
        if not mode.allows(Mode.PROPOSE):
            raise Refused(f"{stack.name} is in mode {mode}", hint="`mode: propose` allows change requests")
        closed = [
            f"{each.id} ({each.state})"
            for each in drifts
            if each.state not in (DriftState.OPEN, DriftState.TOLERATED, DriftState.CODIFYING)
        ]
        if closed:
            raise Refused(f"not open: {', '.join(closed)}", hint="`trueup drift show` says what became of it")
        return stack, drifts

    # the proof (DESIGN, baselines, rule 6)

    def _attempt(self, head: Source, drifts: Sequence[Drift], *, inline: bool) -> Attempt:
        before, edited = self._edit(head, drifts, inline=inline)
        done = [drift for drift in drifts if drift.address in edited.done]
        if not edited.edits:
            return Attempt(edited, ())
        try:
            findings = list(self._proof_at_baseline(head, before, edited, done, inline=inline))
            after = self._plan(self._with(head, edited.edits))
            findings += proves_at_head(before, after, done)
            findings += self._proof_for_others(head, edited.edits)
        except (Invalid, Rejected) as error:
            # What people can do by hand, code may not be allowed to say.
            message = f"the plan with the edit is not accepted: {error.message}"
            findings = [Finding("codification-rejected", message, error.place, stops=True)]
        return Attempt(edited, tuple(findings))

    def _edit(self, source: Source, drifts: Sequence[Drift], *, inline: bool) -> tuple[AttributedPlan, Edited]:
        driver = self.errands.jobs.driver(source.declaration)
        if not isinstance(driver, Codifies):
            raise Refused(f"the driver {driver.name} cannot write drift into code")
        attributed = self._plan(source)
        job = self.errands.jobs.job(source, self._errand(source), self.errands.upstream(source.declaration))
        return attributed, driver.codify(job, drifts, attributed.plan, inline=inline)

    def _proof_at_baseline(
        self, head: Source, before: AttributedPlan, edited: Edited, done: Sequence[Drift], *, inline: bool
    ) -> tuple[Finding, ...]:
        """The settled files with the same drifts written in leave exactly the other drifts, or nothing."""
        settled = self.errands.settled_source(head.stack)
        with self.books.store.transaction() as tx:
            baseline = tx.baseline(head.stack.id)
            others = [drift for drift in tx.drifts(head.stack.id) if drift.id not in {each.id for each in done}]
        edits = edited.edits
        if baseline is not None and baseline.basis.closure.digest != before.plan.basis.closure.digest:
            edits = self._edit(settled, done, inline=inline)[1].edits
        after = self._plan(self._with(settled, edits))
        return proves_at_baseline(after, done, others)

    def _proof_for_others(self, head: Source, edits: Edits) -> list[Finding]:
        """Every other stack that one of the edited files belongs to must plan as before."""
        findings: list[Finding] = []
        with self.books.store.transaction() as tx:
            neighbours = [s for s in tx.stacks() if s.repository == head.stack.repository and s.id != head.stack.id]
        for stack in neighbours:
            if self.catalog.manifest.declaration(stack.name) is None:
                continue
            source = self.errands.source_at(stack, head.revision, head.tree)
            if self.errands.read(source).closure.touches(frozenset(edits)):
                before, after = self._plan(source), self._plan(self._with(source, edits))
                if before.plan.effect != after.plan.effect:
                    message = f"the edit would also change {stack.name}, which shares a file"
                    findings.append(Finding("codify-changes-neighbour", message, stops=True))
        return findings

    def _plan(self, source: Source) -> AttributedPlan:
        with self.errands.observed(source, self._errand(source)) as live:
            return attribute(live.plan(), self.books.baseline(source.stack.id))

    def _errand(self, source: Source) -> Errand:
        return Errand("check", new_id("cod"), f"codify:{source.stack.id}", slot="codify")

    def _with(self, source: Source, edits: Edits) -> Source:
        tree = EditedTree(source.tree, edits)
        return replace(source, tree=tree, revision=tree.revision)

    # the change request

    def _open(
        self, forge: Forge, head: Source, drifts: Sequence[Drift], attempt: Attempt, by: Identity, reason: str
    ) -> ChangeRequest:
        proven = attempt.proven
        what = ", ".join(drift.address for drift in drifts)
        title = f"Codify drift on {head.stack.name}: {what}"
        title = title if len(title) <= 120 else f"Codify {counted(len(drifts), 'drift', 'drifts')} on {head.stack.name}"
        edited = attempt.edited
        body = codification_body(drifts, edited.declined, attempt.findings, edited.notes, reason)
        branch = f"trueup/codify-{drifts[0].id.removeprefix('dft-')}-{new_id('c').removeprefix('c-')[:4]}"
        edits = edited.edits if proven else {}
        trailers = "".join(f"Trueup-Drift: {drift.id}\n" for drift in drifts)
        message = f"{title}\n\n{reason or 'Changed by hand; the code now says so.'}\n\n{trailers}"
        evidence = {f".trueup/evidence/{drifts[0].id}.md": body.encode()}
        forge.push(branch, head.revision, edits or evidence, message, TRUEUP)
        base = self.catalog.manifest.repositories[head.stack.repository].branch
        labels = ("codification",) if proven else ("codification", "draft evidence")
        request = forge.open(NewRequest(title, body, by, branch, base, draft=not proven, labels=labels))
        if proven:
            forge.set_status(request.head, CONTEXT, Status("success", f"proven at {head.revision[:12]}"))
        return request

    def _record(
        self, stack: Stack, drifts: Sequence[Drift], attempt: Attempt, request: ChangeRequest, asked: Asked
    ) -> Codified:
        person, proven = self.books.who(asked.by), attempt.proven
        done = [drift for drift in drifts if proven and drift.address in attempt.edited.done]
        with self.books.store.transaction() as tx:
            for drift in drifts:
                settled = drift in done
                proof = Proof(request.number, drift.fingerprint, asked.closure, asked.revision, proven=settled)
                self.proofs.keep(tx, drift.id, proof)
                if settled:
                    current = tx.drift(drift.id) or drift
                    changed = replace(current, state=DriftState.CODIFYING, request=request.number, requested_by=person)
                    tx.put_drift(changed)
            outcome = "proven to make the plan empty of it" if proven else "a draft: it could not be proven"
            many = counted(len(drifts), "drift", "drifts")
            summary = f"{person} asked to codify {many} on {stack.name}: #{request.number}, {outcome}"
            details = {
                "drifts": [drift.id for drift in drifts],
                "proven": proven,
                "files": sorted(attempt.edited.edits),
                "findings": [finding.message for finding in attempt.findings],
                "declined": [f"{each.address}: {each.reason}" for each in attempt.edited.declined],
            }
            draft = about(stack, "drift.codifying" if proven else "drift.draft", summary, person)
            tx.record(replace(draft, request=request.number, commit=request.head, details=details))
        return Codified(request, proven, tuple(done), attempt.edited.declined, attempt.findings, attempt.edited.notes)
