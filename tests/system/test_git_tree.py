"""Trees read as blobs, and what the materialiser refuses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.repositories import commit, git, new_repository, raw_commit
from trueup.model.errors import Broken, Invalid, Unavailable
from trueup.ports.tree import Tree
from trueup.system.git import Git
from trueup.system.git_tree import GitTree, ObjectReader


class Bench:
    """A repository and readers of its trees."""

    def __init__(self, base: Path) -> None:
        self.repository = new_repository(base / "repository")
        self.git = Git(base / "home")
        self.reader = ObjectReader(self.git, self.repository / ".git")
        self.out = base / "out"
        self.out.mkdir()

    def tree(self, revision: str) -> GitTree:
        return GitTree(self.git, self.reader, self.repository / ".git", revision)

    def raw(self, *entries: tuple[str, bytes, bytes]) -> GitTree:
        return self.tree(raw_commit(self.repository, entries))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.reader.close()


def test_entries_and_contents_are_the_commits(bench: Bench) -> None:
    """Sorted paths below a directory, blob ids that follow the content, bytes as committed."""
    (bench.repository / "b").mkdir()
    (bench.repository / "b/run.sh").write_text("#!/bin/sh\n")
    (bench.repository / "b/run.sh").chmod(0o755)
    (bench.repository / "link").symlink_to("b/run.sh")
    revision = commit(bench.repository, {"a.tf": "ä\n", "b/c.tf": "", "bc/d.tf": "x"})
    tree: Tree = bench.tree(revision)
    assert tree.revision == revision
    assert [entry.path for entry in tree.entries()] == ["a.tf", "b/c.tf", "b/run.sh", "bc/d.tf", "link"]
    assert [entry.path for entry in tree.entries("b")] == ["b/c.tf", "b/run.sh"]
    assert [entry.path for entry in tree.entries("b/")] == ["b/c.tf", "b/run.sh"]
    assert tree.entries("nowhere") == []
    assert tree.read("a.tf") == "ä\n".encode()
    assert tree.read("b/c.tf") == b""
    assert tree.read("link") == b"b/run.sh"
    by_path = {entry.path: entry for entry in tree.entries()}
    assert by_path["b/run.sh"].executable and not by_path["a.tf"].executable
    assert by_path["link"].link
    assert by_path["a.tf"].digest == git(bench.repository, "rev-parse", "HEAD:a.tf")


def test_a_missing_file_is_invalid_and_named(bench: Bench) -> None:
    """The error carries the path as its place."""
    tree = bench.tree(commit(bench.repository, {"a.tf": ""}))
    with pytest.raises(Invalid) as caught:
        tree.read("b.tf")
    assert str(caught.value).startswith("b.tf: ")


def test_what_is_written_equals_what_was_committed(bench: Bench) -> None:
    """Modes and links come along; attributes that leave files out of an archive or change line ends do nothing."""
    files = {".gitattributes": "secret.tf export-ignore\n*.tf eol=crlf\n", "secret.tf": "a\nb\n", "d/e.txt": "e"}
    (bench.repository / "run.sh").write_text("x")
    (bench.repository / "run.sh").chmod(0o755)
    (bench.repository / "d").mkdir()
    (bench.repository / "d/up").symlink_to("../run.sh")
    tree = bench.tree(commit(bench.repository, dict(files)))
    tree.write_to(bench.out)
    assert (bench.out / "secret.tf").read_bytes() == b"a\nb\n"
    assert (bench.out / "d/up").read_text() == "x"
    assert os.readlink(bench.out / "d/up") == "../run.sh"
    assert (bench.out / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (bench.out / "d/e.txt").stat().st_mode & 0o777 == 0o644
    tree.write_to(bench.out)


def test_only_the_asked_for_paths_are_written(bench: Bench) -> None:
    """A closure is written, not the repository around it."""
    tree = bench.tree(commit(bench.repository, {"a/x.tf": "x", "b/y.tf": "y", "c/z.tf": "z"}))
    tree.write_to(bench.out, ["b/y.tf"])
    assert [path.name for path in bench.out.rglob("*.tf")] == ["y.tf"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"main.tf", b"/etc/passwd"),
        (b"up", b"../../.."),
        (b"a/up", b"../../outside"),
        (b"a/up", b"../x/../../outside"),
        (b"nul", b"a/../.."),
    ],
)
def test_links_that_leave_the_root_are_refused(bench: Bench, path: bytes, target: bytes) -> None:
    """Absolute targets and targets above the root, also in disguise."""
    with pytest.raises(Invalid, match="leaves the repository"):
        bench.raw(("120000", path, target)).write_to(bench.out)
    assert list(bench.out.iterdir()) == []


def test_a_link_that_climbs_out_through_another_link_is_refused(bench: Bench) -> None:
    """`d/e/top/..` looks like `d/e`, but `top` leads to the root, so it is outside."""
    tree = bench.raw(("120000", b"d/e/top", b"../.."), ("120000", b"harmless", b"d/e/top/.."))
    with pytest.raises(Invalid, match="leaves the repository") as caught:
        tree.write_to(bench.out)
    assert caught.value.place is not None and caught.value.place.file == "harmless"


def test_the_links_that_a_written_link_passes_through_are_looked_at_even_when_not_written(bench: Bench) -> None:
    """The second link is not asked for, but it may be there from an earlier write."""
    tree = bench.raw(("120000", b"d/e/top", b"../.."), ("120000", b"harmless", b"d/e/top/.."))
    with pytest.raises(Invalid, match="leaves the repository"):
        tree.write_to(bench.out, ["harmless"])


def test_links_in_a_circle_are_refused(bench: Bench) -> None:
    """A chain without an end is an error, not a hang."""
    with pytest.raises(Invalid, match="round in circles"):
        bench.raw(("120000", b"a", b"b"), ("120000", b"b", b"a")).write_to(bench.out)


@pytest.mark.parametrize(
    "path",
    [
        b".git/config",
        b".GIT/hooks/post-checkout",
        b"a/.Git",
        b"git~1/x",
        b".git ./x",
        b".g\xe2\x80\x8cit/config",
        b".git::$INDEX",
    ],
)
def test_names_that_some_file_system_reads_as_git_are_refused(bench: Bench, path: bytes) -> None:
    """In any case, with ignorable characters, with what Windows strips."""
    with pytest.raises(Invalid, match="one that git keeps for itself"):
        bench.raw(("100644", path, b"x")).write_to(bench.out)


@pytest.mark.parametrize("path", [b"../x", b"a/../../x", b"./x"])
def test_paths_that_are_not_plain_are_refused(bench: Bench, path: bytes) -> None:
    """A tree object can hold any name; only plain relative paths are written."""
    with pytest.raises(Invalid, match="leaves the tree"):
        bench.raw(("100644", path, b"x")).write_to(bench.out)


def test_names_that_are_not_utf8_are_refused_and_shown(bench: Bench) -> None:
    """The bytes are escaped in the message, so that it can be printed anywhere."""
    with pytest.raises(Invalid, match="not UTF-8") as caught:
        bench.raw(("100644", b"caf\xe9.tf", b"x")).write_to(bench.out)
    assert caught.value.place is not None and caught.value.place.file == "caf\\xe9.tf"


def test_names_that_differ_only_by_case_are_refused(bench: Bench) -> None:
    """Also when it is a directory beside a link: the classic way through a link."""
    with pytest.raises(Invalid, match="only by case"):
        bench.raw(("100644", b"Main.tf", b""), ("100644", b"main.tf", b"")).write_to(bench.out)
    with pytest.raises(Invalid, match="only by case"):
        bench.raw(("120000", b"A", b"b"), ("100644", b"a/hook", b"x")).write_to(bench.out)


def test_submodules_are_refused_with_what_to_do(bench: Bench) -> None:
    """A gitlink is never followed; files beside it can still be written by name."""
    tree = bench.raw(("160000", b"modules/vpc", b"1" * 40), ("100644", b"main.tf", b"x"))
    with pytest.raises(Invalid, match="submodule") as caught:
        tree.write_to(bench.out)
    assert caught.value.place is not None and caught.value.place.file == "modules/vpc"
    tree.write_to(bench.out, ["main.tf"])
    assert (bench.out / "main.tf").exists()


def test_a_link_left_in_the_directory_is_not_written_through(bench: Bench, tmp_path: Path) -> None:
    """Whoever prepared the directory cannot lead a write elsewhere; a final link is replaced, not followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("untouched")
    tree = bench.raw(("100644", b"d/victim", b"x"), ("100644", b"e", b"new"))
    (bench.out / "d").symlink_to(outside)
    with pytest.raises(Invalid, match="link in the way"):
        tree.write_to(bench.out)
    (bench.out / "d").unlink()
    (bench.out / "e").symlink_to(outside / "victim")
    tree.write_to(bench.out)
    assert (outside / "victim").read_text() == "untouched"
    assert (bench.out / "e").read_text() == "new"


def test_a_write_that_fails_says_where_and_why(bench: Bench) -> None:
    """A file in the place of a directory is reported, not raised as an OSError."""
    (bench.out / "d").write_text("a file")
    with pytest.raises(Unavailable, match="exists"):
        bench.raw(("100644", b"d/x", b"x")).write_to(bench.out)


def test_the_reader_starts_again_after_its_process_died(bench: Bench) -> None:
    """A killed `cat-file` costs nothing but a new one; a missing object is Broken and does not upset the next."""
    tree = bench.tree(commit(bench.repository, {"a": "1", "b": "2"}))
    assert tree.read("a") == b"1"
    process = bench.reader._process
    assert process is not None
    process.kill()
    process.wait()
    assert tree.read("b") == b"2"
    with pytest.raises(Broken, match="missing"):
        bench.reader.read("1" * 40)
    assert tree.read("a") == b"1"
