"""Reverts: what was done by hand is undone, exactly where it was asked for, and through the same gate."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.workers import FileJournal
from tests.database.jobs import Place, files
from tests.database.servers import OWNER, Server
from tests.database.test_session import CODE, HOTFIX, INDEX, TABLE, Live
from trueup.drivers.database.driver import DatabaseDriver
from trueup.model.causes import Cause
from trueup.model.errors import Unavailable
from trueup.model.plan import Action, Outcome
from trueup.stages.attribute import attribute


@pytest.fixture
def drifted(postgres15: Server, tmp_path: Path) -> Iterator[Live]:
    """An index and a column, both made by hand."""
    with postgres15.fresh_database() as name:
        live = Live(postgres15, name, Place(tmp_path, postgres15.url(name, OWNER)))
        live.flyway(CODE)
        live.settle(CODE)
        live.by_hand(f"{HOTFIX}; ALTER TABLE users ADD note text")
        yield live


def test_a_revert_undoes_what_it_names_and_nothing_else(drifted: Live, tmp_path: Path) -> None:
    """The index goes, the column stays; both are ghost reverts to the guard, which asks who named them."""
    job = drifted.place.job(files(CODE), "revert")
    with DatabaseDriver().open(job) as session:
        whole = session.plan()
        assert {change.address: change.action for change in whole.changes} == {
            INDEX: Action.DELETE,
            TABLE: Action.UPDATE,
        }
        causes = {each.cause for change in attribute(whole, drifted.baseline).changes for each in change.differences}
        assert causes == {Cause.GHOST_REVERT}
        part = session.narrowed(whole, [INDEX])
        assert part.changes == (whole.change_at(INDEX),)
        applied = session.apply(part, FileJournal(tmp_path / "journal"))
    assert applied.complete and applied.outcomes == {INDEX: Outcome.DONE}
    assert INDEX not in applied.resources and applied.live == whole.basis.live
    looked = drifted.look(CODE)
    assert [change.address for change in looked.drifted] == [TABLE]


def test_what_changed_since_it_was_planned_is_not_undone(drifted: Live, tmp_path: Path) -> None:
    """Another value than the one that somebody decided about."""
    with DatabaseDriver().open(drifted.place.job(files(CODE), "revert")) as session:
        planned = session.plan()
        drifted.by_hand("ALTER TABLE users ALTER note SET DEFAULT 'x'")
        with pytest.raises(Unavailable, match="changed"):
            session.apply(planned, FileJournal(tmp_path / "journal"))
    assert INDEX in drifted.plan(CODE).real


def test_what_cannot_be_undone_is_said_before_anything_is_tried(drifted: Live) -> None:
    """On scratch: a view that somebody built on the column by hand is in the way."""
    drifted.by_hand("CREATE VIEW notes AS SELECT note FROM users")
    with DatabaseDriver().open(drifted.place.job(files(CODE), "revert")) as session:
        part = session.narrowed(session.plan(), [TABLE])
    assert not part.changes and [finding.code for finding in part.findings] == ["revert-left"]
    assert "note" in drifted.plan(CODE).real[TABLE].values["columns"]
