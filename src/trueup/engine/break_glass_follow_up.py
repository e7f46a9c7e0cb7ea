"""What follows a break-glass: it ends by itself, its stacks are looked at, and what was changed by hand goes into
change requests. Everything is in the row or in the ledger, so that whoever comes next goes on where somebody died."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.books import Books
from trueup.engine.break_glass_told import about
from trueup.engine.codification import Codification
from trueup.model.break_glass import BreakGlass, BreakGlassId, BreakGlassState, Written
from trueup.model.drift import Check, CheckState, Drift, DriftId, DriftState
from trueup.model.errors import Invalid, TrueupError, Unavailable
from trueup.model.people import Identity
from trueup.model.stack import StackId, Standing
from trueup.ports.store import Conflict, LedgerFilter, Transaction
from trueup.settings import BREAK_GLASS_REQUEST, CHECK_AGAIN, FOLLOW_UP, FOLLOW_UP_AGAIN, FOLLOW_UP_LIMIT


@dataclass(frozen=True)
class FollowUps:
    books: Books
    codification: Codification

    def round(self, hand_out: Callable[[BreakGlass], None]) -> None:
        """Whatever is due by now. `hand_out` gives the slow part, `write`, to a worker. Safe to repeat."""
        with self.books.store.transaction() as tx:
            glasses = tx.break_glasses()
        for glass in glasses:
            try:
                stepped = self._step(glass.id)
            except Conflict:
                continue  # somebody decided about it in this moment: the next round sees what
            if stepped is not None and stepped.state.over and self._unwritten(stepped):
                hand_out(stepped)

    def write(self, id: BreakGlassId) -> None:
        """Puts what was found into change requests, one for each stack. Raises Unavailable: later again."""
        with self.books.store.transaction() as tx:
            glass = tx.break_glass(id)
        if glass is None or not glass.state.over:
            return
        for stack, drifts in self._unwritten(glass).items():
            self._write(glass.id, stack, drifts)

    def _step(self, id: BreakGlassId) -> BreakGlass | None:
        """One transaction; the row is written only where something changed."""
        now = self.books.clock.now()
        with self.books.store.transaction() as tx:
            glass = tx.break_glass(id)
            if glass is None:
                return None
            match glass.state:
                case BreakGlassState.REQUESTED:
                    return self._lapsed(tx, glass, now)
                case BreakGlassState.OPEN:
                    return self._timed(tx, self._grown(tx, glass), now)
                case BreakGlassState.CLOSED | BreakGlassState.EXPIRED:
                    return self._followed(tx, self._looked(tx, glass, now), now)
                case _:
                    return glass

    def _lapsed(self, tx: Transaction, glass: BreakGlass, now: datetime) -> BreakGlass:
        if now - glass.requested_at < BREAK_GLASS_REQUEST:
            return glass
        stored = tx.put_break_glass(replace(glass, state=BreakGlassState.LAPSED, ended_by="trueup"))
        minutes = BREAK_GLASS_REQUEST.total_seconds() / 60
        summary = f"nobody confirmed {glass.id} of {glass.requested_by} within {minutes:.0f} minutes: it lapsed"
        tx.record(about(tx, stored, "lapsed", summary, "trueup"))
        return stored

    def _grown(self, tx: Transaction, glass: BreakGlass) -> BreakGlass:
        """A whole environment: stacks that were declared since belong to it."""
        if not glass.whole:
            return glass
        living = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
        new = [stack.id for stack in living if glass.covers(stack.id, stack.environment)]
        joined = tuple(id for id in new if id not in glass.stacks)
        return tx.put_break_glass(replace(glass, stacks=(*glass.stacks, *joined))) if joined else glass

    def _timed(self, tx: Transaction, glass: BreakGlass, now: datetime) -> BreakGlass:
        """Never open-ended: a clock that was set back leaves no more time than was granted at once."""
        assert glass.until is not None and glass.opened_at is not None
        if now >= glass.until:
            return self._expired(tx, glass, now)
        granted = glass.extension.until - glass.extension.at if glass.extension else glass.ttl
        if glass.until - now > granted:
            opened_at = min(glass.opened_at, now)
            return tx.put_break_glass(replace(glass, until=now + granted, opened_at=opened_at))
        return glass

    def _expired(self, tx: Transaction, glass: BreakGlass, now: datetime) -> BreakGlass:
        ended = replace(glass, state=BreakGlassState.EXPIRED, ended_at=now, ended_by="trueup")
        stored = tx.put_break_glass(ended)
        summary = f"the time of {glass.id} of {glass.requested_by} is over; what was changed by hand is looked for"
        tx.record(about(tx, stored, "expired", summary, "trueup"))
        return stored

    def _looked(self, tx: Transaction, glass: BreakGlass, now: datetime) -> BreakGlass:
        """The closing check of every stack: asked for at once, and counted when it began after the end."""
        glass = self._grown(tx, glass)
        looked = list(glass.looked)
        for id in glass.stacks:
            stack = tx.stack(id)
            if id in looked:
                continue
            if stack is None or stack.standing is Standing.FORGOTTEN or _looked_since(tx.check(id), glass.since):
                looked.append(id)
            else:
                _ask_for_a_look(tx, id, now, f"break-glass {glass.id} ended")
        return glass if len(looked) == len(glass.looked) else tx.put_break_glass(replace(glass, looked=tuple(looked)))

    def _followed(self, tx: Transaction, glass: BreakGlass, now: datetime) -> BreakGlass:
        missing = owed(tx, glass)
        if not missing:
            return self._done(tx, glass)
        again = glass.escalated_at is None or abs(now - glass.escalated_at) >= FOLLOW_UP_AGAIN
        if now - glass.since < FOLLOW_UP or not again or glass.escalations >= FOLLOW_UP_LIMIT:
            return glass
        # What stood in the way may be gone: with each escalation everything is tried once more.
        escalated = replace(glass, escalations=glass.escalations + 1, escalated_at=now, obstacles={})
        stored = tx.put_break_glass(escalated)
        summary = f"{glass.id} of {glass.requested_by} is not followed up: {missing[0]}"
        summary += f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        told = {"owed": missing, "time": stored.escalations, "times": FOLLOW_UP_LIMIT}
        tx.record(about(tx, stored, "escalated", summary, "trueup", **told))
        return stored

    def _done(self, tx: Transaction, glass: BreakGlass) -> BreakGlass:
        stored = tx.put_break_glass(replace(glass, state=BreakGlassState.FOLLOWED))
        requests = [each.request for each in stored.written]
        drifts = [drift.id for stack in stored.stacks for drift in tx.drifts(stack) if stored.made(drift)]
        where = f"change requests {', '.join(f'#{number}' for number in requests)}" if requests else "nothing to write"
        summary = f"{stored.id} of {stored.requested_by} is followed up: {where}"
        tx.record(about(tx, stored, "followed", summary, "trueup", requests=requests, drifts=drifts))
        return stored

    def _unwritten(self, glass: BreakGlass) -> dict[StackId, list[Drift]]:
        """Undecided drift of stacks that were looked at, in no change request yet, and without an obstacle."""
        done = {id for each in glass.written for id in each.drifts}
        with self.books.store.transaction() as tx:
            found = {
                stack: [drift for drift in undecided(tx, glass, stack) if drift.id not in done]
                for stack in glass.looked
                if stack not in glass.obstacles
            }
        return {stack: drifts for stack, drifts in found.items() if drifts}

    def _write(self, id: BreakGlassId, stack: StackId, drifts: Sequence[Drift]) -> None:
        ids = [drift.id for drift in drifts]
        by, glass = self._opener(id)
        written = self._written_before(glass, stack, ids)
        if written is None:
            self._close_orphans(stack, ids)
            reason = f"Changed by hand under break-glass {glass.id}: {glass.reason}"
            try:
                codified = self.codification.codify(ids, by, reason)
            except Unavailable:
                raise
            except TrueupError as error:
                self._note(glass.id, stack, ids, error)
                return
            written = Written(stack, codified.request.number, codified.proven, tuple(ids))
        with self.books.store.transaction() as tx:
            current = tx.break_glass(id)
            if current is not None and current.state.over:
                tx.put_break_glass(replace(current, written=(*current.written, written)))

    def _opener(self, id: BreakGlassId) -> tuple[Identity, BreakGlass]:
        """Whoever worked under it asks for the change request, and may therefore not approve it."""
        with self.books.store.transaction() as tx:
            glass = tx.break_glass(id)
        if glass is None:
            raise Invalid(f"there is no break-glass {id}")
        return Identity("name", glass.requested_by), glass

    def _written_before(self, glass: BreakGlass, stack: StackId, ids: Sequence[DriftId]) -> Written | None:
        """A worker that died after its change request was recorded: the ledger has it. So it has the drafts that a
        person asked for."""
        wanted = LedgerFilter(since=glass.opened_at, stack=stack, kind="drift.draft")
        with self.books.store.transaction() as tx:
            entries = tx.entries(wanted)
        for entry in reversed(entries):
            named = entry.draft.details.get("drifts")
            if entry.draft.request is not None and isinstance(named, list) and set(ids) <= {str(id) for id in named}:
                return Written(stack, entry.draft.request, False, tuple(ids))
        return None

    def _close_orphans(self, stack: StackId, ids: Sequence[DriftId]) -> None:
        """A worker that died between opening a change request and recording it: that one names the drift in its
        branch, and nobody knows of it."""
        with self.books.store.transaction() as tx:
            row = tx.stack(stack)
            known = {entry.draft.request for entry in tx.entries(LedgerFilter(stack=stack, kind="drift."))}
        forge = self.codification.forges(row.repository) if row is not None else None
        branches = tuple(f"trueup/codify-{id.removeprefix('dft-')}-" for id in ids)
        for request in forge.list() if forge is not None else ():
            if request.head_branch.startswith(branches) and request.number not in known and forge is not None:
                forge.close(request.number, request.author, "its worker was lost; another one takes its place")

    def _note(self, id: BreakGlassId, stack: StackId, ids: Sequence[DriftId], error: TrueupError) -> None:
        """Why this stack's drift is in no change request; not where somebody decided about it meanwhile."""
        with self.books.store.transaction() as tx:
            glass = tx.break_glass(id)
            if glass is None or {drift.id for drift in undecided(tx, glass, stack)} != set(ids):
                return
            tx.put_break_glass(replace(glass, obstacles={**glass.obstacles, stack: error.message}))


