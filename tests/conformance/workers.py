"""A worker that dies with -9 at a chosen entry of its journal, and what it leaves."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.model.plan import Address, Outcome, StepId
from trueup.ports.driver import Driver, Job, Journal, JournalEntry


@dataclass
class FileJournal:
    """A Journal in a file, synced entry by entry; at the entry with number `die_at` (from 1) its process dies,
    after that entry was written."""

    file: Path
    die_at: int = 0
    written: int = 0

    def begin(self, step: StepId) -> None:
        self._write(step=step, event="begin")

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self._write(step=step, event="report", at=at, outcome=outcome, identity=identity)

    def end(self, step: StepId) -> None:
        self._write(step=step, event="end")

    def _write(self, **entry: str) -> None:
        with self.file.open("a") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.written += 1
        if self.written == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def entries_in(file: Path) -> list[JournalEntry]:
    """What a FileJournal holds."""
    lines = file.read_text().splitlines() if file.exists() else []
    found = [json.loads(line) for line in lines]
    return [
        JournalEntry(
            StepId(each["step"]),
            each["event"],
            Address(each["at"]) if "at" in each else None,
            Outcome(each["outcome"]) if "outcome" in each else None,
            each.get("identity", ""),
        )
        for each in found
    ]


def apply_and_die(driver: Driver[Any], job: Job[Any], file: Path, die_at: int) -> int | None:
    """Plans and applies in a process of its own, which dies at that entry; its exit code."""
    return in_a_process(lambda: _apply(driver, job, FileJournal(file, die_at)))


def _apply(driver: Driver[Any], job: Job[Any], journal: Journal) -> None:
    with driver.open(job) as session:
        session.apply(session.plan(), journal)


def in_a_process(work: Callable[[], None]) -> int | None:
    """Runs it in a fork; negative: the signal that ended it."""
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join()
    return worker.exitcode
