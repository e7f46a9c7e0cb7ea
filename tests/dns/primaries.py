"""Knot and BIND: zone transfers and RFC 2136 updates, both signed."""

import base64
import secrets
import shutil
from abc import ABC
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dns.exception
import dns.query
import dns.rcode
import dns.tsig
import dns.update

from tests.dns.process import NameServer

ZONE = """\
$ORIGIN {zone}
$TTL 3600
@ IN SOA ns1.{zone} hostmaster.{zone} 1 3600 600 86400 300
@ IN NS ns1.{zone}
ns1 IN A 127.0.0.1
"""
"""The least that a primary loads; what a test adds stands below it."""


class Primary(NameServer, ABC):
    """A primary of zones that it was started with: AXFR out, RFC 2136 updates in, both signed with one key."""

    algorithm = "hmac-sha256"

    def __init__(self, directory: Path, zones: Mapping[str, str]) -> None:
        """`zones`: name (`example.com.`) to lines of a zone file, which stand below the SOA, an NS and its A."""
        super().__init__(directory)
        self.zones = zones
        self.key_name = "trueup-test"
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.move()

    @property
    def key(self) -> dns.tsig.Key:
        return dns.tsig.Key(self.key_name, self.secret, self.algorithm)

    def write_zones(self) -> Iterator[tuple[str, Path]]:
        """A file for each zone; one that the server wrote since then is left alone."""
        for zone, lines in self.zones.items():
            path = self.directory / f"{zone}zone"
            if not path.exists():
                path.write_text(ZONE.format(zone=zone) + lines)
            yield zone, path

    def ready(self) -> bool:
        try:
            return all(self.ask(zone, "SOA", 0.2) for zone in self.zones)
        except (OSError, dns.exception.DNSException):
            return False

    def update(self, zone: str) -> dns.update.UpdateMessage:
        """A signed update to fill in, then to `send`."""
        return dns.update.UpdateMessage(zone, keyring=self.key)

    def send(self, update: dns.update.UpdateMessage) -> None:
        answer = dns.query.tcp(update, self.host, port=self.port, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(answer.rcode())

    def set(self, zone: str, name: str, type: str, *values: str, ttl: int = 300) -> None:
        """Somebody sets a record by hand: `name` ends with a dot, values as in a zone file. No values: it goes."""
        update = self.update(zone)
        update.delete(name, type)
        for value in values:
            update.add(name, ttl, type, value)
        self.send(update)

    def provider(self, **more: Any) -> dict[str, Any]:
        """Its block in an octoDNS configuration; the key comes out of `environment`."""
        return {
            "class": "octodns_bind.Rfc2136Provider",
            "host": self.host,
            "port": self.port,
            "key_name": self.key_name,
            "key_secret": "env/TSIG_SECRET",
            "key_algorithm": self.algorithm,
            **more,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {"TSIG_SECRET": self.secret}


class Knot(Primary):
    program = "knotd"
    package = "knot"

    def __init__(self, directory: Path, zones: Mapping[str, str], **server: Any) -> None:
        """`server`: further settings of the section of that name, `_` for `-`."""
        super().__init__(directory, zones)
        self.server = server

    def command(self, executable: str) -> list[str]:
        database = self.directory / "database"
        database.mkdir(exist_ok=True)
        server = "".join(f"  {name.replace('_', '-')}: {value}\n" for name, value in self.server.items())
        zones = "".join(f'  - domain: {zone}\n    file: "{path}"\n' for zone, path in self.write_zones())
        configuration = self.directory / "knot.conf"
        configuration.write_text(f"""\
server:
  rundir: "{self.directory}"
  listen: {self.host}@{self.port}
{server}log:
  - target: stderr
    any: info
database:
  storage: "{database}"
key:
  - id: {self.key_name}
    algorithm: {self.algorithm}
    secret: {self.secret}
acl:
  - id: ours
    key: {self.key_name}
    action: [transfer, update]
template:
  - id: default
    storage: "{self.directory}"
    acl: ours
zone:
{zones}""")
        return [executable, "--config", str(configuration)]


class Bind(Primary):
    program = "named"
    package = "bind9"

    def command(self, executable: str) -> list[str]:
        # Where AppArmor confines named, it does so by its path, and to /etc/bind and /var.
        own = self.directory / "named"
        shutil.copy(executable, own)
        policy = f"update-policy {{ grant {self.key_name} zonesub any; }};"
        zones = "".join(
            f'zone "{zone}" {{ type primary; file "{path}"; {policy} }};\n' for zone, path in self.write_zones()
        )
        configuration = self.directory / "named.conf"
        configuration.write_text(f"""\
options {{
  directory "{self.directory}"; pid-file none; session-keyfile none;
  listen-on port {self.port} {{ {self.host}; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; dnssec-validation no; allow-transfer {{ key {self.key_name}; }};
}};
controls {{ }};
key {self.key_name} {{ algorithm {self.algorithm}; secret "{self.secret}"; }};
{zones}""")
        return [str(own), "-g", "-n", "1", "-c", str(configuration)]
