"""Writing commits into a bare repository without a work tree: edits, merges, and refs by compare-and-set."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.model.tree import Edits
from trueup.system.git import Git, checked_name
from trueup.system.git_merge import merged_tree
from trueup.system.materialise import check_paths

NOTHING = "0" * 40

_NOT_IN_NAMES = str.maketrans("", "", "<>\n\r\0")

Signer = Callable[[bytes], str]
"""From the bytes of a commit to its armoured signature (system/ssh_signature.py)."""


@dataclass(frozen=True)
class Author:
    name: str
    email: str
    at: datetime
    """Aware."""

    def line(self) -> str:
        """As a commit object has it. Git takes no angle brackets and no line ends in names."""
        name, email = (text.translate(_NOT_IN_NAMES).strip() for text in (self.name, self.email))
        return f"{name or 'unknown'} <{email}> {int(self.at.astimezone(UTC).timestamp())} +0000"


@dataclass(frozen=True)
class Draft:
    """What a commit says. The committer is the author unless somebody else is named."""

    message: str
    author: Author
    committer: Author | None = None
    sign: Signer | None = None


@dataclass(frozen=True)
class Move:
    """A ref from where it was seen (None: absent) to where it goes."""

    name: str
    new: str
    old: str | None


class GitWriter:
    """One bare repository that is ours to write: the local forge's, the ledger's, a mirror before a push."""

    def __init__(self, git: Git, repository: Path) -> None:
        self._git = git
        self.repository = repository

    def create(self, branch: str = "main") -> None:
        """An empty bare repository; nothing happens where there is one."""
        if not (self.repository / "HEAD").exists():
            self.repository.parent.mkdir(parents=True, exist_ok=True)
            self._run(["init", "--quiet", "--bare", "--template=", f"--initial-branch={checked_name(branch)}"])

    def ref(self, name: str) -> str | None:
        """The object that a full ref name points at."""
        done = self._git.attempt(["rev-parse", "--verify", "--quiet", checked_name(name)], repository=self.repository)
        return done.stdout.decode().strip() if done.code == 0 else None

    def refs(self, prefix: str) -> Mapping[str, str]:
        """Full ref name to object id, for all below a prefix like `refs/trueup/`."""
        text = self._run(["for-each-ref", "--format=%(objectname) %(refname)", "--", prefix]).decode()
        return {name: found for found, name in (line.split(" ", 1) for line in text.splitlines())}

    def move(self, name: str, new: str, old: str | None) -> bool:
        """Compare-and-set: False when the ref is not at `old` (None: absent) any more."""
        arguments = ["update-ref", "--no-deref", checked_name(name), new, old or NOTHING]
        done = self._git.attempt(arguments, repository=self.repository)
        if done.code == 0:
            return True
        if self.ref(name) != old or b"cannot lock ref" in done.stderr:
            return False
        raise self._git.error(done, self.repository, None)

    def move_all(self, moves: Sequence[Move]) -> bool:
        """All of them or none, each by compare-and-set; False when one is not at its old place any more."""
        lines = ["start", *(f"update {checked_name(one.name)} {one.new} {one.old or NOTHING}" for one in moves)]
        text = "\n".join([*lines, "prepare", "commit", ""]).encode()
        done = self._git.attempt(["update-ref", "--no-deref", "--stdin"], repository=self.repository, stdin=text)
        if done.code == 0:
            return True
        if b"cannot lock ref" in done.stderr:
            return False
        raise self._git.error(done, self.repository, None)

    def commit_files(self, branch: str, base: str, edits: Edits, draft: Draft) -> str:
        """One commit on a branch, which starts at `base` when it is new ("": at nothing). Answers the commit.

        Raises Invalid for a path that may not be written, a deletion of what is not there, an edit that changes
        nothing; Unavailable when the branch moved meanwhile."""
        name = f"refs/heads/{checked_name(branch)}"
        before = self.ref(name)
        parent = before or (self.commit_id(base) if base else None)
        tree = self.edited_tree(parent, edits)
        if parent and tree == self.commit_tree(parent):
            raise Invalid(f"the edit changes nothing on {branch}")
        made = self.write_commit(tree, (parent,) if parent else (), draft)
        if not self.move(name, made, before):
            raise Unavailable(f"the branch {branch} moved meanwhile", hint="read it again and try once more")
        return made

    def merge(self, branch: str, head: str, draft: Draft) -> Move:
        """The move of `branch` to a merge commit, also where a fast-forward would do: the commit is the record. The
        caller makes the move (`move_all`). Raises Refused for conflicts (which files) and what is merged already."""
        name = f"refs/heads/{checked_name(branch)}"
        before = self.ref(name)
        if before is None:
            raise Invalid(f"there is no branch {branch}")
        contained = ["merge-base", "--is-ancestor", "--", checked_name(head), before]
        if self._git.attempt(contained, repository=self.repository).code == 0:
            raise Refused(f"{branch} has this commit already", hint="close the change request")
        tree = merged_tree(self._git, self.repository, before, self.commit_id(head), into=branch)
        made = self.write_commit(tree, (before, head), draft)
        return Move(name, made, before)

    def with_trailers(self, message: str, trailers: Sequence[tuple[str, str]]) -> str:
        """The message with more `Key: value` lines in its last paragraph, or in a new one."""
        options = [f"--trailer={key}: {' '.join(value.split())}" for key, value in trailers]
        arguments = ["interpret-trailers", "--no-divider", "--if-exists=add", *options]
        return self._run(arguments, stdin=message.encode()).decode()

    def edited_tree(self, parent: str | None, edits: Edits) -> str:
        """The tree of `parent` with the edits in it, made in a private index. Modes stay as they are."""
        check_paths(edits)
        modes = self._modes(parent, edits) if parent else {}
        lines = []
        for path, content in edits.items():
            if content is None:
                if path not in modes:
                    raise Invalid(f"{path} cannot be deleted: it does not exist")
                lines.append(f"0 {NOTHING}\t{path}\0")
            else:
                mode = modes.get(path, "100644")
                lines.append(f"{'100644' if mode == '160000' else mode} {self.write_object('blob', content)}\t{path}\0")
        with tempfile.TemporaryDirectory() as directory:
            index = {"GIT_INDEX_FILE": f"{directory}/index"}
            if parent:
                self._run(["read-tree", "--end-of-options", parent], extra=index)
            self._run(["update-index", "-z", "--index-info"], stdin="".join(lines).encode(), extra=index)
            return self._run(["write-tree"], extra=index).decode().strip()

    def write_object(self, kind: str, content: bytes) -> str:
        return self._run(["hash-object", "-t", kind, "-w", "--stdin"], stdin=content).decode().strip()

    def write_commit(self, tree: str, parents: tuple[str, ...], draft: Draft) -> str:
        """A commit object that no ref points at yet."""
        committer = draft.committer or draft.author
        people = [f"author {draft.author.line()}", f"committer {committer.line()}"]
        headers = [f"tree {tree}", *(f"parent {parent}" for parent in parents), *people]
        message = draft.message.rstrip("\n") + "\n"
        if draft.sign is not None:
            signature = draft.sign(("\n".join([*headers, "", ""]) + message).encode())
            headers.append("gpgsig " + signature.rstrip("\n").replace("\n", "\n "))
        return self.write_object("commit", ("\n".join([*headers, "", ""]) + message).encode())

    def commit_id(self, name: str) -> str:
        """Raises Invalid when there is no such commit."""
        return self._run(["rev-parse", "--verify", f"{checked_name(name)}^{{commit}}"]).decode().strip()

    def commit_tree(self, commit: str) -> str:
        return self._run(["rev-parse", "--verify", f"{checked_name(commit)}^{{tree}}"]).decode().strip()

    def _modes(self, parent: str, edits: Edits) -> dict[str, str]:
        listing = self._run(["ls-tree", "-z", "--full-tree", "--end-of-options", parent, "--", *edits])
        lines = (line.split(b"\t", 1) for line in listing.split(b"\0")[:-1])
        return {path.decode("utf-8", "surrogateescape"): about[:6].decode() for about, path in lines}

    def _run(self, arguments: list[str], *, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        return self._git.run(arguments, repository=self.repository, stdin=stdin, extra=extra)
