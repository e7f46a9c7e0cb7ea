"""History: what can be asked of a bare repository's commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from trueup.model.errors import Invalid
from trueup.system.git import Git, checked_name
from trueup.system.git_tree import GitTree, ObjectReader

_FIELDS = (
    "%H",
    "%P",
    "%an",
    "%ae",
    "%cn",
    "%ce",
    "%ct",
    "%B",
    "%(trailers:only,unfold,separator=%x1e,key_value_separator=%x1d)",
)

TREES_KEPT = 8


@dataclass(frozen=True)
class Commit:
    id: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    committer: str
    committer_email: str
    at: datetime
    """When it was committed, UTC. The committer's machine says so: it orders nothing."""
    message: str
    trailers: tuple[tuple[str, str], ...] = field(default=())
    """`Key: value` lines at the end of the message, in order: Co-authored-by, Ticket, Trueup-..."""

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]

    def trailer(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.trailers if key.casefold() == name.casefold())


class History:
    """Reads one bare repository; safe for many threads. Close it: it holds one `cat-file` process."""

    def __init__(self, git: Git, directory: Path, *, about: str = "") -> None:
        """`about` names the repository in messages, as people know it."""
        self.git = git
        self.directory = directory
        self.about = about or str(directory)
        self.objects = ObjectReader(git, directory)
        self._trees: dict[str, GitTree] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.objects.close()

    def heads(self) -> Mapping[str, str]:
        """Branch to commit, here."""
        if not (self.directory / "HEAD").exists():
            return {}
        arguments = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/"]
        text = self._ask(arguments).decode()
        pairs = (line.split(" ", 1) for line in text.splitlines())
        return {name.removeprefix("refs/heads/"): commit for commit, name in pairs}

    def head(self, branch: str) -> str:
        """The commit of a branch. Invalid names the branches that do exist."""
        found = self._resolved(f"refs/heads/{checked_name(branch)}")
        if found is None:
            known = ", ".join(sorted(self.heads())[:10])
            raise Invalid(
                f"{self.about} has no branch {branch}",
                hint=f"it has: {known}" if known else "it has no branches at all; push a first commit",
            )
        return found

    def resolve(self, name: str) -> str:
        """The commit behind a branch, a tag or a (short) commit id. Raises Invalid."""
        checked_name(name)
        for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            found = self._resolved(candidate)
            if found:
                return found
        raise Invalid(f"{self.about} has no branch, tag or commit {name}")

    def commits(self, base: str, head: str, *, paths: Sequence[str] = (), limit: int = 0) -> list[Commit]:
        """Everything reachable from `head` and not from `base` ("" means from nothing), newest first; with paths
        only what touches them."""
        span = f"{checked_name(base)}..{checked_name(head)}" if base else checked_name(head)
        limits = [f"--max-count={limit}"] if limit else []
        form = "%x00".join(_FIELDS)
        arguments = ["log", "-z", f"--format=tformat:{form}", *limits, "--end-of-options", span, "--", *paths]
        parts = self._ask(arguments).decode("utf-8", "replace").split("\0")[:-1]
        size = len(_FIELDS)
        return [_commit(parts[start : start + size]) for start in range(0, len(parts), size)]

    def commit(self, name: str) -> Commit:
        return self.commits("", self.resolve(name), limit=1)[0]

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest common ancestor; None for unrelated histories."""
        arguments = ["merge-base", "--", checked_name(one), checked_name(other)]
        done = self.git.attempt(arguments, repository=self.directory)
        if done.code not in (0, 1):
            raise self.git.error(done, self.directory, None)
        return done.stdout.decode().strip() or None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """False where `older` is not in the history of `newer`: the branch was force-pushed."""
        arguments = ["merge-base", "--is-ancestor", "--", checked_name(older), checked_name(newer)]
        done = self.git.attempt(arguments, repository=self.directory)
        if done.code not in (0, 1):
            raise self.git.error(done, self.directory, None)
        return done.code == 0

    def changed_paths(self, one: str, other: str) -> frozenset[str]:
        """Paths whose content differs; a rename counts as both of its names."""
        options = ["--name-only", "-z", "--no-renames", "-r"]
        found = self._ask(["diff-tree", *options, "--end-of-options", checked_name(one), checked_name(other)])
        return frozenset(path.decode("utf-8", "replace") for path in found.split(b"\0") if path)

    def diff(self, one: str, other: str, *, paths: Sequence[str] = ()) -> str:
        """A unified diff with renames found."""
        options = ["--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "-p", "-r"]
        arguments = ["diff-tree", *options, "--end-of-options", checked_name(one), checked_name(other), "--", *paths]
        return self._ask(arguments).decode("utf-8", "replace")

    def tree(self, name: str) -> GitTree:
        """The files at a commit; valid as long as this is open. The same object for the same whole commit id, while
        it is among those asked for last: many stacks are read from one commit."""
        known = self._trees.get(name)
        if known is not None:
            return known
        tree = GitTree(self.git, self.objects, self.directory, self.resolve(name))
        if name == tree.revision:
            for old in list(self._trees)[: -TREES_KEPT + 1]:
                self._trees.pop(old, None)
            self._trees[name] = tree
        return tree

    def _ask(self, arguments: Sequence[str]) -> bytes:
        return self.git.run(arguments, repository=self.directory)

    def _resolved(self, name: str) -> str | None:
        if not (self.directory / "HEAD").exists():
            return None
        arguments = ["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        done = self.git.attempt(arguments, repository=self.directory)
        return done.stdout.decode().strip() if done.code == 0 else None


def _commit(parts: Sequence[str]) -> Commit:
    trailers = tuple(tuple(line.split("\x1d", 1)) for line in parts[8].strip("\n").split("\x1e") if "\x1d" in line)
    return Commit(
        id=parts[0],
        parents=tuple(parts[1].split()),
        author=parts[2],
        author_email=parts[3],
        committer=parts[4],
        committer_email=parts[5],
        at=datetime.fromtimestamp(int(parts[6]), UTC),
        message=parts[7].rstrip("\n"),
        trailers=tuple((key, value) for key, value in trailers),
    )
