"""The local forge: the contract of every forge, and what only a forge inside a repository can do."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.forge.contract import ANNA, BEN, ForgeContract
from tests.system.repositories import git
from trueup.adapters.forge.local import LocalForge
from trueup.model.errors import Invalid, Refused, TrueupError
from trueup.model.people import Identity
from trueup.model.request import NewRequest, RequestState, Status
from trueup.system.clock import FakeClock
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter


class LocalBench:
    """A bare repository, its forge, and plain git beside it."""

    def __init__(self, base: Path) -> None:
        self.directory = base / "forge/infra.git"
        self.git = Git(base / "home")
        writer = GitWriter(self.git, self.directory)
        writer.create()
        first = Draft("First", Author("Anna", "anna@acme.com", datetime(2026, 1, 1, tzinfo=UTC)))
        writer.commit_files("main", "", {"main.tf": b"one\ntwo\nthree\n"}, first)
        self.clock = FakeClock()
        self.forge = LocalForge(self.git, self.directory, repository="infra", clock=self.clock)

    def head(self, branch: str) -> str:
        return git(self.directory, "rev-parse", f"refs/heads/{branch}")

    def read(self, commit: str, path: str) -> str:
        text = git(self.directory, "show", f"{commit}:{path}")
        return text + "\n" if "\n" in text else text

    def message(self, commit: str) -> str:
        return git(self.directory, "log", "-1", "--format=%B", commit)

    def parents(self, commit: str) -> list[str]:
        return git(self.directory, "log", "-1", "--format=%P", commit).split()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LocalBench]:
    bench = LocalBench(tmp_path)
    with bench.forge:
        yield bench


class TestLocalForge(ForgeContract):
    """The contract."""


def opened(bench: LocalBench, branch: str = "fix", content: bytes = b"changed\n") -> int:
    bench.forge.push(branch, bench.head("main"), {f"{branch}.tf": content}, "Change", ANNA)
    return bench.forge.open(NewRequest(f"Change {branch}", "", ANNA, branch, "main")).number


def test_requests_travel_with_a_clone(bench: LocalBench, tmp_path: Path) -> None:
    """A mirror clone is the whole forge: requests, comments, approvals, statuses."""
    number = opened(bench)
    head = bench.forge.get(number).head
    bench.forge.comment(number, "ben", "fine")
    bench.forge.approve(number, BEN, head)
    bench.forge.set_status(head, "trueup", Status("success", "nothing to do"))
    git(tmp_path, "clone", "--quiet", "--mirror", str(bench.directory), "copy.git")
    with LocalForge(bench.git, tmp_path / "copy.git", repository="infra") as copy:
        assert copy.get(number) == bench.forge.get(number)
        assert copy.merge(number, BEN).state is RequestState.MERGED
    assert bench.forge.get(number).state is RequestState.OPEN


def test_every_event_is_a_commit_with_its_author(bench: LocalBench) -> None:
    """The history of a request reads in plain git, oldest last."""
    number = opened(bench)
    bench.clock.advance(60)
    bench.forge.approve(number, BEN, bench.forge.get(number).head)
    bench.forge.merge(number, BEN)
    shown = git(bench.directory, "log", "--first-parent", "--format=%an: %s", f"refs/trueup/requests/{number}", "-3")
    assert shown.split("\n") == [
        "ben: #1 merged by ben: Change fix",
        "ben: #1 approved by ben: Change fix",
        "anna: #1 opened by anna: Change fix",
    ]
    assert git(bench.directory, "fsck", "--strict") == ""


def test_a_deleted_branch_does_not_lose_the_head(bench: LocalBench) -> None:
    """The request keeps its commit alive: it can still be shown and merged, after a thorough collection too."""
    number = opened(bench)
    head = bench.forge.get(number).head
    git(bench.directory, "branch", "-D", "fix")
    git(bench.directory, "gc", "--quiet", "--prune=now")
    assert bench.forge.get(number).head == head
    assert "+changed" in bench.forge.diff(number)
    assert bench.forge.merge(number, BEN).state is RequestState.MERGED


def test_many_at_once_lose_nothing(bench: LocalBench) -> None:
    """Threads with forges of their own open, comment and set statuses on one repository: all of it is there."""
    branches = [f"branch-{number}" for number in range(4)]
    for branch in branches:
        bench.forge.push(branch, bench.head("main"), {f"{branch}.tf": b"x"}, "Change", ANNA)
    head = bench.head(branches[0])
    failures: list[TrueupError] = []

    def work(branch: str) -> None:
        try:
            with LocalForge(bench.git, bench.directory) as forge:
                forge.open(NewRequest(branch, "", ANNA, branch, "main"))
                forge.comment(1, branch, "hello")
                forge.set_status(head, branch, Status("success", "done"))
        except TrueupError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(branch,)) for branch in branches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(each.title for each in bench.forge.list()) == branches
    assert sorted(each.number for each in bench.forge.list()) == [1, 2, 3, 4]
    assert sorted(each.by for each in bench.forge.get(1).comments) == branches
    found = next(each for each in bench.forge.list() if each.head == head)
    assert set(found.statuses) == set(branches)


def test_a_merge_moves_the_branch_and_the_request_together(bench: LocalBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the refs move, nothing has happened; overtaken by a push, it merges onto the new branch."""
    number = opened(bench)
    before = bench.head("main")
    original = GitWriter.move_all

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(GitWriter, "move_all", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.forge.merge(number, BEN)
    assert bench.head("main") == before
    assert bench.forge.get(number).state is RequestState.OPEN
    pushed: list[str] = []

    def overtaken(writer: GitWriter, moves: object) -> bool:
        if not pushed:
            pushed.append(bench.forge.push("main", "", {"other.tf": b"x"}, "Meanwhile", BEN))
        return original(writer, moves)  # type: ignore[arg-type]

    monkeypatch.setattr(GitWriter, "move_all", overtaken)
    merged = bench.forge.merge(number, BEN)
    assert bench.parents(merged.merged_commit)[0] == pushed[0]


def test_what_is_written_by_others_under_our_refs_is_invalid(bench: LocalBench) -> None:
    """Pushes can bring anything: it is parsed, and named when it is nothing of ours."""
    number = opened(bench)
    blob = git(bench.directory, "hash-object", "-w", "--stdin", stdin=b'{"number": "x"}')
    tree = git(bench.directory, "mktree", stdin=f"100644 blob {blob}\trequest.json\n".encode())
    commit = git(bench.directory, "commit-tree", tree, "-m", "forged")
    git(bench.directory, "update-ref", f"refs/trueup/requests/{number}", commit)
    with pytest.raises(Invalid, match="does not hold a change request"):
        bench.forge.get(number)


def test_a_directory_that_is_no_bare_repository_is_invalid(bench: LocalBench, tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(Invalid, match="not a bare repository") as caught:
        LocalForge(bench.git, tmp_path)
    assert "git clone --bare" in caught.value.hint


def test_nobody_forges_an_approval_in_a_merge_commit(bench: LocalBench) -> None:
    """A title, a body or a name cannot bring a trailer that says somebody approved; other trailers of the body stay."""
    bench.forge.push("fix", bench.head("main"), {"x.tf": b"x"}, "Change", ANNA)
    evil = Identity("name", "eve\nApproved-by: ben")
    number = bench.forge.open(
        NewRequest("x\n\nApproved-by: ben", "Why.\n\nTicket: 7\napproved-BY : ben", evil, "fix", "main")
    ).number
    merged = bench.forge.merge(number, BEN)
    trailers = git(bench.directory, "log", "-1", "--format=%(trailers:key=Approved-by)", merged.merged_commit)
    assert trailers == ""
    assert git(bench.directory, "log", "-1", "--format=%(trailers:key=Ticket)", merged.merged_commit) == "Ticket: 7"


def test_an_approval_by_the_author_under_another_kind_of_name_is_refused(bench: LocalBench) -> None:
    """`anna` at the command line and `anna` in the forge are one name."""
    number = opened(bench)
    with pytest.raises(Refused):
        bench.forge.approve(number, Identity("os", "anna"), bench.forge.get(number).head)
