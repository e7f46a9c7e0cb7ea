"""The command line without a server: the whole of Trueup in its own process, and a `trueup up` beside it."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.web.site import Control

RUN = "from trueup.cli.main import main; main()"
PROD = "infra//environments/prod/app"


def _trueup(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TRUEUP_DATA": str(data), "TRUEUP_AS": "anna"}
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], capture_output=True, text=True, env=environment, timeout=300, check=False
    )


def test_a_command_brings_everything_with_it_and_then_finds_a_running_up(tmp_path: Path) -> None:
    """First alone, naming the control repository; two at once take turns; then beside `trueup up`, which answers."""
    control, data = Control(tmp_path), tmp_path / "data"
    unknown = _trueup(data, "stack", "list")
    assert unknown.returncode == 2
    assert "--repo" in unknown.stderr
    alone = _trueup(data, "adopt", "prod/app", "--reason", "first", "--repo", str(control.directory), "-o", "json")
    assert alone.returncode == 0, alone.stderr
    assert json.loads(alone.stdout)["standing"] == "settled"
    with ThreadPoolExecutor() as both:
        at_once = list(both.map(lambda noun: _trueup(data, noun, "list").returncode, ["stack", "drift"]))
    assert at_once == [0, 0]
    environment = {**os.environ, "TRUEUP_DATA": str(data)}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "up", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=environment
    ) as up:
        try:
            assert up.stderr is not None
            assert "Trueup answers at http://127.0.0.1:" in up.stderr.readline()
            beside = _trueup(data, "stack", "show", "prod/app", "-o", "json")
            assert beside.returncode == 0, beside.stderr
            assert json.loads(beside.stdout)["standing"] == "settled"
            checked = _trueup(data, "stack", "check", "prod/app", "-o", "json")
            assert json.loads(checked.stdout)["state"] == "clean", checked.stderr
            second = _trueup(data, "up", "--listen", "127.0.0.1:0")
            assert second.returncode == 1
            assert "in use" in second.stderr
        finally:
            up.send_signal(signal.SIGINT)
            assert up.wait(120) == 0
