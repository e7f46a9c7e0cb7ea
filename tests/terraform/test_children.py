"""Children, purely: from AWS's answers to children, and from a child to the code that takes it in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stages.made import BASIS, NOW
from trueup.drivers.terraform.children import Found, Live, Managed, Parent, children_of, owners, told_by
from trueup.drivers.terraform.children_providers import Reach, reaches_in, region_in
from trueup.drivers.terraform.children_table import BY_KIND, TABLE
from trueup.drivers.terraform.codify import codify
from trueup.drivers.terraform.coverage import NO_RULE, coverage
from trueup.drivers.terraform.imports import written
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.address import child_address, parent_of, under, watch_of
from trueup.model.causes import Cause, Difference
from trueup.model.child import Child
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.plan import Address, Finding, Plan, Resource
from trueup.model.stack import StackId
from trueup.model.values import JSON
from trueup.ports.driver import Codification, Job
from trueup.ports.tree import StoredTree

GROUP = Address("aws_security_group.web")
RULE = {
    "security_group_id": "sg-1",
    "type": "ingress",
    "protocol": "tcp",
    "from_port": 8443,
    "to_port": 8443,
    "cidr_blocks": ["10.0.0.0/8"],
}


def read(kind: str, record: JSON, called: str = "p", **values: JSON) -> list[Live]:
    watch = BY_KIND[kind]
    return list(watch.read(Parent(Address(f"{watch.parent}.x"), watch.parent, values, called), record))


def permission(protocol: str, *ports: int, **sources: Any) -> dict[str, Any]:
    first, last = (ports * 2)[:2] if ports else (None, None)
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **sources}


def test_rules_of_a_group() -> None:
    """One for each source, and the open way out that AWS gives is nobody's."""
    anywhere = permission("-1", IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    record = {
        "IpPermissions": [
            permission(
                "tcp", 80, 90, IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "web"}, {"CidrIp": "192.0.2.1/32"}]
            ),
            permission("udp", 53, Ipv6Ranges=[{"CidrIpv6": "::/0"}], PrefixListIds=[{"PrefixListId": "pl-1"}]),
            permission("-1", UserIdGroupPairs=[{"GroupId": "p"}, {"GroupId": "sg-2", "UserId": "1"}]),
        ],
        "IpPermissionsEgress": [anywhere, permission("tcp", 25, IpRanges=[{"CidrIp": "0.0.0.0/0"}])],
    }
    found = read("aws_security_group_rule", record)
    assert [each.key for each in found] == [
        "ingress tcp 80-90 10.0.0.0/8",
        "ingress tcp 80-90 192.0.2.1/32",
        "ingress udp 53 ::/0",
        "ingress udp 53 pl-1",
        "ingress all itself",
        "ingress all sg-2",
        "egress tcp 25 0.0.0.0/0",
    ]
    assert found[0].values["description"] == "web" and "description" not in found[1].values
    assert found[4].values["self"] is True and found[4].values["from_port"] == 0
    assert found[5].values["source_security_group_id"] == "sg-2"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_security_group_rule", {**RULE, "security_group_id": "p"}),
        (
            "aws_security_group_rule",
            {**RULE, "security_group_id": "p", "protocol": "6", "cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"]},
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            {
                "security_group_id": "p",
                "ip_protocol": "tcp",
                "from_port": 8443,
                "to_port": 8443,
                "cidr_ipv4": "10.0.0.0/8",
            },
        ),
    ],
)
def test_every_resource_that_makes_a_rule_manages_it(kind: str, values: Mapping[str, JSON]) -> None:
    """Whatever the layout; also of another stack."""
    record = {"IpPermissions": [permission("tcp", 8443, IpRanges=[{"CidrIp": "10.0.0.0/8"}])]}
    (live,) = read("aws_security_group_rule", record)
    owned = owners(TABLE, [Managed(Address(f"{kind}.x"), kind, values)])
    assert owned[live.identity] == f"{kind}.x"


