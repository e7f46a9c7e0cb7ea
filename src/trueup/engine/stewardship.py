"""Decisions about stacks: pause, resume, deliver, destroy, move, forget, check, unlock."""

from dataclasses import dataclass, replace
from typing import Any

from trueup.engine.books import Books
from trueup.engine.deciding import about, needs_reason
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id, new_run_id
from trueup.engine.intake import Intake
from trueup.engine.jobs import Errand, Right
from trueup.engine.source import Source
from trueup.model.drift import Check, CheckState
from trueup.model.errors import Invalid, Refused, Rejected
from trueup.model.people import Identity
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Mode, Stack, StackId, Standing
from trueup.ports.driver import Lock, Unlocks


@dataclass(frozen=True)
class StackDecisions:
    books: Books
    errands: Errands
    intake: Intake

    def pause(self, id: StackId, by: Identity, reason: str) -> Stack:
        """No deliveries and no automatic responses until it is resumed; checks go on."""
        needs_reason(reason)
        person = self.books.who(by)
        return self._change(
            id, "stack.paused", f"{person} paused it: {reason}", person, reason, paused=f"{person}: {reason}"
        )

    def resume(self, id: StackId, by: Identity) -> Stack:
        person = self.books.who(by)
        return self._change(id, "stack.resumed", f"{person} resumed it", person, "", paused=None)

    def forget(self, id: StackId, by: Identity, reason: str) -> Stack:
        """Stops watching an orphan. Nothing in the live system is touched."""
        needs_reason(reason)
        stack, person = self.errands.stack(id), self.books.who(by)
        if stack.standing is not Standing.ORPHANED:
            raise Refused(f"{stack.name} is {stack.standing}", hint="remove it from trueup.yaml first")
        summary = f"{person} had it forgotten: {reason}"
        return self._change(id, "stack.forgotten", summary, person, reason, standing=Standing.FORGOTTEN)

    def move(self, id: StackId, by: Identity, to: str) -> Stack:
        """An orphan's books go to the stack that is declared at another path; that one must be unadopted."""
        person = self.books.who(by)
        with self.books.store.transaction() as tx:
            old, new = tx.stack(id), tx.stack_named(to)
            if old is None or new is None:
                raise Invalid(f"there is no stack {to}", hint="declare the new path first; `trueup stack list`")
            if old.standing is not Standing.ORPHANED or new.standing is not Standing.UNADOPTED:
                raise Refused(
                    f"{old.name} is {old.standing} and {new.name} is {new.standing}: an orphan's books can "
                    "only go to a stack without books"
                )
            tx.put_stack(replace(new, standing=Standing.FORGOTTEN, name=f"{new.name} (was {new.id})"))
            moved = tx.put_stack(
                replace(
                    old,
                    name=new.name,
                    repository=new.repository,
                    path=new.path,
                    environment=new.environment,
                    standing=Standing.SETTLED,
                )
            )
            tx.record(about(moved, "stack.moved", f"{person} moved {old.name} to {new.name}", person))
        return moved

    def deliver(self, id: StackId, by: Identity, reason: str) -> Run:
        """A delivery of the branch's head now, whether or not it was tried before."""
        stack, person = self.deliverable(id), self.books.who(by)
        declaration = self.errands.declaration(stack)
        head = self.books.catalog.head(stack.repository)
        closure = self.errands.read(self.errands.source_at(stack, head)).closure
        run = self.intake.delivery(stack, declaration, closure, head)
        run = replace(run, requested_by=person, reason=reason or run.reason)
        return self.intake.start(replace(stack, delivered_closure=closure.digest), run)

    def destroy(self, id: StackId, by: Identity, reason: str) -> Run:
        """Takes everything down that the stack manages, through the gate."""
        needs_reason(reason)
        stack, person = self.deliverable(id), self.books.who(by)
        return self.intake.start(stack, self.new_run(stack, RunKind.DESTROY, person, reason))

    def check(self, id: StackId, by: Identity | None = None) -> Check:
        """Makes the next check due now."""
        stack = self.errands.stack(id)
        with self.books.store.transaction() as tx:
            before = tx.check(id) or Check(stack.id, CheckState.DUE, due_at=self.books.clock.now())
            due = replace(before, due_at=self.books.clock.now(), reason=self.books.who(by) if by else "request")
            if before.state is not CheckState.CHECKING:
                due = replace(due, state=CheckState.DUE)
            tx.put_check(due)
        return due

    def locked_by(self, id: StackId) -> Lock | None:
        """Somebody's lock in the live system, if there is one. Looked at with the right to plan; where that is not
        enough, with the right to apply if the stack's mode gives it. Raises Refused where neither may see it."""
        stack = self.errands.stack(id)
        source = self.errands.source_at(stack, self.books.catalog.head(stack.repository))
        try:
            return self._lock(source, "plan")
        except Rejected as error:
            if source.declaration.mode.allows(Mode.DELIVER):
                return self._lock(source, "apply")
            raise Refused(
                f"{stack.name} is in mode {source.declaration.mode}, and {error.message}", hint=error.hint
            ) from error

    def _lock(self, source: Source, right: Right) -> Lock | None:
        driver = self.errands.jobs.driver(source.declaration)
        if not isinstance(driver, Unlocks):
            raise Refused(f"the driver {driver.name} knows no locks")
        errand = Errand("check", new_id("chk"), f"check:{source.stack.id}", right=right)
        job = self.errands.jobs.job(source, errand, self.errands.upstream(source.declaration))
        with self.errands.jobs.alone(job):
            return driver.locked_by(job)

    def unlock(self, id: StackId, by: Identity, lock: str, reason: str) -> Lock:
        """Breaks exactly the lock that the person looked at. Refused while a run of ours may hold it."""
        needs_reason(reason)
        stack, person = self.errands.stack(id), self.books.who(by)
        holder = self.books.store.leaseholder(id)
        if holder:
            raise Refused(f"{holder} is applying {stack.name} right now", hint="`trueup run cancel` stops it properly")
        found = self.locked_by(id)
        if found is None or found.id != lock:
            now = f"it is locked by {found.id} of {found.holder}" if found else "it is not locked"
            raise Refused(
                f"{stack.name} is not locked by {lock}: {now}", hint=f"`trueup stack unlock {stack.name}` looks"
            )
        source = self.errands.source_at(stack, self.books.catalog.head(stack.repository))
        driver = self.errands.jobs.driver(source.declaration)
        assert isinstance(driver, Unlocks)
        errand = Errand("check", new_id("chk"), f"check:{id}", right="apply")
        job = self.errands.jobs.job(source, errand, self.errands.upstream(source.declaration))
        with self.errands.jobs.alone(job):
            driver.unlock(job, found)
        summary = f"{person} broke the lock {lock} of {found.holder} on {stack.name}, held since {found.created}"
        with self.books.store.transaction() as tx:
            tx.record(about(stack, "stack.unlocked", summary, person, reason))
        return found

    def deliverable(self, id: StackId) -> Stack:
        """Raises Refused, with what to do about it, for a stack that nothing may be applied to."""
        stack = self.errands.stack(id)
        mode = self.errands.declaration(stack).mode
        if stack.standing is Standing.UNADOPTED:
            raise Refused(f"{stack.name} was never adopted", hint=f"`trueup adopt {stack.name}` shows what differs")
        if not mode.allows(Mode.DELIVER):
            raise Refused(f"{stack.name} is in mode {mode}", hint="`mode: deliver` in the control repository allows it")
        if stack.paused:
            raise Refused(f"{stack.name} is paused: {stack.paused}", hint=f"`trueup stack resume {stack.name}`")
        return stack

    def new_run(self, stack: Stack, kind: RunKind, person: str, reason: str) -> Run:
        """A run that starts from what was settled last, asked for by a person, who therefore may not approve it."""
        now = self.books.clock.now()
        return Run(
            id=RunId(new_run_id(now)),
            stack=stack.id,
            kind=kind,
            state=RunState.QUEUED,
            revision=stack.settled or "",
            created_at=now,
            updated_at=now,
            requested_by=person,
            reason=reason,
            authors=(person,),
        )

    def _change(self, id: StackId, kind: str, summary: str, person: str, reason: str, **changes: Any) -> Stack:
        with self.books.store.transaction() as tx:
            stack = tx.stack(id)
            if stack is None:
                raise Invalid(f"there is no stack {id}", hint="`trueup stack list` shows them")
            changed = tx.put_stack(replace(stack, **changes))
            tx.record(about(stack, kind, f"{stack.name}: {summary}", person, reason))
        return changed
