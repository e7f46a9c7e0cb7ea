"""A team with a Flyway project points Trueup at it and changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.servers import Server
from tests.stories.data_office import DataOffice, open_data_office
from trueup.model.drift import DriftState, Resolution
from trueup.model.people import Identity
from trueup.model.run import RunState
from trueup.model.stack import Standing

XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())"
INDEX = "index.public.orders_customer_idx"
HOTFIX = "CREATE INDEX orders_customer_idx ON orders (customer)"


@pytest.fixture
def office(postgres15: Server, tmp_path: Path) -> Iterator[DataOffice]:
    with open_data_office(postgres15, tmp_path) as office:
        yield office


def test_an_existing_project_is_taken_as_it_is(office: DataOffice) -> None:
    """Looked at, adopted, checked: both stacks are clean, and not one transaction wrote anything."""
    before = {short: office.asked(short, XID) for short in office.databases}
    office.adopt()
    for short in office.databases:
        assert office.check(short) == []
        assert office.stack(short).standing is Standing.SETTLED
    assert {short: office.asked(short, XID) for short in office.databases} == before


def test_a_service_that_runs_flyway_at_its_start_keeps_doing_so(office: DataOffice) -> None:
    """Its migrations are a foreign apply that the commit explains: settled, and never drift."""
    office.adopt()
    commit = office.pushed({"V3__note.sql": "ALTER TABLE orders ADD note text;\n"})
    office.look()
    office.starts("prod")
    assert office.check("prod") == []
    assert office.stack("prod").settled == commit
    kinds = [entry.draft.kind for entry in office.ledger() if entry.draft.stack == office.stack("prod").id]
    assert "foreign.apply" in kinds and not [kind for kind in kinds if kind.startswith("drift")]


def test_the_hotfix_of_the_night_becomes_a_migration(office: DataOffice) -> None:
    """Found with a name and a statement, codified, proven, merged, marked as already applied where it is, run where
    it is not."""
    office.hired("anna")
    office.watched("prod")
    office.adopt()
    office.govern("deliver")
    office.by_hand("prod", HOTFIX, "anna")
    (drift,) = office.check("prod")
    assert drift.address == INDEX and drift.origin is not None
    assert (drift.origin.actor, drift.origin.name) == ("anna", HOTFIX)

    codified = office.site.codification.codify([drift.id], Identity("name", "mira"), "the slow page of the night")
    assert codified.proven, codified.findings
    assert "CREATE INDEX" in office.forge.diff(codified.request.number)
    office.merge(codified.request, approved_by="ben")
    office.look(3)

    prod, staging = office.newest("prod"), office.newest("staging")
    assert prod.state is RunState.AWAITING_APPROVAL and staging.state is RunState.FINISHED, (prod.error, staging.error)
    size = office.asked("prod", "SELECT pg_relation_filenode('orders_customer_idx')")
    office.approve(prod)
    assert office.run(prod).state is RunState.FINISHED, office.run(prod).error
    assert office.asked("prod", "SELECT pg_relation_filenode('orders_customer_idx')") == size, "it was not run again"
    assert office.scripts("prod") == office.scripts("staging") and len(office.scripts("prod")) == 3
    assert office.asked("staging", "SELECT 1 FROM pg_indexes WHERE indexname = 'orders_customer_idx'") == [(1,)]
    assert office.check("prod") == [] and office.check("staging") == []
    assert office.drift(drift).resolution is Resolution.CODIFIED


def test_where_nobody_delivers_flyway_itself_takes_the_codified_hotfix_in(office: DataOffice) -> None:
    """Mode propose: the migration waits as it is, no drift any more, until a service starts and its Flyway finds
    nothing to do."""
    office.adopt()
    office.govern("propose")
    office.by_hand("prod", HOTFIX)
    (drift,) = office.check("prod")
    codified = office.site.codification.codify([drift.id], Identity("name", "mira"), "the slow page of the night")
    office.merge(codified.request, approved_by="ben")
    office.look(2)
    before = office.stack("prod").settled
    assert office.check("prod") == [] and office.drift(drift).resolution is Resolution.CODIFIED
    assert office.stack("prod").settled == before, "its row is not written yet"
    office.starts("prod")
    office.starts("staging")
    assert office.check("prod") == [] and office.check("staging") == []
    assert office.stack("prod").settled != before
    assert office.scripts("prod") == office.scripts("staging")


def test_a_repeatable_does_not_undo_a_view_that_was_fixed_by_hand(office: DataOffice) -> None:
    """Only its text was tidied up: the delivery is blocked until somebody has decided."""
    view = "CREATE OR REPLACE VIEW todo AS SELECT id FROM orders WHERE placed IS NULL;\n"
    office.pushed({"R__todo.sql": view})
    office.starts("prod")
    office.starts("staging")
    office.look()
    office.adopt()
    office.govern("deliver")
    office.by_hand("prod", "CREATE OR REPLACE VIEW todo AS SELECT id FROM orders WHERE placed IS NULL AND id > 0")
    (drift,) = office.check("prod")
    assert drift.address == "view.public.todo" and drift.state is DriftState.OPEN

    office.pushed({"R__todo.sql": f"-- What is still to be done.\n{view}"})
    office.look(3)
    blocked = office.newest("prod")
    assert blocked.state is RunState.BLOCKED, blocked.error
    assert [loss.address for loss in blocked.losses] == ["view.public.todo"]
    assert office.newest("staging").state is RunState.FINISHED

    office.site.runs.release(blocked.id, Identity("name", "carla"), ["view.public.todo"], "the fix was a mistake")
    office.look(3)
    assert office.run(office.newest("prod")).state is RunState.FINISHED, office.newest("prod").error
    assert "id > 0" not in office.asked("prod", "SELECT pg_get_viewdef('todo'::regclass)")[0][0]
    assert office.check("prod") == []


def test_a_delivery_and_flyway_take_turns(office: DataOffice) -> None:
    """Trueup delivers a migration that a service starts with a minute later, and the other way round."""
    office.adopt()
    office.govern("deliver")
    office.pushed({"V3__note.sql": "ALTER TABLE orders ADD note text;\n"})
    office.look(3)
    assert office.newest("prod").state is RunState.FINISHED, office.newest("prod").error
    office.starts("prod")
    assert office.scripts("prod") == ["V1__orders.sql", "V2__open.sql", "V3__note.sql"]
    office.pushed({"V4__paid.sql": "ALTER TABLE orders ADD paid boolean;\n"})
    office.starts("prod")
    office.look(3)
    assert office.scripts("prod") == office.scripts("staging")
    assert office.check("prod") == [] and office.check("staging") == []
    assert not office.runs(RunState.BLOCKED, RunState.FAILED, RunState.REFUSED, RunState.UNCERTAIN)


def test_a_watched_database_is_looked_at_as_soon_as_somebody_changes_it(office: DataOffice) -> None:
    """Nothing changed: the token vouches, and no check is due. A hotfix: the next question makes one due, and that
    check has a name for it."""
    office.hired("anna")
    office.watched("prod")
    office.adopt()
    office.look(2)
    assert office.check("prod") == []
    prober = office.site.prober
    assert prober.ask(office.stack("prod")) is False
    office.by_hand("prod", HOTFIX, "anna")
    assert prober.ask(office.stack("prod")) is True
    office.look()
    prod = office.stack("prod").id
    with office.site.store.transaction() as tx:
        (drift,) = tx.drifts(prod)
    assert drift.address == INDEX and drift.actor == "anna"
