"""What the command line's tests share: a real site behind a real HTTP server, and a terminal that nobody looks at."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from tests.web.site import OWNER, Bench, bench
from trueup.cli.main import run


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Trueup = Callable[..., Said]


@dataclass(frozen=True)
class Served:
    site: Bench
    url: str


@contextmanager
def serving(app: object) -> Iterator[str]:
    """The app at a free port of this machine, until the end of the block."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none", access_log=False)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ends = time.monotonic() + 30
    while not server.started and time.monotonic() < ends and thread.is_alive():
        threading.Event().wait(0.01)
    assert server.started, "the server did not start"
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with bench(tmp_path) as site, serving(site.app) as url:
        yield Served(site, url)


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trueup:
    """One command line in this process, without a server unless one is named."""
    for name in ("SERVER", "TOKEN", "DATA", "REPO", "AS", "DATABASE"):
        monkeypatch.delenv(f"TRUEUP_{name}", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TRUEUP_DATA", str(tmp_path / "own-data"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def command(*words: str) -> Said:
        code = run(list(words))
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return command


@pytest.fixture
def trueup(say: Trueup, served: Served, monkeypatch: pytest.MonkeyPatch) -> Trueup:
    """The same with the owner's token of a real site."""
    monkeypatch.setenv("TRUEUP_SERVER", served.url)
    monkeypatch.setenv("TRUEUP_TOKEN", OWNER)
    return say
