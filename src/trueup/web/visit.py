"""Visit: one request by somebody who is known, and what it may ask of the site."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from trueup.engine.evidence import Evidence
from trueup.engine.history import History
from trueup.engine.site import Site
from trueup.manifests.names import Named, Names
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.stack import Declaration, Stack, StackId, Standing
from trueup.ports.store import Conflict
from trueup.web.access import Caller
from trueup.web.envelope import segment
from trueup.web.errors import NotFound
from trueup.web.offices import Offices
from trueup.web.tokens import Scope, Tokens

T = TypeVar("T")
PREFIX = "/api/v1"
"""Of every route about the site; part of each router, so that a route knows its whole path."""


@dataclass(frozen=True)
class Reception:
    """What the app holds for every request."""

    site: Site
    offices: Offices
    tokens: Tokens


@dataclass(frozen=True)
class Visit:
    site: Site
    offices: Offices
    tokens: Tokens
    caller: Caller

    @property
    def by(self) -> Identity:
        return self.caller.identity

    @property
    def person(self) -> str:
        """The caller, as the control repository names people; by their own name while it names nobody."""
        try:
            return self.site.books.who(self.by)
        except Invalid:
            return str(self.by)

    @property
    def history(self) -> History:
        return History(self.site.store, self.site.catalog)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.site.store, self.site.catalog, self.site.errands, self.site.forges)

    def declarations(self) -> dict[str, Declaration]:
        """By name; none while the control repository has no valid trueup.yaml."""
        try:
            return {each.name: each for each in self.site.catalog.manifest.declarations}
        except Invalid:
            return {}

    def stack_at(self, part: str) -> Stack:
        """As a path names it: a `/` inside of a name is encoded there."""
        return self.stack(segment(part))

    def stack(self, reference: str) -> Stack:
        """By id, full name, or a short form that only one stack has. Raises NotFound."""
        with self.site.store.transaction() as tx:
            known = tx.stacks()
        by_id = next((stack for stack in known if reference in (stack.id, stack.name)), None)
        if by_id is not None:
            return by_id
        declared = self.declarations()
        living = {stack.name: stack for stack in known if stack.standing is not Standing.FORGOTTEN}
        names = Names(_named(stack, declared.get(stack.name)) for stack in living.values())
        try:
            return living[names.find(reference)]
        except Invalid as error:
            raise NotFound(error.message, hint=error.hint or "`trueup stack list` shows the stacks") from error

    def names(self) -> dict[StackId, str]:
        with self.site.store.transaction() as tx:
            return {stack.id: stack.name for stack in tx.stacks()}


def decided(act: Callable[[], T]) -> T:
    """Of two decisions in one moment the second is made once more, on what the first one left. Only for decisions
    that are one transaction: nothing of the lost one is left over."""
    try:
        return act()
    except Conflict:
        return act()


def visiting(needed: Scope) -> Callable[..., Visit]:
    """The dependency of a route: who asks has a token with that scope. The door let nobody else in."""
    bearer = HTTPBearer(auto_error=False, description="A personal token: trueup_<id>_<secret>")

    async def visit(request: Request, _: Annotated[object, Security(bearer)]) -> Visit:
        reception: Reception = request.app.state.reception
        caller: Caller = request.state.caller
        if not caller.may(needed):
            have = ", ".join(sorted(caller.scopes)) or "none"
            raise Refused(f"this needs a token with the scope {needed}; this one has {have}", hint="ask an admin")
        return Visit(reception.site, reception.offices, reception.tokens, caller)

    return visit  # type: ignore[return-value]


Posting = Annotated[Visit, Depends(visiting(Scope.EVENTS))]
Reading = Annotated[Visit, Depends(visiting(Scope.READ))]
Deciding = Annotated[Visit, Depends(visiting(Scope.DECIDE))]
Administering = Annotated[Visit, Depends(visiting(Scope.ADMIN))]


def _named(stack: Stack, declaration: Declaration | None) -> Named:
    short = declaration.attributes.get("name", "") if declaration else ""
    return Named(stack.name, stack.path, stack.environment, short or stack.path.rpartition("/")[2])
