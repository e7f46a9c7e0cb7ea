"""Break-glass: who may change the live system by hand now, why, until when, and what waits meanwhile.

What happens after its end is engine/break_glass_follow_up.py, its page engine/break_glass_page.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from trueup.engine.books import Books
from trueup.engine.break_glass_told import about, covering, made_under, scope_named, span
from trueup.engine.deciding import needs_reason
from trueup.engine.ids import new_id
from trueup.model.break_glass import Because, BreakGlass, BreakGlassId, BreakGlassState, Extension
from trueup.model.drift import Drift
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.run import RunState
from trueup.model.stack import BreakGlassRules, Stack, StackId, Standing
from trueup.ports.store import RunFilter, Transaction
from trueup.settings import BREAK_GLASS_LONGEST, BREAK_GLASS_RECORDED, BREAK_GLASS_TTL

_REQUESTED = BreakGlassState.REQUESTED
BEGUN = frozenset(state for state in RunState if state.begun)


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: one stack, or a whole environment."""

    because: Because
    reason: str
    stack: StackId | None = None
    environment: str = ""
    ttl: timedelta | None = None
    ticket: str = ""
    second: str = ""
    """The second person that is asked for, also where the environment asks for none."""


@dataclass(frozen=True)
class BreakGlasses:
    books: Books

    def covering(self, tx: Transaction, stack: Stack) -> BreakGlass | None:
        return covering(tx, stack)

    def made_under(self, tx: Transaction, drift: Drift) -> BreakGlass | None:
        return made_under(tx, drift)

    def open(self, wanted: Wanted, by: Identity) -> BreakGlass:
        """Open at once; where a second person is asked for and the reason can wait, requested. Raises Refused for
        more time than is allowed, and while the same person has the same one open."""
        needs_reason(wanted.reason)
        now, person = self.books.clock.now(), self._named(by)
        with self.books.store.transaction() as tx:
            stacks, environment = self._scope(tx, wanted)
            rules = self._rules(environment)
            second = rules.second or bool(wanted.second)
            glass = BreakGlass(
                id=BreakGlassId(new_id("bg")),
                state=_REQUESTED,
                because=wanted.because,
                reason=wanted.reason.strip(),
                requested_by=person,
                requested_at=now,
                ttl=_granted(rules.ttl if wanted.ttl is None else wanted.ttl, rules, environment),
                environment=environment,
                stacks=tuple(stack.id for stack in stacks),
                whole=wanted.stack is None,
                ticket=wanted.ticket,
                needs_second=second,
                asked=self._other(person, wanted.second),
            )
            _refuse_twice(tx.break_glasses(), glass)
            if second and not wanted.because.opens_at_once:
                stored = tx.put_break_glass(glass)
                asked = f"; {glass.asked} is asked to confirm" if glass.asked else "; somebody else has to confirm"
                summary = f"{person} asks to change {scope_named(glass, stacks)} by hand: {glass.reason}{asked}"
                tx.record(about(tx, stored, "requested", summary, person, **self._told(tx, stacks), second=glass.asked))
                return stored
            return self._opened(tx, glass, stacks, person)

    def record(self, wanted: Wanted, by: Identity, began: datetime, ended: datetime) -> BreakGlass:
        """Written down afterwards, because Trueup was down: what was done between these moments is looked for and
        written into code now."""
        needs_reason(wanted.reason)
        now, person = self.books.clock.now(), self._named(by)
        if wanted.because is not Because.DOWN:
            hint = "`--because down`; what was done while Trueup ran is drift with its own record"
            raise Refused("only what was done while Trueup was down can be recorded afterwards", hint=hint)
        if not began < ended <= now:
            raise Invalid("it must have begun before it ended, and ended before now", hint="--from 02:10 --to 03:00")
        if now - began > BREAK_GLASS_RECORDED:
            raise Refused(f"it began more than {span(BREAK_GLASS_RECORDED)} ago: `trueup drift list` has what it left")
        with self.books.store.transaction() as tx:
            stacks, environment = self._scope(tx, wanted)
            glass = BreakGlass(
                id=BreakGlassId(new_id("bg")),
                state=BreakGlassState.CLOSED,
                because=wanted.because,
                reason=wanted.reason.strip(),
                requested_by=person,
                requested_at=now,
                ttl=ended - began,
                environment=environment,
                stacks=tuple(stack.id for stack in stacks),
                whole=wanted.stack is None,
                ticket=wanted.ticket,
                needs_second=self._rules(environment).second or bool(wanted.second),
                asked=self._other(person, wanted.second),
                opened_at=began,
                until=ended,
                ended_at=ended,
                ended_by=person,
                retroactive=True,
            )
            stored = tx.put_break_glass(glass)
            between = f"from {began:%Y-%m-%d %H:%M} to {ended:%H:%M} UTC"
            summary = f"{person} changed {scope_named(glass, stacks)} by hand {between}, written down afterwards"
            told = self._told(tx, stacks)
            tx.record(about(tx, stored, "opened", f"{summary}: {glass.reason}", person, retroactive=True, **told))
            return stored

    def confirm(self, id: BreakGlassId, by: Identity) -> BreakGlass:
        """The second person. Opens one that waits for it; settles what is owed for one that opened at once."""
        person = self._named(by)
        with self.books.store.transaction() as tx:
            glass = self._found(tx, id)
            if not glass.owes_second or glass.state.ended:
                raise Refused(f"{id} waits for nobody to confirm it", hint=f"`trueup break-glass show {id}`")
            if person == glass.requested_by:
                hint = "anybody else may; one person under two names counts once (`people:` in trueup.yaml)"
                raise Refused(f"{person} asked for {id} and cannot be its second person", hint=hint)
            confirmed = replace(glass, second=person, second_at=self.books.clock.now())
            if glass.state is _REQUESTED:
                stacks = [stack for each in glass.stacks if (stack := tx.stack(each)) is not None]
                return self._opened(tx, confirmed, stacks, person)
            stored = tx.put_break_glass(confirmed)
            tx.record(about(tx, stored, "confirmed", f"{person} is the second person of {id}", person, second=person))
            return stored

    def extend(self, id: BreakGlassId, by: Identity, reason: str, ttl: timedelta | None = None) -> BreakGlass:
        """More time from now, once only. Where a second person is asked for and the reason can wait, by another one
        than who works under it."""
        needs_reason(reason)
        now, person = self.books.clock.now(), self._named(by)
        with self.books.store.transaction() as tx:
            glass = self._found(tx, id)
            if glass.state is not BreakGlassState.OPEN or glass.until is None or now >= glass.until:
                raise Refused(f"{id} is {glass.state}: there is nothing to extend", hint="open another one")
            if glass.extension is not None:
                at = f"{glass.extension.person} at {glass.extension.at:%H:%M} UTC"
                hint = "close it: what was done is written into code; then open another one, if it must be"
                raise Refused(f"{id} was extended already, by {at}: once is all", hint=hint)
            if glass.needs_second and not glass.because.opens_at_once and person == glass.requested_by:
                raise Refused(f"{glass.environment} asks for two people: another one than {person} extends it")
            rules = self._rules(glass.environment)
            until = max(glass.until, now + _granted(rules.ttl if ttl is None else ttl, rules, glass.environment))
            extended = replace(glass, until=until, extension=Extension(person, reason, now, until))
            stored = tx.put_break_glass(extended)
            summary = f"{person} extended {id} until {until:%H:%M} UTC: {reason}"
            tx.record(replace(about(tx, stored, "extended", summary, person), reason=reason))
            return stored

    def close(self, id: BreakGlassId, by: Identity, reason: str = "") -> BreakGlass:
        """Its work is done; the checks begin. One that waits for its second person is withdrawn."""
        now, person = self.books.clock.now(), self._named(by)
        why = f": {reason}" if reason else ""
        with self.books.store.transaction() as tx:
            glass = self._found(tx, id)
            if glass.state is _REQUESTED:
                stored = tx.put_break_glass(replace(glass, state=BreakGlassState.WITHDRAWN, ended_by=person))
                tx.record(about(tx, stored, "withdrawn", f"{person} withdrew {id} before it was open{why}", person))
                return stored
            if glass.state is not BreakGlassState.OPEN:
                raise Refused(
                    f"{id} is {glass.state}: there is nothing to close", hint=f"`trueup break-glass show {id}`"
                )
            closed = replace(glass, state=BreakGlassState.CLOSED, ended_at=now, ended_by=person)
            stored = tx.put_break_glass(closed)
            summary = f"{person} closed {id}{why}; what was changed by hand is looked for and written into code"
            tx.record(replace(about(tx, stored, "closed", summary, person), reason=reason or glass.reason))
            return stored

    def get(self, id: BreakGlassId) -> BreakGlass:
        with self.books.store.transaction() as tx:
            return self._found(tx, id)

    def _opened(self, tx: Transaction, glass: BreakGlass, stacks: Sequence[Stack], actor: str) -> BreakGlass:
        now = self.books.clock.now()
        before = {drift.id: drift.fingerprint for stack in stacks for drift in tx.drifts(stack.id)}
        opened = replace(glass, state=BreakGlassState.OPEN, opened_at=now, until=now + glass.ttl, before=before)
        stored = tx.put_break_glass(opened)
        second = f", with {glass.second}" if glass.second else ", second person owed" if glass.owes_second else ""
        until = f"until {now + glass.ttl:%H:%M} UTC"
        named = scope_named(glass, stacks)
        summary = f"{glass.requested_by} may change {named} by hand {until}{second}: {glass.reason}"
        told = self._told(tx, stacks)
        tx.record(about(tx, stored, "opened", summary, actor, second=glass.second or glass.asked, **told))
        return stored

    def _told(self, tx: Transaction, stacks: Sequence[Stack]) -> dict[str, Any]:
        """Names, owners, and the applies that were under way and are not stopped."""
        manifest = self.books.catalog.manifest
        declared = [found for stack in stacks if (found := manifest.declaration(stack.name)) is not None]
        begun = [run.id for stack in stacks for run in tx.runs(RunFilter(stack=stack.id, states=BEGUN))]
        owners = sorted({owner for declaration in declared for owner in declaration.owner})
        return {"names": [stack.name for stack in stacks], "owner": owners, "under_way": begun}

    def _scope(self, tx: Transaction, wanted: Wanted) -> tuple[list[Stack], str]:
        if (wanted.stack is None) == (not wanted.environment):
            raise Invalid("a break-glass is of one stack or of one environment", hint="--stack NAME, or --env NAME")
        living = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
        if wanted.stack is not None:
            stacks = [stack for stack in living if stack.id == wanted.stack]
            if not stacks:
                raise Invalid(f"there is no stack {wanted.stack}", hint="`trueup stack list` shows them")
            return stacks, stacks[0].environment
        stacks = [stack for stack in living if stack.environment == wanted.environment]
        if not stacks:
            known = ", ".join(sorted({stack.environment for stack in living if stack.environment})) or "none"
            raise Invalid(f"no stack is in the environment {wanted.environment}", hint=f"environments: {known}")
        return stacks, wanted.environment

    def _rules(self, environment: str) -> BreakGlassRules:
        return self.books.catalog.manifest.environment(environment).break_glass

    def _named(self, by: Identity) -> str:
        """Raises Refused for an account of a machine that is nobody in particular."""
        person = self.books.who(by)
        if by.kind == "os" and person == str(by):
            raise Refused("a break-glass needs a person's name", hint="--as NAME, or a token of your own")
        return person

    def _other(self, person: str, second: str) -> str:
        asked = self.books.who(Identity("name", second)) if second else ""
        if asked == person:
            raise Invalid(f"{second} is {person}, who asks: the second person is another one")
        return asked

    def _found(self, tx: Transaction, id: BreakGlassId) -> BreakGlass:
        glass = tx.break_glass(id)
        if glass is None:
            raise Invalid(f"there is no break-glass {id}", hint="`trueup break-glass list` shows them")
        return glass


def _granted(ttl: timedelta | None, rules: BreakGlassRules, environment: str) -> timedelta:
    longest = min(rules.longest or BREAK_GLASS_LONGEST, BREAK_GLASS_LONGEST)
    granted = min(BREAK_GLASS_TTL, longest) if ttl is None else ttl
    if granted <= timedelta(0):
        raise Invalid("a break-glass lasts for a while", hint="--ttl 60m")
    if granted > longest:
        hint = f"--ttl {span(longest)} or less; it can be extended once"
        raise Refused(f"{span(granted)} is longer than {environment or 'it'} allows: {span(longest)}", hint=hint)
    return granted


def _refuse_twice(glasses: Sequence[BreakGlass], wanted: BreakGlass) -> None:
    """The same person, the same scope: that one is to be extended or closed. Others may work beside them."""
    for glass in glasses:
        same = glass.whole == wanted.whole and glass.environment == wanted.environment
        if glass.state.over or not same or (not glass.whole and glass.stacks != wanted.stacks):
            continue
        if glass.requested_by == wanted.requested_by:
            hint = f"`trueup break-glass extend {glass.id}` or `close {glass.id}`"
            raise Refused(f"{glass.requested_by} has {glass.id} for it already: {glass.state}", hint=hint)
