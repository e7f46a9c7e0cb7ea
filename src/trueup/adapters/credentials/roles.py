"""Roles: short-lived AWS credentials from STS. The only file that asks it."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from trueup.manifests.manifest import CredentialSource
from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable
from trueup.system.clock import Clock

SHORTEST = timedelta(minutes=15)
"""Of a session, says STS."""
_DENIED_FOR_NOW = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "IDPCommunicationError")


@dataclass(frozen=True)
class RoleKeys:
    """What STS gave."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    identity: str
    """The ARN of the assumed role's session, as the cloud's own log will show it."""
    until: datetime


@dataclass(frozen=True)
class Sts:
    """Where and as whom STS is asked."""

    region: str
    endpoint: str | None
    ambient: Mapping[str, str] = field(repr=False)
    """Variables of Trueup's own process; without keys in it boto3 looks where it always looks."""


def session_name(session: str) -> str:
    """What AWS accepts: 2 to 64 of letters, digits and `_+=,.@-`."""
    return ("trueup-" + re.sub(r"[^\w+=,.@-]+", "-", session, flags=re.ASCII).strip("-"))[:64]


class Roles:
    """Assumes roles; keeps what it got until half of its time is over, so that what is handed out lasts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[object, ...], RoleKeys] = {}
        self._clients: dict[tuple[object, ...], Any] = {}

    def assume(self, source: CredentialSource, role: str, session: str, sts: Sts) -> RoleKeys:
        """Raises Invalid (no token, no ambient credentials), Rejected (the role's trust), Unavailable."""
        name = session_name(session)
        token_file = source.web_identity_token_file
        wanted = (role, name, source.external_id, token_file, source.duration, sts.region, sts.endpoint)
        with self._lock:
            now = self._clock.now()
            self._kept = {key: keys for key, keys in self._kept.items() if keys.until > now}
            kept = self._kept.get(wanted)
        if kept and kept.until - now > source.duration / 2:
            return kept
        keys = self._asked(source, role, sts, name, source.duration)
        with self._lock:
            self._kept[wanted] = keys
        return keys

    def lend(self, source: CredentialSource, role: str, session: str, sts: Sts, until: datetime) -> RoleKeys:
        """New keys that are never kept. STS gives no session shorter than a quarter of an hour, so its policy ends
        what the keys may do at `until` (the condition key aws:CurrentTime). Raises as `assume`."""
        left = until - self._clock.now()
        duration = max(SHORTEST, min(left, source.duration))
        return self._asked(source, role, sts, session_name(session), duration, Policy=_until(until))

    def _asked(
        self, source: CredentialSource, role: str, sts: Sts, name: str, duration: timedelta, **more: str
    ) -> RoleKeys:
        arguments = {"RoleArn": role, "RoleSessionName": name, "DurationSeconds": int(duration.total_seconds()), **more}
        try:
            if source.web_identity_token_file:
                answer = self._client(sts, signed=False).assume_role_with_web_identity(
                    **arguments, WebIdentityToken=_token(source.web_identity_token_file)
                )
            else:
                external = {"ExternalId": source.external_id} if source.external_id else {}
                answer = self._client(sts, signed=True).assume_role(**arguments, **external)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, role) from None
        given = answer["Credentials"]
        return RoleKeys(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            answer["AssumedRoleUser"]["Arn"],
            given["Expiration"],
        )

    def _client(self, sts: Sts, *, signed: bool) -> Any:
        """Kept: making one takes longer than asking it."""
        wanted = (sts.region, sts.endpoint, signed)
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = _new_client(sts, signed=signed)
            return self._clients[wanted]


def _until(moment: datetime) -> str:
    """A session policy: what the role may do, until then."""
    ends = {"DateLessThan": {"aws:CurrentTime": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ends}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _new_client(sts: Sts, *, signed: bool) -> Any:
    own = sts.ambient
    session = boto3.Session(
        aws_access_key_id=own.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=own.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=own.get("AWS_SESSION_TOKEN"),
        region_name=sts.region,
    )
    patience = Config(
        connect_timeout=10,
        read_timeout=20,
        retries={"max_attempts": 3, "mode": "standard"},
        **({} if signed else {"signature_version": UNSIGNED}),
    )
    return session.client("sts", endpoint_url=sts.endpoint, config=patience)


def _token(name: str) -> str:
    try:
        return Path(name).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text"
        hint = "is the token mounted, and readable for Trueup?"
        raise Invalid(f"the web identity token `{name}` cannot be read: {reason}", hint=hint) from None


def _translated(error: ClientError | BotoCoreError, role: str) -> TrueupError:
    if isinstance(error, NoCredentialsError):
        hint = "give Trueup's own process credentials, or name a `webIdentityTokenFile`"
        return Invalid(f"`{role}` cannot be assumed: Trueup's process has no AWS credentials", hint=hint)
    if not isinstance(error, ClientError):
        return Unavailable(f"STS does not answer for `{role}`: {type(error).__name__}")
    told = error.response.get("Error", {})
    code, status = told.get("Code", ""), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED_FOR_NOW or status >= 500:
        return Unavailable(f"STS cannot give `{role}` now: {code}")
    hint = "check the role's trust policy, its external id and its longest session"
    return Rejected(f"STS does not give `{role}`: {code}: {told.get('Message', '')}", hint=hint)
