"""Lines: the output of one job on its way to the store, a burst at a time."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from trueup.model.errors import Unavailable

BURST = 0.2
"""Seconds that a line may wait for others: a plan says twenty at once, and each transaction is a write to disk."""


class Lines:
    """Takes lines in order, from one thread or several. None waits longer than a burst; none is lost unless the process
    is killed within one. While the store does not answer they are kept: a log is no reason to stop an apply."""

    def __init__(self, store: Callable[[Sequence[str]], None], *, seconds: float = BURST) -> None:
        self._store, self._seconds = store, seconds
        self._waiting: list[str] = []
        self._timer: threading.Timer | None = None
        self._adding, self._storing = threading.Lock(), threading.Lock()

    def __call__(self, line: str) -> None:
        with self._adding:
            self._waiting.append(line)
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Stores what waits."""
        with self._storing:
            with self._adding:
                timer, self._timer = self._timer, None
                count = len(self._waiting)
            if timer is not None:
                timer.cancel()
            with suppress(Unavailable):
                self._store(self._waiting[:count])
                del self._waiting[:count]
