"""The server's life: a real process, a real socket, real signals."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.web.site import OWNER
from trueup.model.errors import Unavailable
from trueup.web.runtime import RUNTIME, Runtime, announce, running, withdraw
from trueup.web.server import Life, Listen, serve

ROOT = Path(__file__).parents[2]
IDLE = Life(lambda: None, lambda: None)


class Served:
    """A serving process; `line()` waits for what it says next."""

    def __init__(self, base: Path, engine: str) -> None:
        command = [sys.executable, "-m", "tests.web.served", str(base), engine]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[str], Served]]:
    started: list[Served] = []

    def start(engine: str) -> Served:
        started.append(Served(tmp_path, engine))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_a_server_answers_until_it_is_asked_to_stop(served: Callable[[str], Served], tmp_path: Path) -> None:
    """Where it listens stands in a file for this user alone, which is gone at the end; the engine stops gracefully."""
    process, note = served("quick"), tmp_path / "data" / RUNTIME
    url = process.line().removeprefix("listening ")
    assert note.stat().st_mode & 0o777 == 0o600
    runtime = running(tmp_path / "data")
    assert runtime == Runtime(url, process.process.pid, OWNER)
    assert process.line() == "started"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {runtime.token}"}) as client:
        assert client.get("/api/v1/whoami", headers={"X-Trueup-As": "anna"}).json()["person"] == "anna"
        assert "server" not in client.get("/healthz").headers
        assert len(client.get("/api/v1/stacks/infra%2F%2Fenvironments%2Fprod%2Fapp").json()["name"]) > 0
        process.signal()
        assert process.line() == "stopping"
    assert process.line() == "ended"
    assert process.process.wait() == 0
    assert not note.exists()


def test_a_forwarded_address_is_not_believed(served: Callable[[str], Served]) -> None:
    """A header does not make a stranger look like this machine, nor this machine like a stranger."""
    process = served("quick")
    url = process.line().removeprefix("listening ")
    headers = {"Authorization": f"Bearer {OWNER}", "X-Forwarded-For": "203.0.113.7"}
    assert httpx.get(f"{url}/api/v1/whoami", headers=headers).status_code == 200
    assert httpx.get(f"{url}/metrics").status_code == 200
    assert httpx.get(f"{url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    served: Callable[[str], Served], tmp_path: Path, number: signal.Signals
) -> None:
    """While the engine still stops, requests are answered; asked again, nothing is waited for, and nobody is sent to
    a server that is gone."""
    process = served("slow")
    url = process.line().removeprefix("listening ")
    assert process.line() == "started"
    process.signal(number)
    assert process.line() == "stopping"
    assert httpx.get(f"{url}/healthz").status_code == 200
    process.signal(number)
    assert process.process.wait() == 1
    assert running(tmp_path / "data") is None


def test_an_engine_that_cannot_start_ends_the_server(served: Callable[[str], Served], tmp_path: Path) -> None:
    """Its error reaches whoever started the server, and nobody is sent to a server that is gone."""
    process = served("broken")
    assert process.line().startswith("listening")
    assert process.line() == "refused the engine has no key"
    assert process.process.wait() == 1
    assert running(tmp_path / "data") is None


def test_a_taken_address_is_said(tmp_path: Path) -> None:
    """With the address, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen at 127.0.0.1:{port}") as caught:
            serve(None, Listen(port=port), tmp_path, OWNER, IDLE)  # type: ignore[arg-type]
    assert "--listen" in caught.value.hint


def test_the_note_of_a_later_process_is_left_alone(tmp_path: Path) -> None:
    """Whoever ends takes only its own away; a note that is no JSON is no note."""
    first, later = Runtime("http://127.0.0.1:1", 1, "a"), Runtime("http://127.0.0.1:2", 2, "b")
    announce(tmp_path, first)
    announce(tmp_path, later)
    withdraw(tmp_path, first)
    assert running(tmp_path) == later
    withdraw(tmp_path, later)
    assert running(tmp_path) is None
    (tmp_path / RUNTIME).write_text("{")
    assert running(tmp_path) is None


@pytest.mark.parametrize(
    ("host", "url", "loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:8484", True),
        ("::1", "http://[::1]:8484", True),
        ("localhost", "http://localhost:8484", True),
        ("0.0.0.0", "http://127.0.0.1:8484", False),
        ("::", "http://[::1]:8484", False),
        ("192.0.2.1", "http://192.0.2.1:8484", False),
    ],
)
def test_this_machine_reaches_it_under_a_url(host: str, url: str, loopback: bool) -> None:
    """Also where it listens at every address."""
    listen = Listen(host)
    assert (listen.url(8484), listen.loopback) == (url, loopback)
