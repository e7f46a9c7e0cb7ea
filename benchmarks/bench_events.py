"""From a change in the console to the open drift with a name on it: event posted, burst waited for, plan made."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.figure import Figure
from tests.signals.records import envelope
from tests.stories.small import on_aws
from tests.terraform.aws import make_bucket, rule
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.demo.company import CARLA
from trueup.demo.terminal import Terminal, open_terminal

ROUNDS = 20
GROUPS = ROUNDS + 1
"""One for each round and one that does not count, in one stack."""
AIM = 10.0
PATIENCE = 120.0
CODE = f"""
resource "aws_security_group" "web" {{
  count       = {GROUPS}
  name        = "web-${{count.index}}"
  description = "web"
}}
"""


def measure() -> Iterable[Figure]:
    """Against a real `trueup up`. The emulated AWS writes a record at once, where CloudTrail takes minutes: what is
    measured is what Trueup adds."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name, _live(Path(name)) as (cloud, api):
        times = sorted(_round(cloud, api, number) for number in range(GROUPS))[: GROUPS - 1]
    yield Figure(f"console change to open drift with its origin, p50 of {ROUNDS}", statistics.median(times), "s", AIM)
    yield Figure("the same, p95", times[round(0.95 * ROUNDS) - 1], "s", AIM)


def _round(cloud: Cloud, api: httpx.Client, number: int) -> float:
    """Seconds from the console's call until the API shows the open drift that names it."""
    ec2 = cloud.client("ec2", cloud.console)
    (group,) = ec2.describe_security_groups(GroupNames=[f"web-{number}"])["SecurityGroups"]
    began = time.perf_counter()
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rule(8443))
    record = next(each for each in reversed(cloud.records()) if each.action == "ec2:AuthorizeSecurityGroupIngress")
    taken = api.post("/api/v1/events/aws", json=envelope(dict(record.event)))
    assert taken.json()["accepted"] == 1, taken.text
    _wait(
        lambda: any(_names(drift, record.event["eventID"]) for drift in api.get("/api/v1/drifts").json()), "the drift"
    )
    return time.perf_counter() - began


def _names(drift: Any, event: str) -> bool:
    return drift["state"] == "open" and (drift["origin"] or {}).get("event") == event


@contextmanager
def _live(place: Path) -> Iterator[tuple[Cloud, httpx.Client]]:
    terminal = open_terminal(place / "home", providers.mirror(place / "providers"))
    with Cloud(place / "cloud") as cloud:
        control = _repositories(place, cloud, terminal)
        who = {"AWS_ACCESS_KEY_ID": cloud.trueup.access_key, "AWS_SECRET_ACCESS_KEY": cloud.trueup.secret_key}
        around = {**os.environ, "PATH": terminal.environment["PATH"], **cloud.address, **who}
        data = place / "data"
        words = ["--data", str(data), "up", "--repo", str(control), "--listen", "127.0.0.1:0"]
        log = (place / "up.log").open("wb")
        server = subprocess.Popen([sys.executable, "-m", "trueup", *words], stdout=log, stderr=log, env=around)
        try:
            with _client(data, server) as api:
                _adopt(api)
                yield cloud, api
        finally:
            server.terminate()
            server.wait()
            log.close()


def _repositories(place: Path, cloud: Cloud, terminal: Terminal) -> Path:
    """The stack's repository, applied by hand, and the control repository beside it."""
    infra, control = place / "infra", place / "control"
    for name, text in on_aws(CODE, make_bucket(cloud, "bench-events")).items():
        (infra / "live" / "web").mkdir(parents=True, exist_ok=True)
        (infra / "live" / "web" / name).write_text(text)
    rules = {
        "apiVersion": "trueup.dev/v1",
        "repositories": {"infra": {"url": str(infra)}},
        "stacks": [{"terraform": "infra//live/{name}", "env": "dev"}],
        "environments": {"dev": {"critical": False}},
        "credentials": [{"match": {"env": "*"}, "plan": {"awsRole": cloud.plan_role}}],
        "contexts": [
            {
                "match": {"env": "*"},
                "vars": {"TF_CLI_CONFIG_FILE": terminal.environment["TF_CLI_CONFIG_FILE"], **cloud.address},
            }
        ],
        "people": {"mira": {"aws": ["engineer:mira@acme.example"]}},
    }
    control.mkdir()
    (control / "trueup.yaml").write_text(yaml.safe_dump(rules, sort_keys=False))
    for repository in (infra, control):
        terminal.git(repository, "init", "--quiet", "--initial-branch=main")
        terminal.git(repository, "add", "--all")
        terminal.having(CARLA.signature("2026-11-20T10:00:00Z")).git(repository, "commit", "--quiet", "-m", "Begin")
    hand = terminal.having(cloud.environment(cloud.hand))
    beside = place / "beside"
    hand.git(place, "clone", "--quiet", str(infra), str(beside))
    hand.run(beside / "live" / "web", "init", "-input=false")
    hand.run(beside / "live" / "web", "apply", "-input=false", "-auto-approve")
    return control


@contextmanager
def _client(data: Path, server: "subprocess.Popen[bytes]") -> Iterator[httpx.Client]:
    runtime = data / "runtime.json"
    _wait(lambda: runtime.exists() or server.poll() is not None, "the server")
    known = json.loads(runtime.read_text())
    with httpx.Client(
        base_url=known["url"], headers={"Authorization": f"Bearer {known['token']}"}, timeout=PATIENCE
    ) as api:
        _wait(lambda: api.get("/readyz").status_code == 200, "the server")
        yield api


def _adopt(api: httpx.Client) -> None:
    _wait(lambda: bool(api.get("/api/v1/stacks").json()), "the stack")
    (stack,) = api.get("/api/v1/stacks").json()
    adopted = api.post(f"/api/v1/stacks/{stack['id']}/adopt", json={"reason": "bench"})
    assert adopted.status_code == 200, adopted.text
    _wait(lambda: api.get("/api/v1/stacks").json()[0]["check"]["state"] == "clean", "the first check")


def _wait(holds: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.05)
