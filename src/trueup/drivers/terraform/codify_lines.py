"""Lines: cutting pieces out of HCL and putting pieces in, with their commas and line ends, in the author's layout."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from trueup.drivers.terraform.hcl_nodes import Source
from trueup.drivers.terraform.splices import Splice, Splices

_REST_OF_LINE = re.compile(rb"[ \t]*,?[ \t]*((#|//).*)?\r?")
_COMMENT_LINE = re.compile(rb"(?:^|\n)([ \t]*(?:#|//)[^\n]*\n)\Z")
_COMMA_AFTER = re.compile(rb"[ \t]*,[ \t]*")


class Piece(Protocol):
    """A part of a file: an attribute, a block, an entry, an element."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def replace(splices: Splices, source: Source, piece: Piece, text: str) -> None:
    splices.add(Splice(source.path, piece.start, piece.end, text))


def insert(splices: Splices, source: Source, position: int, text: str) -> None:
    splices.add(Splice(source.path, position, position, text))


def line_end(source: Source, position: int) -> int:
    """Where the line of a position ends, before its line feed (and carriage return)."""
    end = source.content.find(b"\n", position)
    end = len(source.content) if end < 0 else end
    return end - 1 if source.content[end - 1 : end] == b"\r" and end > position else end


def newline(source: Source) -> str:
    return "\r\n" if b"\r\n" in source.content else "\n"


def cut_lines(splices: Splices, source: Source, piece: Piece) -> None:
    """Takes away a piece that stands on lines of its own, its trailing comment, and the comment right above it when
    nothing else follows that the comment could be about. Elsewhere only the piece itself goes."""
    found = _own_lines(source, piece)
    start, end = found or (piece.start, piece.end)
    splices.add(Splice(source.path, start, end, ""))


def cut_items(splices: Splices, source: Source, items: Sequence[Piece], gone: Sequence[int]) -> None:
    """Takes items out of a tuple or an object, commas included; at least one item stays."""
    kept = [index for index in range(len(items)) if index not in gone]
    for run in _runs(gone):
        first, last = items[run[0]], items[run[-1]]
        alone = [_own_lines(source, items[index]) for index in run]
        if all(alone):
            for each in alone:
                if each is not None:
                    splices.add(Splice(source.path, *each, ""))
        elif (comma := _COMMA_AFTER.match(source.content, last.end)) is not None:
            splices.add(Splice(source.path, first.start, comma.end(), ""))
        else:
            start = items[run[0] - 1].end if run[0] else first.start
            splices.add(Splice(source.path, start, last.end, ""))
    final = items[kept[-1]]
    comma = _COMMA_AFTER.match(source.content, final.end)
    was_open = not has_comma(source, items[-1])
    if kept[-1] != len(items) - 1 and was_open and comma is not None and _own_lines(source, final) is not None:
        splices.add(Splice(source.path, final.end, final.end + comma.group().index(b",") + 1, ""))


def has_comma(source: Source, item: Piece) -> bool:
    return _COMMA_AFTER.match(source.content, item.end) is not None


class Layout(Enum):
    """How the items of a tuple or an object stand."""

    ONE_LINE = "one line"
    LINES = "lines"
    LINES_WITH_COMMAS = "lines with commas"


def add_items(splices: Splices, source: Source, items: Sequence[Piece], texts: Sequence[str], layout: Layout) -> None:
    """Puts items behind the last one of a tuple or an object; a comma behind the very last is kept or left out as
    the author has it."""
    last = items[-1]
    if layout is Layout.ONE_LINE:
        insert(splices, source, last.end, "".join(f", {text}" for text in texts))
        return
    commas, trailing = layout is Layout.LINES_WITH_COMMAS, has_comma(source, last)
    indent, feed = source.indent(last.start), newline(source)
    added = "".join(f"{feed}{indent}{text}{',' if commas else ''}" for text in texts)
    added = added if trailing else added.removesuffix(",")
    end = line_end(source, last.end)
    if commas and not trailing:
        if end == last.end:
            added = f",{added}"
        else:
            insert(splices, source, last.end, ",")
    insert(splices, source, end, added)


def _runs(indices: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _own_lines(source: Source, piece: Piece) -> tuple[int, int] | None:
    content = source.content
    start = content.rfind(b"\n", 0, piece.start) + 1
    feed = content.find(b"\n", piece.end)
    end = len(content) if feed < 0 else feed
    if content[start : piece.start].strip() or not _REST_OF_LINE.fullmatch(content[piece.end : end]):
        return None
    end = min(end + 1, len(content))
    following = content[end : content.find(b"\n", end) if content.find(b"\n", end) >= 0 else len(content)].strip()
    if not following or following[:1] in b"}])#" or following[:2] == b"//":
        while (comment := _COMMENT_LINE.search(content[:start])) is not None:
            start = comment.start(1)
    opens = content[:start].rstrip(b" \t").endswith((b"\n\n", b"\n\r\n", b"{\n", b"{\r\n")) or start == 0
    if opens and not following and end < len(content):
        end = content.find(b"\n", end) + 1
    elif content[:start].endswith((b"\n\n", b"\n\r\n")) and following[:1] in b"}" and following:
        start = content.rfind(b"\n", 0, start - 1) + 1
    return start, end


def replace_range(splices: Splices, source: Source, start: int, end: int, text: str) -> None:
    """Gives a range of whole lines another text."""
    splices.add(Splice(source.path, start, end, text))
