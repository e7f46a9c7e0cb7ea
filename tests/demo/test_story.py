"""`trueup demo`: the whole story, what it says when a promise is broken, and that nothing of it stays behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trueup.demo import console, incident, story
from trueup.demo.people import TRUEUP
from trueup.demo.scene import Scene
from trueup.settings import DemoOptions
from trueup.system.locks import holder
from trueup.system.supervised import JobFiles, wait_until_gone

NUMBERS = list(range(1, len(story.STEPS) + 1))


@pytest.mark.xdist_group("story")
def test_every_step_holds(tmp_path: Path) -> None:
    """The title story from adoption to the altered ledger, as its own command tells it; nothing is left behind."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    told = subprocess.run(
        [*TRUEUP, "demo", "--once", "--output", "json"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["ok"]
    assert [step["number"] for step in document["steps"]] == NUMBERS
    for step in document["steps"]:
        assert step["ok"] and step["held"] and not step["error"], step
        assert 0 < step["seconds"] < document["seconds"]
    commands = [typed["command"] for step in document["steps"] for typed in step["typed"]]
    assert {"adopt", "audit-self", "drift", "break-glass", "run", "request", "what-changed", "ledger"} <= {
        command.split()[1] for command in commands
    }
    assert list(tmp_path.iterdir()) == []


def make_group(scene: Scene) -> None:
    """What the night needs: the checkout's security groups in prod, without a company around it."""
    ec2 = scene.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    for name in (console.WEB, console.INTERNAL):
        made = ec2.create_security_group(GroupName=name, Description="Checkout", VpcId=vpc)
        ec2.create_tags(Resources=[made["GroupId"]], Tags=[{"Key": "Environment", "Value": "prod"}])


def test_a_broken_promise_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody closes 8443 again: the story ends with 1, and says what was expected, what is there, and where."""
    open_port = console.open_port

    def open_and_close(*words: object) -> None:
        open_port(*words)  # type: ignore[arg-type]
        console.close_port(*words[:3])  # type: ignore[arg-type]

    monkeypatch.setattr(console, "open_port", open_and_close)
    monkeypatch.setattr(story, "STEPS", (("A group", make_group), ("The night", incident.at_night)))
    code = story.run(DemoOptions(once=True, json=True, keep=tmp_path / "kept"))
    said = capsys.readouterr()
    assert code == 1
    document = json.loads(said.out)
    assert not document["ok"]
    assert [step["ok"] for step in document["steps"]] == [True, False]
    assert "expected: 8443 is open" in document["steps"][1]["error"]
    assert "expected: 8443 is open" in said.err and str(tmp_path / "kept") in said.err


def test_a_place_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """The story never mixes with what somebody else has there."""
    (tmp_path / "mine").write_text("precious")
    told = subprocess.run([*TRUEUP, "demo", "--keep", str(tmp_path)], capture_output=True, text=True)
    assert told.returncode == 2
    assert "is not empty" in told.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


STAYING = """
import sys
from pathlib import Path
from trueup.demo import story
from trueup.settings import DemoOptions

def start(scene):
    git = scene.terminal.git
    git(scene.directory, "init", "--quiet", "--initial-branch=main", str(scene.laptop))
    git(scene.directory, "init", "--quiet", "--bare", "--initial-branch=main", str(scene.bare))
    git(scene.laptop, "remote", "add", "origin", str(scene.bare))
    (scene.laptop / "trueup.yaml").write_text("apiVersion: trueup.dev/v1\\nstacks: []\\n")
    scene.carla.pushes("Nothing yet")
    scene.start_trueup()
    print("ready", scene.directory, scene.cloud.endpoint, flush=True)

story.STEPS = (("Trueup runs", start),)
sys.exit(story.run(DemoOptions()))
"""


def ends(endpoint: str, seconds: float = 60) -> bool:
    """Nobody listens there any more, in the end."""
    deadline = time.monotonic() + seconds
    port = int(endpoint.rpartition(":")[2])
    while time.monotonic() < deadline:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["interrupted", "ended", "killed"],
)
def test_its_processes_end_with_it(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """However the story is ended, its Trueup and its cloud end too; asked politely, its directory goes as well."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", STAYING], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = next(line for line in process.stdout if line.startswith("ready"))
        directory, endpoint = Path(ready.split()[1]), ready.split()[2]
        assert holder(directory / "data") is not None
        assert any(line.startswith("Ctrl-C") for line in process.stdout)
        process.send_signal(number)
        process.stdout.read()
    assert process.returncode == code
    assert wait_until_gone(JobFiles(directory / "up"), seconds=120)
    assert holder(directory / "data") is None
    assert ends(endpoint)
    assert directory.exists() == (number is signal.SIGKILL)
    if directory.exists():
        story.remove(directory)


def test_the_chapter_tells_this_story() -> None:
    """docs/demo.md holds a transcript with every step as the story has it, and no path of any machine."""
    text = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()
    for number, (title, _) in enumerate(story.STEPS, 1):
        assert f"\n{number}. {title}\n" in text
    assert "/tmp/" not in text and "/home/" not in text and str(Path.home()) not in text
