"""What every forge must do, whichever it is: the same tests run against each adapter."""

from typing import Protocol

import pytest

from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, NewRequest, RequestState, Status
from trueup.ports.forge import Forge

ANNA, BEN = Identity("name", "anna"), Identity("name", "ben")


class Bench(Protocol):
    """A forge with one repository whose branch `main` has `main.tf` = "one\\ntwo\\nthree\\n", and a look inside."""

    forge: Forge

    def head(self, branch: str) -> str: ...

    def read(self, commit: str, path: str) -> str: ...

    def message(self, commit: str) -> str: ...

    def parents(self, commit: str) -> list[str]: ...


class ForgeContract:
    """Give it a fixture `bench`."""

    def change(self, bench: Bench, branch: str, text: str = "one\ntwo\nTHREE\n", path: str = "main.tf") -> str:
        """A commit of anna's on a branch that starts at main."""
        return bench.forge.push(branch, bench.head("main"), {path: text.encode()}, f"Change {path}", ANNA)

    def opened(self, bench: Bench, branch: str = "fix") -> ChangeRequest:
        self.change(bench, branch)
        body = "The balancer asks for it.\n\nTicket: OPS-7"
        return bench.forge.open(NewRequest(f"Open {branch}", body, ANNA, branch, "main", labels=("network",)))

    def test_a_request_comes_back_as_it_was_opened(self, bench: Bench) -> None:
        """Everything given, and the head and the merge base that Git knows."""
        base = bench.head("main")
        head = self.change(bench, "fix")
        new = NewRequest("Open 8443", "Because.\n\nTicket: OPS-7", ANNA, "fix", "main", labels=("network",))
        opened = bench.forge.open(new)
        assert bench.forge.get(opened.number) == opened
        assert (opened.title, opened.body, opened.labels) == (new.title, new.body, ("network",))
        assert (opened.head, opened.base, opened.state) == (head, base, RequestState.OPEN)
        assert (opened.head_branch, opened.base_branch, opened.author.name) == ("fix", "main", "anna")
        assert opened.opened_at.tzinfo is not None
        assert not opened.draft and opened.approvals == () and opened.comments == ()

    def test_a_push_makes_one_commit_and_adds_to_a_branch_that_exists(self, bench: Bench) -> None:
        """On a new branch from the base; then on top; main does not move."""
        base = bench.head("main")
        first = self.change(bench, "fix")
        second = bench.forge.push("fix", base, {"new.tf": b"x", "main.tf": None}, "More", BEN)
        assert bench.parents(first) == [base]
        assert bench.parents(second) == [first]
        assert bench.head("fix") == second and bench.head("main") == base
        assert bench.read(second, "new.tf") == "x"
        with pytest.raises(Invalid):
            bench.forge.push("evil", base, {"../outside": b"x"}, "Evil", ANNA)

    def test_requests_are_listed_by_state(self, bench: Bench) -> None:
        """Open ones unless asked otherwise."""
        one, two, three = (self.opened(bench, branch) for branch in ("one", "two", "three"))
        bench.forge.close(two.number, ANNA)
        bench.forge.merge(three.number, BEN)
        assert [each.number for each in bench.forge.list()] == [one.number]
        assert [each.number for each in bench.forge.list(RequestState.CLOSED)] == [two.number]
        assert [each.number for each in bench.forge.list(RequestState.MERGED)] == [three.number]
        assert {each.number for each in bench.forge.list(None)} == {one.number, two.number, three.number}

    def test_the_diff_is_what_the_request_adds(self, bench: Bench) -> None:
        """From the merge base: what main got meanwhile is not in it."""
        request = self.opened(bench)
        other = self.opened(bench, "other-file")
        bench.forge.close(other.number, ANNA)
        bench.forge.push("main", "", {"meanwhile.tf": b"x"}, "Meanwhile", BEN)
        diff = bench.forge.diff(request.number)
        assert "-three\n+THREE" in diff
        assert "meanwhile" not in diff

    def test_a_comment_with_a_marker_is_edited_in_place(self, bench: Bench) -> None:
        """One sticky comment; those of people are only added."""
        number = self.opened(bench).number
        bench.forge.comment(number, "trueup", "1 to add", "trueup:vpc")
        bench.forge.comment(number, "ben", "looks good")
        bench.forge.comment(number, "ben", "looks good")
        bench.forge.comment(number, "trueup", "nothing to do", "trueup:app")
        bench.forge.comment(number, "trueup", "2 to add", "trueup:vpc")
        found = [(each.by, each.body, each.marker) for each in bench.forge.get(number).comments]
        assert found == [
            ("trueup", "2 to add", "trueup:vpc"),
            ("ben", "looks good", ""),
            ("ben", "looks good", ""),
            ("trueup", "nothing to do", "trueup:app"),
        ]

    def test_an_approval_is_bound_to_the_head_and_a_new_head_makes_it_stale(self, bench: Bench) -> None:
        """The old approval stays visible with its commit; it does not count for the new head."""
        request = self.opened(bench)
        approved = bench.forge.approve(request.number, BEN, request.head)
        assert [(each.by.name, each.commit) for each in approved.approvals] == [("ben", request.head)]
        newer = bench.forge.push("fix", "", {"more.tf": b"x"}, "More", ANNA)
        found = bench.forge.get(request.number)
        assert found.head == newer
        assert [each.commit for each in found.approvals if each.commit == found.head] == []
        with pytest.raises(Refused, match=r"now, not at"):
            bench.forge.approve(request.number, BEN, request.head)
        again = bench.forge.approve(request.number, BEN, newer)
        assert newer in [each.commit for each in again.approvals]

    def test_the_author_cannot_approve(self, bench: Bench) -> None:
        """Nor by another spelling of the name."""
        request = self.opened(bench)
        for author in (ANNA, Identity("name", "Anna")):
            with pytest.raises(Refused, match="cannot approve"):
                bench.forge.approve(request.number, author, request.head)

    def test_a_merge_is_a_commit_that_names_its_request(self, bench: Bench) -> None:
        """Both parents, the trailers of the body kept, the request's number and people added."""
        base = bench.head("main")
        request = self.opened(bench)
        bench.forge.approve(request.number, BEN, request.head)
        merged = bench.forge.merge(request.number, BEN)
        assert (merged.state, merged.merged_by, merged.head) == (RequestState.MERGED, "ben", request.head)
        assert merged.merged_commit == bench.head("main")
        assert bench.parents(merged.merged_commit) == [base, request.head]
        assert bench.read(merged.merged_commit, "main.tf") == "one\ntwo\nTHREE\n"
        message = bench.message(merged.merged_commit)
        assert message.startswith(f"Merge #{request.number}: Open fix\n\nThe balancer asks for it.\n\n")
        trailers = message.strip().split("\n\n")[-1].split("\n")
        assert {"Ticket: OPS-7", f"Change-Request: {request.number}", "Approved-by: ben"} <= set(trailers)
        assert bench.forge.get(request.number) == merged

    def test_both_sides_of_a_merge_are_kept(self, bench: Bench) -> None:
        """Main moved in another place of the file: both changes are there."""
        request = self.opened(bench)
        bench.forge.push("main", "", {"main.tf": b"ONE\ntwo\nthree\n"}, "Meanwhile", BEN)
        merged = bench.forge.merge(request.number, BEN)
        assert bench.read(merged.merged_commit, "main.tf") == "ONE\ntwo\nTHREE\n"

    def test_a_conflict_is_refused_and_names_the_file(self, bench: Bench) -> None:
        """Nothing moved; the request is still open."""
        request = self.opened(bench)
        main = bench.forge.push("main", "", {"main.tf": b"one\ntwo\n3\n"}, "Meanwhile", BEN)
        with pytest.raises(Refused, match=r"main\.tf"):
            bench.forge.merge(request.number, BEN)
        assert bench.head("main") == main
        assert bench.forge.get(request.number).state is RequestState.OPEN

    def test_a_draft_is_not_merged(self, bench: Bench) -> None:
        """Evidence that waits for a person."""
        self.change(bench, "draft")
        request = bench.forge.open(NewRequest("Draft", "", ANNA, "draft", "main", draft=True))
        with pytest.raises(Refused, match="draft"):
            bench.forge.merge(request.number, BEN)

    @pytest.mark.parametrize("ending", ["merge", "close"])
    def test_nothing_reopens_what_has_ended(self, bench: Bench, ending: str) -> None:
        """No approval, merge or close afterwards, also not after a push to its branch; comments are welcome."""
        request = self.opened(bench)
        ended = getattr(bench.forge, ending)(request.number, BEN)
        bench.forge.push("fix", "", {"more.tf": b"x"}, "More", ANNA)
        for again in (
            lambda: bench.forge.approve(request.number, BEN, request.head),
            lambda: bench.forge.merge(request.number, BEN),
            lambda: bench.forge.close(request.number, BEN),
        ):
            with pytest.raises(Refused, match="already"):
                again()
        bench.forge.comment(request.number, "ben", "afterwards")
        found = bench.forge.get(request.number)
        assert (found.state, found.head) == (ended.state, request.head)
        assert found.comments[-1].body == "afterwards"

    def test_closing_says_why(self, bench: Bench) -> None:
        """The reason is a comment of whoever closed."""
        closed = bench.forge.close(self.opened(bench).number, BEN, "not needed any more")
        assert closed.state is RequestState.CLOSED
        assert [(each.by, each.body) for each in closed.comments] == [("ben", "not needed any more")]

    def test_statuses_belong_to_a_commit_and_a_context(self, bench: Bench) -> None:
        """The newest of each context of the head; a new head has none."""
        request = self.opened(bench)
        bench.forge.set_status(request.head, "trueup", Status("pending", "planning"))
        bench.forge.set_status(request.head, "lint", Status("success", "clean", "http://127.0.0.1/1"))
        bench.forge.set_status(request.head, "trueup", Status("failure", "1 ghost revert"))
        assert bench.forge.get(request.number).statuses == {
            "trueup": Status("failure", "1 ghost revert"),
            "lint": Status("success", "clean", "http://127.0.0.1/1"),
        }
        bench.forge.push("fix", "", {"more.tf": b"x"}, "More", ANNA)
        assert bench.forge.get(request.number).statuses == {}
        with pytest.raises(Invalid):
            bench.forge.set_status("1" * 40, "trueup", Status("success", ""))

    def test_what_cannot_be_opened(self, bench: Bench) -> None:
        """No such branch, nothing new in it, or open already."""
        with pytest.raises(Invalid, match="nope"):
            bench.forge.open(NewRequest("x", "", ANNA, "nope", "main"))
        self.change(bench, "fix")
        with pytest.raises(Invalid, match="nope"):
            bench.forge.open(NewRequest("x", "", ANNA, "fix", "nope"))
        with pytest.raises(Refused):
            bench.forge.open(NewRequest("x", "", ANNA, "main", "main"))
        first = bench.forge.open(NewRequest("x", "", ANNA, "fix", "main"))
        with pytest.raises(Refused, match=f"#{first.number}"):
            bench.forge.open(NewRequest("again", "", ANNA, "fix", "main"))
        bench.forge.close(first.number, ANNA)
        assert bench.forge.open(NewRequest("again", "", ANNA, "fix", "main")).number != first.number

    def test_what_does_not_exist_is_invalid(self, bench: Bench) -> None:
        """Every question about it."""
        with pytest.raises(Invalid, match="999"):
            bench.forge.get(999)
        with pytest.raises(Invalid, match="999"):
            bench.forge.diff(999)
        with pytest.raises(Invalid, match="999"):
            bench.forge.comment(999, "ben", "x")
        with pytest.raises(Invalid, match="999"):
            bench.forge.merge(999, BEN)
