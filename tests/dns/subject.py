"""DNS in the suite that every driver passes: a PowerDNS with its API, zones in an octoDNS configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.dns.jobs import CONFIG, ZONE, Place, config, tree
from tests.dns.powerdns import PowerDNS
from trueup.drivers.dns.driver import DnsDriver
from trueup.model.plan import Address, Resource
from trueup.model.stack import Purpose
from trueup.ports.driver import Job
from trueup.ports.tree import Tree

NAME = "example.com."
FIRST = """\
---
'':
  - ttl: 300
    type: MX
    values:
      - exchange: mx1.example.com.
        preference: 10
      - exchange: mx2.example.com.
        preference: 20
  - type: NS
    values:
      - ns1.example.com.
      - ns2.example.com.
www:
  ttl: 300  # short on purpose
  type: A
  values:
    - 192.0.2.1
    - 192.0.2.2
"""
SECOND = FIRST.replace("192.0.2.2", "192.0.2.3")
REFUSED = "zz:\n  octodns:\n    lenient: true\n  type: CNAME\n  value: not..a..name.\n"


class DnsSubject:
    """A Subject (tests/conformance/subject.py)."""

    settled: Mapping[Address, Resource] | None = None

    def __init__(self, server: PowerDNS, directory: Path) -> None:
        self._server = server
        self.driver = DnsDriver()
        self._place = Place(directory, server.environment, self.driver)
        self.canary = server.key

    @property
    def lines(self) -> list[str]:
        return self._place.lines

    def first(self) -> Tree:
        return self._zone(FIRST)

    def second(self) -> Tree:
        return self._zone(SECOND)

    def mistaken(self) -> Tree:
        provider = {"class": "subprocess.Popen", "shell": True}
        return tree({CONFIG: config(provider), ZONE: FIRST})

    def rejected(self) -> Tree:
        return self._zone(FIRST + REFUSED)

    def job(self, tree: Tree, purpose: Purpose, **changes: Any) -> Job[Any]:
        return self._place.job(tree, purpose, **{"settled": lambda: self.settled, **changes})

    def drift(self) -> Address:
        self._server.set(NAME, f"www.{NAME}", "A", "192.0.2.1", "192.0.2.99", ttl=60)
        return Address("example.com.:www:A")

    def writes(self) -> int:
        """Every write moves the serial of its zone."""
        return sum(int(zone["serial"]) for zone in self._server.api("GET", "/zones"))

    def _zone(self, text: str) -> Tree:
        return tree({CONFIG: config(self._server.provider()), ZONE: text})
