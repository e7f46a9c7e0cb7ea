"""The lines of a job on their way to the store."""

import threading
from collections.abc import Sequence

from trueup.engine.lines import Lines
from trueup.model.errors import Unavailable


class Kept:
    """A store of lines that may be away, and says when something came."""

    def __init__(self) -> None:
        self.bursts: list[list[str]] = []
        self.away = False
        self.came = threading.Event()

    def __call__(self, lines: Sequence[str]) -> None:
        if self.away:
            raise Unavailable("the database does not answer")
        if lines:
            self.bursts.append(list(lines))
            self.came.set()

    @property
    def lines(self) -> list[str]:
        return [line for burst in self.bursts for line in burst]


def test_a_burst_is_one_write_and_order_is_kept() -> None:
    """What is said at once is stored at once, at the latest when the job ends."""
    kept = Kept()
    lines = Lines(kept, seconds=3600)
    for number in range(100):
        lines(str(number))
    lines.flush()
    lines.flush()
    assert kept.bursts == [[str(number) for number in range(100)]]


def test_a_lonely_line_does_not_wait_for_another() -> None:
    """A program that says something and then nothing for an hour is heard now."""
    kept = Kept()
    Lines(kept, seconds=0.01)("Still creating...")
    assert kept.came.wait(timeout=60) and kept.lines == ["Still creating..."]


def test_lines_wait_for_a_store_that_is_away() -> None:
    """Nothing is raised, nothing is lost, nothing is written twice."""
    kept = Kept()
    lines = Lines(kept, seconds=3600)
    kept.away = True
    lines("one")
    lines.flush()
    lines("two")
    kept.away = False
    lines.flush()
    assert kept.lines == ["one", "two"]


def test_lines_of_many_threads_are_all_stored_once() -> None:
    """Bursts end while others add: every line arrives once, each thread's own in order."""
    kept = Kept()
    lines = Lines(kept, seconds=0.001)

    def say(name: int) -> None:
        for number in range(500):
            lines(f"{name} {number}")

    threads = [threading.Thread(target=say, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.flush()
    for name in range(4):
        assert [line for line in kept.lines if line.startswith(f"{name} ")] == [f"{name} {n}" for n in range(500)]
    assert len(kept.lines) == 2000
