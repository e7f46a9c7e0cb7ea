"""Decisions about runs: approve, reject, release, discard, cancel, urge. Each is written down with a name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueup.engine.books import Books
from trueup.engine.deciding import needs_reason
from trueup.engine.leases import cancelled
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Approval, Identity, Release
from trueup.model.plan import Address
from trueup.model.run import Run, RunId, RunKind, RunState, Urgency
from trueup.model.values import Digest
from trueup.stages.approve import Ballot, Count, count
from trueup.stages.judge import losses_by_address, value_at_stake


@dataclass(frozen=True)
class RunDecisions:
    """`by` is whoever the way in says is asking; the control repository's `people:` says who that is."""

    books: Books

    def approve(self, id: RunId, by: Identity, note: str = "", effect: Digest | None = None, via: str = "cli") -> Run:
        """Agrees to the effect that the run shows now. With `effect`, only if it is still that one."""
        desk = self.books.desk(id)
        run, person = desk.run, self.books.who(by)
        if run.state is not RunState.AWAITING_APPROVAL or run.effect is None:
            raise Refused(f"{id} is {run.state}: there is nothing to approve", hint=f"`trueup run show {id} --why`")
        if effect is not None and effect != run.effect:
            raise Refused(f"the plan of {id} changed since you looked at it", hint=f"`trueup run show {id}`")
        if person in run.authors:
            raise Refused(
                f"{person} is an author of this change and may not approve it",
                hint=f"authors: {', '.join(run.authors)}; anybody else who may approve can",
            )
        if run.approvers != "anyone" and person not in run.approvers:
            raise Refused(f"{person} is not among those who may approve: {', '.join(run.approvers)}")
        if any(each.person == person and each.effect == run.effect for each in run.approvals):
            raise Refused(f"{person} has approved {id} already; each person counts once")
        approval = Approval(person, run.effect, self.books.clock.now(), via=via, note=note)
        tally = self.tally(replace(run, approvals=(*run.approvals, approval)))
        draft = desk.draft(
            "run.approved", f"{person} approved {id} of {desk.stack.name}", actor=person, effect=run.effect
        )
        state = RunState.APPROVED if tally.enough else RunState.AWAITING_APPROVAL
        return desk.move(state, draft, approvals=(*run.approvals, approval))

    def reject(self, id: RunId, by: Identity, reason: str) -> Run:
        desk, person = self.books.desk(id), self.books.who(by)
        needs_reason(reason)
        if desk.run.state is not RunState.AWAITING_APPROVAL:
            raise Refused(f"{id} is {desk.run.state}: there is nothing to reject")
        draft = desk.draft("run.rejected", f"{person} rejected {id}: {reason}", actor=person)
        return desk.move(RunState.REFUSED, draft, error=f"rejected by {person}: {reason}")

    def release(self, id: RunId, by: Identity, addresses: Sequence[Address], reason: str) -> Run:
        """Accepts that this run undoes the hand-made changes at these addresses, at the values seen now."""
        desk, person = self.books.desk(id), self.books.who(by)
        needs_reason(reason)
        if desk.run.state is not RunState.BLOCKED:
            raise Refused(f"{id} is {desk.run.state}, not blocked: there is nothing to release")
        lost = losses_by_address(desk.run.losses)
        unknown = [address for address in addresses if address not in lost]
        if unknown or not addresses:
            raise Invalid(
                f"{id} would lose nothing at {', '.join(unknown) or 'no address'}",
                hint=f"it would lose: {', '.join(lost)}",
            )
        now = self.books.clock.now()
        releases = [Release(person, each, value_at_stake(lost[each]), reason, now) for each in addresses]
        details: dict[str, Any] = {
            "losing": {address: [[each.label, each.real] for each in lost[address]] for address in addresses},
            "drifts": [loss.drift for loss in desk.run.losses if loss.address in addresses and loss.drift],
            "by_author": person in desk.run.authors,
            "why": reason,
        }
        summary = f"{person} lets {id} undo {', '.join(addresses)}: {reason}"
        draft = replace(desk.draft("run.released", summary, actor=person, **details), reason=reason)
        return desk.move(RunState.QUEUED, draft, releases=(*desk.run.releases, *releases))

    def discard(self, id: RunId, by: Identity, reason: str = "") -> Run:
        """Ends a run that has not begun to apply."""
        desk, person = self.books.desk(id), self.books.who(by)
        if desk.run.state.ended or desk.run.state.begun:
            raise Refused(f"{id} is {desk.run.state} and cannot be discarded any more")
        draft = desk.draft(
            "run.discarded", f"{person} discarded {id}" + (f": {reason}" if reason else ""), actor=person
        )
        return desk.move(RunState.DISCARDED, draft)

    def cancel(self, id: RunId, by: Identity, reason: str = "") -> Run:
        """Discards a run that has not begun; asks one that has to stop, which leaves it uncertain until recovered."""
        desk, person = self.books.desk(id), self.books.who(by)
        if not desk.run.state.begun:
            return self.discard(id, by, reason)
        if desk.run.state is not RunState.APPLYING:
            raise Refused(f"{id} is {desk.run.state}: there is nothing left to cancel")
        with self.books.store.transaction() as tx:
            tx.put_fact(cancelled(id), person)
            tx.record(desk.draft("run.cancel", f"{person} asked {id} to stop", actor=person))
        return desk.run

    def urge(self, id: RunId, by: Identity, reason: str = "") -> Run:
        """Ahead of the queue, planning too. The first person says why; another one, who may be anybody, agrees. What
        it may do is judged, approved and guarded as always."""
        desk, person = self.books.desk(id), self.books.who(by)
        run, now = desk.run, self.books.clock.now()
        if run.kind not in (RunKind.DELIVERY, RunKind.REVERT):
            raise Refused(f"{id} is a {run.kind}: only deliveries and reverts can be urgent")
        if run.state.ended or run.state.begun:
            raise Refused(f"{id} is {run.state}: there is nothing to hurry", hint=f"`trueup run show {id}`")
        if run.urgent:
            raise Refused(f"{id} is urgent already", hint=f"`trueup run show {id} --why` says what it waits for")
        if run.urgency is None:
            needs_reason(reason)
            urgency = Urgency(person, reason.strip(), now)
            summary = f"{person} wants {id} of {desk.stack.name} ahead of the queue: {reason}; another one must agree"
        elif person == run.urgency.person:
            hint = "one person under two names counts once (`people:` in trueup.yaml)"
            raise Refused(f"{person} asked for it: another person has to agree that {id} is urgent", hint=hint)
        else:
            urgency = replace(run.urgency, second=person, second_at=now)
            summary = f"{id} of {desk.stack.name} goes ahead of the queue: {urgency.person} and {person} say so"
        people = [urgency.person, *([urgency.second] if urgency.second else [])]
        draft = desk.draft("run.urgent", summary, actor=person, people=people, why=urgency.reason)
        return desk.move(run.state, replace(draft, reason=urgency.reason), urgency=urgency)

    def tally(self, run: Run) -> Count:
        """Who counts, and what is missing from whom: `run show --why`."""
        waits = run.state is RunState.AWAITING_APPROVAL
        given = self.books.approvals(run) if waits else run.approvals
        return count(Ballot(given, frozenset(run.authors), run.effect, run.approvals_needed, run.approvers))
