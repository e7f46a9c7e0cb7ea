"""Who must agree to an apply, who may not, and what an agreement is worth when the plan moves on."""

import pytest

from tests.stories.small import APP, SmallOffice, data, named
from trueup.model.errors import Refused
from trueup.model.people import Identity
from trueup.model.run import Run, RunState

TWO = {"count": 2}


def change(office: SmallOffice, old: str, new: str, *, by: str = "ben", message: str = "A routine change") -> Run:
    """Merged and planned."""
    office.merged(APP, old, new, by=by, message=message)
    return office.finish("app")


def test_an_author_under_any_name_may_not_approve(plain: SmallOffice) -> None:
    """Neither who committed, nor a co-author, nor who opened the change request, under no other name of theirs."""
    people = {**plain.rules["people"], "mira": {"email": ["mira@acme.example"], "github": "mira-l"}}
    plain.govern(approve={"count": 1}, sections={"people": people})
    message = "Second\n\nCo-authored-by: Mira L <mira@acme.example>"
    plain.edit(APP, "first", "second", by="ben", message=message, branch="change")
    request = plain.propose("Second", "change", by="anna")
    plain.merge(request, approved_by="carla")
    run = plain.finish("app")
    assert run.state is RunState.AWAITING_APPROVAL, "nothing was proposed before the merge: nobody saw this effect"
    assert set(run.authors) >= {"ben", "mira", "anna"}
    for author in (named("ben"), Identity("github", "mira-l"), Identity("email", "anna@acme.example")):
        with pytest.raises(Refused, match="is an author"):
            plain.site.runs.approve(run.id, author)
    plain.approve(run, "carla")
    assert plain.finish("app").state is RunState.FINISHED


def test_as_many_people_as_the_environment_asks_for(plain: SmallOffice) -> None:
    """Two approvals are two people: nobody counts twice, and nothing happens after one."""
    plain.govern(approve=TWO)
    run = change(plain, "first", "second")
    plain.approve(run, "carla")
    with pytest.raises(Refused, match="counts once"):
        plain.approve(run, "carla")
    waiting = plain.finish("app")
    assert waiting.state is RunState.AWAITING_APPROVAL
    assert plain.site.runs.tally(waiting).explain() == "1 of 2 approvals missing, from anyone but the authors"
    plain.approve(run, "mira")
    assert plain.finish("app").state is RunState.FINISHED


def test_only_owners_count_where_owners_are_asked(plain: SmallOffice) -> None:
    """`from: owners`: somebody else's approval is refused with the owners' names."""
    stacks = [{**plain.rules["stacks"][0], "owner": ["anna", "mira"]}]
    plain.govern(approve={"count": 1, "from": "owners"}, sections={"stacks": stacks})
    run = change(plain, "first", "second")
    with pytest.raises(Refused, match="anna, mira"):
        plain.approve(run, "carla")
    plain.approve(run, "anna")
    assert plain.finish("app").state is RunState.FINISHED


def test_what_destroys_needs_more_people(plain: SmallOffice) -> None:
    """`destroy: 2`: an update needs one person, a replacement two."""
    plain.govern(approve={"count": 1, "destroy": 2})
    assert change(plain, "first", "second").approvals_needed == 1
    replaced = data("one", "second", 'triggers_replace = "again"')
    plain.pushed({APP: replaced})
    assert plain.finish("app").approvals_needed == 2


def test_a_critical_environment_always_asks(plain: SmallOffice) -> None:
    """Nobody configured approvals: in a critical environment a person agrees all the same."""
    plain.govern(critical=True)
    run = change(plain, "first", "second")
    assert (run.state, run.approvals_needed) == (RunState.AWAITING_APPROVAL, 1)


def test_approvals_follow_the_effect_to_a_newer_commit(plain: SmallOffice) -> None:
    """A commit that changes nothing of the plan takes the approvals over, one that does voids them."""
    plain.govern(approve=TWO)
    first = change(plain, "first", "second")
    plain.approve(first, "carla")
    same = change(plain, "resource", "# Said more clearly.\nresource")
    assert plain.run(first).state is RunState.SUPERSEDED
    assert same.effect == first.effect and same.state is RunState.AWAITING_APPROVAL
    assert plain.approve(same, "mira").state is RunState.APPROVED, "carla's approval came along"
    other = change(plain, "second", "third")
    assert plain.run(same).state in (RunState.FINISHED, RunState.SUPERSEDED)
    assert other.state is RunState.AWAITING_APPROVAL and other.approvals == ()


def test_approvals_pass_through_commits_that_nobody_planned(plain: SmallOffice) -> None:
    """Two commits in a row without a worker in between: the approval of the first reaches the third run."""
    plain.govern(approve=TWO)
    plain.approve(change(plain, "first", "second"), "carla")
    plain.edit(APP, "resource", "# One.\nresource", by="ben", message="Comment")
    plain.scheduler.refresh()
    plain.edit(APP, "# One.", "# Two.", by="ben", message="Comment again")
    run = plain.finish("app")
    assert [approval.person for approval in run.approvals] == ["carla"]


def test_a_rejected_or_discarded_run_is_over(plain: SmallOffice) -> None:
    """Both end the run with a name and a reason; neither comes back by itself, and the next commit does."""
    plain.govern(approve={"count": 1})
    rejected = change(plain, "first", "second")
    plain.site.runs.reject(rejected.id, named("carla"), "not before the sale")
    discarded = change(plain, "second", "third")
    plain.site.runs.discard(discarded.id, named("mira"), "wrong file")
    assert plain.finish("app").id == discarded.id
    assert plain.run(rejected).state is RunState.REFUSED and plain.run(discarded).state is RunState.DISCARDED
    said = [(entry.draft.kind, entry.draft.actor) for entry in plain.ledger("run.")]
    assert ("run.rejected", "carla") in said and ("run.discarded", "mira") in said
    assert change(plain, "third", "fourth").state is RunState.AWAITING_APPROVAL


def test_nobody_votes_twice_by_leaving_their_name_out(plain: SmallOffice) -> None:
    """The account that runs Trueup is called like the author: the same person, on the command line too."""
    plain.govern(approve={"count": 1})
    run = change(plain, "first", "second", by="ben")
    for author in (Identity("os", "ben"), Identity("name", "Ben@ACME.example"), Identity("name", "os:ben")):
        with pytest.raises(Refused, match="ben is an author"):
            plain.site.runs.approve(run.id, author)
    plain.approve(run, "carla")
