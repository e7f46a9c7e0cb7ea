"""An office whose infrastructure is DNS: zones in an octoDNS repository, served by a real name server."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import yaml

from tests.stories.small import SmallOffice, open_with
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.stack import Stack
from trueup.system.clock import Clock

NAME = "example.com."
CONFIG = "dns/production.yaml"
ZONE = "dns/zones/example.com.yaml"
FIRST = """\
---
? ''
: - ttl: 300
    type: MX
    values:
      - exchange: mx1.example.net.
        preference: 10
      - exchange: mx2.example.net.
        preference: 20
  # who answers
  - ttl: 3600
    type: NS
    values:
      - ns1.example.com.
ns1:
  ttl: 3600
  type: A
  value: 127.0.0.1
www:
  ttl: 60  # short: it moves between data centres
  type: A
  values:
    - 192.0.2.1
    - 192.0.2.2
"""


class NameService(Protocol):
    """A live system of zones: PowerDNS, Knot, BIND, Route 53."""

    @property
    def environment(self) -> Mapping[str, str]: ...
    def provider(self, **more: Any) -> dict[str, Any]: ...
    def set(self, zone: str, name: str, type: str, *values: str, ttl: int = 300) -> None: ...


@dataclass(frozen=True)
class DnsOffice(SmallOffice):
    """One stack: an octoDNS configuration with the zone example.com."""

    server: NameService

    def stack(self, short: str = "") -> Stack:
        with self.site.store.transaction() as tx:
            (stack,) = tx.stacks()
        return stack

    def by_hand_set(self, name: str, type: str, *values: str, ttl: int = 300) -> None:
        """Somebody edits a record on the server; no values: it goes."""
        self.server.set(NAME, f"{name}.{NAME}" if name else NAME, type, *values, ttl=ttl)

    def zone_at(self, commit: str) -> str:
        return self.terminal.git(self.bare, "show", f"{commit}:{ZONE}")


def configuration(server: NameService, **more: Any) -> str:
    """dns/production.yaml, with comments as people write them."""
    document = {
        "providers": {
            "zones": {"class": "octodns.provider.yaml.YamlProvider", "directory": "./dns/zones"},
            "live": server.provider(),
        },
        "zones": {NAME: {"sources": ["zones"], "targets": ["live"]}},
        **more,
    }
    return f"# Our public zones.\n{yaml.safe_dump(document, sort_keys=False)}"


@contextmanager
def open_zones(
    cloud: Cloud,
    terminal: Terminal,
    place: Path,
    server: NameService,
    *,
    first: str = FIRST,
    clock: Clock | None = None,
    **more: Any,
) -> Iterator[DnsOffice]:
    """Zones in the repository, nothing of them adopted; the keys are in the environment of Trueup's process, unless
    `more` has other sections of trueup.yaml."""
    files = {CONFIG: configuration(server), ZONE: first}
    with patch.dict(os.environ, server.environment), open_with(cloud, terminal, place, files, clock=clock) as small:
        office = DnsOffice(**{each.name: getattr(small, each.name) for each in fields(small)}, server=server)
        sections = {
            "stacks": [{"octodns": f"infra//{CONFIG}", "env": "dev", "verify": "0s"}],
            "credentials": [{"match": {"env": "*"}, "passEnv": sorted(server.environment)}],
            "contexts": [],
        }
        office.govern(sections=sections | more)
        yield office
