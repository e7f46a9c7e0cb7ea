"""What waits for a break-glass, and what is said of it: ledger entries, reasons, its scope and its times."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from trueup.model.break_glass import BreakGlass, BreakGlassState
from trueup.model.drift import Drift
from trueup.model.ledger import Draft
from trueup.model.stack import Stack
from trueup.ports.store import Transaction


def covering(tx: Transaction, stack: Stack) -> BreakGlass | None:
    """The break-glass that deliveries and automatic responses of a stack wait for: open, or over and the stack not
    looked at since. None: nothing waits."""
    glasses = tx.break_glasses()
    return next((glass for glass in glasses if glass.holds_up(stack.id, stack.environment)), None)


def made_under(tx: Transaction, drift: Drift) -> BreakGlass | None:
    """The break-glass under which a drift came to be, until that is followed up: no automatic response may undo it."""
    return next(
        (glass for glass in tx.break_glasses() if glass.state is not BreakGlassState.REQUESTED and glass.made(drift)),
        None,
    )


def held(glass: BreakGlass) -> str:
    """Why something waits, for people."""
    if glass.state is BreakGlassState.OPEN and glass.until is not None:
        return f"break-glass {glass.id} of {glass.requested_by} is open until {glass.until:%H:%M} UTC: {glass.reason}"
    return f"break-glass {glass.id} of {glass.requested_by} ended, and the stack was not looked at since"


def about(tx: Transaction, glass: BreakGlass, verb: str, summary: str, actor: str, **details: Any) -> Draft:
    """A ledger entry about a break-glass."""
    row = None if glass.whole else tx.stack(glass.stacks[0])
    told = {
        "break_glass": glass.id,
        "because": str(glass.because),
        "stacks": list(glass.stacks),
        "whole": glass.whole,
        "person": glass.requested_by,
        "until": glass.until.isoformat() if glass.until else None,
        **details,
    }
    return Draft(
        f"break-glass.{verb}",
        actor,
        summary,
        stack=row.id if row is not None else "",
        name=row.name if row is not None else "",
        environment=glass.environment,
        reason=glass.reason,
        ticket=glass.ticket,
        details=told,
    )


def scope_named(glass: BreakGlass, stacks: Sequence[Stack]) -> str:
    if glass.whole:
        return f"everything in {glass.environment} ({len(stacks)} stack{'s' if len(stacks) != 1 else ''})"
    return stacks[0].name if stacks else glass.stacks[0]


def span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes % size == 0 and minutes:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
