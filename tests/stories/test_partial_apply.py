"""An apply that stops half-way: what happened is settled, what did not keeps its books, and both are said."""

from tests.stories.small import WEB, SmallOffice, code_of_web
from trueup.model.run import RunState


def test_what_was_done_counts_and_what_failed_is_tried_again(small: SmallOffice) -> None:
    """A group's name is taken: the other group and the new tag are settled, nothing of it is drift, and the next
    commit brings the rest."""
    small.deliver()
    before = small.stack().settled
    taken = f"{small.group_name}-taken"
    small.cloud.client("ec2", small.cloud.console).create_security_group(GroupName=taken, Description="made by hand")
    extra = code_of_web(f"{small.group_name}-extra").replace('"web" {', '"extra" {')
    wanted = code_of_web(small.group_name, owner="shop") + extra + code_of_web(taken).replace('"web" {', '"taken" {')
    attempted = small.pushed({WEB: wanted})
    run = small.finish()
    assert run.state is RunState.FAILED
    assert "InvalidGroup.Duplicate" in run.error and taken in run.error, "the cloud's own words"
    assert (small.stack().attempted, small.stack().settled) == (attempted, before)
    baseline = small.site.books.baseline(run.stack)
    assert baseline is not None
    assert {"aws_security_group.web", "aws_security_group.extra"} == baseline.resources.keys()
    assert baseline.resources["aws_security_group.web"].values["tags"] == {"Owner": "shop"}
    assert small.real_tags == {"Owner": "shop"}

    assert small.check("web") == [], "our own new group is not somebody's drift"
    check = small.last_check()
    assert check is not None and (check.pending, check.drifted, check.foreign) == (1, 0, "")

    fixed = small.pushed({WEB: wanted.replace(taken, f"{small.group_name}-free")})
    done = small.finish()
    assert done.state is RunState.FINISHED and done.converged, done.error
    assert [(change.address, change.action) for change in done.changes] == [("aws_security_group.taken", "create")]
    assert small.stack().settled == fixed
