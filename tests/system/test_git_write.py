"""Commits, merges and refs written without a work tree, read back by plain git."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.system.repositories import git
from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter, Move

ANNA = Author("Anna", "anna@acme.com", datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


@pytest.fixture
def writer(tmp_path: Path) -> GitWriter:
    writer = GitWriter(Git(tmp_path / "home"), tmp_path / "forge/x.git")
    writer.create()
    writer.commit_files("main", "", {"main.tf": b"one\ntwo\nthree\n", "app/main.tf": b"app\n"}, Draft("First", ANNA))
    return writer


def test_a_first_commit_needs_no_base(writer: GitWriter) -> None:
    """A new repository gets its first branch; git finds it whole."""
    assert git(writer.repository, "show", "main:app/main.tf") == "app"
    assert (
        git(writer.repository, "log", "--format=%an %ae %at %cn %s", "main")
        == "Anna anna@acme.com 1767603600 Anna First"
    )
    assert git(writer.repository, "fsck", "--strict") == ""
    writer.create()
    assert writer.ref("refs/heads/main")


def test_edits_add_change_and_delete_on_a_new_branch_and_on_top_of_it(writer: GitWriter) -> None:
    """The base branch does not move, untouched files stay, directories that became empty go."""
    base = writer.ref("refs/heads/main")
    assert base
    edits = {"main.tf": b"changed\n", "app/main.tf": None, "new/\xfc.tf": b"\x00\xff"}
    first = writer.commit_files("fix", base, edits, Draft("Fix\n\nTicket: OPS-1", ANNA))
    second = writer.commit_files("fix", base, {"more.tf": b"x"}, Draft("More", ANNA))
    assert git(writer.repository, "rev-parse", "fix", "fix~1", "fix~2").split() == [second, first, base]
    listed = git(writer.repository, "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "fix").split("\n")
    assert listed == ["main.tf", "more.tf", "new/\xfc.tf"]
    assert writer.ref("refs/heads/main") == base
    assert git(writer.repository, "log", "-1", "--format=%(trailers:key=Ticket,valueonly)", first) == "OPS-1"


def test_modes_survive_an_edit(writer: GitWriter) -> None:
    """An executable stays one when its content changes."""
    blob = writer.write_object("blob", b"#!/bin/sh\n")
    tree = git(writer.repository, "mktree", stdin=f"100755 blob {blob}\trun.sh\n".encode())
    base = writer.write_commit(tree, (), Draft("Scripts", ANNA))
    writer.commit_files("scripts", base, {"run.sh": b"#!/bin/sh\nexit\n"}, Draft("Change", ANNA))
    assert git(writer.repository, "ls-tree", "scripts").startswith("100755 blob")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/config", "a//b", ""])
def test_paths_that_leave_the_tree_are_refused(writer: GitWriter, path: str) -> None:
    """The same rules as for reading."""
    with pytest.raises(Invalid):
        writer.commit_files("x", "main", {path: b"x"}, Draft("x", ANNA))
    assert writer.ref("refs/heads/x") is None


def test_edits_without_effect_and_impossible_ones_are_invalid(writer: GitWriter) -> None:
    """No empty commit, no deletion of nothing, no base that does not exist."""
    with pytest.raises(Invalid, match="changes nothing"):
        writer.commit_files("x", "main", {"app/main.tf": b"app\n"}, Draft("x", ANNA))
    with pytest.raises(Invalid, match=r"nope\.tf cannot be deleted"):
        writer.commit_files("x", "main", {"nope.tf": None}, Draft("x", ANNA))
    with pytest.raises(Invalid, match="no such branch or commit"):
        writer.commit_files("x", "nope", {"a": b""}, Draft("x", ANNA))


def test_a_ref_moves_only_from_where_it_was_seen(writer: GitWriter) -> None:
    """Compare-and-set: the loser is told."""
    first = writer.ref("refs/heads/main")
    other = writer.commit_files("other", "main", {"x": b"x"}, Draft("x", ANNA))
    assert writer.move("refs/trueup/a", other, None)
    assert not writer.move("refs/trueup/a", other, None)
    assert not writer.move("refs/trueup/a", other, first)
    assert writer.refs("refs/trueup/") == {"refs/trueup/a": other}


def test_a_branch_that_moves_while_a_commit_is_made_is_not_overwritten(
    writer: GitWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's commit between reading and writing makes ours Unavailable."""
    made: list[str] = []
    original = writer.write_commit

    def overtaken(tree: str, parents: tuple[str, ...], draft: Draft) -> str:
        mine = original(tree, parents, draft)
        if not made:
            made.append(mine)
            writer.commit_files("main", "", {"theirs": b"x"}, Draft("Theirs", ANNA))
        return mine

    monkeypatch.setattr(writer, "write_commit", overtaken)
    with pytest.raises(Unavailable, match="moved meanwhile"):
        writer.commit_files("main", "", {"ours": b"x"}, Draft("Ours", ANNA))
    assert git(writer.repository, "log", "-1", "--format=%s", "main") == "Theirs"


