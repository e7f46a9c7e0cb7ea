"""Undoings: what was made by hand and is gone: what it was, when it was made and by whom, and that no code had it."""

from datetime import datetime

from trueup.model.causes import Difference
from trueup.model.drift import Drift, Resolution
from trueup.render.sentences import said_of
from trueup.render.values import shown, shown_span

UNDONE = frozenset({Resolution.REVERTED, Resolution.RELEASED, Resolution.UNDONE, Resolution.VANISHED})
"""Resolutions after which the hand-made change is gone from the live system."""


def undoing(drift: Drift) -> str:
    """`REVERTED sg-app ingress 8443/tcp from 10.0.0.0/8, added 31 Oct 2026 by anna, never codified`."""
    parts = [_part(drift, each) for each in drift.differences] or [drift.address]
    return f"REVERTED {'; '.join(parts)}, {_made(drift)}, {_codified(drift)}"


def came_back(drift: Drift) -> str:
    """Of a drift that was there before."""
    return f" — it came back: {drift.earlier} was the same" if drift.earlier and not drift.resolution else ""


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _part(drift: Drift, each: Difference) -> str:
    place = f"{drift.address} {said_of(drift.address, each)[0]}".rstrip()
    if each.settled is None:
        return f"{place} {shown(each.real)}" if each.path else f"{place} (created)"
    if each.real is None:
        return f"{place} {shown(each.settled)} (removed)" if each.path else f"{place} (deleted)"
    return f"{place} {shown(each.settled)} -> {shown(each.real)}"


def _made(drift: Drift) -> str:
    added = all(each.settled is None for each in drift.differences)
    verb = "added" if drift.differences and added else "changed"
    when = day(drift.origin.at) if drift.origin else shown_span(drift.not_before, drift.first_seen)
    return f"{verb} {when} by {drift.actor or 'hand (nobody knows whose)'}"


def _codified(drift: Drift) -> str:
    return f"change request #{drift.request} was never delivered" if drift.request is not None else "never codified"
