"""Live children on AWS, by read calls only. The only file that asks for them; boto3 is optional and slow to import, so
this module is loaded when there is something to ask."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.session import Session

from trueup.drivers.terraform.children import Call, Found, Gap, Live, Parent, Watch
from trueup.drivers.terraform.children_providers import Reach
from trueup.model.address import Address
from trueup.model.values import JSON
from trueup.settings import INVENTORY_SECONDS

_AT_ONCE = 8
_MOST = 200
"""Values that a filter of EC2 takes."""
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_BAD_KEYS = ("AuthFailure", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId")
_GONE = ("NoSuchEntity", "NoSuchHostedZone", "NoSuchBucket")
_ACTION = re.compile(r"to perform: ([\w-]+:\w+)")
_FROM_FILES = ("assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file", "custom-process")
"""Ways to credentials that start from a profile; none of them is this process's own environment."""
_LOADER = create_loader()
"""Descriptions of services are megabytes: read once in a process."""


@dataclass(frozen=True)
class Ask:
    """Children of one kind, of parents that are asked for in one account and region."""

    watch: Watch
    parents: tuple[Parent, ...]
    reach: Reach
    region: str


@dataclass(frozen=True)
class _Unknown(Exception):
    """Why nobody can be asked."""

    why: str
    hint: str


