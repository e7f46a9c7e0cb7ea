"""Splices: texts in place of others, and what cannot be written by itself."""

from collections.abc import Sequence
from dataclasses import dataclass


class Unwritable(Exception):
    """An edit that this file's way of writing does not allow: says why."""


@dataclass(frozen=True)
class Splice:
    start: int
    end: int
    text: str


def spliced(text: str, splices: Sequence[Splice]) -> str:
    for each in sorted(splices, key=lambda splice: (splice.start, splice.end), reverse=True):
        text = text[: each.start] + each.text + text[each.end :]
    return text
