"""The emulated AWS and what it records."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from trueup.demo.cloud import REGION, Cloud, CloudRecord, Identity
from trueup.demo.terminal import Terminal
from trueup.model.errors import Rejected

PAUSED = """
terraform {
  backend "s3" {
    bucket                      = "interrupted"
    key                         = "state"
    use_lockfile                = true
    use_path_style              = true
    max_retries                 = 1
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }
}

resource "terraform_data" "paused" {
  provisioner "local-exec" {
    command = "echo begun > begun; cat go"
  }
}
"""


def told(cloud: Cloud, since: datetime, by: Identity) -> list[CloudRecord]:
    return [record for record in cloud.records(since) if record.access_key == by.access_key]


def test_records_what_the_console_did(cloud: Cloud) -> None:
    """A rule opened by a role's session is recorded with the session's name, the action and the rule."""
    since = datetime.now(UTC)
    ec2 = cloud.client("ec2", cloud.console)
    group = ec2.create_security_group(GroupName="recorded", Description="a test's")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    record = told(cloud, since, cloud.console)[-1]
    assert (record.action, record.kind, record.failed) == ("ec2:AuthorizeSecurityGroupIngress", "write", False)
    assert record.identity == "arn:aws:sts::123456789012:assumed-role/engineer/mira@acme.example"
    assert record.event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == cloud.engineer_role
    assert record.event["userAgent"].startswith("Boto3")
    permission = {
        "ipProtocol": "tcp",
        "fromPort": 8443,
        "toPort": 8443,
        "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]},
    }
    assert record.event["requestParameters"] == {"groupId": group, "ipPermissions": {"items": [permission]}}


def test_tells_reading_writing_and_sessions_apart(cloud: Cloud) -> None:
    """S3's operations are told apart by method and query, XML bodies are read, and secrets are hidden."""
    since = datetime.now(UTC)
    s3 = cloud.client("s3", cloud.hand)
    s3.create_bucket(Bucket="apart", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="apart", Key="a/b", Body=b"x")
    s3.get_object(Bucket="apart", Key="a/b")
    s3.head_object(Bucket="apart", Key="a/b")
    s3.list_objects_v2(Bucket="apart")
    s3.put_bucket_versioning(Bucket="apart", VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket="apart", Key="a/b")
    cloud.client("secretsmanager", cloud.hand).create_secret(Name="apart", SecretString="hunter2")
    cloud.client("route53", cloud.hand).create_hosted_zone(Name="apart.example", CallerReference="1")
    cloud.client("iam", cloud.hand).list_roles()
    seen = [
        (record.action, record.kind, record.event["requestParameters"]) for record in told(cloud, since, cloud.hand)
    ]
    place = {"bucketName": "apart", "key": "a/b"}
    location = {"createBucketConfiguration": {"locationConstraint": REGION}}
    assert seen[:7] == [
        ("s3:CreateBucket", "write", {"bucketName": "apart", **location}),
        ("s3:PutObject", "write", place),
        ("s3:GetObject", "read", place),
        ("s3:HeadObject", "read", place),
        ("s3:ListObjectsV2", "read", {"bucketName": "apart", "encodingType": "url"}),
        ("s3:PutBucketVersioning", "write", {"bucketName": "apart", "versioningConfiguration": {"status": "Enabled"}}),
        ("s3:DeleteObject", "write", place),
    ]
    assert seen[7][2]["secretString"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert seen[8] == ("route53:CreateHostedZone", "write", {"name": "apart.example", "callerReference": "1"})
    assert seen[9] == ("iam:ListRoles", "read", {})
    session = cloud.assume(cloud.plan_role, "apart", cloud.trueup)
    assert told(cloud, since, cloud.trueup)[-1].kind == "session"
    assert session.arn == "arn:aws:sts::123456789012:assumed-role/trueup-plan/apart"


def test_conditional_writes_have_one_winner(cloud: Cloud) -> None:
    """A state lock in S3 rests on this: the second `If-None-Match: *` fails, and the record says so."""
    since = datetime.now(UTC)
    s3 = cloud.client("s3", cloud.hand)
    s3.create_bucket(Bucket="one-winner", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="one-winner", Key="lock", Body=b"mine", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="one-winner", Key="lock", Body=b"theirs", IfNoneMatch="*")
    assert told(cloud, since, cloud.hand)[-1].event["errorCode"] == "PreconditionFailed"


def test_an_interrupted_service_does_not_answer(fresh_cloud: Cloud) -> None:
    """S3 drops connections until it is restored; other services go on, and nothing unanswered is recorded."""
    s3 = fresh_cloud.client("s3")
    fresh_cloud.interrupt()
    with pytest.raises(ConnectionClosedError):
        s3.list_buckets()
    fresh_cloud.client("ec2").describe_vpcs()
    fresh_cloud.restore()
    s3.list_buckets()
    assert [record.action for record in fresh_cloud.records()][-2:] == ["ec2:DescribeVpcs", "s3:ListBuckets"]


def test_the_plan_role_reads_and_cannot_write(cloud: Cloud) -> None:
    """What it asks to write is refused by each kind of service, and recorded as refused."""
    since = datetime.now(UTC)
    cloud.client("s3").create_bucket(Bucket="reader", CreateBucketConfiguration={"LocationConstraint": REGION})
    plan = cloud.assume(cloud.plan_role, "reader", cloud.trueup)
    cloud.client("ec2", plan).describe_vpcs()
    cloud.client("s3", plan).head_bucket(Bucket="reader")
    cloud.client("route53", plan).list_hosted_zones()
    writes = [
        lambda: cloud.client("ec2", plan).create_vpc(CidrBlock="10.0.0.0/16"),
        lambda: cloud.client("s3", plan).put_object(Bucket="reader", Key="k", Body=b""),
        lambda: cloud.client("route53", plan).create_hosted_zone(Name="reader.example", CallerReference="1"),
        lambda: cloud.client("iam", plan).create_user(UserName="reader"),
        lambda: cloud.client("secretsmanager", plan).create_secret(Name="reader", SecretString="x"),
    ]
    for write in writes:
        with pytest.raises(ClientError, match=r"UnauthorizedOperation|AccessDenied"):
            write()
    seen = told(cloud, since, plan)
    assert [record.failed for record in seen] == [False] * 3 + [True] * len(writes)


def test_only_the_trusted_assume_a_role_and_unknown_keys_do_nothing(cloud: Cloud) -> None:
    """An administrator who may do anything is still not whom the role trusts; a made-up key is nobody."""
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.assume(cloud.apply_role, "ben", cloud.hand)
    stranger = Identity("stranger", "", "AKIAIOSFODNN7EXAMPLE", "guess")
    for service, call in (("ec2", "describe_vpcs"), ("s3", "list_buckets"), ("iam", "list_users")):
        with pytest.raises(ClientError, match=r"AuthFailure|InvalidAccessKeyId|InvalidClientTokenId"):
            getattr(cloud.client(service, stranger), call)()


def test_s3_gone_in_the_middle_of_an_apply(fresh_cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Terraform writes errored.tfstate, the lock stays in the bucket, and both can be dealt with once S3 is back."""
    s3 = fresh_cloud.client("s3")
    s3.create_bucket(Bucket="interrupted", CreateBucketConfiguration={"LocationConstraint": REGION})
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(PAUSED)
    os.mkfifo(root / "begun")
    os.mkfifo(root / "go")
    who = terminal.having(fresh_cloud.environment(fresh_cloud.hand))
    who.run(root, "init")
    with ThreadPoolExecutor(1) as pool:
        applied = pool.submit(who.run, root, "apply", "-auto-approve", "-no-color")
        (root / "begun").read_text()
        fresh_cloud.interrupt()
        (root / "go").write_text("go")
        with pytest.raises(Rejected, match=r"errored\.tfstate"):
            applied.result()
    fresh_cloud.restore()
    lock = json.loads(s3.get_object(Bucket="interrupted", Key="state.tflock")["Body"].read())
    who.run(root, "force-unlock", "-force", lock["ID"])
    who.run(root, "state", "push", "errored.tfstate")
    assert who.run(root, "state", "list") == "terraform_data.paused\n"
