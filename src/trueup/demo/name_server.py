"""The company's name server: a real PowerDNS with its API, where one is installed."""

import shutil
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from trueup.demo.serving import SECONDS, free_port, logged, serve
from trueup.model.errors import Broken, Invalid
from trueup.model.values import JSON
from trueup.system.companion import Companion
from trueup.system.processes import Command

PROGRAM = "pdns_server"
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
INSTALL = "apt install pdns-server pdns-backend-sqlite3"


def absent() -> bool:
    return _program() is None or not SCHEMA.exists()


class NameServer:
    """Runs while the context lasts, also when this process is killed."""

    def __init__(self, directory: Path, key: str) -> None:
        self.directory, self.key = directory, key
        self.port = self.api_port = 0
        self._server: Companion | None = None
        self._http = httpx.Client(headers={"X-API-Key": key}, timeout=SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Raises Invalid where it is not installed."""
        program = _program()
        if program is None or not SCHEMA.exists():
            raise Invalid("there is no PowerDNS here", hint=INSTALL)
        self.directory.mkdir(parents=True)
        (self.directory / "pdns.conf").touch()
        with sqlite3.connect(self.directory / "zones.db") as connection:
            connection.executescript(SCHEMA.read_text())
        connection.close()
        self._server = serve(lambda: self._command(program), self._ready)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()
        if self._server is not None:
            self._server.end()

    def create(self, zone: str) -> None:
        body = {"name": zone, "kind": "Native", "nameservers": [f"ns1.{zone}"], "soa_edit_api": "DEFAULT"}
        self._called(self._http.post("/zones", json=body))

    def sets(self, zone: str, name: str, type: str, *values: str, ttl: int = 3600) -> None:
        """As somebody does by hand; `name` has its last dot, values are written as in a zone file."""
        records = [{"content": value, "disabled": False} for value in values]
        rrset = {"name": name, "type": type, "ttl": ttl, "changetype": "REPLACE", "records": records}
        self._called(self._http.patch(f"/zones/{zone}", json={"rrsets": [rrset]}))

    def values(self, zone: str, name: str, type: str) -> list[str]:
        answer: JSON = self._called(self._http.get(f"/zones/{zone}"))
        found = (each for each in answer["rrsets"] if (each["name"], each["type"]) == (name, type))
        return sorted(str(record["content"]) for each in found for record in each["records"])

    def _called(self, answer: httpx.Response) -> JSON:
        if not answer.is_success:
            raise Broken(f"the name server answered {answer.status_code}: {answer.text[:200]}")
        return answer.json() if answer.content else None

    def _command(self, program: str) -> Command:
        self.port, self.api_port = free_port(), free_port()
        self._http.base_url = httpx.URL(f"http://127.0.0.1:{self.api_port}/api/v1/servers/localhost")
        options = {
            "config-dir": self.directory,
            # A socket's whole path has room for 107 bytes (unix(7)): it is told from where the server runs.
            "socket-dir": ".",
            "daemon": "no",
            "guardian": "no",
            "launch": "gsqlite3",
            "gsqlite3-database": self.directory / "zones.db",
            "local-address": "127.0.0.1",
            "local-port": self.port,
            "api": "yes",
            "api-key": self.key,
            "webserver": "yes",
            "webserver-port": self.api_port,
            # An answer from before an edit would be repeated for a while otherwise.
            "query-cache-ttl": 0,
            "cache-ttl": 0,
            "zone-cache-refresh-interval": 0,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return Command(logged([program, *words]), self.directory, {"LC_ALL": "C.UTF-8"})

    def _ready(self) -> bool:
        try:
            return self._http.get("/zones").is_success
        except httpx.TransportError:
            return False


def _program() -> str | None:
    """Also where an ordinary person's PATH does not look."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin:/usr/local/sbin")
