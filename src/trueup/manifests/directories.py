"""Directories: the files of one tree, prepared for matching thousands of paths against patterns."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from trueup.manifests.patterns import Pattern
from trueup.ports.tree import Tree


@dataclass(frozen=True)
class Directories:
    files: frozenset[str]
    direct: dict[str, tuple[str, ...]] = field(repr=False)
    """Directory to the names of the files directly in it; every directory that has a file somewhere below is here."""
    ordered: tuple[str, ...] = field(repr=False)
    """The directories, sorted."""

    @classmethod
    def of(cls, tree: Tree) -> "Directories":
        names: dict[str, list[str]] = defaultdict(list)
        paths = [entry.path for entry in tree.entries()]
        for path in paths:
            directory, _, name = path.rpartition("/")
            names[directory].append(name)
        for directory in list(names):
            parent = directory
            while parent:
                parent = parent.rpartition("/")[0]
                names.setdefault(parent, [])
        return cls(
            frozenset(paths), {directory: tuple(found) for directory, found in names.items()}, tuple(sorted(names))
        )

    def candidates(self, pattern: Pattern, globs: tuple[str, ...]) -> Iterator[str]:
        """Paths that the pattern may mean, in order: directories that hold what the format needs, or files."""
        if pattern.literal:
            if self._qualifies(pattern.text, pattern, globs):
                yield pattern.text
            return
        for path in _starting(self.ordered, pattern.prefix):
            if self._qualifies(path, pattern, globs):
                yield path
        if pattern.names_files:
            yield from _starting(sorted(self.files), pattern.prefix)

    def marked(self, path: str, globs: tuple[str, ...]) -> list[str]:
        """The files directly in a directory that make it a stack, or the file itself."""
        if path in self.files:
            return [path]
        prefix = f"{path}/" if path else ""
        if not globs:
            return [f"{prefix}{name}" for name in self.direct.get(path, ())]
        found: list[str] = []
        for glob in globs:
            below, slash, last = glob.rpartition("/")
            names = self.direct.get(f"{prefix}{below}" if slash else path, ())
            found += [f"{prefix}{below}{slash}{name}" for name in names if fnmatchcase(name, last)]
        return list(dict.fromkeys(found))

    def _qualifies(self, path: str, pattern: Pattern, globs: tuple[str, ...]) -> bool:
        if path in self.files:
            return pattern.names_files
        return path in self.direct and bool(not globs or self.marked(path, globs))


def _starting(ordered: Sequence[str], prefix: str) -> Iterator[str]:
    for index in range(bisect_left(ordered, prefix), len(ordered)):
        if not ordered[index].startswith(prefix):
            return
        yield ordered[index]
