"""Where the entries and words of a zone file of BIND stand: quotes, comments, and parentheses over several lines."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """From a character of the text to the one behind its end."""

    start: int
    end: int


@dataclass(frozen=True)
class Word:
    text: str
    """With its quotes."""
    span: Span


@dataclass(frozen=True)
class Entry:
    """A directive or a record: whole lines, with the comment at their end."""

    start: int
    end: int
    """Behind the line break."""
    words: tuple[Word, ...]
    indented: bool
    """It begins with white space: a record with the name of the one before it."""


def entries_of(text: str) -> Iterator[Entry]:
    """All that say something, in order; blank lines and lines with a comment only are in none."""
    words: list[Word] = []
    start = position = depth = 0
    while position < len(text):
        character = text[position]
        if character == ";":
            position = _end_of_line(text, position)
        elif character == "\n":
            position += 1
            if depth == 0:
                if words:
                    yield Entry(start, position, tuple(words), _is_indented(text, start))
                words, start = [], position
        elif character.isspace():
            position += 1
        elif character in "()":
            depth += 1 if character == "(" else -1
            words.append(Word(character, Span(position, position + 1)))
            position += 1
        else:
            end = _end_of_word(text, position)
            words.append(Word(text[position:end], Span(position, end)))
            position = end
    if words:
        yield Entry(start, len(text), tuple(words), _is_indented(text, start))


def _is_indented(text: str, start: int) -> bool:
    return text[start] in " \t"


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _end_of_word(text: str, position: int) -> int:
    quoted = False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        if character == '"':
            quoted = not quoted
        elif not quoted and (character.isspace() or character in ";()"):
            break
        position += 1
    return min(position, len(text))
