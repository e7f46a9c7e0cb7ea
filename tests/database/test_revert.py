"""Reverting drift of a real database: exactly what was named goes back, by statements that were tried before."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.jobs import Place, files
from tests.database.test_session import CODE, INDEX, TABLE, Live, adopted, live
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.session.revert import RevertObservation, RevertSession
from trueup.drivers.database.spec import MigrationsSpec
from trueup.model.causes import Cause
from trueup.model.errors import Refused, Unavailable
from trueup.model.plan import Action, Address, Applied, Outcome, Plan, StepId
from trueup.ports.driver import JournalEntry
from trueup.stages.attribute import attribute
from trueup.stages.narrow import narrowed

__all__ = ["adopted", "live"]
VIEW = Address("view.public.emails")


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def begin(self, step: StepId) -> None:
        self.said.append(("begin", step))

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self.said.append(("report", step, at))

    def end(self, step: StepId) -> None:
        self.said.append(("end", step))


def reverted(live: Live, addresses: Collection[Address] | None = None, meanwhile: str = "") -> tuple[Plan, Applied]:
    """As the walk does it: plan, attribute, narrow to what was named, apply."""
    journal = Notes()
    with DatabaseDriver().open(live.place.job(files(CODE), "revert")) as session:
        assert isinstance(session, RevertSession)
        attributed = attribute(session.plan(), live.baseline)
        if addresses is not None:
            attributed = narrowed(attributed, session.narrowed(attributed.plan, addresses))
        guarded = {each.cause for change in attributed.changes if change.planned for each in change.differences}
        assert guarded <= {Cause.GHOST_REVERT}
        if meanwhile:
            live.by_hand(meanwhile)
        applied = session.apply(attributed.plan, journal)
    steps = [each.id for each in attributed.plan.steps]
    assert [said[1] for said in journal.said if said[0] == "begin"] == steps
    return attributed.plan, applied


def test_an_index_made_by_hand_goes_again(adopted: Live) -> None:
    """Planned as one deletion, with its statement; without holding anybody up; the history is as before."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    plan, applied = reverted(adopted)
    assert [(change.address, change.action) for change in plan.changes] == [(INDEX, Action.DELETE)]
    assert [step.summary for step in plan.steps] == ["DROP INDEX CONCURRENTLY IF EXISTS public.users_email_idx"]
    assert not [finding for finding in plan.findings if finding.stops]
    assert applied.complete and applied.outcomes == {INDEX: Outcome.DONE} and INDEX not in applied.resources
    assert not adopted.look(CODE).changes


def test_what_a_hand_took_away_comes_back(adopted: Live) -> None:
    """A constraint, a default and a comment, in one transaction."""
    adopted.by_hand("ALTER TABLE users DROP CONSTRAINT users_pkey, ALTER id DROP NOT NULL, ALTER email SET DEFAULT 'x'")
    plan, applied = reverted(adopted)
    assert {change.address for change in plan.changes} == {TABLE, "constraint.public.users.users_pkey"}
    assert applied.complete and not adopted.look(CODE).changes


