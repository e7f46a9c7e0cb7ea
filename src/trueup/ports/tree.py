"""Tree: the files of one repository at one commit, and two trees made of values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trueup.model.errors import Invalid, Place
from trueup.model.tree import Edits as Edits
from trueup.model.tree import TreeEntry as TreeEntry
from trueup.model.values import digest_bytes


class Tree(Protocol):
    @property
    def revision(self) -> str:
        """The commit, or a name for what a tree of values stands for."""
        ...

    def entries(self, under: str = "") -> Sequence[TreeEntry]:
        """Every file below a directory, sorted by path; "" is the whole tree."""
        ...

    def read(self, path: str) -> bytes:
        """Raises Invalid when there is no such file."""
        ...

    def write_to(self, directory: Path, paths: Iterable[str] | None = None) -> None:
        """Materialises the files (all of them: None) below an existing directory; refuses whatever leaves it."""
        ...


@dataclass(frozen=True)
class StoredTree:
    """A tree of values: a baseline's closure out of the vault, or a test's files."""

    revision: str
    contents: Mapping[str, bytes]
    executables: frozenset[str] = field(default_factory=frozenset)

    def entries(self, under: str = "") -> Sequence[TreeEntry]:
        prefix = f"{under.strip('/')}/" if under.strip("/") else ""
        return [
            TreeEntry(path, digest_bytes(content), path in self.executables)
            for path, content in sorted(self.contents.items())
            if path.startswith(prefix)
        ]

    def read(self, path: str) -> bytes:
        try:
            return self.contents[path]
        except KeyError:
            raise Invalid("there is no such file in this revision", place=Place(path)) from None

    def write_to(self, directory: Path, paths: Iterable[str] | None = None) -> None:
        for path in self.contents if paths is None else paths:
            target = directory / path
            if not target.resolve().is_relative_to(directory.resolve()):
                raise Invalid("the path leaves the tree", place=Place(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(path))
            target.chmod(0o755 if path in self.executables else 0o644)


@dataclass(frozen=True)
class EditedTree:
    """Another tree with some files replaced: what a codification would make of it."""

    original: Tree
    edits: Edits

    @property
    def revision(self) -> str:
        return f"{self.original.revision}+edits"

    def entries(self, under: str = "") -> Sequence[TreeEntry]:
        edited = StoredTree("", {path: text for path, text in self.edits.items() if text is not None})
        kept = [entry for entry in self.original.entries(under) if entry.path not in self.edits]
        return sorted([*kept, *edited.entries(under)], key=lambda entry: entry.path)

    def read(self, path: str) -> bytes:
        if path not in self.edits:
            return self.original.read(path)
        content = self.edits[path]
        if content is None:
            raise Invalid("the edit deletes this file", place=Place(path))
        return content

    def write_to(self, directory: Path, paths: Iterable[str] | None = None) -> None:
        wanted = [entry.path for entry in self.entries()] if paths is None else list(paths)
        self.original.write_to(directory, [path for path in wanted if path not in self.edits])
        contents = {path: self.read(path) for path in wanted if path in self.edits}
        StoredTree(self.revision, contents).write_to(directory)
