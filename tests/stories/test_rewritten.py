"""A branch that was force-pushed: said, asked about, and nothing of the old history is lost."""

from tests.stories.office import signature
from tests.stories.small import APP, SmallOffice, data
from trueup.model.run import RunState


def test_a_rewritten_branch_is_said_and_needs_a_person(plain: SmallOffice) -> None:
    """Nobody needs approvals here; after a force push somebody does. The commit that is gone can still be read."""
    before = plain.merged(APP, "first", "second", message="To be rewritten")
    assert plain.finish("app").converged
    git = plain.terminal.having(signature("ben"))
    git.git(plain.laptop, "fetch", "--quiet", "origin")
    git.git(plain.laptop, "checkout", "--quiet", "-B", "main", "origin/main~1")
    (plain.laptop / APP).write_text(data("one", "third"))
    git.git(plain.laptop, "commit", "--quiet", "-am", "Instead of it")
    git.git(plain.laptop, "push", "--quiet", "--force", "origin", "main")
    run = plain.finish("app")
    assert (run.state, run.approvals_needed) == (RunState.AWAITING_APPROVAL, 1)
    assert "ben" in run.authors
    (told,) = plain.ledger("source.rewritten")
    assert told.draft.details["before"] == before
    assert '"second"' in plain.site.catalog.tree("infra", before).read(APP).decode()
    plain.approve(run, "carla")
    assert plain.finish("app").converged
    assert plain.merged(APP, "third", "fourth") and plain.finish("app").converged, "the next one is like any other"
