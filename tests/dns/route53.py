"""Route 53 of the emulated AWS: it has no name server, so what is live is read back through its API."""

from collections.abc import Mapping
from typing import Any

from trueup.demo.cloud import REGION, Cloud, Identity


class Route53:
    """Hosted zones of one cloud. `who` signs what octoDNS does; somebody in the console does the rest."""

    def __init__(self, cloud: Cloud, who: Identity | None = None) -> None:
        self.cloud = cloud
        self.who = who or cloud.hand
        self._console = cloud.client("route53", cloud.console)

    def provider(self, **more: Any) -> dict[str, Any]:
        """Its block in an octoDNS configuration; boto3 takes credentials and endpoint out of `environment`."""
        return {"class": "octodns_route53.Route53Provider", **more}

    @property
    def environment(self) -> Mapping[str, str]:
        # botocore reads no AWS_REGION.
        return {**self.cloud.environment(self.who), "AWS_DEFAULT_REGION": REGION}

    def id(self, zone: str) -> str:
        zones = self._console.list_hosted_zones()["HostedZones"]
        (found,) = [each["Id"] for each in zones if each["Name"] == zone]
        return str(found)

    def create(self, zone: str) -> None:
        self._console.create_hosted_zone(Name=zone, CallerReference=f"by hand {zone}")

    def records(self, zone: str) -> dict[tuple[str, str], dict[str, Any]]:
        """What the API has of a zone: (name, type) to the record set."""
        pages = self._console.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.id(zone))
        return {(each["Name"], each["Type"]): each for page in pages for each in page["ResourceRecordSets"]}

    def values(self, zone: str, name: str, type: str) -> set[str]:
        found = self.records(zone).get((name, type), {})
        return {each["Value"] for each in found.get("ResourceRecords", [])}

    def set(self, zone: str, name: str, type: str, *values: str, ttl: int = 300) -> None:
        """Somebody sets a record in the console; no values: it goes."""
        records = [{"Value": value} for value in values]
        change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": type, "TTL": ttl}}
        change["ResourceRecordSet"]["ResourceRecords"] = records
        if not values:
            change = {"Action": "DELETE", "ResourceRecordSet": self.records(zone)[name, type]}
        self._console.change_resource_record_sets(HostedZoneId=self.id(zone), ChangeBatch={"Changes": [change]})