def test_only_what_is_named_goes_back(adopted: Live) -> None:
    """The other drift stays as it is, and stays drift."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    adopted.by_hand("CREATE VIEW emails AS SELECT email FROM users")
    plan, applied = reverted(adopted, [VIEW])
    assert [change.address for change in plan.changes] == [VIEW]
    assert applied.complete
    assert [change.address for change in adopted.look(CODE).changes] == [INDEX]


def test_a_revert_that_would_take_more_along_stops(adopted: Live) -> None:
    """Dropping a column takes its index along: scratch says so, and the hint says what to name."""
    adopted.by_hand("ALTER TABLE users ADD nick text; CREATE INDEX nicks ON users (nick)")
    with DatabaseDriver().observe(adopted.place.job(files(CODE), "revert")) as observation:
        assert isinstance(observation, RevertObservation)
        whole = observation.plan()
        part = observation.narrowed(whole, [TABLE])
    (finding,) = [each for each in part.findings if each.stops]
    assert "index.public.nicks" in finding.message and "name their drifts" in finding.hint
    assert not [each for each in whole.findings if each.stops]
    assert max(each.approvals for each in whole.findings) == 2  # a column's data goes


def test_what_is_in_the_way_of_a_revert_is_said_before_anything_is_tried(adopted: Live) -> None:
    """On scratch: a view that somebody built on the column by hand."""
    adopted.by_hand("ALTER TABLE users ADD note text; CREATE VIEW notes AS SELECT note FROM users")
    with DatabaseDriver().observe(adopted.place.job(files(CODE), "revert")) as observation:
        assert isinstance(observation, RevertObservation)
        part = observation.narrowed(observation.plan(), [TABLE])
    (finding,) = [each for each in part.findings if each.stops]
    assert finding.code == "revert-fails" and "view" in finding.message


def test_a_revert_that_cannot_be_written_is_not_planned(adopted: Live) -> None:
    """The order of columns: nothing is planned there, and the reason is said."""
    adopted.by_hand(
        "DROP TABLE users; CREATE TABLE users (email text, id bigint PRIMARY KEY);"
        "CREATE INDEX users_email_idx ON users (email)"
    )
    with DatabaseDriver().observe(adopted.place.job(files(CODE), "revert")) as observation:
        plan = observation.plan()
    assert [change.address for change in plan.changes] == [INDEX]
    assert any(each.code == "revert-not-written" and TABLE in each.message for each in plan.findings)
    assert plan.sets[TABLE] == frozenset()


def test_nothing_is_undone_when_somebody_was_quicker(adopted: Live) -> None:
    """Between the plan and the lock the index was made another one: it is planned again, and nothing has begun."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    with pytest.raises(Unavailable, match="somebody changed"):
        reverted(adopted, meanwhile="DROP INDEX users_email_idx; CREATE INDEX users_email_idx ON users (email, id)")
    assert INDEX in adopted.plan(CODE).real


def test_a_lost_revert_is_told_by_the_catalog(adopted: Live) -> None:
    """The worker died behind the commit: recovery sees that the index is gone."""
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    reverted(adopted)
    job = adopted.place.job(files(CODE), "revert")
    evidence = DatabaseDriver().recover(job, _begun())
    assert evidence.gone and evidence.applied is not None
    assert evidence.applied.complete and evidence.applied.outcomes == {INDEX: Outcome.DONE}
    adopted.by_hand("CREATE INDEX users_email_idx ON users (email)")
    again = DatabaseDriver().recover(job, _begun()).applied
    assert again is not None and not again.complete and again.outcomes == {INDEX: Outcome.FAILED}


def _begun() -> list[JournalEntry]:
    step = StepId("revert.1")
    return [JournalEntry(step, "begin"), JournalEntry(step, "report", INDEX, Outcome.UNCERTAIN)]


def test_before_adoption_there_is_nothing_to_go_back_to(live: Live) -> None:
    """S is not known: refused, with what to do first."""
    live.flyway(CODE)
    with (
        DatabaseDriver().observe(live.place.job(files(CODE), "revert")) as observation,
        pytest.raises(Refused, match="settled"),
    ):
        observation.plan()


def test_sqlite_goes_back_too(tmp_path: Path) -> None:
    """A view changed by hand and an index: in one transaction, tried in a file of its own first."""
    file = tmp_path / "app.db"
    place = Place(tmp_path, f"sqlite:///{file}", spec=MigrationsSpec)
    first = "CREATE TABLE users (id integer PRIMARY KEY, email text); CREATE VIEW v AS SELECT id FROM users;"
    code = {"001_users.sql": first}
    with closing(sqlite3.connect(file)) as hand:
        hand.executescript(code["001_users.sql"])
        with DatabaseDriver().observe(place.job(files(code))) as observation:
            place.settled = {at: each for at, each in observation.plan().real.items() if each.kind != "migration"}
        hand.executescript("DROP VIEW v; CREATE VIEW v AS SELECT email FROM users; CREATE INDEX i ON users (email)")
    with DatabaseDriver().open(place.job(files(code), "revert")) as session:
        plan = session.plan()
        assert {each.address: each.action for each in plan.changes} == {
            "index.main.i": Action.DELETE,
            "view.main.v": Action.UPDATE,
        }
        assert not [each for each in plan.findings if each.stops]
        applied = session.apply(plan, Notes())
        assert applied.complete
        assert not session.plan().changes
