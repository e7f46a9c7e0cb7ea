"""Waiting: a sign of life on standard error for whatever takes longer than a second."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console

T = TypeVar("T")

QUIET = 1.0
"""Seconds before anything is shown."""


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
    """Asks again, soon at first and once a second later, until it is done."""
    seconds = 0.05
    while not done(answer := ask()):
        pause(seconds)
        seconds = min(seconds * 1.5, 1.0)
    return answer
