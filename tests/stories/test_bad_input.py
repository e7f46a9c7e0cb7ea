"""Input that is wrong and systems that do not answer: said with the next step, nothing lost, nothing twice."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stories.small import APP, WEB, SmallOffice, code_of_web, data, named, open_small
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.demo.trail import UNREACHABLE
from trueup.model.errors import Refused
from trueup.model.run import RunState
from trueup.system.clock import FakeClock

CUT = """
resource "terraform_data" "cut" {
  depends_on = [aws_security_group.extra]
  provisioner "local-exec" {
    command = "echo s3 > FILE"
  }
}
"""


def test_code_that_does_not_parse_is_told_once_and_stops_nothing(plain: SmallOffice) -> None:
    """File and line are named, once for the commit; the stack stays settled, and the repair is delivered."""
    head = plain.merged(APP, 'input = "first"', 'input = "first')
    plain.look(2)
    (told,) = plain.ledger("source.unreadable")
    assert told.draft.commit == head and f"{APP}:" in told.draft.summary
    runs = len(plain.runs())
    assert plain.newest("app").state is RunState.FINISHED
    plain.merged(APP, 'input = "first', 'input = "second"')
    assert plain.finish("app").converged and len(plain.runs()) == runs + 1


def test_a_provider_that_cannot_be_had_fails_with_its_name(plain: SmallOffice) -> None:
    """A version that no mirror has: the run ends with what was looked for, and the books stay."""
    before = plain.stack("app").settled
    needs = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n'
    needs += '      version = "9.9.9"\n    }\n  }\n}\n\nprovider "aws" {\n  region = "eu-central-1"\n}\n'
    plain.pushed({"live/app/needs.tf": needs, APP: data("one", "second")})
    run = plain.finish("app")
    assert run.state in (RunState.FAILED, RunState.QUEUED), run.state
    assert "hashicorp/aws" in run.error and "9.9.9" in run.error
    assert plain.stack("app").settled == before


def test_a_plan_past_its_limit_is_ended_and_says_so(fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """A cloud that does not answer while `planTimeout` is short: the run names the limit, and tries again later."""
    with open_small(fresh_cloud, terminal, tmp_path) as office:
        office.deliver()
        before = office.stack().settled
        entry = {"terraform": "infra//live/{name}", "env": "dev", "planTimeout": "10s"}
        office.govern(sections={"stacks": [entry]})
        fresh_cloud.interrupt("ec2")
        office.merged(WEB, "core", "shop")
        run = office.newest("web")
        assert run.state in (RunState.QUEUED, RunState.FAILED)
        assert "planTimeout" in run.error and "10" in run.error
        assert office.stack().settled == before


def test_s3_that_stops_answering_in_the_middle_of_an_apply_loses_nothing(
    fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """The new group is made and its state cannot be saved: uncertain, said so, and recovery writes it back."""
    with open_small(fresh_cloud, terminal, tmp_path) as office:
        entry = {"terraform": "infra//live/{name}", "env": "dev", "backendConfig": {"max_retries": "1"}}
        office.govern(sections={"stacks": [entry]})
        office.deliver()
        extra = code_of_web(f"{office.group_name}-extra").replace('"web" {', '"extra" {')
        office.govern(sandbox="off")  # it cuts the cloud off from within
        cut = CUT.replace("FILE", str(tmp_path / "cloud" / UNREACHABLE))
        office.pushed({WEB: code_of_web(office.group_name) + extra + cut})
        office.look(2)
        run = office.newest("web")
        assert run.state is RunState.UNCERTAIN, run.error
        assert "errored.tfstate" in run.error
        office.look()
        still = office.run(run)
        assert still.state is RunState.UNCERTAIN and "recovery did not come to an end" in still.error
        fresh_cloud.restore()
        ended = office.site.recovery.recover(run.id)
        assert ended.state is RunState.FAILED and "errored.tfstate" in ended.error
        assert office.check("web") == []
        office.site.stacks.deliver(office.stack().id, named("carla"), "go on")
        office.look(2)
        done = office.newest("web")
        assert done.state is RunState.FINISHED and done.converged, done.error
        assert "create" not in {change.action for change in done.changes}, "nothing is made twice"


def test_a_lock_that_somebody_left_is_named_and_broken_by_a_person(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """The holder and the time are in the run's words; only exactly that lock is broken, and it is recorded."""
    clock = FakeClock(datetime.now(UTC))
    with open_small(cloud, terminal, tmp_path, clock=clock) as office:
        office.deliver()
        bucket = f"states-{office.group_name}"
        lock = {
            "ID": "5b7c1b7e-0000-4000-8000-000000000001",
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": "ben@laptop",
            "Version": "1.11.4",
            "Created": "2026-11-20T03:00:00Z",
            "Path": f"{bucket}/web.tfstate",
        }
        cloud.client("s3").put_object(Bucket=bucket, Key="web.tfstate.tflock", Body=json.dumps(lock).encode())
        office.merged(WEB, "core", "shop")
        office.look(2)
        waiting = office.newest("web")
        assert not waiting.state.ended and not waiting.state.begun
        assert "ben@laptop" in waiting.error
        id = office.stack().id
        found = office.site.stacks.locked_by(id)
        assert found is not None and found.holder == "ben@laptop"
        with pytest.raises(Refused, match="is not locked by another"):
            office.site.stacks.unlock(id, named("carla"), "another", "ben is asleep")
        office.site.stacks.unlock(id, named("carla"), found.id, "ben's laptop is off")
        clock.advance(60)
        office.look(3)
        assert office.newest("web").state is RunState.FINISHED, office.newest("web").error
        assert office.real_tags == {"Owner": "shop"}
        assert "ben@laptop" in office.ledger("stack.unlocked")[0].draft.summary
