"""The company's name server: a real PowerDNS with its API, where one is installed."""

import shutil
import socket
import sqlite3
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from trueup.model.errors import Broken, Invalid
from trueup.model.values import JSON
from trueup.system.companion import Companion
from trueup.system.processes import Command

PROGRAM = "pdns_server"
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
INSTALL = "apt install pdns-server pdns-backend-sqlite3"
SECONDS = 60.0


def absent() -> bool:
    return _program() is None or not SCHEMA.exists()


class NameServer:
    """Runs while the context lasts, also when this process is killed."""

    def __init__(self, directory: Path, key: str) -> None:
        self.directory, self.key = directory, key
        self.port, self.api_port = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM)
        self._server: Companion | None = None
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.api_port}/api/v1/servers/localhost",
            headers={"X-API-Key": key},
            timeout=SECONDS,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Raises Invalid where it is not installed."""
        program = _program()
        if program is None or not SCHEMA.exists():
            raise Invalid("there is no PowerDNS here", hint=INSTALL)
        self.directory.mkdir(parents=True)
        (self.directory / "pdns.conf").touch()
        database = self.directory / "zones.db"
        with sqlite3.connect(database) as connection:
            connection.executescript(SCHEMA.read_text())
        connection.close()
        options = {
            "config-dir": self.directory,
            "socket-dir": self.directory,
            "daemon": "no",
            "guardian": "no",
            "launch": "gsqlite3",
            "gsqlite3-database": database,
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
        command = Command(("sh", "-c", 'exec "$@" 2>&1', "sh", program, *words), self.directory, {"LC_ALL": "C.UTF-8"})
        self._server = Companion(command, seconds=SECONDS)
        self._until_ready()
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

    def _until_ready(self) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self._called(self._http.get("/zones"))
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise Broken(f"the name server does not answer: {error}") from error
                time.sleep(0.05)
            else:
                return


def _program() -> str | None:
    """Also where an ordinary person's PATH does not look."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin:/usr/local/sbin")


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
