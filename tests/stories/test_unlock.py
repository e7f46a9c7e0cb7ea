"""A lock that a dead process left: looked at with as few rights as possible, broken by a person with a reason."""

import json
from pathlib import Path

import pytest

from tests.cloud import Cloud
from tests.stories.small import SmallOffice, named, open_small
from trueup.demo.terminal import Terminal
from trueup.model.errors import Refused
from trueup.model.stack import StackId

LOCK = "6f3e0f1e-0000-4000-8000-000000000001"


def left_behind(office: SmallOffice) -> None:
    """As Terraform leaves its lock in S3 when it is killed."""
    said = {"ID": LOCK, "Operation": "OperationTypeApply", "Who": "carla@laptop", "Version": "1.11.4"}
    said |= {"Created": "2026-11-20T10:00:00.000000Z", "Info": "", "Path": f"states-{office.group_name}/web.tfstate"}
    bucket = office.cloud.client("s3")
    bucket.put_object(Bucket=f"states-{office.group_name}", Key="web.tfstate.tflock", Body=json.dumps(said).encode())


def writes(office: SmallOffice) -> int:
    return sum(record.kind == "write" and not record.failed for record in office.cloud.records())


def blinded(office: SmallOffice) -> None:
    """From now on the right to plan covers no content of S3."""
    role = office.cloud.plan_role.rpartition("/")[2]
    hidden = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    office.cloud.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="no-content",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [hidden]}),
    )


def seen(office: SmallOffice, stack: StackId) -> str:
    lock = office.site.stacks.locked_by(stack)
    return f"{lock.id} {lock.holder}" if lock else "free"


def test_a_lock_is_seen_with_read_rights_and_broken_with_the_right_to_apply(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """Looking writes nothing, whether there is a lock or not; breaking needs a reason, the lock's id and the mode."""
    with open_small(cloud, terminal, tmp_path) as office:
        stack = office.stack().id
        before = writes(office)
        assert seen(office, stack) == "free" and writes(office) == before
        left_behind(office)
        before = writes(office)
        assert seen(office, stack) == f"{LOCK} carla@laptop" and writes(office) == before
        with pytest.raises(Refused, match="apply credentials are never obtained"):
            office.site.stacks.unlock(stack, named("carla"), LOCK, "her laptop is off")
        office.deliver()
        office.site.stacks.unlock(stack, named("carla"), LOCK, "her laptop is off")
        assert seen(office, stack) == "free" and "stack.unlocked" in office.kinds()


def test_a_lock_that_plans_may_not_see_is_seen_by_who_may_apply(
    fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """Observed only: refused, with the plain command for a person. In mode deliver the right to apply looks."""
    with open_small(fresh_cloud, terminal, tmp_path) as office:
        office.adopt()
        blinded(office)
        stack = office.stack().id
        left_behind(office)
        with pytest.raises(Refused, match="in mode observe, and these credentials may not see") as caught:
            office.site.stacks.locked_by(stack)
        assert "terraform plan -lock-timeout=0s" in caught.value.hint
        office.govern("deliver")
        assert seen(office, stack) == f"{LOCK} carla@laptop"
