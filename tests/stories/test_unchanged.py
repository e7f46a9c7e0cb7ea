"""A stack whose state, code and inputs are the same, and whose cloud's log is heard and silent, needs no plan."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.signals.records import envelope
from tests.stories.small import WEB, SmallOffice, named, open_small
from tests.stories.test_events import recorded
from trueup.cli.views.stacks import _vouched
from trueup.cli.when import When
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.drivers.terraform.client import Client
from trueup.model.drift import Check, CheckState
from trueup.render.encoding import to_json
from trueup.settings import EVENT_QUIET, EVENTS_SILENCE, UNPLANNED_LONGEST
from trueup.system.clock import FakeClock
from trueup.system.processes import Command

HALF_AN_HOUR = 1800.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def office(fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path, clock: FakeClock) -> Iterator[SmallOffice]:
    with open_small(fresh_cloud, terminal, tmp_path, clock=clock) as office:
        office.adopt()
        yield office


class Watch:
    """Lets time pass and checks, and says whether Terraform was run for it."""

    def __init__(self, office: SmallOffice, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office, self.clock = office, clock
        self.commands: list[str] = []
        command = Client.command

        def counted(client: Client, *arguments: str) -> Command:
            self.commands.append(arguments[0])
            return command(client, *arguments)

        monkeypatch.setattr(Client, "command", counted)

    def passes(self, seconds: float = HALF_AN_HOUR, *, heard: bool = True) -> None:
        """Meanwhile somebody does something that concerns none of our stacks."""
        self.clock.advance(max(seconds, (datetime.now(UTC) - self.clock.now()).total_seconds() + 1))
        if heard:
            before = self.office.cloud.records()[-1].sequence
            self.office.cloud.client("ec2", self.office.cloud.console).create_vpc(CidrBlock="10.99.0.0/16")
            self.hears(before)

    def hears(self, since: int) -> None:
        """What the cloud recorded after that is delivered, as if it happened now."""
        at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        fresh = [{**each["detail"], "eventTime": at, "eventID": str(uuid4())} for each in recorded(self.office, since)]
        self.office.site.signals.take("aws", [envelope(each) for each in fresh])

    def looks(self) -> tuple[Check, bool]:
        self.commands.clear()
        check = self.office.site.checks.check(self.office.stack().id)
        return check, "plan" in self.commands


def test_unchanged_until_something_happens(
    office: SmallOffice, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is started while nothing can have changed; an event, a silence, an edit, a person or a plan that is
    too old, and it is planned again."""
    watch = Watch(office, clock, monkeypatch)
    watch.passes()
    first, planned = watch.looks()
    assert planned and first.state is CheckState.CLEAN and first.token and first.vouched_at is None

    watch.passes()
    second, planned = watch.looks()
    assert not watch.commands and not planned
    assert (second.state, second.vouched_at, second.planned_at) == (CheckState.CLEAN, clock.now(), first.planned_at)
    assert (second.last_clean_at, second.completed_at) == (first.last_clean_at, first.completed_at)
    assert second.due_at > clock.now()
    assert "by its state and the event stream" in _vouched(to_json(second), When(clock.now()))

    before = office.cloud.records()[-1].sequence
    office.open_a_port(8443)
    watch.passes(heard=False)
    watch.hears(before)
    watch.commands.clear()
    clock.advance(EVENT_QUIET.total_seconds())
    office.scheduler.tick()
    drifted = office.last_check()
    assert "plan" in watch.commands and drifted is not None and drifted.state is CheckState.DRIFTED
    assert drifted.vouched_at is None and drifted.planned_at == clock.now()

    watch.passes()
    still, planned = watch.looks()
    assert not planned and still.state is CheckState.DRIFTED and still.drifted == 1

    watch.passes(EVENTS_SILENCE.total_seconds() + 60, heard=False)
    assert watch.looks()[1], "nothing was heard for too long"
    watch.passes()
    assert watch.looks()[1], "what happened in the silence may never have come"
    watch.passes()
    assert not watch.looks()[1]

    office.site.stacks.check(office.stack().id, named("anna"))
    assert watch.looks()[1], "a person asked"
    office.edit(WEB, "# Who may", "# Who really may", by="ben", message="Say it better")
    office.site.catalog.refresh()
    assert watch.looks()[1], "other code"
    watch.passes()
    last, planned = watch.looks()
    assert not planned
    assert last.planned_at is not None
    while clock.now() - last.planned_at < UNPLANNED_LONGEST:
        assert not watch.looks()[1]
        watch.passes()
    assert watch.looks()[1], "no plan is believed for longer"
    office.by_hand("apply", "-refresh-only", "-input=false", "-auto-approve")
    watch.passes(60.0)
    assert watch.looks()[1], "somebody wrote the state"
