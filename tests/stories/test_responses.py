"""What drift leads to by itself: minor drift is undone, structural drift is not, and nobody fights with a machine."""

from dataclasses import replace

import pytest

from tests.stories.small import SmallOffice
from trueup.engine.codification import Codification, Codified
from trueup.model.drift import Drift, DriftState, Origin, Resolution
from trueup.model.people import Identity
from trueup.model.request import RequestState
from trueup.model.run import RunKind, RunState
from trueup.settings import RESTLESS_LOOKS


def looked(office: SmallOffice) -> list[Drift]:
    """A check by the schedule, with what it leads to, and everything that this makes due."""
    stack = office.stack().id
    office.site.stacks.check(stack)
    office.look(3)
    with office.site.store.transaction() as tx:
        return list(tx.drifts(stack))


def told(office: SmallOffice, kind: str) -> list[str]:
    return [entry.draft.summary for entry in office.ledger(kind)]


def test_minor_drift_is_reverted_by_itself_until_somebody_fights_back(small: SmallOffice) -> None:
    """A tag comes back by itself, a tag beside a port does not; who sets it again and again is named and left alone,
    until a person lets it go on."""
    small.deliver()
    small.govern("deliver", respond="revert-minor")
    for number in range(3):
        small.tag("Owner", f"pirate-{number}")
        assert looked(small) == [], small.newest("web", RunKind.REVERT).error
        assert small.real_tags == {"Owner": "core"}
        run = small.newest("web", RunKind.REVERT)
        assert (run.state, run.requested_by, run.converged) == (RunState.FINISHED, "trueup", True)
    stack = small.stack().id
    with small.site.store.transaction() as tx:
        lives = list(tx.drifts(stack, unresolved=False))
        for life in lives:
            tx.put_drift(replace(life, origin=Origin("ben", life.first_seen, life.id)))
    assert {life.resolution for life in lives} == {Resolution.REVERTED}
    assert len(told(small, "drift.responding")) == 3

    small.tag("Owner", "pirate-3")
    (fight,) = looked(small)
    assert (fight.state, small.real_tags) == (DriftState.OPEN, {"Owner": "pirate-3"})
    (said,) = told(small, "drift.fights-back")
    assert "tags.Owner came back 3 times after a revert: ben" in said
    looked(small)
    assert len(told(small, "drift.fights-back")) == 1, "told once"
    small.site.responses.resume(fight.id, Identity("name", "mira"), "ben was told")
    small.look(3)
    assert small.real_tags == {"Owner": "core"}

    small.tag("Owner", "again")
    small.open_a_port(8443)
    (both,) = looked(small)
    assert (both.state, small.open_ports, small.real_tags) == (DriftState.OPEN, {443, 8443}, {"Owner": "again"})
    assert "structurally (network: who may reach what)" in told(small, "drift.held")[-1]


def test_a_change_request_is_opened_by_itself_and_once(small: SmallOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the process dies between the forge and the books; closed unmerged, it is not opened again until
    something changed; a pause holds it."""
    small.adopt()
    small.govern("propose", respond="codify")
    small.site.stacks.pause(small.stack().id, Identity("name", "carla"), "moving house")
    small.open_a_port(8443)
    (drift,) = looked(small)
    assert drift.state is DriftState.OPEN and small.forge.list() == []
    assert "paused: carla: moving house" in told(small, "drift.held")[0]
    small.site.stacks.resume(small.stack().id, Identity("name", "carla"))

    class Killed(BaseException):
        """The process is gone."""

    def dies(self: Codification, *_: object, **__: object) -> Codified:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Codification, "_record", dies)
        with pytest.raises(Killed):
            looked(small)
    (request,) = small.forge.list()
    (drift,) = looked(small)
    assert (drift.state, drift.request) == (DriftState.CODIFYING, request.number)
    looked(small)
    assert [each.number for each in small.forge.list(None)] == [request.number]
    assert len(told(small, "drift.responding")) == 1

    small.forge.close(request.number, Identity("email", "anna@acme.example"))
    (drift,) = looked(small)
    assert drift.state is DriftState.OPEN and small.forge.list() == []
    assert f"#{request.number} proposed it already" in told(small, "drift.held")[-1]
    small.open_a_port(9443)
    (drift,) = looked(small)
    (second,) = small.forge.list(RequestState.OPEN)
    assert (drift.state, drift.request) == (DriftState.CODIFYING, second.number)
    assert "9443" in small.forge.diff(second.number)


def test_what_moves_while_it_is_reverted_is_guarded(small: SmallOffice) -> None:
    """Between the check and the apply somebody changes the same tag again: the automatic revert is parked, and the
    next one is of the value that was seen then."""
    small.deliver()
    small.govern("deliver", respond="revert-minor")
    small.tag("Owner", "first")
    small.site.watch(small.stack().id)
    run = small.newest("web", RunKind.REVERT)
    assert run.state is RunState.QUEUED
    small.site.responses.respond(small.stack().id)
    assert small.newest("web", RunKind.REVERT).id == run.id, "asked twice, done once"
    small.tag("Owner", "second")
    small.look()
    assert small.run(run).state is RunState.BLOCKED
    assert small.real_tags == {"Owner": "second"}
    assert looked(small) == []
    assert small.real_tags == {"Owner": "core"}
    assert small.run(run).state is RunState.SUPERSEDED


def test_nothing_is_undone_in_a_critical_environment(small: SmallOffice) -> None:
    """The control repository that asks for it is refused with the reason, and the rules before stay in force."""
    small.deliver()
    small.govern("deliver", critical=True, respond="revert")
    look = small.scheduler.look
    assert look is not None and "`dev` is critical" in str(look.errors)
    small.tag("Owner", "pirate")
    (drift,) = looked(small)
    assert (drift.state, small.real_tags) == (DriftState.OPEN, {"Owner": "pirate"})
    assert not small.runs(RunState.BLOCKED)


def test_the_limit_of_an_hour_holds(small: SmallOffice) -> None:
    """With none allowed nothing is undone, and the reason is in the ledger once."""
    small.deliver()
    small.govern("deliver", respond="revert", revertsPerHour=0)
    small.tag("Owner", "pirate")
    (drift,) = looked(small)
    looked(small)
    assert drift.state is DriftState.OPEN
    assert [each for each in told(small, "drift.held") if "0 are allowed" in each] == told(small, "drift.held")
    assert small.drift(drift.id).sightings >= 2


def test_a_value_that_never_rests_is_told_once_and_left_alone(small: SmallOffice) -> None:
    """Another tag at every check and nobody who did it: in quarantine, without a response, guarded as before, until
    somebody releases it."""
    small.adopt()
    small.govern("deliver")
    for number in range(RESTLESS_LOOKS + 2):
        small.tag("Owner", f"machine-{number}")
        (drift,) = looked(small)
    assert drift.quarantine == ("tags.Owner",) and len(told(small, "drift.quarantined")) == 1
    small.govern("deliver", respond="revert-minor")
    (drift,) = looked(small)
    assert drift.state is DriftState.OPEN and "at every look" in told(small, "drift.held")[0]
    freed = small.site.drifts.release(drift.id, Identity("name", "mira"), "the machine is off")
    assert freed.quarantine == ()
    assert looked(small) == []
    assert small.real_tags == {"Owner": "core"}
