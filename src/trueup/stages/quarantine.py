"""Quarantine: a path that has another value at every look says nothing: a provider that cannot read it, or a machine
that never rests. It is told once and never responded to; what an apply would do to it is guarded as before."""

from dataclasses import replace

from trueup.model.drift import Drift
from trueup.settings import RESTLESS_LOOKS


def watched(drift: Drift, before: Drift | None) -> Drift:
    """The record with its restless paths counted. A look that finds the value that the last one found, and an event
    that tells who did it, begin to count anew. A whole resource is never restless."""
    if before is None:
        return replace(drift, restless={}, quarantine=())
    settled = before.origin == drift.origin
    seen = {each.label: each.real for each in before.differences}
    restless = {
        each.label: before.restless.get(each.label, 0) + 1
        for each in drift.differences
        if each.path and settled and each.label in seen and seen[each.label] != each.real
    }
    new = {label for label, looks in restless.items() if looks >= RESTLESS_LOOKS}
    return replace(drift, restless=restless, quarantine=tuple(sorted({*before.quarantine, *new})))
