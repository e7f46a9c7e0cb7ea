"""A change request answers for what it changes, also where its branch is older than a stack or a stack is broken."""

from tests.stories.office import signature
from tests.stories.small import APP, SmallOffice, data
from trueup.model.request import ChangeRequest
from trueup.model.run import Run, RunKind, RunState
from trueup.model.stack import Standing
from trueup.ports.store import RunFilter

SHOP = "live/shop/main.tf"


def proposed(office: SmallOffice, file: str = APP, old: str = "first", new: str = "second") -> ChangeRequest:
    """Ben's change request; Trueup does not look yet."""
    office.edit(file, old, new, by="ben", message="Another value", branch="another")
    return office.propose("Another value", "another", by="ben")


def proposals(office: SmallOffice) -> dict[str, Run]:
    """The newest one of each stack, by its name's last part."""
    with office.site.store.transaction() as tx:
        runs = tx.runs(RunFilter(kinds=frozenset({RunKind.PROPOSAL})))
        names = {stack.id: stack.name.rpartition("/")[2] for stack in tx.stacks()}
    return {names[run.stack]: run for run in reversed(runs)}


def status(office: SmallOffice, request: ChangeRequest) -> str:
    return office.forge.get(request.number).statuses["trueup"].state


def test_a_stack_that_came_after_the_branch_was_cut(plain: SmallOffice) -> None:
    """It is not the change request's affair, which says what it does to the stack that it changes."""
    request = proposed(plain)
    plain.pushed({SHOP: data("shop", "open")}, message="A shop")
    plain.look(2)
    assert plain.stack("shop").name
    assert {name: run.state for name, run in proposals(plain).items()} == {"app": RunState.FINISHED}
    assert status(plain, request) == "success"


def test_a_branch_that_brings_files_of_a_stack_it_did_not_have(plain: SmallOffice) -> None:
    """Then it is: both write the same directory, and what its branch has is planned."""
    plain.terminal.git(plain.laptop, "checkout", "--quiet", "-B", "another", "origin/main")
    (plain.laptop / SHOP).parent.mkdir()
    (plain.laptop / SHOP).write_text(data("shop", "closed"))
    plain.terminal.git(plain.laptop, "add", "--all")
    plain.terminal.having(signature("ben")).git(plain.laptop, "commit", "--quiet", "-m", "Another shop")
    plain.terminal.git(plain.laptop, "push", "--quiet", "origin", "another")
    plain.pushed({SHOP: data("shop", "open")}, message="A shop")
    plain.propose("Another shop", "another", by="ben")
    plain.look(2)
    assert set(proposals(plain)) == {"shop"}


def test_a_stack_that_is_broken_already(plain: SmallOffice) -> None:
    """A change request for another stack does not fail because of it; one that mends it is planned."""
    plain.pushed({SHOP: "this is no Terraform {"}, message="A shop in a hurry")
    request = proposed(plain)
    plain.look(2)
    assert {name: run.state for name, run in proposals(plain).items()} == {"app": RunState.FINISHED}
    assert status(plain, request) == "success"
    plain.forge.close(request.number, request.author, "one thing after the other")
    mended = proposed(plain, SHOP, "this is no Terraform {", data("shop", "open"))
    plain.look(2)
    assert proposals(plain)["shop"].request == mended.number
    assert proposals(plain)["shop"].state is RunState.FINISHED


def test_a_branch_that_breaks_a_stack(plain: SmallOffice) -> None:
    """It is told, and its status fails."""
    request = proposed(plain, new='second" {')
    plain.look(2)
    broken = proposals(plain)["app"]
    assert broken.state is RunState.FAILED and "main.tf" in broken.error
    assert status(plain, request) == "failure"


def test_a_branch_that_removes_a_stack(plain: SmallOffice) -> None:
    """Nothing can be planned, and nothing is destroyed by a merge: that is what the change request is told."""
    git = plain.terminal.having(signature("ben"))
    git.git(plain.laptop, "checkout", "--quiet", "-B", "another", "origin/main")
    git.git(plain.laptop, "rm", "-r", "--quiet", "live/app")
    git.git(plain.laptop, "commit", "--quiet", "-m", "We do not need it")
    git.git(plain.laptop, "push", "--quiet", "origin", "another")
    request = plain.propose("We do not need it", "another", by="ben")
    plain.look(2)
    told = proposals(plain)["app"]
    assert (told.state, [finding.code for finding in told.findings]) == (RunState.FINISHED, ["stack-removed"])
    assert status(plain, request) == "success"
    assert "stays alive" in str(plain.forge.get(request.number).comments)
    plain.merge(request, approved_by="anna")
    plain.look(2)
    assert plain.stack("app").standing is Standing.ORPHANED
