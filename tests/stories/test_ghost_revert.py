"""Nobody's emergency fix is silently undone."""

from tests.stories.office import Office
from trueup.model.drift import DriftState, Resolution
from trueup.model.people import Identity
from trueup.model.run import RunState

APP = "environments/prod/app/main.tf"
TAG = ('Service     = "checkout"', 'Service     = "checkout"\n    CostCenter  = "4711"')


def test_a_routine_change_does_not_undo_a_console_fix(office: Office) -> None:
    """The title story: port opened at night, drift found, delivery blocked, codified, delivered, port still open."""
    office.adopt("prod/networking", "prod/app", "dev/networking", "dev/app")
    office.set_modes(dev="deliver", prod="deliver")

    office.open_port(8443)
    (drift,) = office.check("prod/app")
    assert drift.address == "aws_security_group.web"
    assert drift.state is DriftState.OPEN
    assert 8443 in office.ports(), "a check touches nothing"

    office.edit(APP, *TAG, by="ben", message="Tag checkout with its cost centre\n\nTicket: OPS-12")
    office.look()
    blocked = office.newest("prod/app")
    assert blocked.state is RunState.BLOCKED
    assert [loss.address for loss in blocked.losses] == ["aws_security_group.web"]
    assert blocked.ticket == "OPS-12"
    assert 8443 in office.ports()

    codified = office.site.codification.codify([drift.id], Identity("name", "mira"), "keep it open")
    assert codified.proven, codified.findings
    assert "8443" in office.forge.diff(codified.request.number)
    office.merge(codified.request, approved_by="anna")
    office.look()

    delivery = office.newest("prod/app")
    assert office.run(blocked).state is RunState.SUPERSEDED
    assert delivery.state is RunState.AWAITING_APPROVAL, delivery.error
    assert set(delivery.authors) >= {"ben", "mira"}
    office.site.runs.approve(delivery.id, Identity("name", "carla"))
    office.look()
    assert office.run(delivery).state is RunState.FINISHED, office.run(delivery).error
    assert office.run(delivery).converged
    assert 8443 in office.ports()
    assert office.tags()["CostCenter"] == "4711"
    assert office.check("prod/app") == []
    with office.site.store.transaction() as tx:
        ended = tx.drift(drift.id)
    assert ended is not None and ended.resolution is Resolution.CODIFIED
