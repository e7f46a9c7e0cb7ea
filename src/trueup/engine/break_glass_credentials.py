"""Credentials under break-glass: short-lived keys of a role for the person who opened it, written into the ledger."""

from collections.abc import Callable
from dataclasses import dataclass

from trueup.engine.break_glass import BreakGlasses
from trueup.engine.break_glass_told import about
from trueup.model.break_glass import BreakGlass, BreakGlassId, BreakGlassState
from trueup.model.errors import Refused
from trueup.model.people import Identity
from trueup.model.stack import Declaration, StackId
from trueup.ports.credentials import Credentials, Lent
from trueup.ports.store import Transaction


@dataclass(frozen=True)
class BreakGlassCredentials:
    glasses: BreakGlasses
    credentials: Callable[[], Credentials]
    """As the manifest of this moment rules them."""

    def lend(self, id: BreakGlassId, by: Identity, stack: StackId | None = None, boundary: str = "") -> Lent:
        """The session's name is `trueup-`, the break-glass' id and the person, so that the cloud's own log tells whose
        it was. `stack` says which role, where the stacks have several. Raises Refused to anybody else, and when it is
        not open."""
        books = self.glasses.books
        person = books.who(by)
        with books.store.transaction() as tx:
            glass = self._open(tx, id, person)
            declaration = self._declaration(tx, glass, stack)
        assert glass.until is not None
        lent = self.credentials().lend(declaration, f"{glass.id}-{person}", glass.until)
        with books.store.transaction() as tx:
            # Closed while the cloud was asked: what it gave is thrown away.
            glass = self._open(tx, id, person)
            summary = f"{person} took credentials under {glass.id} for {declaration.name}, until {lent.until:%H:%M} UTC"
            told = {"session": lent.identity, "role": lent.role, "boundary": boundary, "name": declaration.name}
            tx.record(about(tx, glass, "credentials", summary, person, **told))
        return lent

    def _open(self, tx: Transaction, id: BreakGlassId, person: str) -> BreakGlass:
        glass = tx.break_glass(id)
        if glass is None or glass.requested_by != person:
            hint = "open one yourself: `trueup break-glass open`"
            raise Refused(f"{id} is not {person}'s: its credentials are for whoever opened it alone", hint=hint)
        if glass.state is BreakGlassState.REQUESTED:
            raise Refused(f"{id} waits for its second person", hint=f"another one: `trueup break-glass confirm {id}`")
        now = self.glasses.books.clock.now()
        if glass.state is not BreakGlassState.OPEN or glass.until is None or now >= glass.until:
            over = "its time is over" if glass.state is BreakGlassState.OPEN else f"it is {glass.state}"
            raise Refused(f"{id} gives no credentials any more: {over}", hint="open another one, if it must be")
        return glass

    def _declaration(self, tx: Transaction, glass: BreakGlass, stack: StackId | None) -> Declaration:
        manifest = self.glasses.books.catalog.manifest
        if stack is not None and stack not in glass.stacks:
            raise Refused(f"{glass.id} does not cover that stack", hint=f"`trueup break-glass show {glass.id}`")
        wanted = [stack] if stack is not None else list(glass.stacks)
        rows = [row for id in wanted if (row := tx.stack(id)) is not None]
        declared = [found for row in rows if (found := manifest.declaration(row.name)) is not None]
        if not declared:
            raise Refused(f"no stack of {glass.id} is declared any more: nothing says which role it has")
        if len(declared) > 1:
            hint = "--stack NAME: " + ", ".join(each.name for each in declared[:6])
            raise Refused(f"{glass.id} covers {len(declared)} stacks: say whose role you need", hint=hint)
        return declared[0]
