"""Secrets of AWS: Secrets Manager (`awssm:`) and Parameter Store (`awsssm:`). The only file that asks them."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable

_MISSING = ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound")
_BUSY = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalServiceError", "ServiceUnavailable")
_PATIENCE = Config(connect_timeout=10, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


def from_secrets_manager(name: str, region: str | None) -> str:
    """The current version's text, with the credentials of Trueup's own process."""
    answer = _ask("secretsmanager", region, "get_secret_value", f"awssm:{name}", SecretId=name)
    if "SecretString" not in answer:
        raise Invalid(f"`awssm:{name}` holds bytes, not a text", hint="store it as a text or as JSON")
    return str(answer["SecretString"])


def from_parameter_store(name: str, region: str | None) -> str:
    """The decrypted value, with the credentials of Trueup's own process."""
    answer = _ask("ssm", region, "get_parameter", f"awsssm:{name}", Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def _ask(service: Any, region: str | None, operation: str, reference: str, **arguments: Any) -> dict[str, Any]:
    try:
        client = boto3.Session(region_name=region).client(service, config=_PATIENCE)
        answer: dict[str, Any] = getattr(client, operation)(**arguments)
    except (ClientError, BotoCoreError) as error:
        raise _translated(error, reference) from None
    return answer


def _translated(error: ClientError | BotoCoreError, reference: str) -> TrueupError:
    if isinstance(error, NoCredentialsError | NoRegionError):
        hint = "give Trueup's own process credentials and AWS_REGION, or use `file:` or `env:`"
        return Invalid(f"`{reference}` cannot be read: {error}", hint=hint)
    if not isinstance(error, ClientError):
        return Unavailable(f"AWS does not answer for `{reference}`: {type(error).__name__}")
    code = error.response.get("Error", {}).get("Code", "")
    if code in _MISSING:
        return Invalid(f"there is no `{reference}` in this account and region", hint="check the name, or create it")
    if code in _BUSY:
        return Unavailable(f"AWS is busy (`{reference}`): {code}")
    return Rejected(f"AWS does not give `{reference}`: {code}", hint="let Trueup's own identity read this secret")