def test_routes_of_a_table() -> None:
    """Local, propagated and endpoints' routes are AWS's; a device of a load balancer is none."""
    routes = [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
        {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute"},
        {"DestinationCidrBlock": "10.8.0.0/16", "GatewayId": "vpce-2", "Origin": "CreateRoute"},
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "Origin": "CreateRoute"},
    ]
    found = read("aws_route", {"Routes": routes}, "rtb-1")
    assert [dict(each.values) for each in found] == [
        {"route_table_id": "rtb-1", "destination_cidr_block": "10.8.0.0/16", "vpc_endpoint_id": "vpce-2"},
        {"route_table_id": "rtb-1", "destination_ipv6_cidr_block": "::/0", "egress_only_gateway_id": "eigw-1"},
    ]
    assert BY_KIND["aws_route"].import_id(found[0].values) == "rtb-1_10.8.0.0/16"


def test_records_of_a_zone() -> None:
    """Its own NS and SOA are AWS's; an alias, a weight, a wildcard and a text are as code says them."""
    name = "acme.example"
    assert read("aws_route53_record", {"Name": "acme.example.", "Type": "SOA"}, "Z1", name=name) == []
    assert read("aws_route53_record", {"Name": "acme.example.", "Type": "NS"}, "Z1", name=name) == []
    alias = {"DNSName": "lb.example.", "HostedZoneId": "Z2", "EvaluateTargetHealth": False}
    weighted = {"Name": "\\052.acme.example.", "Type": "A", "SetIdentifier": "blue", "Weight": 0, "AliasTarget": alias}
    (live,) = read("aws_route53_record", weighted, "Z1", name=name)
    assert live.key == "*.acme.example A blue"
    assert BY_KIND["aws_route53_record"].import_id(live.values) == "Z1_*.acme.example_A_blue"
    text = written(Child(Address("aws_route53_zone.z"), "aws_route53_record", live.key, dict(live.values)), "x")
    assert (
        "  weighted_routing_policy {\n    weight = 0\n  }" in text and 'name                   = "lb.example"' in text
    )
    quoted = {"Name": "t.acme.example.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v=1"'}]}
    (live,) = read("aws_route53_record", quoted, "Z1", name=name)
    assert live.values["records"] == ["v=1"]
    code = {"zone_id": "Z1", "name": "T", "fqdn": "t.acme.example", "type": "TXT"}
    assert live.identity in owners(TABLE, [Managed(Address("aws_route53_record.t"), "aws_route53_record", code)])


def test_policies_of_people_and_buckets() -> None:
    """Attached by one resource or by one for many; inlined; a bucket's own."""
    (live,) = read("aws_iam_role_policy_attachment", {"PolicyArn": "arn:p"}, "app")
    many = Managed(
        Address("aws_iam_policy_attachment.a"), "aws_iam_policy_attachment", {"policy_arn": "arn:p", "roles": ["app"]}
    )
    assert owners(TABLE, [many])[live.identity] == "aws_iam_policy_attachment.a"
    (bare,) = read("aws_iam_role_policy", "reads", "app")
    (full,) = read("aws_iam_role_policy", {"PolicyName": "reads", "PolicyDocument": {"Statement": []}}, "app")
    assert bare.identity == full.identity and full.values["policy"] == '{"Statement": []}'
    (policy,) = read("aws_s3_bucket_policy", '{"Statement": []}', "logs")
    assert BY_KIND["aws_s3_bucket_policy"].import_id(policy.values) == "logs"


def test_what_the_code_says_inside_the_parent_is_managed_there() -> None:
    """Blocks in the group manage the way in; the way out, which they leave out, is told by the children."""
    both = {
        "IpPermissions": [permission("tcp", 22, IpRanges=[{"CidrIp": "10.0.0.0/8"}])],
        "IpPermissionsEgress": [permission("tcp", 25, IpRanges=[{"CidrIp": "10.0.0.0/8"}])],
    }
    found = Found({("aws_security_group_rule", GROUP): read("aws_security_group_rule", both)})
    sets = {GROUP: frozenset({"name", "ingress"})}
    owned = {child.key: child.managed_by for child in children_of(BY_KIND, found, {}, sets)}
    assert owned == {"ingress tcp 22 10.0.0.0/8": GROUP, "egress tcp 25 10.0.0.0/8": None}
    assert told_by(BY_KIND, found, sets) == {GROUP: {"egress": "aws_security_group_rule"}}


def test_an_address_of_a_child_says_whose_it_is() -> None:
    """Also where keys are awkward."""
    parent = Address('module.a["x/y"].aws_security_group.web["b/c"]')
    address = child_address(parent, "aws_route", 'say "10.0.0.0/8"]')
    assert parent_of(address) == parent and watch_of(address) == f"{parent}/aws_route"
    assert parent_of(parent) is None and watch_of(parent) == ""
    assert under(address, GROUP) == child_address(GROUP, "aws_route", 'say "10.0.0.0/8"]')


def test_providers_are_read_as_far_as_they_tell() -> None:
    """Constants and variables of the root module; an expression is said to be untold, never guessed."""
    document = {
        "variables": {"region": {"value": "eu-west-1"}, "account": {"value": "1234"}},
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"references": ["var.region"]}}},
                "aws.us": {
                    "name": "aws",
                    "expressions": {
                        "region": {"constant_value": "us-east-1"},
                        "endpoints": [{"ec2": {"constant_value": "http://here"}}],
                        "assume_role": [{"role_arn": {"references": ["var.account"]}}],
                    },
                },
                "module.net:aws": {
                    "name": "aws",
                    "module_address": "module.net",
                    "expressions": {"region": {"references": ["var.region"]}},
                },
                "google": {"name": "google"},
            }
        },
    }
    assert reaches_in(document) == {
        "aws": Reach(region="eu-west-1"),
        "aws.us": Reach("us-east-1", role="1234", endpoints=(("ec2", "http://here"),), untold=("role_arn",)),
        "module.net:aws": Reach(untold=("region",)),
    }
    assert region_in({"arn": "arn:aws:ec2:eu-central-1:1:security-group/sg-1"}, "ec2") == "eu-central-1"
    assert region_in({"arn": "arn:aws:s3:::logs", "region": "eu-north-1"}, "s3") == "eu-north-1"
    assert region_in({"arn": "arn:aws:iam::1:role/x"}, "iam") == ""


