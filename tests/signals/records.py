"""CloudTrail records as CloudTrail writes them, and the envelopes in which EventBridge delivers them."""

from typing import Any
from uuid import uuid4

ACCOUNT = "111122223333"
ANNA = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:anna@acme.com",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/engineer/anna@acme.com",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/engineer",
            "accountId": ACCOUNT,
            "userName": "engineer",
        },
        "attributes": {"creationDate": "2026-11-22T02:55:11Z", "mfaAuthenticated": "true"},
    },
}
USER_AGENT = "AWS Internal"

Record = dict[str, Any]


def record(name: str, service: str = "ec2", parameters: Any = None, **more: Any) -> Record:
    """One management event of a person in the console."""
    return {
        "eventVersion": "1.09",
        "userIdentity": ANNA,
        "eventTime": "2026-11-22T03:02:14Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": USER_AGENT,
        "requestParameters": parameters,
        "responseElements": {"requestId": "59dbff89-35bd-4eac-99ed-be587EXAMPLE", "_return": True},
        "requestID": str(uuid4()),
        "eventID": str(uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "sessionCredentialFromConsole": "true",
        **more,
    }


def session(role: str, name: str) -> Record:
    """The userIdentity of a session of a role."""
    issuer = {
        **ANNA["sessionContext"]["sessionIssuer"],  # type: ignore[index]
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "userName": role,
    }
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"
    return {**ANNA, "arn": arn, "principalId": f"AROAEXAMPLE:{name}", "sessionContext": {"sessionIssuer": issuer}}


def envelope(detail: Record) -> Record:
    """As EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{detail['eventSource'].partition('.')[0]}",
        "account": ACCOUNT,
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": detail,
    }


def permissions(port: int) -> Record:
    ranges = {"items": [{"cidrIp": "10.0.0.0/8", "description": "incident 4711"}]}
    item = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipRanges": ranges}
    return {"items": [{**item, "ipv6Ranges": {}, "prefixListIds": {}}]}


def authorize(port: int = 8443, group: str = "sg-0a1b2c3d4e5f60718", **more: Any) -> Record:
    parameters = {"groupId": group, "ipPermissions": permissions(port)}
    answer = {"requestId": "x", "_return": True, "securityGroupRuleSet": {"items": [{"groupId": group}]}}
    return record("AuthorizeSecurityGroupIngress", "ec2", parameters, responseElements=answer, **more)


POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:DeleteBucket","Resource":"*"}]}'
CHANGES: dict[str, tuple[Record, frozenset[str]]] = {
    "AuthorizeSecurityGroupIngress": (authorize(), frozenset({"sg-0a1b2c3d4e5f60718"})),
    "RevokeSecurityGroupIngress": (
        record(
            "RevokeSecurityGroupIngress",
            "ec2",
            {"groupId": "sg-0a1b2c3d4e5f60718", "groupName": "web", "ipPermissions": permissions(443)},
        ),
        frozenset({"sg-0a1b2c3d4e5f60718"}),
    ),
    "CreateTags": (
        record(
            "CreateTags",
            "ec2",
            {
                "resourcesSet": {"items": [{"resourceId": "i-0123456789abcdef0"}, {"resourceId": "vol-0123abcd"}]},
                "tagSet": {"items": [{"key": "CostCenter", "value": "4711"}]},
            },
        ),
        frozenset({"i-0123456789abcdef0", "vol-0123abcd"}),
    ),
    "PutBucketPolicy": (
        record(
            "PutBucketPolicy",
            "s3",
            {
                "bucketPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [{"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, "Effect": "Allow"}],
                },
                "bucketName": "acme-logs",
                "Host": "acme-logs.s3.eu-central-1.amazonaws.com",
                "policy": "",
            },
            responseElements=None,
            resources=[{"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-logs"}],
        ),
        frozenset({"s3-bucket/acme-logs", "arn:aws:s3:::acme-logs"}),
    ),
    "PutRolePolicy": (
        record(
            "PutRolePolicy",
            "iam",
            {"roleName": "deployer", "policyName": "inline", "policyDocument": POLICY},
            awsRegion="us-east-1",
            responseElements=None,
        ),
        frozenset({"iam-role/deployer"}),
    ),
    "AttachRolePolicy": (
        record(
            "AttachRolePolicy",
            "iam",
            {"roleName": "deployer", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            awsRegion="us-east-1",
            responseElements=None,
        ),
        frozenset({"iam-role/deployer", "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ),
    "ChangeResourceRecordSets": (
        record(
            "ChangeResourceRecordSets",
            "route53",
            {
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "changeBatch": {
                    "changes": [
                        {
                            "action": "UPSERT",
                            "resourceRecordSet": {
                                "name": "www.acme.com.",
                                "type": "A",
                                "tTL": 60,
                                "resourceRecords": [{"value": "192.0.2.1"}],
                            },
                        }
                    ]
                },
            },
            awsRegion="us-east-1",
        ),
        frozenset({"zone/Z0123456789ABCDEFGHIJ"}),
    ),
    "CreateRoute": (
        record(
            "CreateRoute",
            "ec2",
            {
                "routeTableId": "rtb-0123456789abcdef0",
                "destinationCidrBlock": "10.9.0.0/16",
                "gatewayId": "igw-0123456789abcdef0",
            },
        ),
        frozenset({"rtb-0123456789abcdef0", "igw-0123456789abcdef0"}),
    ),
    "DeleteSecurityGroup": (
        record("DeleteSecurityGroup", "ec2", {"groupId": "sg-0a1b2c3d"}),
        frozenset({"sg-0a1b2c3d"}),
    ),
    "TerminateInstances": (
        record(
            "TerminateInstances",
            "ec2",
            {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}},
            responseElements={
                "instancesSet": {
                    "items": [
                        {
                            "instanceId": "i-0123456789abcdef0",
                            "currentState": {"code": 32, "name": "shutting-down"},
                            "previousState": {"code": 16, "name": "running"},
                        }
                    ]
                }
            },
        ),
        frozenset({"i-0123456789abcdef0"}),
    ),
    "CreateSecurityGroup": (
        record(
            "CreateSecurityGroup",
            "ec2",
            {"groupName": "new", "groupDescription": "new", "vpcId": "vpc-0123456789abcdef0"},
            responseElements={"requestId": "x", "_return": True, "groupId": "sg-0fedcba9876543210"},
        ),
        frozenset({"sg-0fedcba9876543210"}),
    ),
}
