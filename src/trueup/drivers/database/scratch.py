"""Scratch databases: empty ones of production's engine and major version, on which migrations are tried."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from trueup.model.errors import Refused
from trueup.ports.driver import Job


class NoScratch(Refused):
    """There is none to be had: why, and what to install or to write into the manifest."""


class Scratch(Protocol):
    """A server of this job alone, or a part of one: it hands out empty databases and takes them back."""

    def fresh(self, of: str = "") -> AbstractContextManager[str]:
        """The URL of an empty database, or of a copy of another one of this scratch (nobody may be connected to it);
        dropped at the end, whoever is still connected."""
        ...

    def roles(self, names: frozenset[str]) -> None:
        """Make the roles that grants and owners of a restored structure name, where they are missing."""
        ...


@contextmanager
def scratch(job: Job[Any], dialect: str, major: int) -> Iterator[Scratch]:
    """`dialect` is `postgresql` or `sqlite`; `major` of the stack's own server (SQLite: anything). Raises NoScratch."""
    raise NoScratch("no scratch database yet")
    yield
