"""Mirror: a bare copy of one remote repository."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from trueup.system.git import Git, checked_name
from trueup.system.history import Commit as Commit
from trueup.system.history import History
from trueup.system.remotes import Remote
from trueup.system.turns import exclusive

EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
FETCH_SECONDS = 900.0


class Mirror(History):
    """Reading never needs the remote; only `fetch`, `remote_heads` and `push` do. Safe for many threads and
    processes: fetches take turns under a file lock. Close it: it holds one `cat-file` process."""

    def __init__(self, git: Git, remote: Remote, directory: Path, *, refspecs: Sequence[str] = EVERYTHING) -> None:
        """`directory` becomes the bare repository; `directory` with `.lock` behind it is the lock. More refspecs
        bring in a forge's change requests (`+refs/pull/*/head:refs/pull/*/head`)."""
        super().__init__(git, directory, about=remote.url)
        self.remote = remote
        self._refspecs = tuple(refspecs)

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

    def push(self, commit: str, branch: str) -> None:
        """Send a commit to a branch, never by force. Unavailable when the branch moved meanwhile."""
        target = f"{checked_name(commit)}:refs/heads/{checked_name(branch)}"
        arguments = ["push", "--quiet", "--", self.remote.url, target]
        self.git.run(arguments, repository=self.directory, remote=self.remote, seconds=FETCH_SECONDS)

    def _ensure(self) -> None:
        if not (self.directory / "HEAD").exists():
            self.git.run(["init", "--quiet", "--bare", "--template="], repository=self.directory)

    def _locked(self) -> AbstractContextManager[None]:
        return exclusive(Path(f"{self.directory}.lock"))
