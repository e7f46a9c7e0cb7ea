"""Deciding: what every decision of a person needs."""

from trueup.model.errors import Invalid
from trueup.model.ledger import Draft
from trueup.model.people import Identity
from trueup.model.stack import Stack

TRUEUP = Identity("email", "trueup@localhost")
"""Commits the edits that people ask for. Whoever asked opens the change request and is therefore an author; this is
nobody who could approve anything."""


def needs_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("this needs a reason: it goes into the ledger", hint='--reason "..."')


def about(stack: Stack, kind: str, summary: str, actor: str = "trueup", reason: str = "") -> Draft:
    """A ledger entry about a stack."""
    return Draft(kind, actor, summary, stack=stack.id, name=stack.name, environment=stack.environment, reason=reason)
