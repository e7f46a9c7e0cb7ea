"""The version of a state in S3, asked with one HEAD request. The only file of the driver that asks S3."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trueup.model.errors import Rejected, Unavailable


def head(keys: tuple[str, str, str], where: tuple[str, str | None, bool], bucket: str, key: str) -> Mapping[str, str]:
    """ETag and version; empty where there is no such object. `keys`: access key, secret key, session token. `where`:
    region, endpoint, whether buckets are addressed by path. Raises Unavailable, Rejected."""
    try:
        answer = _client(keys, where).head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == 404:
            return {}
        if status < 500:
            raise Rejected(f"S3 does not show the state {bucket}/{key}: {status}") from None
        raise Unavailable(f"S3 does not answer for the state {bucket}/{key}: {status}") from None
    except BotoCoreError as error:
        raise Unavailable(f"S3 does not answer for the state {bucket}/{key}: {type(error).__name__}") from None
    written = answer["LastModified"].isoformat()
    return {"etag": answer["ETag"], "version": answer.get("VersionId", ""), "written": written}


@lru_cache(maxsize=16)
def _client(keys: tuple[str, str, str], where: tuple[str, str | None, bool]) -> Any:
    """Kept with its connections: making one takes longer than asking it. Renewed keys push the old ones out."""
    access_key, secret_key, token = keys
    region, endpoint, by_path = where
    session = boto3.Session(access_key, secret_key, token or None, region_name=region)
    patience = Config(
        connect_timeout=5,
        read_timeout=5,
        retries={"max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": "path" if by_path else "auto"},
    )
    return session.client("s3", endpoint_url=endpoint, config=patience)
