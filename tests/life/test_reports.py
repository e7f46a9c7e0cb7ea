"""Reports: the one status of a change request."""

from dataclasses import replace

from tests.render.nouns import TAG, run
from trueup.engine.reports import summary
from trueup.model.plan import Finding


def test_what_a_delivery_would_be_refused_for_fails_the_change_request() -> None:
    """A finding that stops is no success, although the plan itself ended well; other findings are."""
    fine, risky = run(TAG), replace(run(TAG), findings=(Finding("slow", "it takes long", approvals=1),))
    assert summary([fine, risky]) == ("success", "2 changes in 2 stacks")
    stopped = replace(run(TAG), findings=(Finding("rollback-missing", "no way back", stops=True),))
    assert summary([fine, stopped]) == ("failure", "1 of 2 stacks would be refused: the comment says why")