def test_coverage_says_why_not() -> None:
    """Watched by the inventory, by every plan, not allowed, and without a rule."""
    real = {GROUP: "aws_security_group", "aws_security_group.b": "aws_security_group", "aws_vpc.v": "aws_vpc"}
    why = (
        "aws_security_group_rule of 1 aws_security_group cannot be looked at: ec2:DescribeSecurityGroups is not allowed"
    )
    plan = made(
        {Address(address): Resource(kind, {}) for address, kind in real.items()},
        findings=(Finding("children-unseen", why),),
    )
    rules, vpc = coverage(plan)
    assert (rules.resources, rules.watched, rules.why) == (2, 0, "ec2:DescribeSecurityGroups is not allowed")
    assert (vpc.watched, vpc.why) == (0, NO_RULE)
    inline = {GROUP: frozenset({"ingress", "egress"})}
    seen = made(dict(plan.real), sets=inline, watched=frozenset({"aws_security_group.b/aws_security_group_rule"}))
    assert coverage(seen)[0].watched == 2


# into code


def made(real: Mapping[Address, Resource], **given: Any) -> Plan:
    return Plan("check", given.pop("basis", BASIS), (), real, **given)


def taken_in(
    files: Mapping[str, str], child: Child, engine: str = "terraform 1.11.4", **real: Resource
) -> tuple[dict[str, str], Codification]:
    """Files after codifying one stray child, and what was said."""
    live = {child.parent: Resource("aws_security_group", {"id": "sg-1"}), **{Address(k): v for k, v in real.items()}}
    plan = made(live, basis=replace(BASIS, engine=engine), children=(child,), watched=frozenset({child.watch}))
    difference = Difference((), Cause.UNMANAGED, None, child.values, child.values)
    drift = Drift(
        DriftId("dft-1"), StackId("stk-1"), child.address, child.kind, (difference,), "f", DriftState.OPEN, NOW, NOW
    )
    job: Job[TerraformSpec] = Job(
        stack=StackId("stk-1"),
        name="live",
        purpose="check",
        spec=TerraformSpec(),
        path="live",
        tree=StoredTree("r", {name: text.encode() for name, text in files.items()}),
        directory=Path("unused"),
        environment={},
        hash_secret=str,
        redact=str,
        log=print,
    )
    said = codify(job, [drift], plan)
    edits = {path: content.decode() for path, content in said.edits.items() if content is not None}
    return {**files, **edits}, said


