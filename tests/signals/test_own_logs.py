"""Live systems that are asked: for their token between checks, for their own log at each, for what people want."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.fakes.file_driver import FileDriver, FileObservation, FileSpec, nowhere
from tests.runs.site import Files, Nobody, Place, commit, new_run, settle
from trueup.adapters.store.store import SqlStore
from trueup.engine.asking import Asking
from trueup.engine.attribution import Attribution
from trueup.engine.books import Books
from trueup.engine.checks import Checks
from trueup.engine.drift_records import DriftRecords
from trueup.engine.errands import Errands
from trueup.engine.foreign import Foreign
from trueup.engine.jobs import Jobs
from trueup.engine.leases import Leases
from trueup.engine.listening import Listening
from trueup.engine.probing import MOVED, Prober
from trueup.engine.settling import Settling
from trueup.engine.subjects import Subjects
from trueup.engine.tools import Asked, Toolbox
from trueup.engine.undoing import Undoing
from trueup.engine.vouching import Vouching
from trueup.model.drift import Check, CheckState
from trueup.model.errors import Invalid, Rejected
from trueup.model.people import Identity
from trueup.model.plan import Address, LiveIdentity, Plan, Resource
from trueup.model.run import RunState
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import StackId
from trueup.model.values import digest_bytes
from trueup.ports.driver import Job, Told, Tool
from trueup.ports.store import LedgerFilter
from trueup.system.clock import FakeClock

APP = StackId("app")
ANNA = Identity("name", "anna")
LOG = "changes.log"


@dataclass(frozen=True)
class Counted(FileObservation):
    """Its live identity counts applies, as Terraform's state does: a change by hand is not one."""

    def plan(self) -> Plan:
        plan = super().plan()
        return replace(plan, basis=replace(plan.basis, live=LiveIdentity({"applies": "1"})))


class AskedDriver(FileDriver):
    """The directory of files, which keeps a log of who wrote what (one JSON object a line) and has tools."""

    probes: ClassVar[timedelta | None] = timedelta(seconds=15)
    complete: ClassVar[bool] = True
    tools: ClassVar[Mapping[str, Tool]] = {
        "count": Tool("Counts the files.", {"of": "only those that begin with it"}),
        "sweep": Tool("Removes every file.", writes=True),
    }

    @contextmanager
    def observe(self, job: Job[FileSpec]) -> Iterator[FileObservation]:
        yield Counted(job, nowhere)

    def token(self, job: Job[FileSpec]) -> LiveIdentity:
        return LiveIdentity({path.name: digest_bytes(path.read_bytes()) for path in sorted(job.spec.live.iterdir())})

    def logged(self, job: Job[FileSpec], since: datetime) -> Iterable[LiveEvent]:
        file = job.spec.live.parent.parent / LOG
        if not file.exists():
            raise Rejected("permission denied on the log")
        for line in file.read_text().splitlines():
            said = json.loads(line)
            at = datetime.fromisoformat(said["at"])
            if at >= since:
                who, subjects = Identity("database", said["who"]), frozenset({said["file"]})
                yield LiveEvent(line, "files", at, at, "WRITE", who, subjects, run=said.get("run", ""))

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        return [Subject(address, address) for address in resources]

    def use(self, job: Job[FileSpec], tool: str, arguments: Mapping[str, str]) -> Told:
        files = [each for each in job.spec.live.iterdir() if each.name.startswith(arguments.get("of", ""))]
        if tool == "sweep":
            for each in files:
                each.unlink()
        return Told(f"{len(files)} files", len(files))


class Office:
    """A stack of files whose books are settled, on a clock that stands still."""

    def __init__(self, directory: Path) -> None:
        self.place = Place(str(directory), f"sqlite:///{directory / 'store.db'}", "", alone=True)
        self.live = directory / "live" / "app"
        self.clock = FakeClock(datetime.now(UTC))
        commit(self.place, "c1", {"app/a": 1})
        self.store: SqlStore = self.place.open()
        (self.live.parent).mkdir()
        settle(self.place, self.store, "app", "c1")
        (self.live / "a.json").write_text("1")
        files: Any = Files(self.place)
        driver: Any = AskedDriver()
        nobody: Any = Nobody()
        jobs = Jobs(self.store, {"files": driver}, lambda: nobody, str, self.place.data, str)
        errands = Errands(self.store, files, jobs)
        books = Books(self.store, files, lambda _name: None, self.clock)
        records = DriftRecords(files, self.clock, Attribution(files), Subjects({"files": driver}))
        settling = Settling(books, errands, records, self.clock)
        vouching = Vouching(errands, Listening({"files": driver}, self.clock), self.clock)
        foreign, asking = Foreign(errands, books, settling, self.clock), Asking(errands, self.clock)
        self.checks = Checks(self.store, errands, books, foreign, records, Undoing(files), vouching, asking, self.clock)
        self.prober = Prober(self.store, vouching, self.clock, "here")
        self.toolbox = Toolbox(errands, books, Leases(self.store, "here"))
        with self.store.transaction() as tx:
            tx.put_check(Check(APP, CheckState.DUE, due_at=self.clock.now()))

    def wrote(self, who: str, name: str, content: str, run: str = "") -> None:
        (self.live / f"{name}.json").write_text(content)
        said = {"at": self.clock.now().isoformat(), "who": who, "file": name, "run": run}
        with (self.live.parent.parent / LOG).open("a") as file:
            file.write(json.dumps(said) + "\n")

    def check(self) -> Check:
        with self.store.transaction() as tx:
            found = tx.check(APP)
        assert found is not None
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    built = Office(tmp_path)
    yield built
    built.store.close()


