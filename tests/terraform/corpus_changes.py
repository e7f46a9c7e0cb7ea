"""The corpus's changes by hand: what somebody does in the console to one address after the other, and what has to
become of it. Each row is one drift."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.demo.cloud import Cloud
from trueup.model.values import JSON

SG = "aws_security_group"


class Hand:
    """Somebody in the console of the emulated AWS, who knows resources by their address."""

    def __init__(self, cloud: Cloud, values: Mapping[str, Any]) -> None:
        """`values`: what was applied, by address."""
        self._cloud, self._values = cloud, values

    def client(self, service: str) -> Any:
        return self._cloud.client(service, self._cloud.console)

    def id(self, address: str) -> str:
        return str(self._values[address]["id"])

    def arn(self, address: str) -> str:
        return str(self._values[address]["arn"])

    def tag(self, address: str, **tags: str) -> object:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        return self.client("ec2").create_tags(Resources=[self.id(address)], Tags=pairs)

    def untag(self, address: str, *names: str) -> object:
        return self.client("ec2").delete_tags(Resources=[self.id(address)], Tags=[{"Key": name} for name in names])

    def allow(self, address: str, *rules: JSON) -> object:
        return self.client("ec2").authorize_security_group_ingress(GroupId=self.id(address), IpPermissions=list(rules))

    def forbid(self, address: str, *rules: JSON) -> object:
        return self.client("ec2").revoke_security_group_ingress(GroupId=self.id(address), IpPermissions=list(rules))

    def delete_group(self, address: str) -> object:
        return self.client("ec2").delete_security_group(GroupId=self.id(address))

    def policy(self, address: str, *statements: JSON) -> object:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        return self.client("iam").create_policy_version(
            PolicyArn=self.arn(address), PolicyDocument=document, SetAsDefault=True
        )


@dataclass(frozen=True)
class Change:
    """One drift: where, what is done, and a part of the reason when it has to be refused."""

    address: str
    by_hand: Callable[[Hand, str], object]
    refused: str = ""


def ports(port: int, *ranges: str, description: str = "", group: str = "") -> JSON:
    described = {"Description": description} if description else {}
    open_to: JSON = {"UserIdGroupPairs": [{"GroupId": group}]} if group else {}
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": each, **described} for each in ranges],
        **open_to,
    }


def may(*actions: str, resource: str = "*", **more: JSON) -> JSON:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


INSIDE = "10.0.0.0/8"
DENY = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
GROWN = (may("s3:GetObject", "s3:PutObject"), DENY)


def _groups() -> tuple[Change, ...]:
    return (
        Change(f"{SG}.added", lambda hand, at: hand.allow(at, ports(8443, "0.0.0.0/0", description="debug"))),
        Change(f"{SG}.removed", lambda hand, at: hand.forbid(at, ports(80, INSIDE))),
        Change(
            f"{SG}.changed",
            lambda hand, at: (hand.forbid(at, ports(22, INSIDE)), hand.allow(at, ports(22, "10.4.0.0/16"))),
        ),
        Change(f"{SG}.dynamic", lambda hand, at: hand.allow(at, ports(9000, INSIDE))),
        Change(f"{SG}.dynamic_removed", lambda hand, at: hand.forbid(at, ports(23, INSIDE)), "dynamic block"),
        Change(f"{SG}.apart", lambda hand, at: hand.allow(at, ports(8443, "0.0.0.0/0")), "resources of their own"),
        Change(
            f"{SG}.egress",
            lambda hand, at: hand.client("ec2").authorize_security_group_egress(
                GroupId=hand.id(at), IpPermissions=[ports(53, "10.3.0.0/16")]
            ),
        ),
        Change(
            f"{SG}.described",
            lambda hand, at: (
                hand.forbid(at, ports(22, INSIDE, description="SSH")),
                hand.allow(at, ports(22, INSIDE, description="SSH (jump host)")),
            ),
        ),
        Change(
            f"{SG}.two_rules",
            lambda hand, at: (
                hand.forbid(at, ports(443, INSIDE), ports(8443, INSIDE)),
                hand.allow(at, ports(443, INSIDE, "10.99.0.0/16"), ports(9443, INSIDE)),
            ),
        ),
        Change(f"{SG}.many_ranges", lambda hand, at: hand.allow(at, ports(443, "10.3.0.0/16"))),
        Change(f"{SG}.referring", lambda hand, at: hand.allow(at, ports(5432, "10.7.0.0/16"))),
        Change(f"{SG}.attribute_rules", lambda hand, at: hand.allow(at, ports(8443, INSIDE))),
        Change(f"{SG}.office", lambda hand, at: hand.allow(at, ports(22, "10.9.0.0/16"))),
        Change(f"{SG}.forgotten", lambda hand, at: hand.delete_group(at)),
        Change(f"{SG}.needed", lambda hand, at: hand.delete_group(at), "app/groups.tf:"),
    )


def _tags() -> tuple[Change, ...]:
    return (
        Change(f"{SG}.no_tags", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.line_tags", lambda hand, at: (hand.tag(at, Owner="anna"), hand.untag(at, "Old"))),
        Change(f"{SG}.map_tags", lambda hand, at: hand.tag(at, Owner="anna", Environment="staging")),
        Change(f"{SG}.quoted_tags", lambda hand, at: hand.tag(at, **{"cost center": "42"})),
        Change(f"{SG}.lost_tags", lambda hand, at: hand.untag(at, "Name")),
        Change(f"{SG}.merged_tags", lambda hand, at: hand.tag(at, Company="other", Extra="1")),
        Change(f"{SG}.local_tags", lambda hand, at: hand.tag(at, Name="renamed")),
        Change(f"{SG}.variable_tag", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.sharing", lambda hand, at: hand.tag(at, Stage="hot")),
        Change(f"{SG}.interpolated", lambda hand, at: hand.tag(at, Name="by-hand"), "put together"),
        Change(f"{SG}.odd_texts", lambda hand, at: hand.tag(at, Name='say "${x}" \\ %{y}', Ort="Köln")),
        Change(f"{SG}.crooked", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.windows", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.ignoring", lambda hand, at: hand.tag(at, Name="anna"), "ignore_changes"),
        Change("aws_vpc.network", lambda hand, at: hand.tag(at, Name="net", Owner="anna")),
        Change(
            "aws_iam_user.user",
            lambda hand, at: hand.client("iam").tag_user(
                UserName="corpus-user", Tags=[{"Key": "Owner", "Value": "anna"}]
            ),
        ),
        Change(
            "aws_s3_bucket.tagged",
            lambda hand, at: hand.client("s3").put_bucket_tagging(
                Bucket="corpus-tagged", Tagging={"TagSet": [{"Key": "Name", "Value": "tagged by hand"}]}
            ),
        ),
    )


def _values() -> tuple[Change, ...]:
    """Where values come from."""
    return (
        Change(f"{SG}.outside", lambda hand, at: hand.tag(at, Region="north"), "TF_VAR_region_name"),
        Change(f"{SG}.given", lambda hand, at: hand.tag(at, Cost="99"), "vars in trueup.yaml"),
        Change(f"{SG}.json_variable", lambda hand, at: hand.tag(at, Json="hand"), "more.auto.tfvars.json"),
        Change(f"{SG}.var_file", lambda hand, at: hand.tag(at, File="hand")),
        Change(f"{SG}.setting", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.setting_map", lambda hand, at: hand.tag(at, Stage="prod", Name="hand")),
        Change(f"{SG}.ternary", lambda hand, at: hand.tag(at, Stage="hand"), "expression"),
        Change(f"{SG}.formatted", lambda hand, at: hand.tag(at, Name="hand"), "format()"),
        Change(f"{SG}.secret_tag", lambda hand, at: hand.tag(at, Token="canary-hand-token"), "sensitive"),
        Change(f"{SG}.beside_secret", lambda hand, at: hand.tag(at, Team="hand")),
        Change(f"{SG}.generated", lambda hand, at: hand.tag(at, Owner="anna"), "app/generated.tf.json:4"),
        Change(
            "aws_ssm_parameter.secret",
            lambda hand, at: hand.client("ssm").put_parameter(
                Name="corpus-secret", Value="canary-hand-value", Type="SecureString", Overwrite=True
            ),
            "sensitive",
        ),
        Change(
            "aws_cloudwatch_log_group.logs",
            lambda hand, at: hand.client("logs").put_retention_policy(logGroupName="corpus-logs", retentionInDays=30),
        ),
        Change(
            "aws_vpc.named",
            lambda hand, at: hand.client("ec2").modify_vpc_attribute(
                VpcId=hand.id(at), EnableDnsHostnames={"Value": False}
            ),
        ),
        Change(
            "aws_cloudwatch_log_group.named",
            lambda hand, at: hand.client("logs").put_retention_policy(logGroupName="corpus-named", retentionInDays=90),
        ),
        Change(
            "aws_iam_role.defaults",
            lambda hand, at: hand.client("iam").update_role(RoleName="corpus-defaults", MaxSessionDuration=7200),
        ),
        Change(
            "aws_iam_role.written",
            lambda hand, at: hand.client("iam").update_role(
                RoleName="corpus-written", MaxSessionDuration=10800, Description="of two new values"
            ),
        ),
    )


def _instances() -> tuple[Change, ...]:
    def module(call: str) -> str:
        return f"module.{call}.{SG}.this"

    return (
        Change(f'{SG}.each["a"]', lambda hand, at: hand.tag(at, Name="aa")),
        Change(f'{SG}.each["c"]', lambda hand, at: hand.delete_group(at)),
        Change(f"{SG}.counted[0]", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.counted[1]", lambda hand, at: hand.tag(at, Owner="anna")),
        Change(f"{SG}.counted_one[1]", lambda hand, at: hand.tag(at, Owner="anna"), "2 instances"),
        Change(f'{SG}.team["green"]', lambda hand, at: hand.delete_group(at)),
        Change(module("inner"), lambda hand, at: hand.tag(at, Owner="hand", Name="hand", More="x")),
        Change(module('many["blog"]'), lambda hand, at: hand.tag(at, Owner="press")),
        Change(module("alike[0]"), lambda hand, at: hand.tag(at, Owner="both")),
        Change(module("alike[1]"), lambda hand, at: hand.tag(at, Owner="both")),
        Change(module("alone[1]"), lambda hand, at: hand.tag(at, Owner="one"), "2 instances"),
        Change(module("outer.module.inner"), lambda hand, at: hand.tag(at, Owner="through")),
        Change(f"module.outer.{SG}.tiered", lambda hand, at: hand.tag(at, Tier="silver")),
        Change(module("remote"), lambda hand, at: hand.tag(at, Owner="hand"), "module.remote comes from git::"),
    )


def _documents() -> tuple[Change, ...]:
    def iam(hand: Hand) -> Any:
        return hand.client("iam")

    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    return (
        Change("aws_iam_policy.encoded", lambda hand, at: hand.policy(at, *GROWN)),
        Change("aws_iam_policy.heredoc", lambda hand, at: hand.policy(at, *GROWN)),
        Change(
            "aws_iam_policy.shrunk",
            lambda hand, at: hand.policy(
                at, {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
            ),
        ),
        Change(
            "aws_iam_policy.beside_interpolation",
            lambda hand, at: hand.policy(
                at, may("s3:GetObject", "s3:ListBucket", resource="arn:aws:s3:::corpus-plain/*")
            ),
        ),
        Change(
            "aws_iam_policy.in_interpolation",
            lambda hand, at: hand.policy(at, may("s3:GetObject", resource="arn:aws:s3:::other/*")),
            "put together",
        ),
        Change("aws_iam_policy.from_template", lambda hand, at: hand.policy(at, *GROWN), "templatefile()"),
        Change("aws_iam_policy.from_data", lambda hand, at: hand.policy(at, *GROWN), "data.aws_iam_policy_document"),
        Change(
            "aws_iam_role.trust",
            lambda hand, at: iam(hand).update_role(RoleName="corpus-trust", MaxSessionDuration=7200),
        ),
        Change(
            "aws_iam_role.described",
            lambda hand, at: iam(hand).update_role(RoleName="corpus-described", Description="as it is"),
        ),
        Change(
            "aws_iam_role.trusting",
            lambda hand, at: iam(hand).update_assume_role_policy(
                RoleName="corpus-trusting",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
            ),
        ),
        Change("aws_iam_role.deleted", lambda hand, at: iam(hand).delete_role(RoleName="corpus-deleted")),
        Change(
            "aws_iam_role.referenced",
            lambda hand, at: iam(hand).delete_role(RoleName="corpus-referenced"),
            "refers to it: app/main.tf:",
        ),
    )


def _blocks() -> tuple[Change, ...]:
    def s3(hand: Hand) -> Any:
        return hand.client("s3")

    public = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:GetObjectAcl"],
                "Resource": "arn:aws:s3:::corpus-policied/public/*",
            }
        ],
    }
    aes = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    cors = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://acme.example"]}
    rule = {"ID": "old", "Status": "Enabled", "Expiration": {"Days": 90}, "Filter": {"Prefix": ""}}
    return (
        Change(
            "aws_s3_bucket.versioned",
            lambda hand, at: s3(hand).put_bucket_versioning(
                Bucket="corpus-versioned", VersioningConfiguration={"Status": "Suspended"}
            ),
        ),
        Change(
            "aws_s3_bucket.plain",
            lambda hand, at: s3(hand).put_bucket_versioning(
                Bucket="corpus-plain", VersioningConfiguration={"Status": "Enabled"}
            ),
        ),
        Change(
            "aws_s3_bucket.ruled",
            lambda hand, at: s3(hand).put_bucket_cors(Bucket="corpus-ruled", CORSConfiguration={"CORSRules": [cors]}),
        ),
        Change(
            "aws_s3_bucket.encrypted",
            lambda hand, at: s3(hand).put_bucket_encryption(
                Bucket="corpus-encrypted", ServerSideEncryptionConfiguration=aes
            ),
        ),
        Change(
            "aws_s3_bucket_policy.policied",
            lambda hand, at: s3(hand).put_bucket_policy(Bucket="corpus-policied", Policy=json.dumps(public)),
        ),
        Change(
            "aws_s3_bucket.kept",
            lambda hand, at: s3(hand).put_bucket_lifecycle_configuration(
                Bucket="corpus-kept", LifecycleConfiguration={"Rules": [rule]}
            ),
        ),
        Change(
            "aws_sns_topic.topic",
            lambda hand, at: hand.client("sns").set_topic_attributes(
                TopicArn=hand.arn(at), AttributeName="DisplayName", AttributeValue="By hand"
            ),
        ),
        Change(
            "aws_subnet.public",
            lambda hand, at: hand.client("ec2").modify_subnet_attribute(
                SubnetId=hand.id(at), MapPublicIpOnLaunch={"Value": True}
            ),
        ),
        Change(
            "aws_route_table.routes",
            lambda hand, at: hand.client("ec2").create_route(
                RouteTableId=hand.id(at),
                DestinationCidrBlock="192.168.0.0/16",
                GatewayId=hand.id("aws_internet_gateway.door"),
            ),
        ),
        Change(
            "aws_dynamodb_table.table",
            lambda hand, at: hand.client("dynamodb").update_table(
                TableName="corpus-table", ProvisionedThroughput={"ReadCapacityUnits": 20, "WriteCapacityUnits": 5}
            ),
        ),
    )


CHANGES = (*_groups(), *_tags(), *_values(), *_instances(), *_documents(), *_blocks())