PARENT = 'resource "aws_security_group" "web" {\n  name = "web"\n}\n'
SIBLING = """
resource "aws_security_group_rule" "https" {
  type              = "ingress"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
  security_group_id = aws_security_group.web.id
}
"""


def test_a_child_is_written_behind_its_last_sibling_in_its_order() -> None:
    """With a reference to the parent, and other resources of the module by name."""
    values = {**RULE, "source_security_group_id": "sg-2"}
    del values["cidr_blocks"]
    child = Child(GROUP, "aws_security_group_rule", "k", values)
    files, said = taken_in(
        {"live/main.tf": PARENT + SIBLING + "\n# the end\n"},
        child,
        **{"aws_security_group.lb": Resource("aws_security_group", {"id": "sg-2"})},
    )
    assert said.done == (child.address,)
    assert files["live/main.tf"] == (
        PARENT
        + SIBLING
        + """
resource "aws_security_group_rule" "web_ingress_8443" {
  type                     = "ingress"
  from_port                = 8443
  to_port                  = 8443
  protocol                 = "tcp"
  security_group_id        = aws_security_group.web.id
  source_security_group_id = aws_security_group.lb.id
}

import {
  to = aws_security_group_rule.web_ingress_8443
  id = "sg-1_ingress_tcp_8443_8443_sg-2"
}

# the end
"""
    )


def test_in_a_local_module_the_import_stands_in_the_root() -> None:
    """Terraform takes import blocks only there; an instance of for_each is referred to with its key."""
    parent = Address('module.net.aws_security_group.web["a"]')
    files = {
        "live/main.tf": 'module "net" {\n  source = "../modules/net"\n}\n',
        "modules/net/main.tf": PARENT.replace("{\n", '{\n  for_each = toset(["a"])\n', 1),
    }
    files, said = taken_in(files, Child(parent, "aws_security_group_rule", "k", RULE))
    assert said.declined == ()
    assert 'security_group_id = aws_security_group.web["a"].id' in files["modules/net/main.tf"]
    assert "import {" not in files["modules/net/main.tf"]
    assert "  to = module.net.aws_security_group_rule.web_ingress_8443\n" in files["live/main.tf"]


def test_what_cannot_be_taken_in_is_declined_with_the_way_on() -> None:
    """A module that is called for several instances; an engine without import blocks: the exact command."""
    child = Child(Address('module.net["a"].aws_security_group.web'), "aws_security_group_rule", "k", RULE)
    files = {
        "live/main.tf": 'module "net" {\n  source   = "../modules/net"\n  for_each = toset(["a"])\n}\n',
        "modules/net/main.tf": PARENT,
    }
    unchanged, said = taken_in(files, child)
    assert unchanged == files and "every instance" in said.declined[0].reason
    assert 'id = "sg-1_ingress_tcp_8443_8443_10.0.0.0/8"' in said.declined[0].suggestion
    old = taken_in({"live/main.tf": PARENT}, Child(GROUP, "aws_security_group_rule", "k", RULE), "terraform 1.4.7")[1]
    command = "terraform import 'aws_security_group_rule.web_ingress_8443' 'sg-1_ingress_tcp_8443_8443_10.0.0.0/8'"
    assert command in old.declined[0].reason
    assert taken_in({"live/main.tf": PARENT}, Child(GROUP, "aws_security_group_rule", "k", RULE), "tofu 1.7.0")[1].done


def test_a_policy_is_written_as_people_write_it() -> None:
    """A document is no text."""
    values = {"role": "app", "name": "x", "policy": '{"Version": "2012-10-17", "Statement": [{"Action": "s3:*"}]}'}
    text = written(Child(Address("aws_iam_role.app"), "aws_iam_role_policy", "x", values), "x")
    assert "  policy = jsonencode({\n" in text and 'id = "app:x"' in text and '\\"' not in text
