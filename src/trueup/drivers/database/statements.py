"""A SQL script cut into statements: where each begins, how it begins, and whether it may run in a transaction."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from trueup.model.errors import Invalid, Place

WORDS = 40
"""How many of a statement's first words are kept: enough to tell what it is."""


@dataclass(frozen=True)
class Statement:
    """One statement of a script."""

    raw: str
    """Everything from the end of the one before it: comments, its end mark, a COPY's data. Joined, they are the
    whole script."""
    sql: str
    """What is sent: without what surrounds it, and without its end mark."""
    path: str
    line: int
    """Of `sql`'s first character in the file, from 1."""
    words: tuple[str, ...] = ()
    """The first words in capitals, without comments and punctuation: (CREATE, INDEX, CONCURRENTLY, ...). A quoted name
    stands as `"`."""
    data: str | None = None
    """What follows a COPY ... FROM STDIN, up to `\\.`."""
    in_transaction: bool = True
    """False: the database refuses it in a transaction."""

    def place(self, offset: int = 0) -> Place:
        """Of the character at this offset of `sql`."""
        before = self.sql[:offset]
        column = offset - before.rfind("\n") if "\n" in before else 0
        return Place(self.path, self.line + before.count("\n"), column)

    @property
    def title(self) -> str:
        """One line to know it by."""
        text = " ".join(self.sql.split())
        return text if len(text) <= 80 else f"{text[:77]}..."


@dataclass(frozen=True)
class Lexis:
    """How one kind of database reads a script."""

    tokens: re.Pattern[str]
    """Named groups: space, line, block, quoted, dollar, word, name, end, open, close, meta, broken; others pass."""
    compound: re.Pattern[str]
    """First words of a statement that holds others between BEGIN and END."""
    begins: re.Pattern[str]
    """Behind such words: what opens the block."""
    nested_comments: bool
    runs_alone: Callable[[tuple[str, ...]], bool]
    """Of the first words: the database refuses it in a transaction."""


_COMMON = r"""
    (?P<space>[\s\ufeff]+)
  | (?P<line>--[^\r\n]*)
  | (?P<block>/\*)
  %s
  | (?P<quoted>(?:\b[bBxXnN]|\b[uU]&)?'[^']*(?:''[^']*)*')
  | (?P<name>(?:\b[uU]&)?"[^"]*(?:""[^"]*)*"%s)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<end>;)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<broken>['"])
  %s
  | (?P<other>.)
"""

POSTGRES_TOKENS = re.compile(
    _COMMON
    % (
        r"| (?P<escaped>\b[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*') | (?P<dollar>\$(?:[^\W\d]\w*)?\$)",
        "",
        r"| (?P<meta>\\)",
    ),
    re.VERBOSE | re.DOTALL,
)
SQLITE_TOKENS = re.compile(_COMMON % ("", r"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\]", ""), re.VERBOSE | re.DOTALL)

_COPY = re.compile(r"COPY .*\bFROM STDIN\b")
_COPY_END = re.compile(r"^\\\.[ \t]*(?:\r\n|\r|\n|\Z)", re.MULTILINE)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_LINE_END = re.compile(r"\r\n|\r|\n")


def split(text: str, path: str, lexis: Lexis) -> tuple[Statement, ...]:
    """Raises Invalid with file and line for a script that ends inside of something, or is psql's alone."""
    found = list(_Cutter(text, path, lexis).statements())
    if found:
        rest = text[sum(len(each.raw) for each in found) :]
        found[-1] = replace(found[-1], raw=found[-1].raw + rest)
    return tuple(found)


@dataclass
class _Cutter:
    text: str
    path: str
    lexis: Lexis
    at: int = 0
    cut: int = 0
    """Where the raw text of the statement begins."""
    first: int = -1
    """Where its first token begins; -1: none yet."""
    words: list[str] = field(default_factory=list)
    parentheses: int = 0
    blocks: int = 0
    """BEGIN and CASE that no END closed yet."""

    def __post_init__(self) -> None:
        self._lines = [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    def statements(self) -> Iterator[Statement]:
        while self.at < len(self.text):
            token = self.lexis.tokens.match(self.text, self.at)
            assert token is not None and token.lastgroup is not None  # `other` takes what nothing else does
            kind, start = token.lastgroup, self.at
            self.at = token.end()
            if kind in ("space", "line"):
                continue
            if kind == "block":
                self._skip_comment(start)
                continue
            if kind == "end" and not self.parentheses and not self.blocks:
                if self.first >= 0:
                    yield self._statement(start)
                self.first, self.parentheses = -1, 0
                self.words.clear()
                continue
            if self.first < 0:
                self.first = start
            self._take(kind, token[0], start)
        if self.first >= 0:
            yield self._statement(len(self.text))

    def _take(self, kind: str, text: str, start: int) -> None:
        match kind:
            case "dollar":
                end = self.text.find(text, self.at)
                if end < 0:
                    raise self._unclosed(start, f"the text that {text} begins")
                self.at = end + len(text)
            case "open":
                self.parentheses += 1
            case "close":
                self.parentheses = max(0, self.parentheses - 1)
            case "word":
                self._word(text.upper())
            case "name":
                self._add('"')
            case "broken":
                raise self._unclosed(start, "the quote")
            case "meta":
                raise Invalid(
                    "a backslash outside of quotes: psql's commands are not SQL",
                    place=self._place(start),
                    hint="write SQL only; placeholders take the place of \\set, and other files are migrations too",
                )

    def _word(self, word: str) -> None:
        self._add(word)
        if self.blocks:
            if word in ("BEGIN", "CASE"):
                self.blocks += 1
            elif word == "END":
                self.blocks -= 1
        elif self.lexis.compound.match(" ".join(self.words[:4])) and self.lexis.begins.match(self.text, self.at):
            self.blocks = 1 if word == "BEGIN" else 0

    def _add(self, word: str) -> None:
        if len(self.words) < WORDS:
            self.words.append(word)

    def _statement(self, end: int) -> Statement:
        sql, words = self.text[self.first : end].rstrip(), tuple(self.words)
        data = self._copied() if _COPY.match(" ".join(words)) and end < len(self.text) else None
        raw, self.cut = self.text[self.cut : self.at], self.at
        return Statement(raw, sql, self.path, self._line(self.first), words, data, not self.lexis.runs_alone(words))

    def _copied(self) -> str:
        """The data begins on the line behind the end mark."""
        line = _LINE_END.search(self.text, self.at)
        begin = line.end() if line else len(self.text)
        end = _COPY_END.search(self.text, begin)
        if end is None:
            raise self._unclosed(self.first, "the data of COPY ... FROM STDIN, for want of a line with \\. alone,")
        self.at = end.end()
        return self.text[begin : end.start()]

    def _skip_comment(self, start: int) -> None:
        depth = 1
        while depth:
            mark = _COMMENT_MARK.search(self.text, self.at)
            if mark is None:
                raise self._unclosed(start, "the comment")
            self.at = mark.end()
            if mark[0] == "*/":
                depth -= 1
            elif self.lexis.nested_comments:
                depth += 1

    def _line(self, offset: int) -> int:
        return bisect_right(self._lines, offset)

    def _place(self, offset: int) -> Place:
        line = self._line(offset)
        return Place(self.path, line, offset - self._lines[line - 1] + 1)

    def _unclosed(self, offset: int, what: str) -> Invalid:
        return Invalid(
            f"{what} does not end",
            place=self._place(offset),
            hint="close it; nothing of this file was run",
        )
