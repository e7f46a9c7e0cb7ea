"""Lint of new migrations: squawk and our own rules. Each finding has a code, a place, why, and the safe sequence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from trueup.drivers.database.dialect import Dialect
from trueup.drivers.database.lint import squawk as lint_squawk
from trueup.drivers.database.lint.codes import CODES
from trueup.drivers.database.lint.files import Fresh, recreated, validated_together
from trueup.drivers.database.lint.known import is_harmless
from trueup.drivers.database.lint.rules import Hit, Read, Unreadable, hits, read
from trueup.drivers.database.lint.usage import users_of
from trueup.drivers.database.lint.waivers import ALL, found, waiver_line, waivers
from trueup.drivers.database.migrations.migrations import Migration
from trueup.drivers.database.statements import Statement
from trueup.model.errors import Place
from trueup.model.plan import Address, Finding, Resource


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the rules need to know besides the files."""

    major: int
    """Of the stack's own server."""
    real: Mapping[Address, Resource] = field(default_factory=dict)
    """R: who uses what a migration drops. Empty where nobody looked."""
    schema: str = "public"
    """Where names without a schema are looked up."""
    delivered: bool = True
    """By Trueup, which sets lock_timeout and statement_timeout itself; False: another tool applies the files."""
    mixed: bool = False
    """One file may hold statements that need a transaction and ones that refuse it."""


def lint(migrations: Sequence[Migration], dialect: Dialect, about: Circumstances) -> tuple[Finding, ...]:
    """Of migrations that are not settled yet, in the order in which they would run. Raises Invalid for a script that
    ends inside of something."""
    files = [_File.of(each, dialect) for each in migrations]
    found = [hit for file in files for hit in file.hits(about)]
    if dialect.name == "postgresql":
        found += _of_squawk(files, about, found)
    else:
        found = [each for each in found if CODES[each.code].everywhere]
    fresh = Fresh(about.real, about.schema)
    findings: list[Finding] = []
    for file in files:
        only_new = frozenset(each.statement for each in file.reads if fresh.holds(each))
        mine = [each for each in found if each.statement.path == file.migration.path]
        kept = [each for each in mine if CODES[each.code].on_new or each.statement not in only_new]
        kept = [each for each in kept if each.code != "drop-object" or each.statement not in file.made_again]
        findings += file.judged([each for each in kept if not file.is_harmless(each, about)])
    return tuple(findings)


def _of_squawk(files: Sequence["_File"], about: Circumstances, own: Sequence[Hit]) -> Iterator[Hit]:
    """Without what our rules say of the same statement."""
    said = {(each.code, id(each.statement)) for each in own}
    exact = {id(each.statement) for each in own if each.code in ("serial-column", "generated-column")}
    for hit in lint_squawk.hits([each.without_data for each in files], about.major):
        statement = files[hit.file].at(hit.line, hit.column)
        if statement is None or (hit.code, id(statement)) in said:
            continue
        if hit.code == "volatile-default" and id(statement) in exact:
            continue
        if hit.code in ("lock-timeout", "statement-timeout") and about.delivered:
            continue
        said.add((hit.code, id(statement)))
        yield Hit(hit.code, statement, _offset(statement, hit.line, hit.column))


@dataclass
class _File:
    migration: Migration
    statements: tuple[Statement, ...]
    reads: list[Read]
    unreadable: list[Hit]

    @classmethod
    def of(cls, migration: Migration, dialect: Dialect) -> "_File":
        statements = dialect.split(migration.sql, migration.path)
        reads, unreadable = [], []
        for statement in statements:
            try:
                one = read(statement)
            except Unreadable as error:
                unreadable.append(Hit("unreadable-statement", statement, error.offset, str(error)))
                continue
            if one is not None:
                reads.append(one)
        return cls(migration, statements, reads, unreadable)

    @property
    def without_data(self) -> str:
        """The text with blank lines in place of what COPY reads: that is no SQL."""
        parts = [each.raw if each.data is None else _emptied(each.raw, each.data) for each in self.statements]
        return "".join(parts)

    @cached_property
    def made_again(self) -> frozenset[Statement]:
        return frozenset(recreated(self.reads))

    def is_harmless(self, hit: Hit, about: Circumstances) -> bool:
        one = self._read_of(hit.statement)
        return one is not None and is_harmless(one, hit.code, about.real, about.schema)

    def _read_of(self, statement: Statement) -> Read | None:
        return next((each for each in self.reads if each.statement is statement), None)

    def at(self, line: int, column: int) -> Statement | None:
        """The one that holds this character of the file, both counted from 1."""
        row, here = 1, 1
        for each in self.statements:
            row, here = _behind(each.raw, row, here)
            if (line, column) < (row, here):
                return each
        return self.statements[-1] if self.statements else None

    def hits(self, about: Circumstances) -> Iterator[Hit]:
        yield from self.unreadable
        for one in self.reads:
            for hit in hits(one):
                if hit.code != "still-used":
                    yield hit
                elif users := users_of(about.real, *hit.dropped):
                    yield Hit("still-used", hit.statement, hit.offset, f"{hit.said} by {', '.join(users)}")
        yield from validated_together(self.reads)
        yield from self._transaction_hits(about)

    def _transaction_hits(self, about: Circumstances) -> Iterator[Hit]:
        alone = [each for each in self.statements if not each.in_transaction]
        if not alone:
            return
        if self.migration.in_transaction:
            yield Hit("not-in-transaction", alone[0], 0, alone[0].title)
        elif len(alone) < len(self.statements) and not about.mixed and self.migration.in_transaction is None:
            yield Hit("mixed-transaction", alone[0], 0, alone[0].title)

    def judged(self, hits: Sequence[Hit]) -> Iterator[Finding]:
        allowed = waivers(self.migration.sql)
        for code, reason in allowed.items():
            if code not in ALL or not reason:
                what = f"`{code}` is waived without a reason" if code in ALL else f"`{code}` is no code"
                yield found("waiver", what, Place(self.migration.path, waiver_line(self.migration.sql, code)))
        seen: set[tuple[str, Statement, str]] = set()
        for hit in sorted(hits, key=lambda each: (each.statement.line, each.offset, each.code)):
            if (hit.code, hit.statement, hit.said) not in seen:
                seen.add((hit.code, hit.statement, hit.said))
                yield found(hit.code, hit.said, hit.statement.place(hit.offset), allowed.get(hit.code, ""))


def _emptied(raw: str, data: str) -> str:
    """As many lines, so that every statement stays on its own."""
    before, _, after = raw.partition(data) if data else (raw, "", "")
    rest = f"{data}{after}"
    return before + "\n" * rest.count("\n") if data else raw.replace("\\.", "")


def _behind(raw: str, line: int, column: int) -> tuple[int, int]:
    """Where the text after this one begins."""
    lines = raw.split("\n")
    return line + len(lines) - 1, len(lines[-1]) + (column if len(lines) == 1 else 1)


def _offset(statement: Statement, line: int, column: int) -> int:
    """Of a line and column of the file, in the statement's text; its beginning where it lies outside."""
    lines = statement.sql.split("\n")
    row = line - statement.line
    if not 0 < row < len(lines):
        return 0
    return sum(len(each) + 1 for each in lines[:row]) + min(column - 1, len(lines[row]))
