"""The one place where an error's kind and the run's phase decide what becomes of the run."""

from dataclasses import dataclass
from datetime import datetime

from trueup.model.errors import LostLease, TrueupError, Unavailable
from trueup.model.run import Run, RunState
from trueup.settings import FIRST_PAUSE, LONGEST_PAUSE, MAX_ATTEMPTS


@dataclass(frozen=True)
class Sequel:
    """Where a run goes after an error."""

    state: RunState
    not_before: datetime | None = None


def after_error(error: TrueupError, run: Run, *, begun: bool, now: datetime, jitter: float) -> Sequel:
    """After `begin` nothing is retried blindly: the run is uncertain whatever the error was. Before it, only a
    missing answer is worth another try. `jitter` is a share between 0 and 1 that spreads the retries."""
    if begun:
        return Sequel(RunState.UNCERTAIN)
    if isinstance(error, LostLease):
        return Sequel(RunState.QUEUED, now)
    if isinstance(error, Unavailable) and run.attempts < MAX_ATTEMPTS:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, run.attempts - 1))
        return Sequel(RunState.QUEUED, now + pause * (0.5 + jitter / 2))
    return Sequel(RunState.FAILED)
