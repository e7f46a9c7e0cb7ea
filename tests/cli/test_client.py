"""Client: one way to the API wherever it is, and every silence of a server with its next step."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import Served, Trueup
from tests.web.site import OWNER
from trueup.cli import client
from trueup.cli.client import Api, connect
from trueup.cli.invocation import Invocation, Output
from trueup.model.errors import Broken, Invalid, Place, Refused, Rejected, TrueupError, Unavailable
from trueup.settings import DATA_PATIENCE
from trueup.system.locks import DataLock
from trueup.web.runtime import Runtime, announce

PLACE = {"file": "f", "line": 2, "column": 3}
ANSWERS = {
    "/api/v1/html": (200, "<html>a proxy's page</html>"),
    "/api/v1/gateway": (502, "<html>bad gateway</html>"),
    "/api/v1/shut": (401, ""),
    "/api/v1/nothing": (404, "nothing here"),
    "/api/v1/moved": (302, ""),
    "/api/v1/empty": (200, ""),
    **{
        f"/api/v1/{kind}": (
            422,
            json.dumps({"error": {"kind": kind, "message": "m", "place": PLACE, "hint": "h"}}),
        )
        for kind in ("invalid", "refused", "rejected", "unavailable", "broken", "unheard")
    },
}


class Handler(BaseHTTPRequestHandler):
    """A server that is not, or not only, a Trueup."""

    silence = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/api/v1/silent":
            self.silence.wait(30)
        if self.path == "/api/v1/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return
        status, text = ANSWERS.get(self.path, (200, "{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with connect(Invocation(Output.TABLE, url, "t", tmp_path, "", "")) as made:
        yield made
    Handler.silence.set()
    server.shutdown()
    server.server_close()
    Handler.silence.clear()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("invalid", Invalid),
        ("refused", Refused),
        ("rejected", Rejected),
        ("unavailable", Unavailable),
        ("broken", Broken),
        ("unheard", Broken),
    ],
)
def test_an_error_of_the_server_is_raised_again_with_its_place_and_hint(
    api: Api, kind: str, error: type[TrueupError]
) -> None:
    """The kinds of the API are the kinds of the model; one that nobody knows is a bug."""
    with pytest.raises(error) as caught:
        api.get(kind)
    assert (caught.value.message, caught.value.place, caught.value.hint) == ("m", Place("f", 2, 3), "h")


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("html", Unavailable, "no JSON"),
        ("gateway", Unavailable, "502"),
        ("shut", Refused, "does not let you in"),
        ("nothing", Invalid, "knows no /api/v1/nothing"),
        ("moved", Unavailable, "302"),
        ("cut", Unavailable, "stopped answering"),
    ],
)
def test_what_is_no_answer_of_a_trueup_says_so(api: Api, where: str, error: type[TrueupError], words: str) -> None:
    """Proxies, other servers and connections that break: each with a hint."""
    with pytest.raises(error, match=words) as caught:
        api.get(where)
    assert caught.value.hint


def test_a_server_that_says_nothing_is_given_up_with_what_to_look_at(api: Api) -> None:
    """After the patience of that request; it may still be at work."""
    with pytest.raises(Unavailable, match="no answer within") as caught:
        api.get("silent", patience=0.2)
    assert "trueup run list" in caught.value.hint


def test_an_empty_answer_is_none(api: Api) -> None:
    """Some verbs have nothing to say."""
    assert api.get("empty") is None


def test_nobody_at_the_door_says_how_to_start_one(tmp_path: Path) -> None:
    """A port where nothing listens."""
    nobody = Invocation(Output.TABLE, "http://127.0.0.1:9", "", tmp_path, "", "")
    with connect(nobody) as api, pytest.raises(Unavailable, match="nothing answers") as caught:
        api.get("stacks")
    assert "trueup up" in caught.value.hint


def test_names_are_one_segment_of_a_path() -> None:
    """A stack's full name has slashes; they are quoted."""
    assert client.path("stacks", "aws//prod/app@eu", "plan") == "/stacks/aws%2F%2Fprod%2Fapp%40eu/plan"


@pytest.fixture
def running(served: Served, tmp_path: Path) -> Iterator[Path]:
    """A data directory that this process has, with its API announced in it."""
    data = tmp_path / "own-data"
    with DataLock(data) as lock:
        lock.acquire(url=served.url)
        announce(data, Runtime(served.url, os.getpid(), OWNER))
        yield data


def test_a_running_up_is_found_in_its_data_directory(say: Trueup, running: Path) -> None:
    """No URL and no token typed: the note in the data directory has both."""
    said = say("stack", "list", "--data", str(running))
    assert said.code == 0, said.err
    assert "infra//environments/prod/app" in said.out


def test_the_doctor_asks_a_running_up(say: Trueup, running: Path) -> None:
    """And says where it asked."""
    assert "The server at http://127.0.0.1:" in say("doctor", "--data", str(running)).out


def test_a_note_of_a_process_that_is_gone_is_stale(tmp_path: Path) -> None:
    """A killed process leaves its note behind and not its lock: the note counts for nothing."""
    announce(tmp_path, Runtime("http://127.0.0.1:9", os.getpid(), "t"))
    assert client.beside(tmp_path) is None
    with DataLock(tmp_path) as lock:
        lock.acquire()
        announce(tmp_path, Runtime("http://127.0.0.1:9", os.getpid() + 1, "t"))
        assert client.beside(tmp_path) is None


def test_another_command_is_waited_for_and_an_up_that_starts_is_used(tmp_path: Path) -> None:
    """Two commands at once take turns; one that never ends is left to the lock's own words."""
    with DataLock(tmp_path) as lock:
        lock.acquire()
        pauses: list[float] = []
        assert client.awaited(tmp_path, pauses.append) is None
        assert sum(pauses) == pytest.approx(DATA_PATIENCE, abs=1)

        def starts_to_listen(_: float) -> None:
            announce(tmp_path, Runtime("http://127.0.0.1:9", os.getpid(), "t"))

        found = client.awaited(tmp_path, starts_to_listen)
        assert found is not None and found.url == "http://127.0.0.1:9"
    assert client.awaited(tmp_path, pauses.append) is None
