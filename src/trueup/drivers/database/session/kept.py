"""Connections that are kept between two tokens: making one takes longer than all that is asked on it."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeVar

from trueup.drivers.database.migrations.settings import Settings
from trueup.drivers.database.session.open import Opened, address_of, opened
from trueup.model.errors import Unavailable
from trueup.ports.driver import Job

T = TypeVar("T")
MOST = 64
"""Of a process; each is one idle connection at a database."""


@dataclass
class Kept:
    _lock: Lock = field(default_factory=Lock)
    _idle: dict[tuple[str, str], tuple[ExitStack, Opened]] = field(default_factory=dict)

    def asked(self, job: Job[Any], known: Settings, ask: Callable[[Opened], T]) -> T:
        """On a connection that only reads. One that the server ended meanwhile is made anew, once."""
        key = (job.stack, address_of(job, writes=False))
        with self._lock:
            found = self._idle.pop(key, None)
        if found is not None:
            stack, old = found
            with suppress(Unavailable), stack:
                answer = ask(replace(old, job=job, known=known))
                self._keep(key, stack.pop_all(), old)
                return answer
        with ExitStack() as fresh:
            connection = fresh.enter_context(opened(job, known=known))
            answer = ask(connection)
            self._keep(key, fresh.pop_all(), connection)
        return answer

    def _keep(self, key: tuple[str, str], stack: ExitStack, connection: Opened) -> None:
        with self._lock:
            others = [self._idle.pop(key, None), *(self._idle.pop(old) for old in list(self._idle)[: 1 - MOST])]
            self._idle[key] = (stack, connection)
        for each in others:
            if each is not None:
                each[0].close()

    def close(self) -> None:
        with self._lock:
            everything = list(self._idle.values())
            self._idle.clear()
        for stack, _ in everything:
            stack.close()
