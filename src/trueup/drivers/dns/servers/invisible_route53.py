"""What Route 53 has in a hosted zone that octoDNS does not see. Loaded when there is such a zone: boto3 comes with
octodns-route53, and takes long to import.

Format: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html and API_GetHostedZone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trueup.drivers.dns.servers.invisible_nouns import HOSTED_ZONE, SETTING, UNSUPPORTED, Ask, Target, short, soa_child
from trueup.drivers.dns.signal import resolved
from trueup.model.child import Child
from trueup.model.errors import Rejected, Unavailable
from trueup.model.values import JSON

SUPPORTED = frozenset({"A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "TXT"})
"""Types that octodns-route53 1.3 reads; aliases of any type are one of its own."""
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch"}
)
"""Answers that trying again does not change."""
REGION = "us-east-1"
"""Route 53 is one for the whole world; its endpoint is signed for this one."""


@contextmanager
def opened(settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Iterator[Ask]:
    """With the credentials that octoDNS' provider takes: its own settings, else the environment's."""
    given = {name: resolved(value, environment) for name, value in settings.items()}
    key = given.get("access_key_id") or environment.get("AWS_ACCESS_KEY_ID")
    secret = given.get("secret_access_key") or environment.get("AWS_SECRET_ACCESS_KEY")
    if not (key and secret) or given.get("role_arn") or given.get("profile"):
        # boto3 would go on to look for credentials of this process, which are nobody's business here.
        raise Unavailable("the provider takes its credentials from a role or a profile, not from keys")
    token = given.get("session_token") or environment.get("AWS_SESSION_TOKEN")
    session = boto3.Session(str(key), str(secret), str(token) if token else None, region_name=REGION)
    client = session.client("route53", endpoint_url=_endpoint(environment), config=Config(retries={"max_attempts": 8}))
    ids: dict[str, str] = {}

    def ask(zone: Target) -> list[Child]:
        try:
            if not ids:
                ids.update(_hosted(client))
            return list(_children(client, ids, zone))
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            kind = Rejected if code in DENIED else Unavailable
            raise kind(f"Route 53 answers {code}: {error}") from None
        except BotoCoreError as error:
            raise Unavailable(f"Route 53 does not answer: {error}") from None

    yield ask


def _endpoint(environment: Mapping[str, str]) -> str | None:
    return environment.get("AWS_ENDPOINT_URL_ROUTE_53") or environment.get("AWS_ENDPOINT_URL")


def _hosted(client: Any) -> dict[str, str]:
    """Zone to id: the public one where a private one has the same name."""
    pages = client.get_paginator("list_hosted_zones").paginate()
    zones = [each for page in pages for each in page["HostedZones"]]
    private_first = sorted(zones, key=lambda each: not each.get("Config", {}).get("PrivateZone", False))
    return {each["Name"]: each["Id"] for each in private_first}


def _children(client: Any, ids: Mapping[str, str], zone: Target) -> Iterator[Child]:
    if zone.zone not in ids:
        raise Unavailable(f"Route 53 has no hosted zone {zone.zone}")
    id = ids[zone.zone]
    # Under this name CloudTrail speaks of the zone; a zone that was made anew by hand has another one.
    name = id.removeprefix("/hostedzone/")
    yield Child(zone.address, SETTING, HOSTED_ZONE, {"value": name}, identity=name)
    comment = client.get_hosted_zone(Id=id)["HostedZone"].get("Config", {}).get("Comment")
    if comment:
        yield Child(zone.address, SETTING, "comment", {"value": comment})
    for page in client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id):
        for each in page["ResourceRecordSets"]:
            yield from _of_set(zone, each)


def _of_set(zone: Target, said: Mapping[str, Any]) -> Iterator[Child]:
    type = said["Type"]
    if type in SUPPORTED or "AliasTarget" in said:
        return
    values = sorted(each["Value"] for each in said.get("ResourceRecords", ()))
    if type == "SOA":
        yield from soa_child(zone.address, said.get("TTL"), values)
        return
    name = said["Name"].replace("\\052", "*", 1)
    key = " ".join(part for part in (short(name, zone.zone), type, said.get("SetIdentifier", "")) if part)
    yield Child(zone.address, UNSUPPORTED, key, {"ttl": said.get("TTL"), "values": values})