def test_a_merge_joins_both_sides_and_keeps_a_record(writer: GitWriter) -> None:
    """Always a merge commit, with both parents, also where a fast-forward would do."""
    head = writer.commit_files("fix", "main", {"main.tf": b"one\ntwo\nTHREE\n"}, Draft("Fix", ANNA))
    base = writer.commit_files("main", "", {"main.tf": b"ONE\ntwo\nthree\n"}, Draft("Meanwhile", ANNA))
    move = writer.merge("main", head, Draft("Merge fix\n\nRequest: 1", ANNA))
    assert writer.ref("refs/heads/main") == base
    assert writer.move_all([move])
    assert git(writer.repository, "log", "-1", "--format=%P", "main").split() == [base, head]
    assert git(writer.repository, "show", "main:main.tf") == "ONE\ntwo\nTHREE"
    forward = writer.commit_files("forward", "main", {"x": b""}, Draft("Forward", ANNA))
    assert writer.merge("main", forward, Draft("Merge", ANNA)).new != forward


def test_refs_move_together_or_not_at_all(writer: GitWriter) -> None:
    """One that is not where it was seen keeps all of them where they are."""
    base = writer.ref("refs/heads/main")
    other = writer.commit_files("other", "main", {"x": b"x"}, Draft("x", ANNA))
    assert not writer.move_all([Move("refs/trueup/a", other, None), Move("refs/heads/main", other, other)])
    assert writer.ref("refs/trueup/a") is None
    assert writer.move_all([Move("refs/trueup/a", other, None), Move("refs/heads/main", other, base)])
    assert writer.ref("refs/heads/main") == writer.ref("refs/trueup/a") == other


def test_trailers_join_the_ones_that_are_there(writer: GitWriter) -> None:
    """A body that ends in trailers keeps them as such; a value cannot bring lines of its own."""
    message = writer.with_trailers("Title\n\nWhy.\n\nTicket: OPS-1\n", [("Change-Request", "7"), ("By", "a\nEvil: b")])
    assert message == "Title\n\nWhy.\n\nTicket: OPS-1\nChange-Request: 7\nBy: a Evil: b\n"
    assert writer.with_trailers("Title\n", [("A", "b")]) == "Title\n\nA: b\n"


def test_conflicts_are_refused_by_file(writer: GitWriter) -> None:
    """The branch stays where it was; the message names every file."""
    head = writer.commit_files("fix", "main", {"main.tf": b"a\n", "app/main.tf": None}, Draft("Fix", ANNA))
    base = writer.commit_files("main", "", {"main.tf": b"b\n", "app/main.tf": b"c\n"}, Draft("Other", ANNA))
    with pytest.raises(Refused, match=r"2 file\(s\) conflict with main: app/main.tf, main.tf"):
        writer.merge("main", head, Draft("Merge", ANNA))
    assert writer.ref("refs/heads/main") == base


def test_merging_twice_is_refused(writer: GitWriter) -> None:
    """What the branch has, it does not get again."""
    head = writer.commit_files("fix", "main", {"x": b"x"}, Draft("Fix", ANNA))
    assert writer.move_all([writer.merge("main", head, Draft("Merge", ANNA))])
    with pytest.raises(Refused, match="has this commit already"):
        writer.merge("main", head, Draft("Merge", ANNA))


def test_names_cannot_break_out_of_a_commit_header(writer: GitWriter) -> None:
    """A line end or an angle bracket in a name would be another header."""
    author = Author("A<b>\ncommitter evil <e@e> 1 +0000", "a@b>\n", ANNA.at)
    writer.commit_files("x", "main", {"x": b"x"}, Draft("x", author))
    assert (
        git(writer.repository, "log", "-1", "--format=%an|%ae|%cn", "x")
        == "Abcommitter evil e@e 1 +0000|a@b|Abcommitter evil e@e 1 +0000"
    )
