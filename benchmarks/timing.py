"""Timing: wall clock and processor time of one call, children included, side by side with another call."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    wall: float
    """Seconds."""
    processor: float
    """Seconds of user and system time, of this process, of the children that it waited for, and of the providers that
    it keeps running."""


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
    return sum(part.ru_utime + part.ru_stime for part in parts) + _of_kept_providers()


def _of_kept_providers() -> float:
    """Nobody has waited for them yet: as /proc/PID/stat says it, for those that descend from this process."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            text = (entry / "stat").read_text(errors="replace")
        except OSError:
            continue
        name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
        fields = rest.split()
        parents[int(entry.name)] = int(fields[1])
        if name.startswith("terraform-prov"):
            ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    ours = (pid for pid in ticks if os.getpid() in _ancestors(pid, parents))
    return sum(ticks[pid] for pid in ours) / os.sysconf("SC_CLK_TCK")


def _ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    while pid := parents.get(pid, 0):
        yield pid
