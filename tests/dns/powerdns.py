"""PowerDNS with its API, over an SQLite file."""

import json
import secrets
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.dns.process import Absent, NameServer
from trueup.demo.serving import free_port

SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")


class PowerDNS(NameServer):
    """PowerDNS over an SQLite file: zones come and go through its API."""

    program = "pdns_server"
    package = "pdns-server pdns-backend-sqlite3"

    def __init__(self, directory: Path, **settings: str) -> None:
        """`settings`: options by their names with `_` for `-`."""
        super().__init__(directory)
        self.settings = settings
        self.key = f"key-{secrets.token_hex(12)}"
        self.move()

    def move(self) -> None:
        self.port, self.api_port = free_port(), free_port()

    @property
    def database(self) -> Path:
        return self.directory / "zones.db"

    def command(self, executable: str) -> list[str]:
        if not SCHEMA.exists():
            raise Absent(f"the SQLite backend of PowerDNS is absent: apt-get install {self.package}")
        if not self.database.exists():
            with sqlite3.connect(self.database) as database:
                database.executescript(SCHEMA.read_text())
            database.close()
        (self.directory / "pdns.conf").touch()
        options = {
            "config-dir": self.directory,
            "socket-dir": self.directory,
            "daemon": "no",
            "guardian": "no",
            "launch": "gsqlite3",
            "gsqlite3-database": self.database,
            "gsqlite3-pragma-synchronous": 0,
            "local-address": self.host,
            "local-port": self.port,
            "api": "yes",
            "api-key": self.key,
            "webserver": "yes",
            "webserver-port": self.api_port,
            # Otherwise an answer from before an edit may be repeated for 20 or 60 seconds.
            "query-cache-ttl": 0,
            "cache-ttl": 0,
            "negquery-cache-ttl": 0,
            "zone-cache-refresh-interval": 0,
            **{name.replace("_", "-"): value for name, value in self.settings.items()},
        }
        return [executable, *(f"--{name}={value}" for name, value in options.items())]

    def ready(self) -> bool:
        try:
            self.api("GET", "")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.api_port}"

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call, path below /api/v1/servers/localhost; the answer's JSON. Raises HTTPError."""
        return call(f"{self.url}/api/v1/servers/localhost{path}", method, self.key, body)

    def create(self, zone: str, soa_edit_api: str = "DEFAULT", **more: Any) -> None:
        """A zone with its two NS and the SOA of the server."""
        body = {"name": zone, "kind": "Native", "nameservers": [f"ns1.{zone}"], "soa_edit_api": soa_edit_api, **more}
        self.api("POST", "/zones", body)

    def set(self, zone: str, name: str, type: str, *values: str, ttl: int = 300, disabled: bool = False) -> None:
        """Somebody sets a record by hand: `name` ends with a dot, values as in a zone file. No values: it goes."""
        records = [{"content": value, "disabled": disabled} for value in values]
        rrset = {"name": name, "type": type, "ttl": ttl, "records": records}
        rrset["changetype"] = "REPLACE" if values else "DELETE"
        self.api("PATCH", f"/zones/{zone}", {"rrsets": [rrset]})

    def rrsets(self, zone: str) -> dict[tuple[str, str], dict[str, Any]]:
        """What the API has of a zone: (name, type) to the record set."""
        return {(each["name"], each["type"]): each for each in self.api("GET", f"/zones/{zone}")["rrsets"]}

    def provider(self, **more: Any) -> dict[str, Any]:
        """Its block in an octoDNS configuration; the key comes out of `environment`."""
        return {
            "class": "octodns_powerdns.PowerDnsProvider",
            "host": self.host,
            "port": self.api_port,
            "api_key": "env/POWERDNS_API_KEY",
            "enable_dynamic": False,
            **more,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {"POWERDNS_API_KEY": self.key}


def call(url: str, method: str, key: str, body: Any = None) -> Any:
    """One request to an API of PowerDNS; the answer's JSON. Raises HTTPError, URLError."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None
