"""Patience with a database: tried again when somebody was in the way, ended when it takes too long or is not ours."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trueup.drivers.database.delivery.watch import Deadline, Watch
from trueup.drivers.database.dialect import Database, Held, Trouble
from trueup.model.errors import Rejected, TrueupError, Unavailable

LONGEST_PAUSE = 30.0


class CommitLost(Unavailable):
    """The connection was gone before the answer to a commit came. Never leaves the delivery."""


@contextmanager
def committing(database: Database) -> Iterator[Callable[[], None]]:
    """A transaction, and what to call as the last thing in it: what is lost behind that may have happened."""
    last = False

    def now() -> None:
        nonlocal last
        last = True

    try:
        with database.transaction():
            yield now
    except TrueupError as error:
        if last and database.trouble(error) is Trouble.LOST:
            raise CommitLost(error.message) from error
        raise


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How patiently, and who hears of it."""

    deadline: Deadline
    log: Callable[[str], None]
    by: str
    """Who is written into the history."""
    retries: int
    expected_seconds: float
    reader: str = ""
    """Another role that plans: it may read the history that a delivery begins."""
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Patient:
    database: Database
    held: Held
    manner: Manner

    def through(self, once: Callable[[], None], title: str) -> None:
        """Raises LostLease, and what `once` raises at last; that must undo itself when it fails."""
        tried = 0
        while True:
            watch = self._watch()
            try:
                with watch:
                    once()
                return
            except TrueupError as error:
                if watch.lost is not None:
                    raise watch.lost from error
                if watch.overdue:
                    raise self._overdue() from error
                if self.database.trouble(error) is not Trouble.LOCKED:
                    raise
                who = f"; in the way: {watch.who}" if watch.blockers else ""
                if tried == self.manner.retries:
                    raise Unavailable(
                        f"{error.message} ({tried + 1} times){who}",
                        place=error.place,
                        hint="nothing of this transaction happened; deliver again when that other one is over, or "
                        "raise `lockTimeout` or `retries`",
                    ) from error
                tried += 1
                pause = min(2.0 ** (tried - 1), LONGEST_PAUSE)
                self.manner.log(
                    f"{title}: {error.message}{who}; again in {pause:g} s ({tried} of {self.manner.retries})"
                )
                self.manner.pause(pause)
                self.manner.deadline.keep()

    @contextmanager
    def watched(self) -> Iterator[None]:
        watch = self._watch()
        try:
            with watch:
                yield
        except TrueupError as error:
            if watch.lost is not None:
                raise watch.lost from error
            raise (self._overdue() if watch.overdue else error) from error

    def _watch(self) -> Watch:
        return Watch(self.database, self.held, self.manner.deadline, self.manner.log)

    def _overdue(self) -> Rejected:
        limit = self.manner.deadline.seconds
        return Rejected(
            f"the apply took longer than its limit of {limit:g} seconds, and was cancelled",
            hint="raise `applyTimeout`, or split the migration",
        )
