"""Ignored drift: nobody is told and nothing reacts, and still no apply undoes it unseen."""

from tests.stories.small import WEB, SmallOffice
from trueup.model.drift import CheckState, DriftState
from trueup.model.run import RunKind, RunState


def test_ignored_drift_is_silent_and_guarded(small: SmallOffice) -> None:
    """A scanner's tag is ignored by a line on the default branch: the check is clean and counts it, no response, no
    entry; a routine change that would undo it is blocked; code that sets the tag itself decides."""
    small.deliver()
    small.govern("deliver", respond="revert-minor")
    small.pushed({"live/web/.driftignore": "aws_security_group.web.tags.Owner  # the scanner\nnot a line\n"})
    small.look()
    (finding,) = small.site.catalog.manifest.findings
    assert str(finding.place) == "infra//live/web/.driftignore:2:1"
    before = len(small.ledger("drift."))
    small.tag("Owner", "scanner")
    small.site.watch(small.stack().id)
    check = small.last_check()
    assert check is not None and (check.state, check.ignored, check.drifted) == (CheckState.CLEAN, 1, 0)
    (drift,) = small.check("web")
    assert (drift.state, [each.by for each in drift.ignored]) == (DriftState.IGNORED, ["live/web/.driftignore:1"])
    assert len(small.ledger("drift.")) == before
    assert not [run for run in small.runs() if run.kind is RunKind.REVERT]

    small.merged(WEB, '"port 443"', '"https"')
    blocked = small.finish()
    assert blocked.state is RunState.BLOCKED
    assert [(loss.difference.label, loss.drift) for loss in blocked.losses] == [("tags.Owner", drift.id)]
    assert small.real_tags == {"Owner": "scanner"}

    small.merged(WEB, 'Owner = "core"', 'Owner = "shop"')
    done = small.finish()
    assert (done.state, done.converged) == (RunState.FINISHED, True), done.error
    assert small.real_tags == {"Owner": "shop"}, "a commit names the new value: the code decides"
    assert small.check("web") == []
