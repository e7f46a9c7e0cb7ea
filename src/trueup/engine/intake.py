"""Intake: what Git and the forge ask for now becomes stacks and runs. Safe to repeat: it creates nothing twice."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from trueup.engine.catalog import CONTROL, Catalog, Look, identities
from trueup.engine.deciding import TRUEUP, about
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id, new_run_id
from trueup.engine.proofs import Proofs
from trueup.engine.source import Source
from trueup.model.closure import Closure
from trueup.model.drift import Check, CheckState, Drift, DriftState
from trueup.model.errors import Invalid, TrueupError
from trueup.model.ledger import Draft
from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, RequestState
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Declaration, Mode, Stack, StackId, Standing
from trueup.model.values import JSON
from trueup.ports.forge import Forge
from trueup.ports.store import RunFilter, Store, Transaction
from trueup.settings import FIRST_BATCH, FIRST_EVERY
from trueup.system.clock import Clock

TICKETS = ("Ticket", "Issue", "Refs")
"""Commit trailers that name the ticket of a change."""
GENERATED = "trueup.intake"


@dataclass(frozen=True)
class Intake:
    store: Store
    catalog: Catalog
    errands: Errands
    forges: Callable[[str], Forge | None]
    """By repository name; None where change requests are not reachable."""
    clock: Clock

    def take_in(self, look: Look) -> tuple[RunId, ...]:
        """After a refresh: stacks as declared, proposals for open change requests, deliveries for merged commits."""
        self._sync_stacks()
        self._note(look)
        self._reopen_drifts()
        Proofs(self.store, self.catalog, self.errands, self.forges).say_outdated()
        created: list[RunId] = []
        for stack, declaration in self._declared():
            if stack.standing is Standing.SETTLED and declaration.mode.allows(Mode.DELIVER) and not stack.paused:
                created += self._delivery(stack, declaration, rewritten=stack.repository in look.rewritten)
        for repository in self.catalog.repositories():
            created += self._proposals(repository)
        return tuple(created)

    # stacks

    def _sync_stacks(self) -> None:
        manifest = self.catalog.manifest
        with self.store.transaction() as tx:
            known = {stack.name: stack for stack in tx.stacks()}
            ids = [self._sync(tx, declaration, known) for declaration in manifest.declarations]
            # A thousand stacks that are seen at once must not all be checked at once.
            for number, id in enumerate(id for id in ids if tx.check(id) is None):
                due_at = self.clock.now() + number // FIRST_BATCH * FIRST_EVERY
                tx.put_check(Check(id, CheckState.DUE, due_at=due_at, reason="first"))
            for name, stack in known.items():
                known_gone = stack.standing in (Standing.ORPHANED, Standing.FORGOTTEN)
                moved = any(each.moved_from == name for each in manifest.declarations)
                # Of a repository that did not answer, nothing is known: its stacks stay what they were.
                unread = stack.repository in manifest.unread
                if manifest.declaration(name) is None and not (known_gone or moved or unread):
                    self._orphan(tx, stack)

    def _sync(self, tx: Transaction, declaration: Declaration, known: dict[str, Stack]) -> StackId:
        stack = known.get(declaration.name)
        if stack is None and declaration.moved_from in known:
            moved = known[str(declaration.moved_from)]
            stack = tx.put_stack(_placed(moved, declaration))
            tx.record(about(stack, "stack.moved", f"{moved.name} is now {stack.name}"))
        elif stack is None:
            new = Stack(StackId(new_id("stk")), "", "", "", declaration.driver, "")
            stack = tx.put_stack(_placed(new, declaration))
            tx.record(about(stack, "stack.discovered", f"{stack.name} is declared; nothing is known of it yet"))
        elif stack.standing in (Standing.ORPHANED, Standing.FORGOTTEN):
            standing = Standing.SETTLED if stack.settled else Standing.UNADOPTED
            stack = tx.put_stack(replace(_placed(stack, declaration), standing=standing))
            tx.record(about(stack, "stack.returned", f"{stack.name} is declared again"))
        elif _placed(stack, declaration) != stack:
            stack = tx.put_stack(_placed(stack, declaration))
        return stack.id

    def _orphan(self, tx: Transaction, stack: Stack) -> None:
        """Still checked, never destroyed implicitly; how it was declared last is remembered."""
        before = tx.fact(f"{GENERATED}.heads")
        if before is not None:
            tx.put_fact(f"declared:{stack.id}", before)
        tx.put_stack(replace(stack, standing=Standing.ORPHANED))
        summary = (
            f"{stack.name} is no longer in Git; it stays alive and checked until `trueup stack destroy` or `forget`"
        )
        tx.record(about(stack, "stack.orphaned", summary))

    def _note(self, look: Look) -> None:
        with self.store.transaction() as tx:
            if not look.errors:
                tx.put_fact(f"{GENERATED}.heads", json.dumps(dict(self.catalog.heads()), sort_keys=True))
            for repository, (before, now) in look.rewritten.items():
                summary = f"the branch of {repository} was rewritten: {before[:12]} is not in the history of {now[:12]}"
                tx.record(Draft("source.rewritten", "trueup", summary, commit=now, details={"before": before}))

    def _declared(self) -> Sequence[tuple[Stack, Declaration]]:
        with self.store.transaction() as tx:
            stacks = {stack.name: stack for stack in tx.stacks()}
        return [(stacks[each.name], each) for each in self.catalog.manifest.declarations if each.name in stacks]

    def _reopen_drifts(self) -> None:
        """What did not come to its end leaves the drift as open as it was."""
        self._reopen_unreverted()
        self._reopen_uncodified()

    def _reopen_unreverted(self) -> None:
        """The revert was refused, rejected, discarded, or failed."""
        with self.store.transaction() as tx:
            waiting = [drift for drift in tx.drifts() if drift.state is DriftState.REVERTING]
            runs = tx.runs(RunFilter(kinds=frozenset({RunKind.REVERT}), limit=1000)) if waiting else ()
            under_way = {id for run in runs if not run.state.ended for id in run.reverts}
            for drift in waiting:
                stack = tx.stack(drift.stack)
                if drift.id not in under_way and stack is not None:
                    tx.put_drift(replace(drift, state=DriftState.OPEN))
                    summary = f"the revert ended without undoing {drift.address} on {stack.name}: it is open again"
                    tx.record(replace(about(stack, "drift.reopened", summary), details=_which(drift)))

    def _reopen_uncodified(self) -> None:
        """Its change request was closed without being merged."""
        with self.store.transaction() as tx:
            waiting = [drift for drift in tx.drifts() if drift.state is DriftState.CODIFYING and drift.request]
            stacks = {stack.id: stack for stack in tx.stacks()}
        for drift in waiting:
            stack = stacks[drift.stack]
            forge = self.forges(stack.repository)
            if forge is None or drift.request is None:
                continue
            if forge.get(drift.request).state is RequestState.CLOSED:
                with self.store.transaction() as tx:
                    tx.put_drift(replace(drift, state=DriftState.OPEN, request=None))
                    summary = f"#{drift.request} was closed unmerged: {drift.address} on {stack.name} is open again"
                    draft = about(stack, "drift.reopened", summary)
                    tx.record(replace(draft, request=drift.request, details=_which(drift)))

    # deliveries

    def _delivery(self, stack: Stack, declaration: Declaration, *, rewritten: bool) -> list[RunId]:
        """One run when the files at the head are not the ones delivered or settled last."""
        head = self.catalog.head(stack.repository)
        try:
            closure = self.errands.read(self.errands.source_at(stack, head)).closure
        except TrueupError as error:
            return self._unreadable(stack, head, error)
        if closure.digest == stack.delivered_closure:
            return []
        run = self.delivery(stack, declaration, closure, head)
        run = replace(run, notes={"rewritten": "1"}) if rewritten else run
        return [self.start(replace(stack, delivered_closure=closure.digest), run).id]

    def delivery(self, stack: Stack, declaration: Declaration, closure: Closure, head: str) -> Run:
        """A delivery of a commit, with everybody who wrote it and why, from the commits since the baseline."""
        with self.store.transaction() as tx:
            baseline = tx.baseline(stack.id)
        base = baseline.basis.revision if baseline else ""
        commits = self.catalog.commits(stack.repository, base, head, closure.files) if base != head else []
        request = self._merged_request(stack.repository, head, {commit.id for commit in commits})
        authors = (set(identities(commits)) | ({request.author} if request else set())) - {TRUEUP}
        newest = self.catalog.mirror(stack.repository).commit(head)
        tickets = [ticket for name in TICKETS for commit in (*commits, newest) for ticket in commit.trailer(name)]
        people = self.catalog.manifest.people
        now = self.clock.now()
        return Run(
            id=RunId(new_run_id(now)),
            stack=stack.id,
            kind=RunKind.DELIVERY,
            state=RunState.QUEUED,
            revision=head,
            created_at=now,
            updated_at=now,
            requested_by=people.who(Identity("email", newest.author_email)),
            reason=request.title if request else newest.subject,
            ticket=tickets[0] if tickets else "",
            request=request.number if request else None,
            authors=tuple(sorted(people.who_all(authors))),
        )

    def start(self, stack: Stack, run: Run, drifts: Sequence[Drift] = (), drafts: Sequence[Draft] = ()) -> Run:
        """Stores a new run; the ones of this stack that have not begun to apply are superseded by it. `drifts` are
        records that change with it, `drafts` what else the ledger says of that."""
        with self.store.transaction() as tx:
            for drift in drifts:
                tx.put_drift(drift)
            for each in drafts:
                tx.record(each)
            for older in tx.runs(RunFilter(stack=stack.id, kinds=frozenset({run.kind}))):
                same_request = run.kind is not RunKind.PROPOSAL or older.request == run.request
                if same_request and not older.state.ended and not older.state.begun:
                    now = self.clock.now()
                    moved = replace(older, state=RunState.SUPERSEDED, superseded_by=run.id, updated_at=now)
                    tx.put_run(moved)
                    summary = f"{older.id} of {stack.name} gave way to {run.id}"
                    tx.record(replace(about(stack, "run.superseded", summary), run=older.id, commit=older.revision))
            if run.kind is RunKind.DELIVERY:
                tx.put_stack(stack)
            stored = tx.put_run(run)
            summary = f"{run.kind} of {stack.name}: {run.reason or run.revision[:12]}"
            draft = about(stack, "run.started", summary, actor=run.requested_by)
            tx.record(
                replace(
                    draft,
                    run=run.id,
                    commit=run.revision,
                    request=run.request,
                    reason=run.reason,
                    ticket=run.ticket,
                    details={"authors": list(run.authors), "kind": run.kind},
                )
            )
        return stored

    def _unreadable(self, stack: Stack, head: str, error: TrueupError) -> list[RunId]:
        """Told once for each commit; the stack stays as it is."""
        name = f"unreadable:{stack.id}"
        with self.store.transaction() as tx:
            if tx.fact(name) != head:
                tx.put_fact(name, head)
                draft = about(stack, "source.unreadable", f"{stack.name} cannot be read at {head[:12]}: {error}")
                tx.record(replace(draft, commit=head))
        return []

    def _merged_request(self, repository: str, head: str, commits: set[str]) -> ChangeRequest | None:
        """The newest merged change request whose merge is among the commits."""
        forge = self.forges(repository)
        merged = forge.list(RequestState.MERGED) if forge else ()
        wanted = {head, *commits}
        return next((each for each in sorted(merged, key=lambda r: -r.number) if each.merged_commit in wanted), None)

    # proposals

    def _proposals(self, repository: str) -> list[RunId]:
        forge = self.forges(repository)
        created: list[RunId] = []
        for request in forge.list(RequestState.OPEN) if forge else ():
            if self._was_looked_at(repository, request):
                continue
            base = self.catalog.mirror(repository).merge_base(self.catalog.head(repository), request.head)
            touched = [each for each in self._declared() if each[0].repository == repository]
            for stack, _ in touched:
                if base and self._touches(stack, base, request.head):
                    created += self._proposal(stack, request)
        return created

    def _was_looked_at(self, repository: str, request: ChangeRequest) -> bool:
        """Once for each head, base and layout: which stacks a request touches follows from these alone."""
        name = f"{GENERATED}.request:{repository}:{request.number}"
        now = " ".join((request.head, self.catalog.head(repository), self.catalog.heads()[CONTROL]))
        with self.store.transaction() as tx:
            if tx.fact(name) == now:
                return True
            tx.put_fact(name, now)
        return False

    def _touches(self, stack: Stack, base: str, head: str) -> bool:
        """Whether a change request changes a stack's files, as they are or as they were; one that breaks them does."""
        changed = self.catalog.mirror(stack.repository).changed_paths(base, head)
        try:
            sources = [self.errands.source_at(stack, commit) for commit in (base, head)]
            return any(self._is_touched(source, changed) for source in sources)
        except TrueupError:
            return True

    def _is_touched(self, source: Source, changed: frozenset[str]) -> bool:
        """A stack that cannot be read at a commit, broken or not there yet, is what its directory holds."""
        try:
            return self.errands.read(source).closure.touches(changed)
        except Invalid:
            return any(PurePosixPath(path).is_relative_to(source.path) for path in changed)

    def _proposal(self, stack: Stack, request: ChangeRequest) -> list[RunId]:
        with self.store.transaction() as tx:
            wanted = RunFilter(stack=stack.id, kinds=frozenset({RunKind.PROPOSAL}), request=request.number)
            if any(run.revision == request.head for run in tx.runs(wanted)):
                return []
        people, now = self.catalog.manifest.people, self.clock.now()
        run = Run(
            id=RunId(new_run_id(now)),
            stack=stack.id,
            kind=RunKind.PROPOSAL,
            state=RunState.QUEUED,
            revision=request.head,
            created_at=now,
            updated_at=now,
            requested_by=people.who(request.author),
            reason=request.title,
            request=request.number,
            authors=(people.who(request.author),),
        )
        return [self.start(stack, run).id]


def _which(drift: Drift) -> dict[str, JSON]:
    told = {"severity": str(drift.severity), "owner": list(drift.owner), "cause": str(drift.cause)}
    return {"drift": drift.id, "address": drift.address, "actor": drift.actor, **told}


def _placed(stack: Stack, declaration: Declaration) -> Stack:
    """The stack where it is declared now; its id and its books stay."""
    return replace(
        stack,
        name=declaration.name,
        repository=declaration.repository,
        path=declaration.path,
        environment=declaration.environment.name,
    )
