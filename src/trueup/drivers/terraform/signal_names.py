"""Names: which words of a CloudTrail record, and which attributes of a Terraform resource, name the same thing. Pure.

An id (`sg-0abc...`) or an ARN is unique by itself. A name is not: it is compared as `noun/name`, in one account and
region. A parent's id or name (a rule's group, a record's zone, a policy's role) is a name of the child as well, because
the log speaks of the parent where Terraform has a resource of its own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trueup.model.plan import Address, Resource
from trueup.model.signal import Subject
from trueup.model.words import leaves

MOST_SUBJECTS = 100
LONGEST = 512

_ID = re.compile(r"[a-z]{1,10}(?:-[a-z]{2,10})*-(?:[0-9a-f]{8}|[0-9a-f]{17})")
"""`sg-0a1b2c3d`, `rtb-0123456789abcdef0`, `eipalloc-...`."""
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws)?:.+")
_ZONE = re.compile(r"(?:/hostedzone/)?(Z[A-Z0-9]{6,31})")
_QUEUE = re.compile(r"https?://\S+/\d{12}/\S+")

DOCUMENTS = frozenset(
    {"policyDocument", "bucketPolicy", "assumeRolePolicyDocument", "policy", "userData", "attributes"}
)
"""Parameters whose inside names others than what is changed: a policy's principals and resources."""

AROUND = frozenset({"vpcId", "subnetId", "subnetIds", "groupSet", "securityGroupIds", "vpcSecurityGroupIds"})
"""Where something new is put: it is not changed by that."""
MAKING = ("Create", "Run", "Launch")

CALLED: Mapping[tuple[str, str], str] = {
    ("iam", "roleName"): "iam-role",
    ("iam", "userName"): "iam-user",
    ("iam", "groupName"): "iam-group",
    ("iam", "instanceProfileName"): "iam-instance-profile",
    ("ec2", "groupName"): "security-group",
    ("ec2", "keyName"): "key-pair",
    ("s3", "bucketName"): "s3-bucket",
    ("lambda", "functionName"): "lambda-function",
    ("dynamodb", "tableName"): "dynamodb-table",
    ("rds", "dBInstanceIdentifier"): "db-instance",
    ("rds", "dBClusterIdentifier"): "db-cluster",
    ("rds", "dBParameterGroupName"): "db-parameter-group",
    ("logs", "logGroupName"): "log-group",
    ("ssm", "name"): "ssm-parameter",
    ("secretsmanager", "secretId"): "secret",
    ("autoscaling", "autoScalingGroupName"): "auto-scaling-group",
    ("eks", "name"): "eks-cluster",
    ("monitoring", "alarmName"): "alarm",
    ("events", "name"): "event-rule",
    ("sqs", "queueName"): "queue",
}
"""Service and parameter to the noun that the parameter names; the service as in `eventSource`."""

NAMED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws_iam_role": (("name", "iam-role"),),
    "aws_iam_role_policy": (("role", "iam-role"),),
    "aws_iam_role_policy_attachment": (("role", "iam-role"),),
    "aws_iam_user": (("name", "iam-user"),),
    "aws_iam_user_policy": (("user", "iam-user"),),
    "aws_iam_user_policy_attachment": (("user", "iam-user"),),
    "aws_iam_group": (("name", "iam-group"),),
    "aws_iam_group_policy": (("group", "iam-group"),),
    "aws_iam_group_policy_attachment": (("group", "iam-group"),),
    "aws_iam_instance_profile": (("name", "iam-instance-profile"), ("role", "iam-role")),
    "aws_security_group": (("name", "security-group"),),
    "aws_key_pair": (("key_name", "key-pair"),),
    "aws_s3_bucket": (("bucket", "s3-bucket"), ("id", "s3-bucket")),
    "aws_s3_bucket_policy": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_public_access_block": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_ownership_controls": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_notification": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_acl": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_versioning": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_lifecycle_configuration": (("bucket", "s3-bucket"),),
    "aws_s3_bucket_server_side_encryption_configuration": (("bucket", "s3-bucket"),),
    "aws_lambda_function": (("function_name", "lambda-function"),),
    "aws_lambda_permission": (("function_name", "lambda-function"),),
    "aws_dynamodb_table": (("name", "dynamodb-table"),),
    "aws_db_instance": (("identifier", "db-instance"),),
    "aws_rds_cluster": (("cluster_identifier", "db-cluster"),),
    "aws_db_parameter_group": (("name", "db-parameter-group"),),
    "aws_cloudwatch_log_group": (("name", "log-group"),),
    "aws_ssm_parameter": (("name", "ssm-parameter"),),
    "aws_secretsmanager_secret": (("name", "secret"),),
    "aws_autoscaling_group": (("name", "auto-scaling-group"),),
    "aws_eks_cluster": (("name", "eks-cluster"),),
    "aws_cloudwatch_metric_alarm": (("alarm_name", "alarm"),),
    "aws_cloudwatch_event_rule": (("name", "event-rule"),),
    "aws_sqs_queue": (("name", "queue"),),
}
"""Kind of resource to its attributes that hold a name, its own or its parent's."""

