"""Responses: what drift leads to by itself, after a check came to its conclusion. Safe to repeat: killed in the middle,
the next conclusion makes up for it, and nothing is done twice."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from trueup.engine.books import Books
from trueup.engine.break_glass_told import covering, made_under
from trueup.engine.break_glass_told import held as held_by
from trueup.engine.codification import Codification
from trueup.engine.deciding import TRUEUP, needs_reason
from trueup.engine.settling import drift_draft
from trueup.engine.stewardship import StackDecisions
from trueup.model.drift import CheckState, Drift, DriftId, DriftState, Resolution
from trueup.model.errors import Invalid, TrueupError
from trueup.model.ledger import moment, stamp
from trueup.model.people import Identity
from trueup.model.request import RequestState
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Declaration, Respond, Stack, StackId, Standing
from trueup.model.values import JSON
from trueup.ports.store import Conflict, RunFilter, Transaction
from trueup.settings import CODIFIED_TOGETHER, FIGHT_FLIPS, FIGHT_WINDOW, REVERTS_PER_HOUR
from trueup.stages.respond import Act, Held, History, Limits, Policy, Why, groups, respond

AUTOMATIC = "trueup"
"""Who asks for an automatic response."""
NOTE = "response"
"""Of a run: which response it is."""
MANY = 1000
UNENDED = frozenset(state for state in RunState if not state.ended)


@dataclass(frozen=True)
class Responses:
    books: Books
    stacks: StackDecisions
    codification: Codification

    def respond(self, id: StackId) -> None:
        """Answers the open drift of a stack whose newest check found some. What goes wrong is said in the check's
        log, and the next conclusion tries again."""
        with self.books.store.transaction() as tx:
            stack, check = tx.stack(id), tx.check(id)
        declaration = self.books.catalog.manifest.declaration(stack.name) if stack else None
        if stack is None or declaration is None or stack.standing is not Standing.SETTLED:
            return
        if declaration.respond is Respond.ALERT or check is None or check.state is not CheckState.DRIFTED:
            return
        try:
            self._answer(stack, declaration)
        except (TrueupError, Conflict) as error:
            self.books.store.log(f"check:{id}", [f"no response: {error}"])

    def _answer(self, stack: Stack, declaration: Declaration) -> None:
        limits = Limits(_per_hour(declaration), FIGHT_FLIPS)
        with self.books.store.transaction() as tx:
            lives, half_way = tx.drifts(stack.id, unresolved=False), self._is_half_way(tx, stack)
            drifts = [drift for drift in lives if drift.state is not DriftState.RESOLVED]
            held = self._held(tx, stack, drifts)
            pasts: Mapping[DriftId, History]
            if declaration.respond is Respond.CODIFY:
                pasts = {drift.id: self._codifications(tx, stack, drift) for drift in drifts}
            else:
                pasts = self._reverts(tx, stack, drifts, lives)
        policy = Policy(declaration.respond, declaration.mode, declaration.environment.critical, held, half_way)
        acts: list[Drift] = []
        for drift in drifts:
            siblings = [other for other in drifts if other.id != drift.id]
            answer = respond(drift, siblings, policy, limits, pasts[drift.id])
            match answer:
                case Act():
                    acts.append(drift)
                case Held():
                    self._hold(stack, drift, answer)
        if acts and policy.respond is Respond.CODIFY:
            for group in groups(acts, CODIFIED_TOGETHER).values():
                self._codify(stack, group)
        elif acts:
            self._revert(stack, acts, policy.respond)

    def _held(self, tx: Transaction, stack: Stack, drifts: Sequence[Drift]) -> str:
        """Why people keep everything automatic away from a stack now; empty where they do not."""
        if stack.paused:
            return f"it is paused: {stack.paused}"
        glasses = (covering(tx, stack), *(made_under(tx, drift) for drift in drifts))
        return next((held_by(glass) for glass in glasses if glass is not None), "")

    def _is_half_way(self, tx: Transaction, stack: Stack) -> bool:
        """The newest books are those of an apply that failed: what is missing is ours, and nobody's drift."""
        baseline = tx.baseline(stack.id)
        if baseline is None:
            return True
        kind, _, run = baseline.settled_by.partition(":")
        wrote = tx.run(RunId(run)) if kind == "run" else None
        return bool(baseline.uncertain) or (wrote is not None and wrote.state is RunState.FAILED)

    # what was before

    def _reverts(
        self, tx: Transaction, stack: Stack, drifts: Sequence[Drift], lives: Sequence[Drift]
    ) -> Mapping[DriftId, History]:
        running = tx.runs(RunFilter(stack=stack.id, kinds=frozenset({RunKind.REVERT}), states=UNENDED))
        waits, made = not all(_is_stuck(run) for run in running), self._reverts_this_hour(tx, stack.environment)
        return {
            drift.id: History(made, self._undone(tx, drift, lives), self._tried(tx, drift), waits) for drift in drifts
        }

    def _tried(self, tx: Transaction, drift: Drift) -> str:
        last = tx.run(drift.run) if drift.run else None
        if last is None or last.notes.get(drift.id) != drift.fingerprint:
            return ""
        return f"{last.id} ended {last.state} without undoing it"

    def _reverts_this_hour(self, tx: Transaction, environment: str) -> int:
        """A clock that was set back does not make room for more."""
        since = self.books.clock.now() - timedelta(hours=1)
        inside = {stack.id for stack in tx.stacks() if stack.environment == environment}
        runs = tx.runs(RunFilter(kinds=frozenset({RunKind.REVERT}), limit=MANY))
        return sum(NOTE in run.notes and run.created_at > since and run.stack in inside for run in runs)

    def _undone(self, tx: Transaction, drift: Drift, lives: Sequence[Drift]) -> Sequence[Drift]:
        """Newest first, back to where a person decided, or said that reverts may go on."""
        resumed, since = tx.fact(_resumed(drift)), self.books.clock.now() - FIGHT_WINDOW
        since = max(since, moment(resumed)) if resumed else since
        ended = [
            each
            for each in lives
            if each.address == drift.address and each.resolved_at is not None and each.resolved_at > since
        ]
        found: list[Drift] = []
        for life in sorted(ended, key=lambda each: each.last_seen, reverse=True):
            if life.resolution in (Resolution.VANISHED, Resolution.UNDONE):
                continue
            if life.resolution is not Resolution.REVERTED or life.requested_by != AUTOMATIC:
                break
            found.append(life)
        return found

    def _codifications(self, tx: Transaction, stack: Stack, drift: Drift) -> History:
        """One deviation is proposed once; while a request about the same person's drift is open, another one waits."""
        known = {name: json.loads(text) for name, text in tx.facts(f"codified:{stack.id}:").items()}
        own = known.get(_codified(stack, drift))
        if own is not None and own["request"]:
            return History(tried=f"#{own['request']} proposed it already")
        mine = own["group"] if own is not None else _group(drift)
        forge = self.books.forges(stack.repository)
        numbers = {each["request"] for each in known.values() if each["group"] == mine and each["request"]}
        newest = max(numbers, default=0)
        busy = newest and forge is not None and forge.get(newest).state is RequestState.OPEN
        return History(waits=bool(busy))

    # what is done

    def _revert(self, stack: Stack, drifts: Sequence[Drift], wanted: Respond) -> None:
        """One run for all of them: its row, theirs and what the ledger says are one transaction."""
        stack = self.stacks.deliverable(stack.id)
        reason = f"respond: {wanted}"
        run = self.stacks.new_run(stack, RunKind.REVERT, AUTOMATIC, reason)
        notes = {NOTE: str(wanted)} | {str(drift.id): drift.fingerprint for drift in drifts}
        run = replace(run, reverts=tuple(drift.id for drift in drifts), notes=notes)
        changed = [replace(each, state=DriftState.REVERTING, run=run.id, requested_by=AUTOMATIC) for each in drifts]
        drafts = [
            drift_draft(
                stack,
                each,
                "drift.responding",
                f"{run.id} undoes {each.address} on {stack.name} by itself ({wanted})",
                response=str(wanted),
            )
            for each in changed
        ]
        self.stacks.intake.start(stack, run, changed, drafts)

    def _codify(self, stack: Stack, drifts: Sequence[Drift]) -> None:
        """Written down before the forge is asked. What a dead worker began is finished first, alone."""
        with self.books.store.transaction() as tx:
            begun = [drift for drift in drifts if tx.fact(_codified(stack, drift)) is not None]
        number = self._left_behind(stack, begun) if begun else None
        drifts = begun or drifts
        if number is None:
            if not begun and not self._begin(stack, drifts):
                return
            reason = f"Changed by hand ({_group(drifts[0])}); `respond: codify` proposes it."
            number = self.codification.codify([drift.id for drift in drifts], TRUEUP, reason).request.number
        with self.books.store.transaction() as tx:
            for drift in drifts:
                tx.put_fact(_codified(stack, drift), _remembered(drift, number))

    def _begin(self, stack: Stack, drifts: Sequence[Drift]) -> bool:
        """False where somebody decided meanwhile."""
        with self.books.store.transaction() as tx:
            now = [tx.drift(drift.id) for drift in drifts]
            if any(each is None or each.state is not DriftState.OPEN for each in now):
                return False
            for drift in drifts:
                tx.put_fact(_codified(stack, drift), _remembered(drift, 0))
                summary = f"a change request for {drift.address} on {stack.name} is written by itself"
                tx.record(drift_draft(stack, drift, "drift.responding", summary, response=str(Respond.CODIFY)))
        return True

    def _left_behind(self, stack: Stack, drifts: Sequence[Drift]) -> int | None:
        """The open request that was begun and never written down: its branch carries the id of one of its drifts."""
        forge = self.books.forges(stack.repository)
        marks = tuple(f"trueup/codify-{drift.id.removeprefix('dft-')}-" for drift in drifts)
        found = next((each for each in (forge.list() if forge else ()) if each.head_branch.startswith(marks)), None)
        if found is None:
            return None
        with self.books.store.transaction() as tx:
            for drift in drifts if not found.draft else ():
                current = tx.drift(drift.id)
                if current is not None and current.state is DriftState.OPEN:
                    proposed = replace(current, state=DriftState.CODIFYING, request=found.number)
                    tx.put_drift(replace(proposed, requested_by=AUTOMATIC))
                    summary = f"#{found.number} codifies {drift.address} on {stack.name}"
                    tx.record(drift_draft(stack, proposed, "drift.codifying", summary))
        return found.number

    def _hold(self, stack: Stack, drift: Drift, held: Held) -> None:
        """Told once for each deviation and reason."""
        now = f"{held.why} {drift.fingerprint}"
        with self.books.store.transaction() as tx:
            if tx.fact(f"held:{drift.id}") == now:
                return
            tx.put_fact(f"held:{drift.id}", now)
            kind = "drift.fights-back" if held.why is Why.FIGHTS_BACK else "drift.held"
            hint = "; `trueup drift respond --resume` lets it go on" if held.why is Why.FIGHTS_BACK else ""
            summary = f"no automatic response to {drift.address} on {stack.name}: {held.reason}{hint}"
            told = drift_draft(stack, drift, kind, summary, why=str(held.why), actors=list(held.fighters))
            tx.record(replace(told, reason=held.reason))

    # what people say about it

    def resume(self, id: DriftId, by: Identity, reason: str) -> Drift:
        """A person lets automatic reverts of this address go on after a fight; a check looks at once."""
        needs_reason(reason)
        person, now = self.books.who(by), self.books.clock.now()
        with self.books.store.transaction() as tx:
            drift = tx.drift(id)
            stack = tx.stack(drift.stack) if drift else None
            if drift is None or stack is None:
                raise Invalid(f"there is no drift {id}", hint="`trueup drift list` shows them")
            tx.put_fact(_resumed(drift), stamp(now))
            tx.put_fact(f"held:{drift.id}", "")
            summary = f"{person} lets automatic responses to {drift.address} on {stack.name} go on: {reason}"
            tx.record(replace(drift_draft(stack, drift, "drift.resumed", summary, person), reason=reason))
        self.stacks.check(stack.id, by)
        return drift


def _per_hour(declaration: Declaration) -> int:
    own = declaration.environment.reverts_per_hour
    return REVERTS_PER_HOUR if own is None else own


def _is_stuck(run: Run) -> bool:
    """An automatic revert that is blocked saw other values than the ones on record: another one may take its place."""
    return NOTE in run.notes and run.state is RunState.BLOCKED


def _group(drift: Drift) -> str:
    return f"{drift.actor or 'nobody known'}, {drift.cause}"


def _codified(stack: Stack, drift: Drift) -> str:
    return f"codified:{stack.id}:{drift.fingerprint}"


def _remembered(drift: Drift, request: int) -> str:
    known: Mapping[str, JSON] = {"request": request, "group": _group(drift), "drift": drift.id}
    return json.dumps(known, sort_keys=True)


def _resumed(drift: Drift) -> str:
    return f"resumed:{drift.stack}:{drift.address}"
