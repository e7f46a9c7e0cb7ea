"""A database never goes back by itself; asked to, it goes through the same gate as everything else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.servers import Server
from tests.stories.data_office import DataOffice, open_data_office
from trueup.model.drift import Resolution
from trueup.model.people import Identity
from trueup.model.run import RunKind, RunState

CARLA = Identity("name", "carla")


@pytest.fixture
def office(postgres15: Server, tmp_path: Path) -> Iterator[DataOffice]:
    with open_data_office(postgres15, tmp_path) as office:
        office.adopt()
        office.govern("deliver")
        yield office


def test_a_hand_made_index_is_taken_back_and_nothing_else(office: DataOffice) -> None:
    """Two changes by hand, one of them named: its inverse is planned, agreed to and run. The other stays drift, and
    the history is as before."""
    office.by_hand("prod", "CREATE INDEX orders_customer_idx ON orders (customer)")
    office.by_hand("prod", "CREATE VIEW mine AS SELECT id FROM orders")
    found = {drift.address: drift for drift in office.check("prod")}
    scripts = office.scripts("prod")
    office.site.drifts.revert([found["index.public.orders_customer_idx"].id], CARLA, "it slows the writes down")
    office.look(2)
    run = office.newest("prod", RunKind.REVERT)
    if run.state is RunState.AWAITING_APPROVAL:
        office.approve(run, by="ben")
    assert office.run(run).state is RunState.FINISHED, office.run(run).error
    assert office.asked("prod", "SELECT FROM pg_indexes WHERE indexname = 'orders_customer_idx'") == []
    assert office.scripts("prod") == scripts
    assert office.drift(found["index.public.orders_customer_idx"]).resolution is Resolution.REVERTED
    assert [drift.address for drift in office.check("prod")] == ["view.public.mine"]


def test_a_revert_that_would_take_more_along_is_refused(office: DataOffice) -> None:
    """The index on a column that was added by hand: the run ends where rules say no, and nothing is lost."""
    office.by_hand("prod", "ALTER TABLE orders ADD note text")
    office.by_hand("prod", "CREATE INDEX notes ON orders (note)")
    found = {drift.address: drift for drift in office.check("prod")}
    office.site.drifts.revert([found["table.public.orders"].id], CARLA, "nobody needs it")
    office.look(2)
    run = office.newest("prod", RunKind.REVERT)
    assert run.state is RunState.REFUSED and "index.public.notes" in run.error + str(office.ledger("run.refused"))
    assert office.asked("prod", "SELECT 1 FROM pg_indexes WHERE indexname = 'notes'") == [(1,)]
