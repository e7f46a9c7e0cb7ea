"""A paused stack is looked at and left alone, whatever was agreed before."""

from tests.stories.small import APP, SmallOffice, named
from trueup.model.drift import CheckState
from trueup.model.run import RunState


def test_a_pause_holds_what_was_approved_and_a_resume_lets_it_go(plain: SmallOffice) -> None:
    """Approved, then paused: nothing is applied and checks go on; resumed, the same run finishes."""
    plain.govern(approve={"count": 1})
    plain.merged(APP, "first", "second")
    run = plain.finish("app")
    id = plain.stack("app").id
    plain.site.stacks.pause(id, named("carla"), "the auditors are here")
    plain.approve(run, "carla")
    plain.look(2)
    assert plain.run(run).state is RunState.APPROVED
    assert plain.site.checks.check(id).state is CheckState.CLEAN
    plain.merged(APP, "second", "third")
    assert plain.newest("app").id == run.id, "no delivery while it is paused"
    plain.site.stacks.resume(id, named("carla"))
    newest = plain.finish("app")
    assert plain.run(run).state is RunState.SUPERSEDED and newest.state is RunState.AWAITING_APPROVAL
    plain.approve(newest, "mira")
    assert plain.finish("app").converged


def test_a_paused_run_goes_on_where_it_was(plain: SmallOffice) -> None:
    """No new commit in between: what was approved is applied after the pause."""
    plain.govern(approve={"count": 1})
    plain.merged(APP, "first", "second")
    run = plain.approve(plain.finish("app"), "carla")
    id = plain.stack("app").id
    plain.site.stacks.pause(id, named("carla"), "the auditors are here")
    plain.look()
    assert plain.site.reconciler.walk(run.id, "apply").state is RunState.APPROVED, "whoever asks"
    plain.site.stacks.resume(id, named("carla"))
    assert plain.finish("app").converged
