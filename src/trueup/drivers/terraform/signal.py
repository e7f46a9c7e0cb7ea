"""CloudTrail records to our nouns, and the names under which CloudTrail speaks of what Terraform manages. Pure.

Record: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
its userIdentity: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html,
the envelope around it: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trueup.drivers.terraform.signal_names import subjects_in
from trueup.model.break_glass import of_session
from trueup.model.errors import Invalid
from trueup.model.people import Identity
from trueup.model.signal import LiveEvent
from trueup.model.words import words_in

SOURCE = "aws"
OURS = "trueup-"
"""Role sessions of runs and checks are named so, with the id behind it."""

DIRECTORY = "AWSReservedSSO_"
"""Roles of IAM Identity Center: it names their sessions after its users."""
LONGEST = 256
SESSIONS = ("Assume", "GetSessionToken", "GetFederationToken", "ConsoleLogin", "SwitchRole", "ExitRole")
"""Calls that open a session: nothing is changed by them, whatever they call themselves."""


def heard(document: Mapping[str, Any], received_at: datetime) -> LiveEvent:
    """An EventBridge envelope with the record as its `detail`, or a bare record. Raises Invalid."""
    record = document.get("detail", document)
    if not isinstance(record, Mapping):
        raise Invalid("`detail` is not a CloudTrail record", hint=_HINT)
    missing = [name for name in ("eventID", "eventName", "eventTime") if not isinstance(record.get(name), str)]
    if not isinstance(record.get("userIdentity"), Mapping):
        missing.append("userIdentity")
    if missing:
        raise Invalid(f"it has no {', '.join(missing)}, so it is not a CloudTrail record", hint=_HINT)
    return _event(record, received_at)


_HINT = "send what EventBridge delivers for `AWS API Call via CloudTrail`, without an input transformer"


def _event(record: Mapping[str, Any], received_at: datetime) -> LiveEvent:
    who: Mapping[str, Any] = record["userIdentity"]
    session = _session_name(who)
    broken = of_session(session)
    name = record["eventName"][:LONGEST]
    role = _role(who)
    return LiveEvent(
        id=record["eventID"][:LONGEST],
        source=SOURCE,
        at=min(_time(record["eventTime"]), received_at),
        received_at=received_at,
        name=name,
        identity=Identity("aws", _identity(who, session, role)[:LONGEST]),
        subjects=subjects_in(record),
        session=_text(who.get("arn") or who.get("principalId")),
        address=_text(record.get("sourceIPAddress")),
        user_agent=_text(record.get("userAgent")),
        run=session.removeprefix(OURS) if session.startswith(OURS) and not broken else "",
        break_glass=broken or "",
        error=_text(record.get("errorCode")),
        reads=record.get("readOnly") is True or name.startswith(SESSIONS) or _is_insight(record),
        email=session if role.startswith(DIRECTORY) and "@" in session else "",
        account=_text(record.get("recipientAccountId") or who.get("accountId")),
        region=_text(record.get("awsRegion")),
        mentions=words_in(record.get("requestParameters")),
    )


def _identity(who: Mapping[str, Any], session: str, role: str) -> str:
    """`ROLE:SESSION`, `user:NAME`, `root:ACCOUNT`, ...: what `people:` has below `aws`, usually with a wildcard."""
    name, account = _text(who.get("userName")), _text(who.get("accountId"))
    match who.get("type"):
        case "AssumedRole":
            return f"{role}:{session}" if role else session
        case "IAMUser":
            return f"user:{name or _last(who)}"
        case "Root":
            return f"root:{account}"
        case "FederatedUser":
            return f"federated-user:{_last(who)}"
        case "AWSService":
            return f"service:{_text(who.get('invokedBy')) or 'aws'}"
        case "AWSAccount":
            return f"account:{account}"
        case "IdentityCenterUser":
            behalf = who.get("onBehalfOf")
            return f"identity-center:{_text(behalf.get('userId')) if isinstance(behalf, Mapping) else account}"
        case "SAMLUser" | "WebIdentityUser":
            return f"federated-user:{name}"
        case other:
            return _text(who.get("arn")) or name or _text(who.get("principalId")) or _text(other) or "unknown"


def _session_name(who: Mapping[str, Any]) -> str:
    """Of an assumed role: the last part of its ARN, or what stands behind the role's id."""
    if who.get("type") != "AssumedRole":
        return ""
    _, _, rest = _text(who.get("arn")).partition(":assumed-role/")
    return rest.partition("/")[2] or _text(who.get("principalId")).partition(":")[2]


def _role(who: Mapping[str, Any]) -> str:
    context = who.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    named = _text(issuer.get("userName")) if isinstance(issuer, Mapping) else ""
    return named or _text(who.get("arn")).partition(":assumed-role/")[2].partition("/")[0]


def _last(who: Mapping[str, Any]) -> str:
    """`arn:aws:iam::111122223333:user/team/anna` and `AIDA...:anna` end in a name."""
    return re.split(r"[/:]", _text(who.get("arn")) or _text(who.get("principalId")))[-1]


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Invalid(f"its eventTime is no time: `{text[:40]}`", hint=_HINT) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_insight(record: Mapping[str, Any]) -> bool:
    """Data events (objects, items) and insights change nothing that a stack manages."""
    return record.get("eventCategory") in ("Data", "Insight", "NetworkActivity")


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""
