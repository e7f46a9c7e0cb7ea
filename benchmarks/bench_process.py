"""The process itself: how soon the command line answers, and how much memory an idle server holds."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from trueup.demo.company import CARLA

MAIN = [sys.executable, "-m", "trueup"]
PATIENCE = 60.0


def measure() -> Iterable[Figure]:
    subprocess.run([*MAIN, "--help"], check=True, stdout=subprocess.DEVNULL)
    yield Figure("trueup --help", statistics.median(_help() for _ in range(9)), "s", 0.4)
    yield Figure("idle memory of trueup up", _idle_memory(), "MB", 250)


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([*MAIN, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _idle_memory() -> float:
    """Resident memory (VmRSS) once the server says that it is ready."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        place = Path(name)
        control = place / "control"
        control.mkdir()
        (control / "trueup.yaml").write_text("apiVersion: trueup.dev/v1\nstacks: []\n")
        environment = {**os.environ, **CARLA.signature("2026-11-20T10:00:00Z")}
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "control"]):
            subprocess.run(["git", *words], cwd=control, check=True, env=environment)
        data = place / "data"
        arguments = ["--data", str(data), "up", "--repo", str(control), "--listen", "127.0.0.1:0"]
        server = subprocess.Popen([*MAIN, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_until_ready(data, server)
            status = Path(f"/proc/{server.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0]) / 1024
        finally:
            server.terminate()
            server.wait()


def _wait_until_ready(data: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        if (data / "runtime.json").exists():
            url = json.loads((data / "runtime.json").read_text())["url"]
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the server did not get ready")
