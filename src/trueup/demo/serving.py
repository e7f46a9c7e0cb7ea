"""How the story's servers start: at free ports, again at others where somebody was quicker, asked until they answer."""

import socket
import time
from collections.abc import Callable, Sequence

from trueup.model.errors import Broken
from trueup.system.companion import Companion
from trueup.system.processes import Command

LOG = "server.log"
STARTS = 5
SECONDS = 60.0
"""For one start on a busy machine."""
_BEGIN = f'echo started; exec "$@" >>{LOG} 2>&1'


def logged(words: Sequence[str]) -> tuple[str, ...]:
    """The same program: what it says goes into LOG of its working directory."""
    return ("sh", "-c", _BEGIN, "sh", *words)


def serve(command: Callable[[], Command], ready: Callable[[], bool]) -> Companion:
    """A `logged` server that answers; `command` is asked again, for other ports, when one ended. Raises Broken."""
    for _ in range(STARTS):
        order = command()
        server = Companion(order, seconds=SECONDS)
        deadline = time.monotonic() + SECONDS
        while server.alive and time.monotonic() < deadline:
            if ready():
                return server
            time.sleep(0.05)
        server.end()
    said = (order.cwd / LOG).read_text(errors="replace").strip().splitlines()[-5:]
    raise Broken("\n  ".join(["a server of the story did not start:", *said]))


def free_port() -> int:
    """A port of loopback that is free for UDP and TCP now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
