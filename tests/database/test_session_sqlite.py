"""The same walk on SQLite: planned on scratch, applied with its row, drift found, codified and taken in."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.conformance.test_drivers import drift_of
from tests.conformance.workers import FileJournal
from tests.database.jobs import Place, files
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.spec import MigrationsSpec
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause
from trueup.model.plan import Action, Applied, Plan
from trueup.model.stack import StackId
from trueup.ports.tree import EditedTree
from trueup.stages.attribute import attribute

CODE = {"001_users.sql": "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);\n"}
MORE = {**CODE, "002_active.sql": "ALTER TABLE users ADD COLUMN active INTEGER;\n"}


def deliver(place: Place, code: Mapping[str, str], journal: Path) -> tuple[Plan, Applied]:
    with DatabaseDriver().open(place.job(files(code), "delivery")) as session:
        plan = session.plan()
        return plan, session.apply(plan, FileJournal(journal))


def test_the_whole_walk(tmp_path: Path) -> None:
    """A plain folder of SQL files and a file of a database."""
    file = tmp_path / "app.db"
    sqlite3.connect(file).close()
    place = Place(tmp_path, f"sqlite:///{file}", spec=MigrationsSpec)
    plan, applied = deliver(place, CODE, tmp_path / "1")
    assert applied.complete and {"table.main.users", "migration.1"} <= applied.resources.keys()
    place.settled = applied.resources
    books = Baseline(StackId("stk-1"), 1, plan.basis, applied.resources, datetime(2026, 11, 1, tzinfo=UTC), "run:1")

    with closing(sqlite3.connect(file)) as hand:
        hand.execute("CREATE INDEX hotfix ON users (email)")
    with DatabaseDriver().observe(place.job(files(MORE))) as observation:
        looked = attribute(observation.plan(), books)
    found = {change.address: {each.cause for each in change.differences} for change in looked.changes}
    assert found["index.main.hotfix"] == {Cause.UNMANAGED} and found["table.main.users"] == {Cause.INTENDED}

    job = place.job(files(CODE))
    codified = DatabaseDriver().codify(job, [drift_of(change) for change in looked.drifted], looked.plan)
    with DatabaseDriver().observe(place.job(EditedTree(files(CODE), codified.edits))) as observation:
        taken = observation.plan()
    assert taken.idle and [change.action for change in taken.changes] == [Action.NOTHING]
