"""Watching a statement while it runs: the lease is renewed, whoever is in its way is named, and what takes too long or
is not ours any more is cancelled."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from trueup.drivers.database.dialect import Backend, Database, Held
from trueup.model.errors import LostLease, TrueupError
from trueup.ports.driver import Fence

GLANCE = 0.2
"""Seconds until the first look at who is in the way: below any lock_timeout that makes sense. Later ones are rarer."""
SELDOM = 2.0


@dataclass
class Deadline:
    """Of a whole apply."""

    fence: Fence | None
    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.renewed = self.clock()

    @property
    def passed(self) -> bool:
        return self.clock() - self.started > self.seconds

    def keep(self) -> None:
        """Raises LostLease; asks the store a few times in each lease's length."""
        if self.fence is not None and self.clock() - self.renewed > self.fence.seconds / 8:
            self.fence.renew()
            self.renewed = self.clock()


@dataclass
class Watch:
    """A context around everything that may take long. Its thread alone uses the lock's connection meanwhile."""

    database: Database
    held: Held
    deadline: Deadline
    log: Callable[[str], None]
    glance: float = GLANCE
    blockers: tuple[Backend, ...] = ()
    """Who was in the way last."""
    lost: LostLease | None = None
    overdue: bool = False

    def __enter__(self) -> "Watch":
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="delivery-watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        said: tuple[int, ...] = ()
        pause = self.glance
        while not self._over.wait(pause):
            pause = min(2 * pause, SELDOM)
            try:
                self.deadline.keep()
            except LostLease as lost:
                self.lost = lost
                self.database.cancel()
                return
            except TrueupError:
                pass  # the store does not answer: the lease is long enough to ask again
            if self.deadline.passed:
                self.overdue = True
                self.database.cancel()
                return
            self._name_blockers()
            pids = tuple(each.pid for each in self.blockers)
            if pids and pids != said:
                self.log(f"waiting for {self.who}")
                said = pids

    def _name_blockers(self) -> None:
        try:
            found = self.held.database.blocking(self.database.backend)
        except TrueupError:
            return  # the check before the commit says so
        self.blockers = found or self.blockers

    @property
    def who(self) -> str:
        return "; ".join(f"{each}: {each.doing or 'a statement that may not be seen'}" for each in self.blockers)
