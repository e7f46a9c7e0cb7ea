"""Attempts: the supervised programs that one run started, oldest first, each with its files in the run's evidence."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trueup.system.supervised import (
    JobFiles,
    Supervised,
    end_what_is_left,
    has_supervisor,
    proven_gone,
    wait_until_gone,
)


def attempts(evidence: Path) -> list[JobFiles]:
    """One for each apply that was begun with this evidence, oldest first."""
    found = sorted(evidence.glob("apply-*"), key=lambda each: int(each.name.partition("-")[2]))
    return [JobFiles(each) for each in found]


def another_attempt(evidence: Path) -> JobFiles:
    """With its directory, made before anything is begun: recovery tells "never started" from "started on another
    machine" by it. Raises OSError."""
    evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = JobFiles(evidence / f"apply-{len(attempts(evidence)) + 1}")
    files.directory.mkdir(mode=0o700)
    return files


def unproven(tried: Sequence[JobFiles], *, begun: bool, seconds: float) -> str:
    """Why nothing may be concluded yet of a run whose worker was lost; empty when its last program is gone for sure.
    That one gets so many seconds to end by itself, and is ended where nobody supervises it any more. Raises Unavailable
    when it does not end."""
    if begun and not tried:
        return "the apply ran on another machine: recover there, or when it is known to be off"
    if not tried or proven_gone(tried[-1]) or wait_until_gone(tried[-1], seconds=seconds):
        return ""
    if has_supervisor(tried[-1]):
        return f"the old process still runs: see {tried[-1].status}"
    end_what_is_left(tried[-1], grace_seconds=seconds)
    return ""


@dataclass
class Deadline:
    """Renews the lease while a program runs, and interrupts it once when it takes too long."""

    renew: Callable[[], None]
    """Raises LostLease when somebody else may have it."""
    seconds: float
    passed: bool = False
    _started: float = field(default_factory=time.monotonic)

    def watch(self, running: Supervised) -> None:
        """To be called again and again while it runs."""
        self.renew()
        if not self.passed and time.monotonic() - self._started > self.seconds:
            self.passed = True
            running.interrupt()

    @property
    def words(self) -> str:
        """What is said of it when it has passed."""
        return f"the apply took longer than its limit of {self.seconds:g} seconds; raise `applyTimeout`"
