"""Files: a directory on this disk as a tree of the walk, as it is now, committed or not."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from trueup.model.errors import Invalid, Place
from trueup.ports.tree import StoredTree, TreeEntry
from trueup.system.processes import Command, capture

GIT_SECONDS = 60.0
_SKIPPED = frozenset({".git", ".terraform", "node_modules"})


class Files:
    """A Tree. In a git working tree, what git would take in; elsewhere everything but downloads of tools."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries = tuple(entry for path in sorted(_listed(root)) if (entry := _entry(root, path)))

    @property
    def revision(self) -> str:
        return "the files here"

    def entries(self, under: str = "") -> Sequence[TreeEntry]:
        prefix = f"{under.strip('/')}/" if under.strip("/") else ""
        return [entry for entry in self._entries if entry.path.startswith(prefix)]

    def read(self, path: str) -> bytes:
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise Invalid(f"it cannot be read: {error.strerror}", place=Place(path)) from None

    def write_to(self, directory: Path, paths: Iterable[str] | None = None) -> None:
        wanted = [entry.path for entry in self._entries] if paths is None else list(paths)
        StoredTree(self.revision, {path: self.read(path) for path in wanted}).write_to(directory)


def _entry(root: Path, path: str) -> TreeEntry | None:
    """None for a file that git knows and that is deleted here. The digest tells a file from its later self without
    reading it: a tree may hold many."""
    try:
        found = (root / path).lstat()
    except OSError:
        return None
    link = os.path.islink(root / path)
    return TreeEntry(path, f"{found.st_ino}:{found.st_mtime_ns}:{found.st_size}", bool(found.st_mode & 0o100), link)


def _listed(root: Path) -> Iterable[str]:
    argv = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home())}
    try:
        said = capture(Command(argv, root, environment), seconds=GIT_SECONDS)
    except Invalid:
        return _walked(root)  # no git on this machine
    return (
        {path for path in said.stdout.decode(errors="replace").split("\0") if path} if said.code == 0 else _walked(root)
    )


def _walked(root: Path) -> Iterable[str]:
    for directory, folders, names in os.walk(root):
        folders[:] = [folder for folder in folders if folder not in _SKIPPED]
        for name in names:
            yield (Path(directory) / name).relative_to(root).as_posix()
