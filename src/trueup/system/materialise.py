"""Writing a tree's files below a directory so that nothing leaves it, whatever the repository's author intended."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from trueup.model.errors import Invalid, Place, Unavailable
from trueup.model.tree import TreeEntry

# Code points that HFS+ leaves out when it compares names (CVE-2014-9390).
_IGNORED = re.compile("[\u200c\u200d\u200e\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_LONGEST_CHAIN = 40


def check_path(path: str) -> None:
    """Raises Invalid unless the path is a plain relative one that every file system reads the same."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise Invalid("the name is not UTF-8", place=Place(shown), hint="rename the file in the repository") from None
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise Invalid("the path leaves the tree", place=Place(path))
    if any(_is_like_git(part) for part in parts):
        raise Invalid(
            "the name is one that git keeps for itself", place=Place(path), hint="rename it in the repository"
        )


def check_paths(paths: Iterable[str]) -> None:
    """Also refuses two names that become one on a file system that ignores case: the second would replace the
    first, or be written through it when the first is a link (CVE-2021-21300)."""
    seen: dict[str, str] = {}
    for path in paths:
        check_path(path)
        for name in (path, *_parents(path)):
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                raise Invalid(
                    f"the name differs from {other} only by case",
                    place=Place(name),
                    hint="rename one of them: on many file systems they are the same file",
                )


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _is_like_git(part: str) -> bool:
    name = _IGNORED.sub("", part).casefold().split(":", 1)[0].rstrip(". ")
    return name in (".git", "git~1")


class LinkMap:
    """The symbolic links of one tree. A link's target is followed through the other links, because a target that
    looks harmless as text can still climb out through a link to a directory."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links

    def check(self, paths: Iterable[str]) -> None:
        """Raises Invalid for a link that leaves the root or never ends."""
        for path in paths:
            self._follow(path)

    def _follow(self, path: str) -> None:
        left = path.split("/")
        here: list[str] = []
        hops = 0
        while left:
            part = left.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                if not here:
                    raise Invalid(f"the link to {self._links[path]} leaves the repository", place=Place(path))
                here.pop()
                continue
            target = self._links.get("/".join([*here, part]))
            if target is None:
                here.append(part)
                continue
            hops += 1
            if target.startswith("/") or "\0" in target:
                raise Invalid(f"the link to {target} leaves the repository", place=Place(path))
            if hops > _LONGEST_CHAIN:
                raise Invalid(f"the link to {self._links[path]} goes round in circles", place=Place(path))
            left = target.split("/") + left


def write_files(directory: Path, files: Iterable[tuple[TreeEntry, bytes]]) -> None:
    """Write checked entries below an existing directory, replacing what is there. Links come last, so that no file
    is written through one. Raises Invalid when the directory holds a link in the way, Unavailable on a full disk."""
    root = directory.resolve()
    links: list[tuple[Path, bytes]] = []
    safe: set[Path] = set()
    try:
        for entry, content in files:
            target = root / entry.path
            if target.parent not in safe:
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.parent.resolve() != target.parent:
                    raise Invalid("the directory holds a link in the way", place=Place(str(target.parent)))
                safe.add(target.parent)
            if entry.link:
                links.append((target, content))
            else:
                _write(target, content, 0o755 if entry.executable else 0o644)
        for target, content in links:
            target.unlink(missing_ok=True)
            os.symlink(content, os.fsencode(target))
    except OSError as error:
        raise Unavailable(
            f"{error.filename or root}: {error.strerror}",
            hint=f"is there space left in {root}, and may it be written?",
        ) from error


def _write(target: Path, content: bytes, mode: int) -> None:
    target.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(target, flags, mode), "wb") as file:
        file.write(content)
    # The umask took bits away; two plans of one tree must see equal modes.
    target.chmod(mode)
