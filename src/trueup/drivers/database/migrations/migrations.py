"""Migrations: a version, a migration file as Flyway understands it, a callback, and everything that one folder says.

Names and order as in Flyway 13 (https://documentation.red-gate.com/flyway).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import total_ordering

from trueup.drivers.database.migrations.settings import Settings
from trueup.model.address import Address
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding


class Kind(StrEnum):
    """What a file is for."""

    VERSIONED = "versioned"
    REPEATABLE = "repeatable"
    BASELINE = "baseline"
    """Stands for all versions up to its own, on an empty database only."""
    UNDO = "undo"
    """Takes back the versioned one of the same version; never in the history."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version of unlimited numbers: 1, 1.0 and 01 are the same one."""

    parts: tuple[int, ...]
    """Without zeros at the end: a missing part is 0."""
    text: str = field(compare=False)
    """As it is written, with dots: what Flyway stores."""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Raises Invalid: only digits between dots or underscores."""
        dotted = text.replace("_", ".")
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", dotted):
            raise Invalid(
                f"`{text}` is no version", hint="write numbers with dots or underscores between them: 7, 2024.1, 1_2"
            )
        parts = [int(part) for part in dotted.split(".")]
        while parts and parts[-1] == 0:
            parts.pop()
        return cls(tuple(parts), dotted)

    @property
    def canonical(self) -> str:
        """The same text for equal versions."""
        return ".".join(map(str, self.parts)) or "0"

    def __lt__(self, other: "Version") -> bool:
        return self.parts < other.parts

    def __str__(self) -> str:
        return self.text


def address_of(version: Version | None, description: str) -> Address:
    """The address of a versioned migration or, without a version, of a repeatable one; equal for a file and its row."""
    if version is not None:
        return Address(f"migration.{version.canonical}")
    quoted = f"R {description}".replace('"', '""')
    return Address(f'migration."{quoted}"')


@dataclass(frozen=True)
class Migration:
    """One migration file."""

    kind: Kind
    version: Version | None
    """None for a repeatable."""
    description: str
    script: str
    """The path relative to its location: the history's `script`."""
    path: str
    """The path in the repository."""
    sql: str
    """What is run: the text with placeholders replaced."""
    checksum: int | None
    """What the history stores; None where it depends on placeholders whose values are not known offline."""
    accepted: frozenset[int] = frozenset()
    """Checksums that count as unchanged."""
    in_transaction: bool | None = None
    """What the file's own settings say; None: nothing."""
    executes: bool = True
    """False: `shouldExecute` says that it is never run here."""
    content: bytes = field(default=b"", compare=False, repr=False)
    """The file as it is in the repository."""
    text: str = field(default="", compare=False, repr=False)
    """The same decoded, with its byte-order mark and its placeholders."""

    @property
    def address(self) -> Address:
        if self.kind is Kind.UNDO:
            return Address(f'migration."U {self.version and self.version.canonical}"')
        return address_of(self.version, self.description)

    @property
    def place(self) -> Place:
        return Place(self.path)

    def __str__(self) -> str:
        return f"{self.version} ({self.description})" if self.version else f"R {self.description}"


@dataclass(frozen=True)
class Callback:
    """SQL that Flyway runs around migrations; not in the history."""

    event: str
    """Flyway's name for when: `beforeMigrate`, `afterEachMigrate`, ..."""
    description: str
    path: str
    sql: str


@dataclass(frozen=True)
class Migrations:
    """What the files of one stack say, read offline."""

    settings: Settings
    files: tuple[Migration, ...] = ()
    """Versioned and baseline ones by version, then repeatables by description, then undo files by version."""
    callbacks: tuple[Callback, ...] = ()
    """By event, then by description: the order in which those of one event run."""
    findings: tuple[Finding, ...] = ()
    read: tuple[str, ...] = ()
    """Every repository path that this depends on: the closure."""

    def of(self, *kinds: Kind) -> tuple[Migration, ...]:
        return tuple(each for each in self.files if each.kind in kinds)

    def undo_of(self, version: Version) -> Migration | None:
        return next((each for each in self.of(Kind.UNDO) if each.version == version), None)

    def on(self, event: str) -> tuple[Callback, ...]:
        return tuple(each for each in self.callbacks if each.event == event)


def in_order(files: Iterable[Migration]) -> tuple[Migration, ...]:
    """The order in which they are applied; Java compares descriptions by their UTF-16 units."""
    ranks = {Kind.BASELINE: 0, Kind.VERSIONED: 0, Kind.REPEATABLE: 1, Kind.UNDO: 2}
    return tuple(
        sorted(
            files,
            key=lambda each: (
                ranks[each.kind],
                each.version.parts if each.version else (),
                each.kind,
                each.description.encode("utf-16-be"),
            ),
        )
    )
