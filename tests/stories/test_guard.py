"""Nothing is delivered or destroyed over a change by hand that nobody decided on, whatever the approval mode."""

from typing import Any

import pytest

from tests.stories.small import WEB, SmallOffice, named
from trueup.model.drift import Drift
from trueup.model.people import Identity
from trueup.model.run import Run, RunKind, RunState
from trueup.render.comments import run_markdown
from trueup.render.losses import lost_by, ways_on


def drifted(office: SmallOffice) -> Drift:
    """A port opened by hand, seen by a check."""
    office.open_a_port(8443)
    (drift,) = office.check("web")
    return drift


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"approve": {"count": 0}},
        {"approve": {"count": 2, "destroy": 3}},
        {"critical": True, "approve": {"count": 1}},
    ],
    ids=["none", "zero", "two", "critical"],
)
def test_whatever_the_approval_mode(small: SmallOffice, rules: dict[str, Any]) -> None:
    """No approvals, several, critical; approved in the change request: blocked all the same, and nobody can approve
    it away. A destroy of the stack is blocked by the same drift."""
    small.deliver()
    small.govern("deliver", **rules)
    drift = drifted(small)
    small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop", branch="shop")
    request = small.propose("Give it to the shop", "shop", by="ben")
    small.look(2)
    proposed = small.newest("web", RunKind.PROPOSAL)
    assert proposed.state is RunState.FINISHED and proposed.losses, "shown before the merge"
    comment = small.forge.get(request.number).comments[-1].body
    for words in (drift.id, "would REMOVE 8443/tcp", f"trueup drift codify {drift.id}", "trueup stack check"):
        assert words in comment, comment
    for person in ("anna", "carla", "mira"):
        small.forge.approve(request.number, Identity("email", f"{person}@acme.example"), proposed.revision)
    small.forge.merge(request.number, Identity("email", "anna@acme.example"))
    run = small.finish()
    assert run.state is RunState.BLOCKED and [loss.drift for loss in run.losses] == [drift.id]
    with pytest.raises(Exception, match="nothing to approve"):
        small.approve(run, "carla")
    destroy = small.site.stacks.destroy(small.stack().id, named("mira"), "not needed any more")
    small.look(2)
    assert small.run(destroy).state is RunState.BLOCKED
    assert {loss.drift for loss in small.run(destroy).losses} == {drift.id}
    assert small.open_ports == {443, 8443} and small.real_tags == {"Owner": "core"}
    says_everything(small, small.run(run), drift)


def says_everything(office: SmallOffice, run: Run, drift: Drift) -> None:
    """What would be lost, whose it was, since when, as which drift; the three ways on as commands."""
    (lost,) = lost_by(run, [drift])
    assert (lost.address, lost.attribute, lost.drift, lost.state) == (drift.address, "ingress", drift.id, "open")
    assert (lost.not_before, lost.first_seen) == (drift.not_before, drift.first_seen)
    assert "8443/tcp from 10.0.0.0/8" in lost.would
    ways = {way.name: way.command for way in ways_on(run, office.stack().name, [lost])}
    assert ways == {
        "codify": f'trueup drift codify {drift.id} --reason "..."',
        "wait": f"trueup stack check {office.stack().name}",
        "release": f'trueup run release {run.id} --losing {drift.address} --reason "..."',
    }
    text = run_markdown(run, office.stack().name, [drift])
    assert all(command in text for command in ways.values()), text
    (told,) = (entry.draft for entry in office.ledger("run.blocked") if entry.draft.run == run.id)
    (recorded,) = told.details["losing"]
    assert (recorded["drift"], recorded["address"]) == (drift.id, drift.address)
    assert "8443" in recorded["would"]


def test_an_author_may_release_and_it_is_told_and_is_no_approval(small: SmallOffice) -> None:
    """Whoever wrote the change lets the loss go: in the ledger with that fact, and somebody else still approves."""
    small.deliver()
    small.govern("deliver", critical=True)
    drift = drifted(small)
    small.merged(WEB, "core", "shop", by="ben")
    run = small.finish()
    assert run.state is RunState.BLOCKED
    small.site.runs.urge(run.id, named("ben"), "customers wait")
    small.site.runs.urge(run.id, named("mira"))
    small.look(2)
    assert small.run(run).urgent and small.run(run).state is RunState.BLOCKED, "urgent is no way around the guard"
    small.site.runs.release(run.id, named("ben"), [drift.address], "the incident is over")
    small.look(2)
    assert small.run(run).state is RunState.AWAITING_APPROVAL
    (told,) = small.ledger("run.released")
    assert told.draft.actor == "ben" and told.draft.details["by_author"] is True
    assert told.draft.details["losing"][drift.address][0][0].startswith("ingress")
    assert told.draft.details["drifts"] == [drift.id]
    small.approve(run, "carla")
    small.look(2)
    assert small.run(run).converged and small.open_ports == {443}