class Aws:
    """One job's way to AWS: credentials and region from the job's environment and the provider block, never from this
    process. Clients are kept: making one takes longer than asking it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, Reach, str], Any] = {}

    def look(self, asks: Iterable[Ask], is_managed: Callable[[str], bool]) -> Found:
        """All at once, for a limited time. What is not answered is a gap; nothing is raised. Details of children that
        something manages are not asked for."""
        until = time.monotonic() + INVENTORY_SECONDS
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="inventory")
        begun = [(unit, pool.submit(self._children, unit, is_managed)) for ask in asks for unit in _units(ask)]
        live: dict[tuple[str, Address], Sequence[Live]] = {}
        gaps: dict[tuple[str, str, str], Gap] = {}
        for unit, future in begun:
            found, why, hint = _answer(unit, future, until - time.monotonic())
            live |= {(unit.watch.kind, address): children for address, children in found.items()}
            missing = tuple(parent.address for parent in unit.parents if parent.address not in found)
            if missing:
                key = (unit.watch.kind, why, hint)
                before = gaps[key].parents if key in gaps else ()
                gaps[key] = Gap(unit.watch, (*before, *missing), why, hint)
        pool.shutdown(wait=False, cancel_futures=True)
        return Found(live, tuple(gaps.values()))

    def _children(self, unit: Ask, is_managed: Callable[[str], bool]) -> dict[Address, list[Live]]:
        call, client = unit.watch.call, self._client(unit)
        if call.owner:
            filters = [{"Name": call.by, "Values": [parent.name for parent in unit.parents]}]
            records = {record[call.owner]: record for record in _records(client, call, {"Filters": filters})}
            return {
                parent.address: list(unit.watch.read(parent, records[parent.name]))
                for parent in unit.parents
                if parent.name in records
            }
        (parent,) = unit.parents
        return {parent.address: list(_of_one(client, unit.watch, parent, is_managed))}

    def _client(self, ask: Ask) -> Any:
        wanted = (ask.watch.call.service, ask.reach, ask.region)
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = self._made(*wanted)
            return self._clients[wanted]

    def _made(self, service: str, reach: Reach, region: str) -> Any:
        told = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION") or ""
        where = region or reach.region or told
        if reach.untold and set(reach.untold) & {"role_arn", "profile", "external_id", f"{service}"}:
            hint = "constants and variables of the root module can be told"
            raise _Unknown(f"its provider's {', '.join(reach.untold)} cannot be told without an evaluation", hint)
        if not where and service not in ("iam", "route53"):
            raise _Unknown("its region cannot be told", "set AWS_REGION in `contexts`, or `region` in the provider")
        session = self._session(reach.profile)
        if reach.role:
            session = self._assumed(session, reach, where or "us-east-1")
        return self._client_of(session, service, reach, where or "us-east-1")

    def _client_of(self, session: Session, service: str, reach: Reach, region: str, *, signed: bool = True) -> Any:
        given = self._environment
        own = dict(reach.endpoints).get(service) or given.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        endpoint = own or given.get("AWS_ENDPOINT_URL") or None
        proxies = {scheme: url for scheme in ("http", "https") if (url := given.get(f"{scheme.upper()}_PROXY"))}
        config = Config(
            connect_timeout=5,
            read_timeout=15,
            retries={"max_attempts": 4, "mode": "adaptive"},
            max_pool_connections=_AT_ONCE,
            proxies=proxies or None,
            s3={"addressing_style": "path"} if endpoint else None,
            **{"ignore_configured_endpoint_urls": True, **({} if signed else {"signature_version": UNSIGNED})},
        )
        own_session = boto3.Session(botocore_session=session, region_name=region)
        verify = given.get("AWS_CA_BUNDLE")
        return own_session.client(service, endpoint_url=endpoint, config=config, verify=verify)  # type: ignore[call-overload]

    def _session(self, profile: str) -> Session:
        """With the job's keys, its profile, or its token. Raises _Unknown: an instance's own role would be ours."""
        given, session = self._environment, _new_session()
        if given.get("AWS_ACCESS_KEY_ID"):
            secret, token = given.get("AWS_SECRET_ACCESS_KEY", ""), given.get("AWS_SESSION_TOKEN")
            session.set_credentials(given["AWS_ACCESS_KEY_ID"], secret, token)
            return session
        if given.get("AWS_WEB_IDENTITY_TOKEN_FILE") and given.get("AWS_ROLE_ARN"):
            return self._by_token(given["AWS_WEB_IDENTITY_TOKEN_FILE"], given["AWS_ROLE_ARN"])
        name = profile or given.get("AWS_PROFILE", "")
        home = Path(given.get("HOME") or "/nonexistent") / ".aws"
        files = {
            "credentials_file": given.get("AWS_SHARED_CREDENTIALS_FILE") or str(home / "credentials"),
            "config_file": given.get("AWS_CONFIG_FILE") or str(home / "config"),
        }
        if not name and not any(Path(file).exists() for file in files.values()):
            hint = "name an `awsRole` in `credentials`, or pass keys or a profile on with `passEnv`"
            raise _Unknown("the job has no credentials of AWS in its environment", hint)
        for variable, file in files.items():
            session.set_config_variable(variable, file)
        session.set_config_variable("profile", name or "default")
        resolver = session.get_component("credential_provider")
        resolver.providers = [each for each in resolver.providers if each.METHOD in _FROM_FILES]
        return session

    def _by_token(self, file: str, role: str) -> Session:
        region = self._environment.get("AWS_REGION") or "us-east-1"
        client = self._client_of(_new_session(), "sts", Reach(), region, signed=False)
        try:
            token = Path(file).read_text()
        except OSError as error:
            raise _Unknown(f"the web identity token cannot be read: {error.strerror}", "is it mounted?") from None
        named = {"RoleArn": role, "RoleSessionName": "trueup-inventory", "WebIdentityToken": token.strip()}
        return _with_keys(client.assume_role_with_web_identity(**named))

    def _assumed(self, session: Session, reach: Reach, region: str) -> Session:
        client = self._client_of(session, "sts", reach, region)
        external = {"ExternalId": reach.external_id} if reach.external_id else {}
        return _with_keys(client.assume_role(RoleArn=reach.role, RoleSessionName="trueup-inventory", **external))


def _new_session() -> Session:
    session = Session()
    session.register_component("data_loader", _LOADER)
    return session


def _with_keys(answer: Mapping[str, Any]) -> Session:
    session, keys = _new_session(), answer["Credentials"]
    session.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return session


def _units(ask: Ask) -> Iterator[Ask]:
    """What one call can answer."""
    size = _MOST if ask.watch.call.owner else 1
    for first in range(0, len(ask.parents), size):
        yield Ask(ask.watch, ask.parents[first : first + size], ask.reach, ask.region)


def _of_one(client: Any, watch: Watch, parent: Parent, is_managed: Callable[[str], bool]) -> Iterator[Live]:
    call = watch.call
    for record in _records(client, call, {call.by: parent.name}):
        for live in watch.read(parent, record):
            if not call.detail or is_managed(live.identity):
                yield live
            else:
                yield from watch.read(
                    parent, getattr(client, call.detail)(**{call.by: parent.name, call.detail_by: record})
                )


def _records(client: Any, call: Call, arguments: Mapping[str, Any]) -> Iterator[JSON]:
    try:
        if client.can_paginate(call.operation):
            for page in client.get_paginator(call.operation).paginate(**arguments):
                yield from page[call.result]
            return
        answer = getattr(client, call.operation)(**arguments)[call.result]
    except ClientError as error:
        if _code(error) in call.absent:
            return
        raise
    yield from answer if isinstance(answer, list) else [answer]


def _answer(
    unit: Ask, future: "Future[dict[Address, list[Live]]]", patience: float
) -> tuple[dict[Address, list[Live]], str, str]:
    """What was found, and why the rest was not."""
    try:
        return future.result(timeout=max(patience, 0)), "AWS does not find it there", "it may be in another account"
    except Late:
        return {}, f"AWS took longer than {INVENTORY_SECONDS:g} seconds", "the next check looks again"
    except _Unknown as error:
        return {}, error.why, error.hint
    except ClientError as error:
        return {}, *_refused(error, unit.watch.call)
    except BotoCoreError as error:
        return {}, f"AWS does not answer: {type(error).__name__}", "the next check looks again"


def _refused(error: ClientError, call: Call) -> tuple[str, str]:
    code, message = _code(error), error.response.get("Error", {}).get("Message", "")
    if code in _DENIED:
        named = _ACTION.search(message)
        action = named[1] if named else " and ".join(call.permissions)
        return f"{action} is not allowed", f"allow {action} to who plans"
    if code in _BAD_KEYS:
        return f"AWS does not know these credentials: {code}", "look at `credentials` of this stack"
    if code in _GONE:
        return "AWS does not find it there", "it may be in another account"
    return f"AWS says {code}", "the next check looks again"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
