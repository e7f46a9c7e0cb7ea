"""After an outage: what changed, what it undid, whose that was, and that it had been there before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.stories.small import WEB, SmallOffice, named
from trueup.cli.views import ledger as views
from trueup.cli.when import When
from trueup.engine.history import History
from trueup.model.drift import Origin, Resolution
from trueup.model.errors import Invalid
from trueup.model.people import Identity
from trueup.model.run import RunState
from trueup.model.signal import LiveEvent
from trueup.ports.store import LedgerFilter
from trueup.render.undoings import day
from trueup.web import shown

GROUP = "aws_security_group.web"


def history(office: SmallOffice) -> History:
    return History(office.site.store, office.site.catalog)


def add_origin(office: SmallOffice, who: str, at: datetime) -> None:
    """An event told who opened the port."""
    (drift,) = office.check("web")
    with office.site.store.transaction() as tx:
        stored = tx.drift(drift.id)
        assert stored is not None
        tx.put_drift(replace(stored, origin=Origin(who, at, "event-1")))


def told_by_the_cloud(office: SmallOffice, who: str) -> None:
    """The cloud's log tells who removed a rule of the group, with Terraform."""
    at, stack = office.site.clock.now(), office.stack().id
    with office.site.store.transaction() as tx:
        names = frozenset(each.text for each in tx.subjects(stack) if each.address == GROUP and each.exact)
        assert names, "the index knows the group by its ids"
        call, person = "RevokeSecurityGroupIngress", Identity("email", f"{who}@acme.example")
        agent = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4"
        tx.add_events(stack, [LiveEvent("event-2", "aws", at, at, call, person, names, user_agent=agent)])


def test_a_ghost_revert_beside_us_is_told_and_its_comeback_linked(small: SmallOffice) -> None:
    """Anna opens a port; ben's plain apply removes it; somebody opens it again: each is told with the one before."""
    small.adopt()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    opened = small.site.clock.now()
    add_origin(small, "anna", opened)
    small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop")
    small.apply_by_hand()
    told_by_the_cloud(small, "ben")
    small.look()
    small.check("web")
    (told,) = small.ledger("drift.reverted-by")
    assert told.draft.summary.endswith("beside Trueup by ben") and told.draft.actor == "ben"
    assert (told.draft.details["by"], told.draft.details["event"]) == ("ben", "event-2")
    assert told.draft.summary.startswith(
        f"REVERTED {GROUP} ingress 8443/tcp from 10.0.0.0/8, added {day(opened)} by anna, never codified; undone on"
    )
    assert told.draft.details["added_by"] == "anna" and told.draft.details["drift"] == drift.id
    assert small.drift(drift.id).resolution is Resolution.UNDONE

    small.open_a_port(8443)
    (back,) = small.check("web")
    assert back.id != drift.id and back.earlier == drift.id
    news = next(each for each in small.ledger("drift.open") if each.draft.details["drift"] == back.id)
    assert f"it came back: {drift.id}" in news.draft.summary and news.draft.details["earlier"] == drift.id

    moment = told.time + timedelta(seconds=1)
    first = history(small).around(moment, small.stack().name)[0]
    line = shown.suspect(first, 1)
    assert "REVERTED" in line["story"] and "by anna" in line["story"] and "ghost revert" in line["story"]
    assert "undid what anna made by hand" in line["because"]

    everything = [each.draft.kind for each in history(small).what_changed(LedgerFilter())]
    for kind in ("stack.adopted", "drift.open", "foreign.unexplained", "drift.resolved.undone", "drift.reverted-by"):
        assert kind in everything
    mine = history(small).what_changed(LedgerFilter(actor="anna"))
    assert {"drift.reverted-by", "drift.resolved.undone"} <= {each.draft.kind for each in mine}
    for wrong, words in (
        (LedgerFilter(kind="dirft."), "drift"),
        (LedgerFilter(environment="prd"), "dev"),
        (LedgerFilter(actor="ana"), "anna"),
    ):
        with pytest.raises(Invalid) as error:
            history(small).what_changed(wrong)
        assert words in (error.value.hint or "")
    assert history(small).what_changed(LedgerFilter(kind="break-glass.")) == [], "nothing of a kind that there is"


def test_our_own_delivery_names_what_it_was_let_undo(small: SmallOffice) -> None:
    """Released and delivered: the incident view names the delivery, and whose port it removed."""
    small.deliver()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    add_origin(small, "anna", small.site.clock.now())
    small.merged(WEB, "core", "shop", by="ben")
    run = small.finish()
    assert run.state is RunState.BLOCKED
    small.site.runs.release(run.id, named("carla"), [drift.address], "the incident is over")
    small.look(2)
    assert small.run(run).converged and small.open_ports == {443}
    first, *_ = history(small).around(small.site.clock.now(), small.stack().name)
    line = shown.suspect(first, 1)
    assert first.entry.draft.run == run.id and line["what"] == "delivery"
    assert f"It REVERTED {GROUP} ingress 8443/tcp from 10.0.0.0/8, added" in line["story"]
    assert "by anna, never codified" in line["story"]
    document = {
        "around": small.site.clock.now().isoformat(),
        "since": (small.site.clock.now() - timedelta(hours=1)).isoformat(),
        "stack": small.stack().name,
        "upstream": [],
        "looked_at": 1,
        "found": [line],
    }
    assert views.incident(document, When(datetime.now(UTC))) is not None
