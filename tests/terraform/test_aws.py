"""The driver on the emulated AWS with the real provider: drift, S3 states, locks, and a backend that dies."""

import json
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conformance.workers import FileJournal, entries_in, in_a_process
from tests.terraform.aws import PROVIDER, group, make_bucket, rule, stack
from tests.terraform.jobs import Diary, Place
from trueup.demo.cloud import Cloud
from trueup.demo.providers import lock_file
from trueup.drivers.terraform.client import Client
from trueup.model.causes import Cause
from trueup.model.errors import Invalid, Refused, Rejected, Unavailable
from trueup.model.plan import Address, Outcome, Plan
from trueup.model.shape import Kind
from trueup.ports.driver import Lock
from trueup.ports.tree import StoredTree
from trueup.stages.attribute import attribute
from trueup.system.attempts import attempts
from trueup.system.processes import clear
from trueup.system.supervised import wait_until_gone

GROUP = Address("aws_security_group.web")


@pytest.fixture
def name() -> str:
    return f"t{uuid4().hex[:12]}"


def place_in(cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path) -> Place:
    return Place(tmp_path, {**tf_environment, **cloud.environment(cloud.hand)})


@pytest.fixture
def place(cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path) -> Place:
    return place_in(cloud, tf_environment, tmp_path)


def group_id(cloud: Cloud, name: str) -> str:
    found = cloud.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])
    return str(found["SecurityGroups"][0]["GroupId"])


def test_drift_is_seen_and_attributed(place: Place, cloud: Cloud, name: str) -> None:
    """A port opened by hand is real, is not in the stored state, and would be reverted by the code's plan."""
    code = stack(make_bucket(cloud, name), group(name, 443))
    applied = place.apply(code, state=None)
    assert applied.complete and applied.resources[GROUP].identity.startswith("arn:aws:ec2:")
    quiet = place.plan(code, purpose="check", state=None)
    assert quiet.empty and quiet.basis.live == applied.live
    assert quiet.basis.providers["registry.terraform.io/hashicorp/aws"].startswith("3.39.0 ")
    shape = quiet.shapes["aws_security_group"]
    assert shape.children["ingress"].kind is Kind.SET and shape.children["tags_all"].ignored
    assert shape.children["tags"].kind is Kind.MAP and shape.children["arn"].computed

    cloud.client("ec2").authorize_security_group_ingress(GroupId=group_id(cloud, name), IpPermissions=rule(8443))
    drifted = place.plan(code, purpose="check", state=None)
    assert len(drifted.real[GROUP].values["ingress"]) == 2
    assert drifted.stored is not None and len(drifted.stored[GROUP].values["ingress"]) == 1
    assert drifted.sets[GROUP] == {"name", "description", "ingress", "tags"}
    causes = [each.cause for change in attribute(drifted, None).changes for each in change.differences]
    assert set(causes) - {Cause.NOISE} == {Cause.GHOST_REVERT}


