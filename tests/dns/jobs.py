"""Jobs for the DNS driver as the engine would hand them over, and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.terraform.jobs import Diary, Lease, hash_secret
from trueup.drivers.dns.driver import DnsDriver
from trueup.drivers.dns.spec import DnsSpec
from trueup.model.plan import Applied, Plan
from trueup.model.stack import Purpose, StackId
from trueup.model.values import JSON
from trueup.ports.driver import Job, Limits
from trueup.ports.tree import StoredTree, Tree

CONFIG = "dns/production.yaml"
ZONE = "dns/zones/example.com.yaml"
WWW = "www:\n  type: A\n  value: 192.0.2.1\n"
POWERDNS = {"class": "octodns_powerdns.PowerDnsProvider", "host": "192.0.2.53", "api_key": "env/KEY"}
"""A server that nobody asks."""


@dataclass
class Place:
    """One DNS stack on one worker: its directories and what was logged."""

    base: Path
    environment: Mapping[str, str]
    driver: DnsDriver = field(default_factory=DnsDriver)
    format: str = "octodns"
    path: str = CONFIG
    lines: list[str] = field(default_factory=list)

    def job(
        self,
        files: Tree | Mapping[str, str],
        purpose: Purpose = "delivery",
        spec: Mapping[str, JSON] | None = None,
        **changes: Any,
    ) -> Job[DnsSpec]:
        """`changes` replace fields of the job."""
        job: Job[DnsSpec] = Job(
            stack=StackId("stk-0000000001"),
            name="data//dns",
            purpose=purpose,
            spec=self.driver.specs[self.format].model_validate(spec or {}),
            path=self.path,
            tree=tree(files) if isinstance(files, Mapping) else files,
            directory=self.base / "work" / "stk-0000000001",
            environment={"PATH": "/usr/bin:/bin", **self.environment},
            limits=Limits(plan=timedelta(minutes=5), apply=timedelta(minutes=5)),
            hash_secret=hash_secret,
            redact=lambda text: text,
            log=self.lines.append,
            evidence=self.base / "evidence",
            fence=Lease(),
        )
        return replace(job, **changes)

    def plan(self, files: Tree | Mapping[str, str], **given: Any) -> Plan:
        """One observation."""
        with self.driver.observe(self.job(files, **{"purpose": "check", **given})) as observation:
            return observation.plan()

    def apply(self, files: Tree | Mapping[str, str], journal: Diary | None = None, **given: Any) -> Applied:
        """One session: plan and apply."""
        with self.driver.open(self.job(files, **given)) as session:
            return session.apply(session.plan(), journal or Diary())


def tree(files: Mapping[str, str], revision: str = "r1") -> StoredTree:
    return StoredTree(revision, {path: content.encode() for path, content in files.items()})


def config(provider: Mapping[str, JSON], *zones: str, **more: JSON) -> str:
    """An octoDNS configuration: zones out of dns/zones, served by one provider."""
    sources = {"class": "octodns.provider.yaml.YamlProvider", "directory": "./dns/zones"}
    document = {
        "providers": {"zones": sources, "live": dict(provider)},
        "zones": {zone: {"sources": ["zones"], "targets": ["live"]} for zone in zones or ("example.com.",)},
        **more,
    }
    return yaml.safe_dump(document, sort_keys=False)


def with_provider(**block: JSON) -> dict[str, str]:
    """A repository with one zone at one provider."""
    return {CONFIG: config(block), ZONE: WWW}