PARENTS: Mapping[str, tuple[str, ...]] = {
    "aws_security_group_rule": ("security_group_id",),
    "aws_vpc_security_group_ingress_rule": ("security_group_id",),
    "aws_vpc_security_group_egress_rule": ("security_group_id",),
    "aws_route": ("route_table_id",),
    "aws_route_table_association": ("route_table_id", "subnet_id"),
    "aws_main_route_table_association": ("route_table_id", "vpc_id"),
    "aws_network_acl_rule": ("network_acl_id",),
    "aws_vpc_endpoint_policy": ("vpc_endpoint_id",),
    "aws_volume_attachment": ("instance_id", "volume_id"),
    "aws_eip_association": ("allocation_id", "instance_id"),
    "aws_route53_record": ("zone_id",),
    "aws_route53_zone": ("zone_id",),
    "aws_iam_role_policy_attachment": ("policy_arn",),
    "aws_lb_listener": ("load_balancer_arn",),
    "aws_lb_listener_rule": ("listener_arn",),
    "aws_lb_target_group_attachment": ("target_group_arn",),
    "aws_sns_topic_policy": ("arn",),
    "aws_sns_topic_subscription": ("topic_arn",),
    "aws_sqs_queue_policy": ("queue_url",),
    "aws_kms_alias": ("target_key_arn",),
}
"""Kind of resource to its attributes that hold a parent's id or ARN."""

ANYWHERE = frozenset({"iam-role", "iam-user", "iam-group", "iam-instance-profile", "s3-bucket"})
"""Nouns without a region; a bucket's name is not even an account's."""


def exact(text: str) -> str:
    """The text as it is compared when it is unique by itself; "" for a mere name."""
    if len(text) > LONGEST:
        return ""
    if _ID.fullmatch(text) or _ARN.fullmatch(text) or _QUEUE.fullmatch(text):
        return text
    zone = _ZONE.fullmatch(text)
    return f"zone/{zone[1]}" if zone else ""


def subjects_in(record: Mapping[str, Any]) -> frozenset[str]:
    """What a CloudTrail record touched: every id, ARN and name in its parameters, its answer and its resources."""
    service = str(record.get("eventSource", "")).partition(".")[0]
    found: set[str] = set()
    makes = str(record.get("eventName", "")).startswith(MAKING)
    for part in ("requestParameters", "responseElements", "resources"):
        skip = DOCUMENTS | AROUND if makes or part == "responseElements" else DOCUMENTS
        for key, value in leaves(record.get(part), skip=skip):
            if not isinstance(value, str) or len(found) >= MOST_SUBJECTS:
                continue
            noun = CALLED.get((service, key))
            if noun and _is_name(value):
                found.add(f"{noun}/{value}")
            elif unique := exact(value):
                found.add(unique)
    if any(text.startswith("sg-") for text in found):
        # Where the group's id stands beside its name, the name adds nothing but doubt.
        return frozenset(text for text in found if not text.startswith("security-group/"))
    return frozenset(found)


def subjects_of(resources: Mapping[Address, Resource]) -> Iterator[Subject]:
    """Every name under which the log may speak of these resources."""
    accounts, regions = _places(resources)
    for address, resource in resources.items():
        values = resource.values if isinstance(resource.values, dict) else {}
        unique = {resource.identity, *(values.get(name) for name in ("id", "arn", *PARENTS.get(resource.kind, ())))}
        for text in sorted({exact(each) for each in unique if isinstance(each, str)} - {""}):
            yield Subject(text, address)
        nouns = NAMED.get(resource.kind, ())
        for text in sorted({f"{noun}/{values[name]}" for name, noun in nouns if _is_name(values.get(name))}):
            noun = text.partition("/")[0]
            account = "" if noun == "s3-bucket" else accounts
            yield Subject(text, address, exact=False, account=account, region="" if noun in ANYWHERE else regions)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and not _ARN.fullmatch(value)


def _places(resources: Mapping[Address, Resource]) -> tuple[str, str]:
    """The one account and the one region of a stack, as far as its ARNs agree."""
    accounts: set[str] = set()
    regions: set[str] = set()
    for resource in resources.values():
        values = resource.values if isinstance(resource.values, dict) else {}
        arn = _ARN.fullmatch(str(values.get("arn") or resource.identity))
        if arn is not None:
            accounts.add(arn[3] or "")
            regions.add(arn[2])
    accounts -= {"", "aws"}
    regions -= {""}
    return (accounts.pop() if len(accounts) == 1 else "", regions.pop() if len(regions) == 1 else "")