def undecided(tx: Transaction, glass: BreakGlass, stack: StackId) -> list[Drift]:
    return [drift for drift in tx.drifts(stack) if drift.state is DriftState.OPEN and glass.made(drift)]


def owed(tx: Transaction, glass: BreakGlass) -> list[str]:
    """What is still missing, one sentence each; nothing: it is followed up."""
    missing = []
    if glass.owes_second:
        missing.append(f"nobody has confirmed it besides {glass.requested_by}: `trueup break-glass confirm {glass.id}`")
    if not glass.state.over:
        return missing
    drafts = {id: each for each in glass.written for id in each.drifts}
    for id in glass.stacks:
        stack = tx.stack(id)
        if stack is None or stack.standing is Standing.FORGOTTEN:
            continue
        if id not in glass.looked:
            check = tx.check(id)
            why = f": {check.error}" if check is not None and check.error else ""
            missing.append(f"{stack.name} was not looked at since it ended{why}")
        for drift in undecided(tx, glass, id):
            written = drafts.get(drift.id)
            where = f"#{written.request} is a draft that a person has to finish" if written else "no change request yet"
            where = f"no change request: {glass.obstacles[id]}" if not written and id in glass.obstacles else where
            missing.append(f"{drift.address} on {stack.name} ({drift.id}) is undecided; {where}")
    return missing


def _looked_since(check: Check | None, since: datetime) -> bool:
    """Whether a plan that began after it came to a conclusion. That another look is due by now changes nothing."""
    return check is not None and check.planned_at is not None and check.planned_at >= since


def _ask_for_a_look(tx: Transaction, stack: StackId, now: datetime, reason: str) -> None:
    """Due now, unless it is at work, due already, or failed a moment ago."""
    check = tx.check(stack) or Check(stack, CheckState.CLEAN, due_at=now + 2 * CHECK_AGAIN)
    failed = check.state in (CheckState.FAILED, CheckState.INVALIDATED)
    if check.state is CheckState.CHECKING or check.due_at <= now or (failed and check.due_at <= now + CHECK_AGAIN):
        return
    tx.put_check(replace(check, state=CheckState.DUE, due_at=now, reason=reason))
