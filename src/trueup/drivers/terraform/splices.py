"""Splices: replacements of byte ranges over several files, applied at once; other bytes stay as they are."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from trueup.model.errors import Broken


@dataclass(frozen=True, order=True)
class Splice:
    """Bytes `start` to `end` of a file give way to `text`; an insertion has `start` equal to `end`."""

    file: str
    start: int
    end: int
    text: str


class Splices:
    """A set of splices: the same one twice is one (two instances of a resource ask for the same edit)."""

    def __init__(self, splices: frozenset[Splice] = frozenset()) -> None:
        self._splices = splices

    def add(self, splice: Splice) -> None:
        self._splices = self._splices | {splice}

    def snapshot(self) -> frozenset[Splice]:
        """To return to with `restore` when a later part of the same edit turns out to be impossible."""
        return self._splices

    def restore(self, snapshot: frozenset[Splice]) -> None:
        self._splices = snapshot

    def since(self, snapshot: frozenset[Splice]) -> frozenset[Splice]:
        return self._splices - snapshot

    @property
    def overlapping(self) -> tuple[Splice, Splice] | None:
        """Two splices that claim the same bytes. Insertions at one spot do not: they follow one another."""
        ordered = sorted(self._splices)
        for first, second in pairwise(ordered):
            if first.file == second.file and second.start < first.end:
                return first, second
        return None

    def applied(self, read: Callable[[str], bytes]) -> dict[str, bytes]:
        """New content of every touched file; a file that would stay the same is left out. Raises Broken on overlap."""
        if (clash := self.overlapping) is not None:
            raise Broken(f"two edits claim the same bytes of {clash[0].file}: {clash[0].start} to {clash[0].end}")
        contents: dict[str, bytes] = {}
        for splice in sorted(self._splices, reverse=True):
            content = contents.get(splice.file)
            content = read(splice.file) if content is None else content
            contents[splice.file] = content[: splice.start] + splice.text.encode() + content[splice.end :]
        return {file: content for file, content in contents.items() if content != read(file)}
