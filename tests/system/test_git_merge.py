"""Merges without a work tree: what fits is merged as git itself would, what does not is for a person."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.system.repositories import git
from trueup.model.errors import Refused
from trueup.model.tree import Edits
from trueup.system.git import Git
from trueup.system.git_merge import merged_tree
from trueup.system.git_write import Author, Draft, GitWriter

ANNA = Draft("Change", Author("Anna", "anna@acme.com", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)))
TEXT = b"".join(b"line %d\n" % number for number in range(20))


class Bench:
    """Two branches from one commit."""

    def __init__(self, base: Path) -> None:
        self.git = Git(base / "home")
        self.writer = GitWriter(self.git, base / "x.git")
        self.writer.create()
        files: Edits = {"a.tf": TEXT, "b.tf": TEXT, "d/c.tf": TEXT, "bin": b"\0\1\2"}
        self.base = self.writer.commit_files("base", "", files, ANNA)

    def branches(self, ours: Edits, theirs: Edits) -> tuple[str, str]:
        made = (self.writer.commit_files(name, self.base, edits, ANNA) for name, edits in (("o", ours), ("t", theirs)))
        one, other = made
        return one, other

    def merged(self, ours: Edits, theirs: Edits) -> dict[str, str]:
        tree = merged_tree(self.git, self.writer.repository, *self.branches(ours, theirs), into="main")
        return {
            path: git(self.writer.repository, "show", f"{tree}:{path}")
            for path in git(self.writer.repository, "ls-tree", "-r", "--name-only", tree).split("\n")
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_changes_to_different_files_and_places_are_both_there(bench: Bench) -> None:
    """Edits, additions and deletions of either side, and two places of one file."""
    found = bench.merged(
        {"a.tf": TEXT.replace(b"line 2\n", b"ours\n"), "b.tf": None, "new/o.tf": b"o"},
        {"a.tf": TEXT.replace(b"line 17\n", b"theirs\n"), "d/c.tf": b"theirs", "new/t.tf": b"t", "same.tf": b"s"},
    )
    assert set(found) == {"a.tf", "d/c.tf", "bin", "new/o.tf", "new/t.tf", "same.tf"}
    assert "ours" in found["a.tf"] and "theirs" in found["a.tf"]
    assert found["d/c.tf"] == "theirs"


def test_the_same_change_on_both_sides_is_no_conflict(bench: Bench) -> None:
    """Edited, added and deleted alike."""
    same: Edits = {"a.tf": b"same", "b.tf": None, "n.tf": b"new"}
    found = bench.merged({**same, "o": b""}, {**same, "t": b""})
    assert found["a.tf"] == "same" and found["n.tf"] == "new" and "b.tf" not in found


def test_the_result_is_what_git_merge_makes(bench: Bench, tmp_path: Path) -> None:
    """An ordinary merge in a work tree ends with the same tree."""
    ours = {"a.tf": TEXT.replace(b"line 2\n", b"ours\n"), "x/y.tf": b"y"}
    one, other = bench.branches(ours, {"a.tf": TEXT.replace(b"line 12\n", b""), "b.tf": None})
    tree = merged_tree(bench.git, bench.writer.repository, one, other, into="main")
    git(tmp_path, "clone", "--quiet", "-b", "o", str(bench.writer.repository), "clone")
    git(tmp_path / "clone", "merge", "--quiet", "-m", "x", other)
    assert git(tmp_path / "clone", "rev-parse", "HEAD^{tree}") == tree


@pytest.mark.parametrize(
    ("ours", "theirs", "files"),
    [
        ({"a.tf": b"1"}, {"a.tf": b"2"}, "a.tf"),
        ({"a.tf": None}, {"a.tf": b"2"}, "a.tf"),
        ({"n.tf": b"1"}, {"n.tf": b"2"}, "n.tf"),
        ({"bin": b"\0\3"}, {"bin": b"\0\4"}, "bin"),
        ({"a.tf": b"1", "b.tf": b"1"}, {"a.tf": b"2", "b.tf": b"2"}, "a.tf, b.tf"),
    ],
)
def test_conflicts_name_every_file(bench: Bench, ours: Edits, theirs: Edits, files: str) -> None:
    """Both edited, one deleted, both added, binary."""
    with pytest.raises(Refused, match=rf"file\(s\) conflict with main: {files}$"):
        try:
            bench.merged(ours, theirs)
        except Refused as error:
            raise Refused(error.message) from None


def test_a_file_against_a_directory_of_its_name_is_refused(bench: Bench) -> None:
    """One side has `n`, the other `n/x`."""
    with pytest.raises(Refused):
        bench.merged({"n": b"1"}, {"n/x": b"2"})


def test_histories_that_cross_or_share_nothing_are_refused(bench: Bench) -> None:
    """Without exactly one merge base there is nothing to compare both sides with."""
    one, other = bench.branches({"a.tf": b"1"}, {"b.tf": b"2"})
    writer = bench.writer
    tree = merged_tree(bench.git, writer.repository, one, other, into="main")
    crossed = [writer.write_commit(tree, parents, ANNA) for parents in ((one, other), (other, one))]
    with pytest.raises(Refused, match="crosswise"):
        merged_tree(bench.git, writer.repository, crossed[0], crossed[1], into="main")
    alone = writer.commit_files("alone", "", {"x": b""}, ANNA)
    with pytest.raises(Refused, match="no history"):
        merged_tree(bench.git, writer.repository, one, alone, into="main")
