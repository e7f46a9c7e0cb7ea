"""GitTree: the files of one commit, read as blobs: no checkout, no attributes, no filters, no hooks."""

import subprocess
import threading
import weakref
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from trueup.model.errors import Broken, Invalid, Place
from trueup.model.tree import TreeEntry
from trueup.system.git import Git
from trueup.system.materialise import LinkMap, check_paths, write_files

GITLINK, LINK, EXECUTABLE = "160000", "120000", "100755"


class ObjectReader:
    """One `cat-file --batch` process for one repository: a blob costs a pipe's round trip instead of a process."""

    def __init__(self, git: Git, repository: Path) -> None:
        self._git = git
        self._repository = repository
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stop: weakref.finalize[..., ObjectReader] | None = None

    def read(self, blob: str) -> bytes:
        """The content of an object. Broken when the repository lost it."""
        with self._lock:
            for fresh in (False, True):
                if self._process is None or fresh:
                    self._start()
                try:
                    return self._exchange(blob)
                except (BrokenPipeError, EOFError):
                    continue
        raise Broken(f"git cat-file ends at once in {self._repository}")

    def close(self) -> None:
        with self._lock:
            if self._stop is not None:
                self._stop()
                self._process, self._stop = None, None

    def _start(self) -> None:
        if self._stop is not None:
            self._stop()
        argv = [*self._git.argv(self._repository), "cat-file", "--batch"]
        self._process = subprocess.Popen(
            argv,
            env=self._git.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Also when nobody closes us, and when Python ends: no process may be left behind.
        self._stop = weakref.finalize(self, _stop, self._process)

    def _exchange(self, blob: str) -> bytes:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        process.stdin.write(blob.encode() + b"\n")
        process.stdin.flush()
        header = process.stdout.readline()
        if not header:
            raise EOFError
        if header.endswith(b" missing\n"):
            raise Broken(
                f"the object {blob} is missing in {self._repository}", hint="remove the mirror; it is fetched again"
            )
        size = int(header.rsplit(b" ", 1)[1])
        content = process.stdout.read(size + 1)
        if len(content) != size + 1:
            raise EOFError
        return content[:-1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


class GitTree:
    """ports.tree.Tree over one commit of a bare repository."""

    def __init__(self, git: Git, reader: ObjectReader, repository: Path, commit: str) -> None:
        self._git = git
        self._reader = reader
        self._repository = repository
        self._commit = commit

    @property
    def revision(self) -> str:
        return self._commit

    def entries(self, under: str = "") -> Sequence[TreeEntry]:
        prefix = f"{under.strip('/')}/" if under.strip("/") not in ("", ".") else ""
        return [entry for path, entry in self._listing.items() if path.startswith(prefix)]

    def read(self, path: str) -> bytes:
        """The content of a file; of a symbolic link, its target. Raises Invalid when there is no such file."""
        return self._reader.read(self._entry(path).digest)

    def write_to(self, directory: Path, paths: Iterable[str] | None = None) -> None:
        """Raises Invalid for links that leave the root, submodules, names that a file system would fold together,
        `.git` in any spelling, and names that are not UTF-8 (see the module `materialise`)."""
        if paths is None and self._gitlinks:
            raise Invalid(
                "the repository has a submodule here, and submodules are never fetched",
                place=Place(min(self._gitlinks)),
                hint="put the module's files into the repository, or name it as a module source",
            )
        wanted = [self._entry(path) for path in paths] if paths is not None else list(self._listing.values())
        check_paths(entry.path for entry in wanted)
        if any(entry.link for entry in wanted):
            links = {entry.path: self._link(entry) for entry in self._listing.values() if entry.link}
            LinkMap(links).check(entry.path for entry in wanted if entry.link)
        write_files(directory, ((entry, self._reader.read(entry.digest)) for entry in wanted))

    def _link(self, entry: TreeEntry) -> str:
        return self._reader.read(entry.digest).decode("utf-8", "surrogateescape")

    def _entry(self, path: str) -> TreeEntry:
        try:
            return self._listing[path]
        except KeyError:
            raise Invalid("there is no such file in this revision", place=Place(path)) from None

    @cached_property
    def _listing(self) -> dict[str, TreeEntry]:
        return {
            path: TreeEntry(path, blob, executable=mode == EXECUTABLE, link=mode == LINK)
            for mode, blob, path in self._lines
            if mode != GITLINK
        }

    @cached_property
    def _gitlinks(self) -> list[str]:
        return [path for mode, _, path in self._lines if mode == GITLINK]

    @cached_property
    def _lines(self) -> list[tuple[str, str, str]]:
        """Mode, object and path of everything. Paths that are not UTF-8 keep their bytes as surrogates: they can be
        listed, and are refused when written."""
        arguments = ["ls-tree", "-rz", "--full-tree", "--end-of-options", self._commit]
        found = self._git.run(arguments, repository=self._repository)
        lines = []
        for line in found.split(b"\0")[:-1]:
            about, _, path = line.partition(b"\t")
            mode, _, blob = about.decode("ascii").split(" ")
            lines.append((mode, blob, path.decode("utf-8", "surrogateescape")))
        return sorted(lines, key=lambda line: line[2])
