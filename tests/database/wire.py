"""A wire to a PostgreSQL server that can be cut at the worst moment."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cut_behind(port: int, command: bytes) -> Iterator[int]:
    """A port that leads to the server's. The first connection that sends the command is cut when the server has
    answered it, and the answer is never delivered; all others are left alone."""
    cut = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=_carry, args=(client, port, command, cut), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]


def _carry(client: socket.socket, port: int, command: bytes, cut: threading.Event) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server, contextlib.suppress(OSError):
        deaf = threading.Event()
        threading.Thread(target=_answers, args=(server, client, deaf), daemon=True).start()
        while sent := client.recv(65536):
            if command in sent and not cut.is_set():
                cut.set()
                deaf.set()
            server.sendall(sent)


def _answers(server: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while answer := server.recv(65536):
            if deaf.is_set():
                break
            client.sendall(answer)
        client.shutdown(socket.SHUT_RDWR)
