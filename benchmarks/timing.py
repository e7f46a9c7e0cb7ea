"""Timing: wall clock and processor time of one call, children included, side by side with another call."""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    wall: float
    """Seconds."""
    processor: float
    """Seconds of user and system time, of this process and of the children that it waited for."""


def cost(call: Callable[[], object]) -> Cost:
    before, began = _processor(), time.perf_counter()
    call()
    return Cost(time.perf_counter() - began, _processor() - before)


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 5) -> tuple[Cost, Cost]:
    """Medians of both after a round that does not count, in turn, so that a machine that slows down slows both."""
    cost(ours), cost(theirs)
    pairs = [(cost(ours), cost(theirs)) for _ in range(rounds)]
    return _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])


def _median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(each.wall for each in costs), statistics.median(each.processor for each in costs))


def _processor() -> float:
    parts = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)
