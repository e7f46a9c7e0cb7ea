"""Vouch: when a check may be answered without a plan, because nothing that it depends on has changed."""

from datetime import datetime, timedelta

from trueup.model.baseline import Baseline
from trueup.model.drift import Check, CheckState

CONCLUDED = frozenset({CheckState.CLEAN, CheckState.DRIFTED})

HINT = "hint:"
"""Before a token that proves nothing where it is equal: another one makes a check due, that is all."""


def vouches(before: Check | None, token: str, baseline: Baseline | None, at: datetime, longest: timedelta) -> bool:
    """Whether what the newest plan found still stands. The token covers state, code, inputs and baseline; time covers
    the rest: a plan that is too old, a tolerance that ended since, a clock that went back."""
    if before is None or baseline is None or before.planned_at is None or before.state not in CONCLUDED:
        return False
    if not token or token != before.token or token.startswith(HINT):
        return False
    ended = any(before.planned_at < tolerance.until <= at for tolerance in baseline.tolerances)
    return before.planned_at <= at < before.planned_at + longest and not ended
