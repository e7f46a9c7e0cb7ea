"""Stands between octoDNS and a name server, hands everything on, and does something at the n-th update."""

import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from trueup.demo.serving import free_port

UPDATE = 5


@dataclass
class Between:
    """`at_update(number)` is called with each update before it is handed on; False: the connection ends instead."""

    host: str
    port: int
    """Of the real server."""
    at_update: Callable[[int], bool] = lambda number: True
    own_port: int = field(default_factory=free_port)
    updates: int = 0

    def __enter__(self) -> "Between":
        self._listener = socket.create_server((self.host, self.own_port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                with client, socket.create_connection((self.host, self.port)) as server:
                    self._exchange(client, server)
            except OSError:
                continue  # the real one is down: so is this one

    def _exchange(self, client: socket.socket, server: socket.socket) -> None:
        while question := _message(client):
            if (question[4] >> 3) & 15 == UPDATE:
                self.updates += 1
                if not self.at_update(self.updates):
                    return
            server.sendall(question)
            while client not in select.select([client, server], [], [])[0]:
                answer = server.recv(65536)
                if not answer:
                    return
                client.sendall(answer)


def _message(client: socket.socket) -> bytes:
    """One DNS message over TCP, with its length before it."""
    head = client.recv(2, socket.MSG_WAITALL)
    return head + client.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL) if len(head) == 2 else b""
