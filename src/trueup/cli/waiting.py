"""Waiting: a sign of life on standard error for whatever takes longer than a second."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console

from trueup.model.errors import Unavailable

T = TypeVar("T")

QUIET = 1.0
"""Seconds before anything is shown."""
LONGEST = 3 * 3600.0
"""Seconds until waiting for somebody else's work is given up: longer than an apply may take."""


@contextmanager
def waiting(what: str, *, quiet: float = QUIET) -> Iterator[None]:
    """Nothing unless standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    status = Console(stderr=True).status(f"{what} ...")
    timer = threading.Timer(quiet, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def poll(ask: Callable[[], T], done: Callable[[T], bool], pause: Callable[[float], object]) -> T:
    """Asks again, soon at first and once a second later, until it is done. Raises Unavailable when it takes longer
    than anything that is at work."""
    seconds, waited = 0.05, 0.0
    while not done(answer := ask()):
        if waited > LONGEST:
            hint = "is a worker running? `trueup doctor` shows them; what was asked for stays asked for"
            raise Unavailable(f"it did not end within {LONGEST / 60:.0f} minutes", hint=hint)
        pause(seconds)
        waited += seconds
        seconds = min(seconds * 1.5, 1.0)
    return answer
