"""Origins: who did it, when, from where and with which call, as the live system's own log tells."""

from trueup.model.drift import Drift, Origin
from trueup.render.values import shown_span, shown_time


def deed(origin: Origin) -> str:
    """`by anna on 2026-11-22 at 03:02 UTC from 198.51.100.7 (AuthorizeSecurityGroupIngress, event 59db...)`."""
    place = f" from {origin.address}" if origin.address else ""
    call = ", ".join(part for part in (origin.name, f"event {origin.event}") if part)
    glass = f", under break-glass {origin.break_glass}" if origin.break_glass else ""
    return f"by {origin.actor} on {origin.at:%Y-%m-%d} at {origin.at:%H:%M} UTC{place} ({call}){glass}"


def briefly(origin: Origin) -> str:
    """`by anna on 2026-11-22 03:02 UTC (AuthorizeSecurityGroupIngress)`: for one line among others."""
    call = f" ({origin.name})" if origin.name else ""
    return f"by {origin.actor} on {shown_time(origin.at)}{call}"


def happened(drift: Drift) -> str:
    """Who and when, as exactly as anybody knows."""
    return deed(drift.origin) if drift.origin else shown_span(drift.not_before, drift.first_seen)


def happened_briefly(drift: Drift) -> str:
    return briefly(drift.origin) if drift.origin else shown_span(drift.not_before, drift.first_seen)