def test_a_token_that_moved_makes_a_check_due(office: Office) -> None:
    """Between two scheduled checks the token is asked for; a change by hand is looked at without waiting for them."""
    office.checks.check(APP)
    office.checks.check(APP)  # the first one settled the books, which are part of the token
    office.clock.advance(20)
    assert office.prober.round() == 0
    office.wrote("dora", "a", "2")
    office.clock.advance(20)
    assert office.prober.round() == 1
    assert (office.check().state, office.check().reason) == (CheckState.DUE, MOVED)
    assert office.checks.check(APP).state is CheckState.DRIFTED


def test_a_check_from_before_the_adoption_is_made_again(office: Office) -> None:
    """It had no token: until another one, nothing could be told from a signal."""
    office.checks.check(APP)
    office.checks.check(APP)
    deaf = replace(office.check(), token="")
    with office.store.transaction() as tx:
        tx.put_check(deaf)
    office.clock.advance(20)
    assert office.prober.round() == 1
    office.checks.check(APP)
    office.clock.advance(20)
    assert office.prober.round() == 0


def test_it_is_not_asked_more_often_than_it_wants(office: Office) -> None:
    """The interval is the driver's."""
    office.checks.check(APP)
    assert len(list(office.prober.due())) == 1
    assert not list(office.prober.due())
    office.clock.advance(20)
    assert len(list(office.prober.due())) == 1


def test_only_one_process_asks(office: Office) -> None:
    """Several workers share one lease; the others leave the live systems alone."""
    office.checks.check(APP)
    other = replace(office.prober, holder="elsewhere", _next={})
    assert len(list(office.prober.due())) == 1
    assert not list(other.due())


def test_a_token_that_tells_everything_needs_no_plan_and_no_silence(office: Office) -> None:
    """An equal token answers a scheduled check; nobody's events have to be heard for it."""
    office.checks.check(APP)
    office.checks.check(APP)
    planned = office.check().planned_at
    office.clock.advance(1800)
    vouched = office.checks.check(APP)
    assert (vouched.planned_at, vouched.vouched_at) == (planned, office.clock.now())


def test_a_drift_has_the_name_that_the_systems_own_log_tells(office: Office) -> None:
    """The log is asked at the check, so that the drift is attributed from its first moment."""
    office.checks.check(APP)
    office.clock.advance(60)
    office.wrote("dora", "a", "2")
    office.clock.advance(60)
    office.checks.check(APP)
    with office.store.transaction() as tx:
        (drift,) = tx.drifts(APP)
    assert drift.origin is not None
    assert (drift.origin.actor, drift.origin.name) == ("database:dora", "WRITE")


def test_a_run_of_ours_is_nobody_by_hand(office: Office) -> None:
    """What the log says of a run that was at work then is not taken for somebody; a name that no run has is."""
    office.checks.check(APP)
    run = new_run(office.store, "run-1", "app", "c1")
    with office.store.transaction() as tx:
        tx.put_run(replace(run, state=RunState.SUPERSEDED, generation=run.generation))
    office.wrote("trueup", "a", "2", run="run-1")
    office.clock.advance(60)
    office.checks.check(APP)
    with office.store.transaction() as tx:
        (drift,) = tx.drifts(APP)
        assert drift.origin is None
    office.wrote("dora", "a", "3", run="run-none")
    office.clock.advance(60)
    office.checks.check(APP)
    with office.store.transaction() as tx:
        (drift,) = tx.drifts(APP)
    assert drift.origin is not None
    assert drift.origin.actor == "database:dora"


def test_a_log_that_cannot_be_read_hides_no_drift(office: Office) -> None:
    """Who did it is unknown then, and the check's log says why; that something was done is found all the same."""
    office.checks.check(APP)
    (office.live / "a.json").write_text("2")
    assert office.checks.check(APP, "asked").state is CheckState.DRIFTED
    with office.store.transaction() as tx:
        assert tx.drifts(APP)[0].origin is None
    assert any("permission denied on the log" in line for _, line in office.store.logs("check:app"))


def test_a_tool_reads_with_what_it_is_given(office: Office) -> None:
    """Its words and its data come back; an argument or a tool that it does not have is said with those it has."""
    assert office.toolbox.use(APP, Asked("count", {"of": "a"}), ANNA) == Told("1 files", 1)
    with pytest.raises(Invalid, match="has no tool `cuont`"):
        office.toolbox.use(APP, Asked("cuont", {}), ANNA)
    with pytest.raises(Invalid, match="does not know file"):
        office.toolbox.use(APP, Asked("count", {"file": "a"}), ANNA)


def test_a_tool_that_writes_is_in_the_ledger_with_its_reason(office: Office) -> None:
    """No reason, no effect; with one it is written down who did it before anything is done."""
    with pytest.raises(Invalid, match="needs a reason"):
        office.toolbox.use(APP, Asked("sweep", {}), ANNA)
    assert (office.live / "a.json").exists()
    office.toolbox.use(APP, Asked("sweep", {}, reason="tidy"), ANNA)
    assert not (office.live / "a.json").exists()
    with office.store.transaction() as tx:
        entry = [each for each in tx.entries(LedgerFilter()) if each.draft.kind == "stack.tool"][-1]
    assert (entry.draft.reason, "`sweep`" in entry.draft.summary) == ("tidy", True)
