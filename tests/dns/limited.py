"""A real HTTP server in front of PowerDNS' API that hands requests on, and answers some of them itself: 429, 502."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.dns.powerdns import PowerDNS

Refuses = Callable[[str, str], int]
"""Method and path to the status that is answered in the server's place; 0: the request is handed on."""


class Limited:
    """A gateway that limits; `asked` are the methods and paths that came."""

    def __init__(self, server: PowerDNS, refuses: Refuses) -> None:
        self.server, self.refuses = server, refuses
        self.asked: list[tuple[str, str]] = []
        self._http = ThreadingHTTPServer((server.host, 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(gateway: Limited) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            gateway.asked.append((self.command, self.path))
            status = gateway.refuses(self.command, self.path)
            if status:
                self._say(status, b'{"error": "rate limit exceeded"}')
                return
            headers = {name: self.headers[name] for name in ("X-API-Key", "Content-Type") if name in self.headers}
            request = urllib.request.Request(gateway.server.url + self.path, body, headers, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    self._say(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    self._say(error.code, error.read())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: what was asked is in `asked`."""

    return Handler
