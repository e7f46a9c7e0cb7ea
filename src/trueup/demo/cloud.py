"""An emulated AWS with people in it: start it, be somebody in it, and read what it recorded."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import boto3
from botocore.config import Config

from trueup.demo.trail import ACCOUNT, RECORDER, UNREACHABLE
from trueup.model.errors import Unavailable
from trueup.model.values import JSON

REGION = "eu-central-1"
SERVICES = ("dynamodb", "ec2", "iam", "route53", "s3", "secretsmanager", "sqs", "sts")


@dataclass(frozen=True)
class Identity:
    """Somebody with credentials: an IAM user, or the session of a role (then with a token)."""

    name: str
    arn: str
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class CloudRecord:
    """One request as the cloud saw it; `event` is the CloudTrail record that it becomes."""

    sequence: int
    at: datetime
    event: Mapping[str, JSON]

    @property
    def identity(self) -> str:
        """The ARN of who signed; "" for an unsigned request or a key that the cloud does not know."""
        return str(self.event["userIdentity"].get("arn", ""))

    @property
    def access_key(self) -> str:
        return str(self.event["userIdentity"].get("accessKeyId", ""))

    @property
    def service(self) -> str:
        return str(self.event["eventSource"]).partition(".")[0]

    @property
    def action(self) -> str:
        """As in a policy: `ec2:AuthorizeSecurityGroupIngress`."""
        return f"{self.service}:{self.event['eventName']}"

    @property
    def kind(self) -> Literal["read", "write", "session"]:
        if self.service == "sts" and self.event["eventName"].startswith("Assume"):
            return "session"
        return "read" if self.event["readOnly"] else "write"

    @property
    def failed(self) -> bool:
        return "errorCode" in self.event


class Cloud:
    """The emulated AWS while the context lasts: users and roles are there, everything else is empty. Policies count:
    a session of `plan_role` cannot write, and only who is trusted can assume a role.

    `hand` is the IAM user who applied everything first, `console` the session of an engineer in the web console,
    `trueup` the IAM user that may assume `plan_role`, `apply_role` and `break_glass_role`.
    """

    plan_role = f"arn:aws:iam::{ACCOUNT}:role/trueup-plan"
    apply_role = f"arn:aws:iam::{ACCOUNT}:role/trueup-apply"
    break_glass_role = f"arn:aws:iam::{ACCOUNT}:role/trueup-break-glass"
    engineer_role = f"arn:aws:iam::{ACCOUNT}:role/engineer"

    endpoint: str
    administrator: Identity
    hand: Identity
    trueup: Identity
    console: Identity

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the cloud answers and its people are in it. Raises Unavailable with what the process said."""
        self._directory.mkdir(parents=True, exist_ok=True)
        log = self._directory / "server.log"
        with log.open("a") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trueup.demo.emulator", str(self._directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            )
        port = _opened(self._process.stdout).readline().strip()
        if not port:
            self.stop()
            last = log.read_text().strip().rpartition("\n")[2]
            raise Unavailable(
                f"the emulated AWS did not start: {last}", hint="install trueup[demo], which brings moto's server"
            )
        self.endpoint = f"http://127.0.0.1:{port}"
        self._populate()

    def stop(self) -> None:
        """Ends the process, and with it everything that was in this cloud. What was recorded stays readable."""
        process, self._process = self._process, None
        if process is not None:
            _opened(process.stdin).close()
            process.wait()
            _opened(process.stdout).close()

    def environment(self, identity: Identity) -> dict[str, str]:
        """What a command needs to be `identity` in this cloud: credentials, region, endpoints and, for the provider
        (which reads no endpoint from the environment), the Terraform variable `endpoint`."""
        variables = {
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key,
            **({"AWS_SESSION_TOKEN": identity.session_token} if identity.session_token else {}),
        }
        return variables | self.address

    @property
    def address(self) -> dict[str, str]:
        """Where this cloud is, without being anybody in it."""
        return {
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            **{f"AWS_ENDPOINT_URL_{service.upper()}": self.endpoint for service in SERVICES},
            "TF_VAR_endpoint": self.endpoint,
        }

    def client(self, service: str, identity: Identity | None = None) -> Any:
        """A boto3 client as `identity`, the administrator unless somebody is named."""
        who = identity or self.administrator
        session = boto3.Session(who.access_key, who.secret_key, who.session_token or None, region_name=REGION)
        config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return session.client(service, endpoint_url=self.endpoint, config=config)  # type: ignore[call-overload]

    def user(self, name: str, policy: JSON) -> Identity:
        """A new IAM user with an access key."""
        iam = self.client("iam")
        user = iam.create_user(UserName=name)["User"]
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Identity(name, user["Arn"], key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, name: str, policy: JSON, trusted: Identity) -> str:
        """A new role that only `trusted` may assume; its ARN."""
        iam = self.client("iam")
        trust = _policy("Allow", "sts:AssumeRole", Principal={"AWS": trusted.arn})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
        return str(arn)

    def assume(self, role: str, session_name: str, by: Identity) -> Identity:
        """A session of a role, as `by` gets it from STS."""
        answer = self.client("sts", by).assume_role(RoleArn=role, RoleSessionName=session_name)
        key = answer["Credentials"]
        return Identity(
            session_name,
            answer["AssumedRoleUser"]["Arn"],
            key["AccessKeyId"],
            key["SecretAccessKey"],
            key["SessionToken"],
        )

    def records(self, since: datetime | None = None) -> list[CloudRecord]:
        """Every answered request, oldest first; with `since`, those at or after that moment."""
        with (self._directory / RECORDER).open(encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines if line.endswith("\n")]
        records = [
            CloudRecord(entry["sequence"], datetime.fromisoformat(entry["at"]), entry["event"]) for entry in entries
        ]
        return [record for record in records if since is None or record.at >= since]

    def interrupt(self, *services: str) -> None:
        """Makes services (S3 unless others are named) drop every connection without an answer until `restore`."""
        written = self._directory / f"{UNREACHABLE}.new"
        written.write_text("\n".join(services or ("s3",)))
        written.replace(self._directory / UNREACHABLE)

    def restore(self) -> None:
        (self._directory / UNREACHABLE).unlink(missing_ok=True)

    def _populate(self) -> None:
        self.administrator = Identity("bootstrap", "", "AKIAIOSFODNN7EXAMPLE", "bootstrap")
        anything = _policy("Allow", "*")
        self.administrator = self.user("administrator", anything)
        self.hand = self.user("ben", anything)
        self.trueup = self.user("trueup", _policy("Allow", "sts:AssumeRole"))
        sso = self.user("sso", _policy("Allow", "sts:AssumeRole"))
        reading = [f"{service}:{verb}*" for service in SERVICES for verb in ("Describe", "Get", "List")]
        self.role("trueup-plan", _policy("Allow", *reading), self.trueup)
        self.role("trueup-apply", anything, self.trueup)
        self.role("trueup-break-glass", anything, self.trueup)
        self.role("engineer", anything, sso)
        self.console = self.assume(self.engineer_role, "mira@acme.example", sso)


def _policy(effect: str, *actions: str, **more: JSON) -> JSON:
    statement = {
        "Effect": effect,
        "Action": list(actions),
        **({"Resource": "*"} if "Principal" not in more else {}),
        **more,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _opened(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "the process was started with pipes"
    return stream
