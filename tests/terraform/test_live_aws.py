"""Asking AWS for children: with the job's own credentials and nothing else; what is said when it does not answer."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from trueup.demo.cloud import Cloud, Identity
from trueup.drivers.terraform.children import Found, Parent
from trueup.drivers.terraform.children_network import RULES
from trueup.drivers.terraform.children_providers import Reach
from trueup.drivers.terraform.children_table import BY_KIND
from trueup.drivers.terraform.live_aws import Ask, Aws
from trueup.model.address import Address

GROUP = Address("aws_security_group.web")
AS_IT_IS = Reach()


@dataclass(frozen=True)
class Ground:
    """A group with one stray rule, and a role."""

    cloud: Cloud
    group: str
    role: str

    def rules(self, environment: Mapping[str, str], reach: Reach = AS_IT_IS, region: str = "") -> Found:
        parent = Parent(GROUP, "aws_security_group", {}, self.group)
        return Aws(environment).look([Ask(RULES, (parent,), reach, region)], lambda identity: False)


@pytest.fixture(scope="module")
def ground(cloud: Cloud) -> Ground:
    name = f"live-{uuid4().hex[:8]}"
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    group = ec2.create_security_group(GroupName=name, Description="x")["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", **trust}))
    return Ground(cloud, group, name)


def only(cloud: Cloud, *actions: str) -> Identity:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return cloud.user(f"only-{uuid4().hex[:8]}", {"Version": "2012-10-17", "Statement": [statement]})


def test_a_missing_permission_is_named(ground: Ground) -> None:
    """What is not allowed is a gap with the action to allow; everything else is still seen."""
    cloud = ground.cloud
    environment = cloud.environment(only(cloud, "ec2:Describe*", "iam:ListRolePolicies"))
    role = Parent(Address("aws_iam_role.app"), "aws_iam_role", {}, ground.role)
    group = Parent(GROUP, "aws_security_group", {}, ground.group)
    kinds = ("aws_iam_role_policy_attachment", "aws_iam_role_policy")
    asks = [Ask(RULES, (group,), Reach(), ""), *(Ask(BY_KIND[kind], (role,), Reach(), "") for kind in kinds)]
    found = Aws(environment).look(asks, lambda identity: False)
    (gap,) = found.gaps
    assert (gap.watch.kind, gap.parents) == ("aws_iam_role_policy_attachment", (role.address,))
    assert gap.why == "iam:ListAttachedRolePolicies is not allowed" and "iam:ListAttachedRolePolicies" in gap.hint
    assert [live.key for live in found.live["aws_security_group_rule", GROUP]] == ["ingress tcp 22 10.0.0.0/8"]
    assert found.live["aws_iam_role_policy", role.address] == []


def test_only_the_jobs_own_credentials_are_used(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys and endpoints of this very process are there, and are not taken; a profile of the job's is."""
    cloud = ground.cloud
    for name, value in cloud.environment(cloud.hand).items():
        monkeypatch.setenv(name, value)
    (gap,) = ground.rules(dict(cloud.address)).gaps
    assert gap.why == "the job has no credentials of AWS in its environment" and "awsRole" in gap.hint

    keys = f"aws_access_key_id = {cloud.hand.access_key}\naws_secret_access_key = {cloud.hand.secret_key}\n"
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[plans]\n{keys}")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert not ground.rules({**cloud.address, **files}, Reach(profile="plans")).gaps
    (gap,) = ground.rules({**cloud.address, **files}, Reach(profile="others")).gaps
    assert gap.why.startswith("AWS does not answer: ")


def test_a_role_of_the_provider_block_is_assumed(ground: Ground) -> None:
    """As the provider would; an untold role is not guessed."""
    cloud = ground.cloud
    environment = cloud.environment(cloud.trueup)
    (gap,) = ground.rules(environment).gaps
    assert "ec2:DescribeSecurityGroups is not allowed" in gap.why
    assert not ground.rules(environment, Reach(role=cloud.plan_role)).gaps
    (gap,) = ground.rules(environment, Reach(role="app", untold=("role_arn",))).gaps
    assert gap.why == "its provider's role_arn cannot be told without an evaluation"


def test_where_nobody_answers_there_is_a_gap(ground: Ground) -> None:
    """A closed port, no region, a group that is not in this region: said, and never taken for an empty group."""
    cloud = ground.cloud
    environment = cloud.environment(cloud.hand)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        (gap,) = ground.rules(environment, Reach(endpoints=(("ec2", nowhere),))).gaps
    assert gap.why == "AWS does not answer: EndpointConnectionError"
    (gap,) = ground.rules({name: value for name, value in environment.items() if name != "AWS_REGION"}).gaps
    assert gap.why == "its region cannot be told"
    (gap,) = ground.rules(environment, region="us-west-2").gaps
    assert gap.why == "AWS does not find it there"


def test_nothing_is_written(ground: Ground) -> None:
    """Every request of a look is a read."""
    who = only(ground.cloud, "*")
    ground.rules(ground.cloud.environment(who))
    mine = [record for record in ground.cloud.records() if record.access_key == who.access_key]
    assert mine and {record.kind for record in mine} == {"read"}
