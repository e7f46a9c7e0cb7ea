"""How a migration's statements are run: all in one transaction, or in parts that a later delivery can go on behind."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from trueup.drivers.database.dialect import Dialect
from trueup.drivers.database.migrations.configuration import Settings
from trueup.drivers.database.migrations.migrations import Migration
from trueup.drivers.database.statements import Statement
from trueup.drivers.database.statements_kinds import controls_transactions, may_commit
from trueup.model.errors import Invalid

_PLAIN_BEGIN = re.compile(r"(BEGIN|START)( WORK| TRANSACTION)?$")
_PLAIN_COMMIT = re.compile(r"(COMMIT|END)( WORK| TRANSACTION)?$")
_NEUTRAL = ("SET", "RESET", "SHOW")
"""Statements that are at home in both kinds of files."""


class Bound(Enum):
    """What of a part is known when its worker dies."""

    ATOMIC = auto()
    """One transaction, which also notes that it is done: everything."""
    ALONE = auto()
    """The database refuses it in a transaction: whether it happened shows in the catalog, or doing it again is
    harmless."""
    OPAQUE = auto()
    """It commits in between, by itself: nobody can tell."""


@dataclass(frozen=True)
class Part:
    bound: Bound
    statements: tuple[Statement, ...]

    @property
    def title(self) -> str:
        more = len(self.statements) - 1
        return self.statements[0].title + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class Way:
    migration: Migration
    statements: tuple[Statement, ...]
    """What is sent where it is one transaction."""
    parts: tuple[Part, ...] = ()
    """Otherwise; empty: one transaction, with the row of the history in it."""

    @property
    def in_transaction(self) -> bool:
        return not self.parts


def way_of(migration: Migration, dialect: Dialect, settings: Settings) -> Way:
    """Raises Invalid with file and line: a script that cannot be cut, or mixes what cannot be mixed."""
    statements = dialect.split(migration.sql, migration.path) if migration.executes else ()
    alone = [each for each in statements if not each.in_transaction]
    wanted = migration.in_transaction
    if wanted and alone:
        raise Invalid(
            f"the database refuses this in a transaction: {alone[0].title}",
            place=alone[0].place(),
            hint=f"say executeInTransaction=false in {migration.path}.conf, or take `executeInTransaction=true` out",
        )
    if wanted is None and alone and not settings.mixed:
        _refuse_mixed(statements, alone[0])
    if wanted is not False and not alone and (wanted or settings.in_transaction):
        return _in_transaction(migration, statements)
    return Way(migration, statements, tuple(_parts(statements)))


def _refuse_mixed(statements: Sequence[Statement], alone: Statement) -> None:
    others = [
        each for each in statements if each.in_transaction and each.words[:1] not in {(word,) for word in _NEUTRAL}
    ]
    if others:
        raise Invalid(
            f"this cannot run in a transaction, and line {others[0].line} of the same file should: {alone.title}",
            place=alone.place(),
            hint="put it into a migration of its own; or allow both in one file with `mixed: true`, or with "
            "executeInTransaction=false for this one: then every statement commits by itself",
        )


def _in_transaction(migration: Migration, statements: tuple[Statement, ...]) -> Way:
    """A file that begins and ends transactions itself is none of ours, except where it is one from end to end."""
    if not any(controls_transactions(each) for each in statements):
        return Way(migration, statements)
    parts = tuple(_parts(statements))
    if len(parts) == 1 and parts[0].bound is Bound.ATOMIC:
        return Way(migration, parts[0].statements)
    return Way(migration, statements, parts)


def _parts(statements: Sequence[Statement]) -> Iterator[Part]:
    """BEGIN ... COMMIT becomes a transaction of ours. From where that cannot be told, all the rest is one part."""
    left = list(statements)
    while left:
        first = left[0]
        if controls_transactions(first):
            inside = _block(left)
            if inside is None:
                yield Part(Bound.OPAQUE, tuple(left))
                return
            if inside:
                yield Part(Bound.ATOMIC, inside)
            del left[: len(inside) + 2]
            continue
        del left[0]
        if not first.in_transaction:
            yield Part(Bound.ALONE, (first,))
        else:
            yield Part(Bound.OPAQUE if may_commit(first) else Bound.ATOMIC, (first,))


def _block(statements: Sequence[Statement]) -> tuple[Statement, ...] | None:
    """What stands between a plain BEGIN and the COMMIT of it."""
    if not _PLAIN_BEGIN.match(" ".join(statements[0].words)):
        return None
    for index, each in enumerate(statements[1:], 1):
        if controls_transactions(each):
            return tuple(statements[1:index]) if _PLAIN_COMMIT.match(" ".join(each.words)) else None
    return None
