"""Children on the emulated AWS with the real provider: what no plan sees is found, told apart, and can be imported."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.terraform.aws import make_bucket, stack
from tests.terraform.jobs import Place
from trueup.demo.cloud import Cloud
from trueup.drivers.terraform.children_table import BY_KIND, TABLE
from trueup.drivers.terraform.imports import written
from trueup.model.child import Child
from trueup.model.plan import Address, Plan, Resource

CODE = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "web" {
  name        = "NAME"
  description = "web"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group_rule" "https" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["10.0.0.0/8", "172.16.0.0/12"]
}

resource "aws_security_group_rule" "itself" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  self              = true
}

resource "aws_route_table" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.main.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_iam_role" "app" {
  name               = "NAME"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_user" "robot" {
  name = "NAME"
}

resource "aws_iam_group" "people" {
  name = "NAME"
}

resource "aws_iam_role_policy" "reads" {
  name   = "reads"
  role   = aws_iam_role.app.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }]
  })
}

resource "aws_s3_bucket" "logs" {
  bucket = "NAME-logs"
}

resource "aws_route53_zone" "main" {
  name = "NAME.example"
}

resource "aws_route53_record" "www" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "www"
  type    = "A"
  ttl     = 60
  records = ["192.0.2.1"]
}

# Making these with the provider takes a minute of waiting for names to spread.
import {
  to = aws_route53_zone.main
  id = "ZONE"
}

import {
  to = aws_route53_record.www
  id = "ZONE_www.NAME.example_A"
}
"""
POLICY = '{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'


@dataclass(frozen=True)
class Stack:
    """One applied stack with a parent of every watched kind."""

    cloud: Cloud
    place: Place
    bucket: str
    name: str
    zone: str

    @property
    def code(self) -> str:
        return CODE.replace("NAME", self.name).replace("ZONE", self.zone)

    def plan(self, more: str = "") -> Plan:
        return self.place.plan(stack(self.bucket, self.code + more))

    def strays(self) -> dict[str, Child]:
        """By kind: children that nothing manages."""
        return {each.kind: each for each in self.plan().children or () if each.managed_by is None}


@pytest.fixture(scope="module")
def applied(
    cloud: Cloud, tf_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    name = f"kids-{uuid4().hex[:8]}"
    environment = {**tf_environment, **cloud.environment(cloud.hand)}
    place = Place(tmp_path_factory.mktemp("place"), environment)
    made = Stack(cloud, place, make_bucket(cloud, name), name, _zone(cloud, name))
    assert made.place.apply(stack(made.bucket, made.code), state=None).complete
    yield made


def _zone(cloud: Cloud, name: str) -> str:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(
        Name=f"{name}.example", CallerReference=name, HostedZoneConfig={"Comment": "Managed by Terraform"}
    )
    id = str(zone["HostedZone"]["Id"]).rpartition("/")[2]
    records = {"Name": f"www.{name}.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": records}]}
    route53.change_resource_record_sets(HostedZoneId=id, ChangeBatch=changes)
    return id


def by_hand(applied: Stack, real: Mapping[Address, Resource]) -> dict[str, Callable[[], Any]]:
    """What somebody does in the console, by the kind of child that comes of it."""
    client, name = applied.cloud.client, applied.name
    iam, bucket = client("iam"), f"{name}-logs"
    policy = iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"]

    def live(address: str, attribute: str = "id") -> str:
        return str(real[Address(address)].values[attribute])

    def rule() -> None:
        client("ec2").authorize_security_group_ingress(
            GroupId=live("aws_security_group.web"),
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 8443,
                    "ToPort": 8443,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "incident 4711"}],
                }
            ],
        )

    def record() -> None:
        added = {
            "Name": f"api.{name}.example",
            "Type": "TXT",
            "TTL": 60,
            "ResourceRecords": [{"Value": '"v=1 a"'}],
        }
        client("route53").change_resource_record_sets(
            HostedZoneId=live("aws_route53_zone.main", "zone_id"),
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": added}]},
        )

    return {
        "aws_security_group_rule": rule,
        "aws_route": lambda: client("ec2").create_route(
            RouteTableId=live("aws_route_table.main"),
            DestinationCidrBlock="192.168.0.0/16",
            GatewayId=live("aws_internet_gateway.main"),
        ),
        "aws_iam_role_policy_attachment": lambda: iam.attach_role_policy(RoleName=name, PolicyArn=policy),
        "aws_iam_user_policy_attachment": lambda: iam.attach_user_policy(UserName=name, PolicyArn=policy),
        "aws_iam_group_policy_attachment": lambda: iam.attach_group_policy(GroupName=name, PolicyArn=policy),
        "aws_iam_role_policy": lambda: iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=POLICY),
        "aws_iam_user_policy": lambda: iam.put_user_policy(UserName=name, PolicyName="x", PolicyDocument=POLICY),
        "aws_iam_group_policy": lambda: iam.put_group_policy(GroupName=name, PolicyName="x", PolicyDocument=POLICY),
        "aws_s3_bucket_policy": lambda: client("s3").put_bucket_policy(Bucket=bucket, Policy=POLICY),
        "aws_route53_record": record,
    }


def test_every_kind_is_found_and_its_import_leaves_nothing_to_change(applied: Stack) -> None:
    """First everything is managed or AWS's own; then one of each kind is made by hand, found, written as code, and
    the plan with it holds imports and nothing else."""
    first = applied.plan()
    assert first.empty and first.findings == ()
    assert {each.kind for each in first.children or () if each.managed_by is None} == set()
    owned = {str(each.managed_by) for each in first.children or ()}
    assert "aws_security_group_rule.https" in owned and "aws_iam_role_policy.reads" in owned
    assert {"aws_route.out", "aws_route53_record.www", "aws_security_group_rule.itself"} <= owned
    assert len(first.watched) == len(TABLE)

    hands = by_hand(applied, first.real)
    assert hands.keys() == BY_KIND.keys(), "one real test for each line of the table"
    for act in hands.values():
        act()
    strays = applied.strays()
    assert strays.keys() == BY_KIND.keys()
    code = "\n".join(_imported(child) for child in strays.values())
    after = applied.plan(code)
    assert after.idle and len(after.changes) == len(strays), [each for each in after.changes if each.action != "no-op"]
    assert all(change.imported for change in after.changes) and after.findings == ()
    taken = {str(each.managed_by) for each in after.children or ()}
    assert {f"{kind}.stray" for kind in strays} <= taken
    assert all(each.managed_by is not None for each in after.children or ())


def _imported(child: Child) -> str:
    return written(child, "stray")
