"""Ignore: what rules say nobody needs to know leaves a record's differences, and stays beside them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trueup.model.causes import Difference
from trueup.model.drift import Drift, DriftState, Ignored
from trueup.model.ignores import Ignore, Place, ignored_by
from trueup.model.plan import Address


def without_ignored(drift: Drift, rules: Sequence[Ignore], at: datetime) -> Drift:
    """The record with its ignored paths apart; ignored as a whole where nothing else is left."""
    actors = (drift.origin.actor, drift.origin.session) if drift.origin else ()
    told: list[Difference] = []
    ignored: list[Ignored] = []
    for each in drift.differences:
        rule = ignored_by(Place(drift.address, drift.kind, drift.identity, each.path, actors), rules, at)
        if rule is None:
            told.append(each)
        else:
            ignored.append(Ignored(each, rule.by))
    state = drift.state if told else DriftState.IGNORED
    return replace(drift, differences=tuple(told), ignored=tuple(ignored), state=state)


def is_ignored(
    address: Address, kind: str, identity: str, each: Difference, rules: Sequence[Ignore], at: datetime
) -> bool:
    """Whoever did it: before a check nobody knows that yet."""
    return ignored_by(Place(address, kind, identity, each.path), rules, at) is not None
