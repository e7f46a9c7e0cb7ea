"""Three-way merges without a work tree, with what git 2.34 can do (`merge-tree --write-tree` is newer)."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.model.errors import Refused
from trueup.system.git import Git

_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True)
class _Side:
    mode: str
    blob: str


def merged_tree(git: Git, repository: Path, ours: str, theirs: str, *, into: str) -> str:
    """The tree with both sides' changes; `into` names ours in messages. Raises Refused for conflicts, naming every
    file, and for histories without exactly one merge base. Renames are not followed: an edit of a file that the other
    side renamed is a conflict, which is for a person anyway."""
    with tempfile.TemporaryDirectory() as directory:
        return _Merge(git, repository, Path(directory)).tree(ours, theirs, into)


class _Merge:
    """One merge, in a private index."""

    def __init__(self, git: Git, repository: Path, directory: Path) -> None:
        """`directory` is a temporary one, for this merge alone."""
        self._git = git
        self._repository = repository
        self._directory = directory
        self._index = {"GIT_INDEX_FILE": str(directory / "index")}

    def tree(self, ours: str, theirs: str, into: str) -> str:
        self._run(["read-tree", "-i", "-m", "--aggressive", self._base(ours, theirs, into), ours, theirs])
        lines: list[str] = []
        conflicts: list[str] = []
        for path, sides in sorted(self._unmerged().items()):
            merged = self._merged(sides)
            if merged is None:
                conflicts.append(path)
            else:
                lines.append(f"0 {'0' * 40}\t{path}\0{merged.mode} {merged.blob}\t{path}\0")
        if conflicts:
            raise Refused(
                f"{len(conflicts)} file(s) conflict with {into}: {', '.join(conflicts)}",
                hint=f"merge {into} into the branch of the change request and resolve them there",
            )
        self._run(["update-index", "-z", "--index-info"], "".join(lines).encode("utf-8", "surrogateescape"))
        return self._written(into)

    def _base(self, ours: str, theirs: str, into: str) -> str:
        done = self._git.attempt(["merge-base", "--all", "--", ours, theirs], repository=self._repository)
        bases = done.stdout.decode().split()
        if len(bases) != 1:
            how = "was merged crosswise" if bases else "shares no history"
            raise Refused(
                f"the change request {how} with {into}, so there is no one state to compare both with",
                hint=f"merge {into} into the branch of the change request",
            )
        return bases[0]

    def _unmerged(self) -> Mapping[str, Mapping[int, _Side]]:
        """Path to stage (1 base, 2 ours, 3 theirs) to what it has there."""
        found: dict[str, dict[int, _Side]] = defaultdict(dict)
        for line in self._run(["ls-files", "--unmerged", "-z"]).split(b"\0")[:-1]:
            about, _, path = line.partition(b"\t")
            mode, blob, stage = about.decode().split(" ")
            found[path.decode("utf-8", "surrogateescape")][int(stage)] = _Side(mode, blob)
        return found

    def _merged(self, sides: Mapping[int, _Side]) -> _Side | None:
        """Both sides' changes to the text of one file; None where a person must look."""
        if set(sides) != {1, 2, 3} or not {side.mode for side in sides.values()} <= _FILES:
            return None
        names = {1: "base", 2: "ours", 3: "theirs"}
        for stage, name in names.items():
            (self._directory / name).write_bytes(self._run(["cat-file", "blob", sides[stage].blob]))
        files = [str(self._directory / names[stage]) for stage in (2, 1, 3)]
        done = self._git.attempt(["merge-file", "--stdout", "--quiet", *files], repository=self._repository)
        if done.code:
            return None
        blob = self._run(["hash-object", "-w", "--stdin"], done.stdout).decode().strip()
        mode = sides[3].mode if sides[2].mode == sides[1].mode else sides[2].mode
        return _Side(mode, blob)

    def _written(self, into: str) -> str:
        done = self._git.attempt(["write-tree"], repository=self._repository, extra=self._index)
        if done.code:
            said = done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")
            raise Refused(f"the change request does not fit {into}: {said}", hint=f"merge {into} into its branch")
        return done.stdout.decode().strip()

    def _run(self, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
        return self._git.run(arguments, repository=self._repository, stdin=stdin, extra=self._index)
