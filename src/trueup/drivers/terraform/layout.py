"""The files of a tree by directory, with links followed as far as they stay inside."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trueup.model.errors import Invalid, Place
from trueup.ports.tree import Tree, TreeEntry

_LONGEST_CHAIN = 40


def join(directory: str, path: str) -> str:
    """A path relative to a directory, from the tree's root. One that leaves the tree begins with `..`."""
    joined = posixpath.normpath(posixpath.join(directory or ".", path))
    return "" if joined == "." else joined


def leaves(path: str) -> bool:
    return path == ".." or path.startswith(("../", "/"))


@dataclass(frozen=True, eq=False)
class Layout:
    tree: Tree

    @cached_property
    def entries(self) -> dict[str, TreeEntry]:
        return {entry.path: entry for entry in self.tree.entries()}

    @cached_property
    def directories(self) -> dict[str, list[TreeEntry]]:
        """Directory to the files right in it."""
        found: dict[str, list[TreeEntry]] = defaultdict(list)
        for entry in self.entries.values():
            found[posixpath.dirname(entry.path)].append(entry)
        return found

    @cached_property
    def _links(self) -> frozenset[str]:
        return frozenset(path for path, entry in self.entries.items() if entry.link)

    def below(self, directory: str) -> Iterator[TreeEntry]:
        prefix = f"{directory}/" if directory else ""
        for name, entries in self.directories.items():
            if name == directory or name.startswith(prefix):
                yield from entries

    def resolve(self, path: str) -> tuple[str, list[str]]:
        """Where a path ends after its links, and the links on the way, which belong to the closure too.

        Raises Invalid when a link leaves the tree or goes in circles.
        """
        passed: list[str] = []
        while link := self._first_link(path):
            passed.append(link)
            if len(passed) > _LONGEST_CHAIN:
                raise Invalid("the symbolic link goes in circles", place=Place(link))
            target = self.tree.read(link).decode("utf-8", "replace")
            path = join(posixpath.dirname(link), target + path[len(link) :])
            if leaves(path) or target.startswith("/"):
                raise Invalid(
                    f"the symbolic link leaves the repository: {target}",
                    place=Place(link),
                    hint="put the file itself into the repository",
                )
        return path, passed

    def _first_link(self, path: str) -> str:
        if not self._links:
            return ""
        parts = path.split("/")
        prefixes = ("/".join(parts[: count + 1]) for count in range(len(parts)))
        return next((prefix for prefix in prefixes if prefix in self._links), "")
