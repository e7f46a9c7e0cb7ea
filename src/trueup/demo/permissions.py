"""Who may do what in the emulated cloud: the policies of users and roles, and whom a role trusts.

moto can check requests itself, but then answers none for Route 53. Its reading of policies is used here, before moto
sees the request: actions and trust count; resources, conditions and signatures are not looked at.
"""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from moto.iam.access_control import (
    AssumedRoleAccessKey,
    CreateAccessKeyFailure,
    IAMPolicy,
    IAMUserAccessKey,
    PermissionResult,
    create_access_key,
)
from moto.iam.models import iam_backends

from trueup.demo.trail import ACCOUNT, Operation, Request
from trueup.model.values import JSON

Signer = IAMUserAccessKey | AssumedRoleAccessKey

CODES = {"ec2": ("AuthFailure", "UnauthorizedOperation"), "s3": ("InvalidAccessKeyId", "AccessDenied")}
"""What a service calls an unknown key, and a known one that may not; others: see `refusal`."""
POLICY_NAMES = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}
"""S3 operations that policies call by another name (https://docs.aws.amazon.com/AmazonS3/latest/API/s3-policy-actions.html)."""


@dataclass(frozen=True)
class Refusal:
    code: str
    message: str

    def body(self, service: str, *, as_json: bool) -> bytes:
        """The error as the service's protocol writes it."""
        if as_json:
            return json.dumps({"__type": f"{self.code}Exception", "Message": self.message}).encode()
        error = f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        match service:
            case "s3":
                text = f"<Error>{error}</Error>"
            case "ec2":
                text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>"
            case _:
                text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
        return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def signer(request: Request) -> Signer | None:
    """The user or session whose key signed, None for a key that nobody has and for an unsigned request."""
    key, _, _ = request.scope
    token = request.headers.get("x-amz-security-token")
    try:
        return create_access_key(ACCOUNT, "aws", key, {"X-Amz-Security-Token": token} if token else {})
    except CreateAccessKeyFailure:
        return None


def refusal(who: Signer | None, asked: Operation) -> Refusal | None:
    """Why a request is not answered, None if it is. As long as nobody has a key, anybody may work on IAM."""
    unknown, denied = CODES.get(asked.service, ("InvalidClientTokenId", "AccessDenied"))
    if asked.action == "sts:AssumeRoleWithWebIdentity":
        return None
    if who is None:
        untouched = asked.service == "iam" and not any(user.access_keys for user in _iam().users.values())
        return None if untouched else Refusal(unknown, "The security token included in the request is invalid.")
    if _may(who, asked) and _is_trusted(who, asked):
        return None
    return Refusal(denied, f"User: {who.arn} is not authorized to perform: {asked.action}")


def _may(who: Signer, asked: Operation) -> bool:
    name = POLICY_NAMES.get(asked.name, asked.name) if asked.service == "s3" else asked.name
    results = [IAMPolicy(policy).is_action_permitted(f"{asked.service}:{name}") for policy in who.collect_policies()]
    return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


def _is_trusted(who: Signer, asked: Operation) -> bool:
    if asked.action != "sts:AssumeRole":
        return True
    arn = (asked.parameters or {}).get("roleArn", "")
    trust: list[JSON] = [role.assume_role_policy_document for role in _iam().get_roles() if role.arn == arn]
    conditions: dict[str, str] = {}
    return any(
        IAMPolicy(document).is_action_permitted(asked.action, arn, who.arn, conditions) is PermissionResult.PERMITTED
        for document in trust
    )


def _iam() -> JSON:
    return iam_backends[ACCOUNT]["aws"]
