"""A token: equal while nobody wrote the state and a plan would be made of the same code, inputs and programs.

It costs one small request to the state's bucket, or a look into the vault. Where neither is possible there is none, and
every check plans. The backend as `init` resolved it is in `terraform.tfstate` of Terraform's data directory; format:
https://github.com/hashicorp/terraform/blob/main/internal/command/workdir/backend_state.go
"""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from trueup.drivers.terraform.prepared import Prepared
from trueup.drivers.terraform.providers import pinned
from trueup.model.plan import LiveIdentity
from trueup.model.values import JSON, digest_bytes

HEARD = frozenset({"hashicorp/aws"})
"""Providers whose live system has a log that Trueup hears."""
LIFELESS = frozenset(f"hashicorp/{name}" for name in ("archive", "null", "random", "time", "tls"))
"""Providers that have no live system: nobody can change by hand what they made."""
_CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
"""Renewed all the time; what they open stays the same."""
_UNDERSTOOD = frozenset(
    {
        *("bucket", "key", "region", "workspace_key_prefix", "endpoint", "endpoints", "encrypt", "kms_key_id", "acl"),
        *("use_path_style", "force_path_style", "use_lockfile", "dynamodb_table", "max_retries", "retry_mode"),
        *("skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check"),
        *("skip_region_validation", "skip_s3_checksum"),
    }
)
"""Settings of the S3 backend under which the state is where these say, for the credentials of the environment."""


def token_of(prepared: Prepared) -> LiveIdentity:
    """Empty where there is none. Raises Unavailable, Rejected."""
    if not prepared.stamp.is_current() or not _all_heard(prepared):
        return LiveIdentity()
    state = _state(prepared)
    return LiveIdentity({**state, "basis": _basis(prepared)} if state else {})


def _all_heard(prepared: Prepared) -> bool:
    """Whether a change by hand of anything in this stack would be in a log."""
    used = {name for _, source in prepared.root.sources() for name in source.providers}
    locked = {address.partition("/")[2] for address in pinned(prepared.client.workdir.lock_file())}
    return locked <= HEARD | LIFELESS and (bool(locked) or used <= {"terraform"})


def _basis(prepared: Prepared) -> str:
    job, client = prepared.job, prepared.client
    environment = {name: value for name, value in job.environment.items() if name not in _CREDENTIALS}
    given = [environment, dict(job.inputs), job.spec.model_dump(mode="json"), job.destroy, job.path]
    made_of = [prepared.root.closure.digest, client.engine.label, digest_bytes(client.workdir.lock_file())]
    return job.hash_secret([*given, *made_of])


def _state(prepared: Prepared) -> Mapping[str, str]:
    if prepared.holds_state:
        newest = prepared.kept.vault.newest() if prepared.kept is not None else None
        return {"state": digest_bytes(newest)} if newest is not None else {}
    resolved = prepared.client.workdir.data / "terraform.tfstate"
    if not resolved.exists():
        return {}
    backend = json.loads(resolved.read_text(encoding="utf-8")).get("backend") or {}
    settings = {name: value for name, value in backend.get("config", {}).items() if value not in (None, "", [], {})}
    if backend.get("type") != "s3" or not settings.keys() <= _UNDERSTOOD:
        return {}
    return _in_s3(settings, prepared.job.spec.workspace, prepared.client.environment)


def _in_s3(settings: Mapping[str, JSON], workspace: str | None, environment: Mapping[str, str]) -> Mapping[str, str]:
    key = settings["key"]
    if workspace and workspace != "default":
        key = f"{settings.get('workspace_key_prefix', 'env:')}/{workspace}/{key}"
    region = settings.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region or not _CREDENTIALS - {"AWS_SESSION_TOKEN"} <= environment.keys():
        return {}
    of_s3 = (settings.get("endpoints") or {}).get("s3") or settings.get("endpoint")
    endpoint = of_s3 or environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    head = _s3()
    if head is None:
        return {}
    by_path = bool(settings.get("use_path_style") or settings.get("force_path_style"))
    keys = tuple(environment.get(name, "") for name in sorted(_CREDENTIALS))
    found: Mapping[str, str] = head(keys, (region, endpoint, by_path), settings["bucket"], key)
    return found


def _s3() -> Callable[..., Any] | None:
    """boto3 is optional, and slow to import: it is loaded when the first state in a bucket is asked for."""
    try:
        head: Callable[..., Any] = import_module("trueup.drivers.terraform.token_s3").head
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("boto3", "botocore"):
            raise
        return None
    return head