def test_an_observation_leaves_no_trace(
    fresh_cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """Reading alone is enough for a plan: with a role that may not write, and nothing is written."""
    place = place_in(fresh_cloud, tf_environment, tmp_path)
    code = stack(make_bucket(fresh_cloud, name), group(name, 443))
    place.apply(code, state=None)
    reader = fresh_cloud.assume(fresh_cloud.plan_role, "check", by=fresh_cloud.trueup)
    environment = {**tf_environment, **fresh_cloud.environment(reader)}
    assert place.plan(code, environment=environment, state=None, purpose="check").empty
    mine = [record for record in fresh_cloud.records() if record.access_key == reader.access_key]
    assert mine and {record.kind for record in mine} == {"read"}
    job = place.job(code, environment=environment, state=None)
    with place.driver.open(job) as session, pytest.raises((Rejected, Unavailable)) as caught:
        session.plan()
    assert "AccessDenied" in str(caught.value)


def test_a_lock_left_by_a_dead_process_is_removed_after_a_look(place: Place, cloud: Cloud, name: str) -> None:
    """The error names the holder; unlocking compares the lock's id first."""
    bucket = make_bucket(cloud, name)
    code = stack(bucket, group(name, 443))
    left = (
        '{"ID":"6f3e0f1e-0000-4000-8000-000000000001","Operation":"OperationTypeApply","Info":"","Who":"carla@laptop",'
        f'"Version":"1.11.4","Created":"2026-11-20T10:00:00.000000Z","Path":"{bucket}/app.tfstate"}}'
    )
    cloud.client("s3").put_object(Bucket=bucket, Key="app.tfstate.tflock", Body=left.encode())
    job = place.job(code, state=None)
    with place.driver.open(job) as session, pytest.raises(Unavailable, match=r"carla@laptop \(apply\) for \d+ \w+"):
        session.plan()
    lock = place.driver.locked_by(job)
    assert lock == Lock("6f3e0f1e-0000-4000-8000-000000000001", "carla@laptop", "2026-11-20T10:00:00+00:00", "apply")
    with pytest.raises(Refused, match="it is now 6f3e0f1e"):
        place.driver.unlock(job, Lock("another", "carla@laptop", lock.created))
    place.driver.unlock(job, lock)
    assert place.driver.locked_by(job) is None
    with pytest.raises(Refused, match="not locked any more"):
        place.driver.unlock(job, lock)


def test_a_backend_that_dies_during_the_apply_loses_nothing(
    fresh_cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """S3 stops answering after the first resource: the state is kept as evidence at once, the answer says so, and
    recovery writes it back and removes our own lock. Nothing is created twice."""
    place = place_in(fresh_cloud, tf_environment, tmp_path)
    bucket = make_bucket(fresh_cloud, name)
    code = stack(bucket, group(name, 443))
    job = place.job(code, state=None, spec={"backendConfig": {"max_retries": "1"}})

    class Cutting(Diary):
        def report(self, step, at, outcome, identity=""):  # type: ignore[no-untyped-def]
            super().report(step, at, outcome, identity)
            fresh_cloud.interrupt("s3")

    journal = Cutting()
    with place.driver.open(job) as session:
        applied = session.apply(session.plan(), journal)
    assert not applied.complete and "errored.tfstate" in applied.error
    assert applied.outcomes[GROUP] is Outcome.DONE and GROUP in applied.resources
    assert (place.base / "evidence" / "errored.tfstate").exists()
    with pytest.raises(Unavailable):
        place.plan(code, state=None, spec={"backendConfig": {"max_retries": "1"}})
    fresh_cloud.restore()
    evidence = place.driver.recover(job, journal.entries)
    assert evidence.gone and evidence.applied is not None and GROUP in evidence.applied.resources
    assert place.driver.locked_by(job) is None
    assert place.plan(code, state=None).empty


def test_what_was_created_and_is_in_no_state_is_uncertain(
    place: Place, cloud: Cloud, name: str, tmp_path: Path
) -> None:
    """Terraform and its supervisor killed with -9 after a resource was made: recovery gives the exact import."""
    code = stack(
        make_bucket(cloud, name),
        group(name, 443) + 'resource "terraform_data" "wait" {\n  depends_on = [aws_security_group.web]\n'
        '  provisioner "local-exec" {\n    command = "sleep 600"\n  }\n}\n',
    )
    job = place.job(code, state=None)
    file = tmp_path / "journal"

    class KillingAll(FileJournal):
        def report(self, step, at, outcome, identity=""):  # type: ignore[no-untyped-def]
            super().report(step, at, outcome, identity)
            if at == "terraform_data.wait":
                clear(json.loads(attempts(tmp_path / "evidence")[-1].status.read_text())["session"])
                os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        with place.driver.open(job) as session:
            session.apply(session.plan(), KillingAll(file))

    assert in_a_process(work) == -signal.SIGKILL
    assert wait_until_gone(attempts(tmp_path / "evidence")[-1], seconds=30)
    evidence = place.driver.recover(job, entries_in(file))
    made = group_id(cloud, name)
    assert evidence.gone and evidence.applied is not None and not evidence.applied.complete
    assert evidence.applied.outcomes[GROUP] is Outcome.UNCERTAIN
    assert f"terraform import 'aws_security_group.web' '{made}'" in evidence.advice


def test_a_state_that_moves_while_it_is_planned_is_noticed(place: Place, cloud: Cloud, name: str) -> None:
    """An observation takes no lock: when somebody applies meanwhile, it concludes nothing."""
    bucket = make_bucket(cloud, name)
    place.apply(stack(bucket, group(name, 443)), state=None)
    other = Place(place.base / "other", place.environment)

    def meanwhile(line: str) -> None:
        if "Refreshing state" in line and not done:
            done.append(line)
            other.apply(stack(bucket, group(name, 443, owner="other")), state=None)

    done: list[str] = []
    job = place.job(stack(bucket, group(name, 443)), purpose="check", state=None, log=meanwhile)
    with place.driver.observe(job) as observation, pytest.raises(Unavailable, match="state moved"):
        observation.plan()
    assert done


def test_a_plan_past_its_limit_is_stopped_with_everything_it_started(
    tf_environment: dict[str, str], tmp_path: Path
) -> None:
    """A cloud that accepts and never answers: the plan ends at its limit, the message names the setting, and neither
    Terraform nor the provider is left."""
    place = Place(tmp_path, tf_environment)
    files = {"app/main.tf": PROVIDER + 'data "aws_vpc" "v" {}\n', "app/.terraform.lock.hcl": lock_file()}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            **tf_environment,
            "TF_VAR_endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        }
        place.driver.outputs(place.job(files, purpose="proposal", environment=environment))
        with pytest.raises(Unavailable, match="longer than its limit of 4 seconds") as caught:
            place.plan(files, environment=environment, spec={"planTimeout": "4s"})
    assert "planTimeout" in caught.value.hint
    assert not [each for each in Path("/proc").glob("[0-9]*") if _runs_in(each, tmp_path)]


def _runs_in(process: Path, directory: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(directory)
    except OSError:
        return False


def test_an_unchanged_stack_is_read_from_its_plan_file(
    place: Place, cloud: Cloud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once `show` was seen to say the same, an unchanged stack is planned without it, with the same result: also
    with modules, instances, outputs, ignored drift and unmarked copies; and any change is seen again."""
    module = "  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n"
    code = (
        group(name, 443).removesuffix("}\n")
        + module
        + 'resource "terraform_data" "many" {\n  for_each = toset(["a/b", "c d"])\n'
        "  input = { x = [1, null], k = each.key }\n}\n"
        'resource "terraform_data" "some" {\n  count = 2\n}\n'
        'module "m" {\n  source = "./m"\n  count = 1\n}\n'
        'output "id" {\n  value = aws_security_group.web.id\n}\n'
        'output "hidden" {\n  value = sensitive("very-hidden")\n  sensitive = true\n}\n'
    )
    base = stack(make_bucket(cloud, name), code)
    inner = b'resource "terraform_data" "in" {\n  input = sensitive("hidden-too")\n}\n'
    files = StoredTree("r1", {**base.contents, "app/m/main.tf": inner})
    place.apply(files, state=None)

    shows: list[Client] = []
    show = Client.show_plan
    monkeypatch.setattr(Client, "show_plan", lambda client: (shows.append(client), show(client))[1])

    def plan() -> tuple[Plan, bool]:
        shows.clear()
        found = place.plan(files, purpose="check", state=None)
        return found, bool(shows)

    long, shown = plan()
    assert shown and long.empty
    short, shown = plan()
    assert not shown
    assert replace(short, artifact=None) == replace(long, artifact=None)
    cloud.client("ec2").create_tags(Resources=[group_id(cloud, name)], Tags=[{"Key": "Owner", "Value": "by hand"}])
    ignored, shown = plan()
    assert not shown and ignored.empty
    assert ignored.real[GROUP].values["tags"] == {"Owner": "by hand"}
    assert ignored.stored is not None and ignored.stored[GROUP].values["tags"] == {"Owner": "core"}
    (Path(place.base) / "work/stk-0000000001/check/unchanged.json").unlink()
    full, shown = plan()
    assert shown and replace(full, artifact=None) == replace(ignored, artifact=None)
    cloud.client("ec2").authorize_security_group_ingress(GroupId=group_id(cloud, name), IpPermissions=rule(8443))
    drifted, shown = plan()
    assert shown and not drifted.empty


def test_a_workspace_that_is_not_there_is_not_made_by_looking(place: Place, cloud: Cloud, name: str) -> None:
    """An observation of a missing workspace says how to create it; a delivery creates it and then it can be read."""
    code = stack(make_bucket(cloud, name), 'resource "terraform_data" "x" {}\n')
    blue = {"spec": {"workspace": "blue"}, "state": None}
    with pytest.raises(Invalid, match="workspace blue does not exist") as caught:
        place.plan(code, **blue)
    assert "terraform workspace new blue" in caught.value.hint
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket=name)
    assert place.apply(code, **blue).complete
    assert place.plan(code, **blue).empty
