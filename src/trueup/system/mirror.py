"""Mirror: a bare copy of one remote repository, and what can be asked of its history."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from trueup.model.errors import Invalid
from trueup.system.git import Git, checked_name
from trueup.system.git_tree import GitTree, ObjectReader
from trueup.system.remotes import Remote
from trueup.system.turns import exclusive

EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
FETCH_SECONDS = 900.0

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


class Mirror:
    """Reading never needs the remote; only `fetch`, `remote_heads` and `push` do. Safe for many threads and
    processes: fetches take turns under a file lock. Close it: it holds one `cat-file` process."""

    def __init__(self, git: Git, remote: Remote, directory: Path, *, refspecs: Sequence[str] = EVERYTHING) -> None:
        """`directory` becomes the bare repository; `directory` with `.lock` behind it is the lock. More refspecs
        bring in a forge's change requests (`+refs/pull/*/head:refs/pull/*/head`)."""
        self.git = git
        self.remote = remote
        self.directory = directory
        self._refspecs = tuple(refspecs)
        self._reader = ObjectReader(git, directory)

    def __enter__(self) -> "Mirror":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()

    def fetch(self, *, seconds: float = FETCH_SECONDS) -> None:
        """Bring everything over; what is gone there goes here. Raises Invalid, Unavailable."""
        with self._locked():
            self._ensure()
            options = ["--no-tags", "--no-recurse-submodules", "--prune", "--quiet", "--no-write-fetch-head"]
            arguments = ["fetch", *options, "--", self.remote.url, *self._refspecs]
            self.git.run(arguments, repository=self.directory, remote=self.remote, seconds=seconds)

    def remote_heads(self) -> Mapping[str, str]:
        """Branch to commit at the remote right now, at the price of one question: equal to `heads()` means that
        there is nothing to fetch."""
        with self._locked():
            self._ensure()
        arguments = ["ls-remote", "--heads", "--quiet", "--", self.remote.url]
        text = self.git.run(arguments, repository=self.directory, remote=self.remote).decode()
        pairs = (line.split("\t", 1) for line in text.splitlines())
        return {name.removeprefix("refs/heads/"): commit for commit, name in pairs}

    def default_branch(self) -> str:
        """The branch that the remote's HEAD points at. Invalid when it is empty or detached."""
        with self._locked():
            self._ensure()
        arguments = ["ls-remote", "--symref", "--quiet", "--", self.remote.url, "HEAD"]
        for line in self.git.run(arguments, repository=self.directory, remote=self.remote).decode().splitlines():
            if line.startswith("ref: refs/heads/"):
                return line.removeprefix("ref: refs/heads/").split("\t")[0]
        raise Invalid(f"{self.remote.url} has no default branch", hint="name the branch under `repositories:`")

    def push(self, commit: str, branch: str) -> None:
        """Send a commit to a branch, never by force. Unavailable when the branch moved meanwhile."""
        target = f"{checked_name(commit)}:refs/heads/{checked_name(branch)}"
        arguments = ["push", "--quiet", "--", self.remote.url, target]
        self.git.run(arguments, repository=self.directory, remote=self.remote, seconds=FETCH_SECONDS)

    def heads(self) -> Mapping[str, str]:
        """Branch to commit as last fetched."""
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
                f"{self.remote.url} has no branch {branch}",
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
        raise Invalid(f"{self.remote.url} has no branch, tag or commit {name}")

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
        """The files at a commit; valid as long as the mirror is open."""
        return GitTree(self.git, self._reader, self.directory, self.resolve(name))

    def _ask(self, arguments: Sequence[str]) -> bytes:
        return self.git.run(arguments, repository=self.directory)

    def _resolved(self, name: str) -> str | None:
        if not (self.directory / "HEAD").exists():
            return None
        arguments = ["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        done = self.git.attempt(arguments, repository=self.directory)
        return done.stdout.decode().strip() if done.code == 0 else None

    def _ensure(self) -> None:
        if not (self.directory / "HEAD").exists():
            self.git.run(["init", "--quiet", "--bare", "--template="], repository=self.directory)

    def _locked(self) -> AbstractContextManager[None]:
        return exclusive(Path(f"{self.directory}.lock"))


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
