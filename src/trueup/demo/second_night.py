"""The next night, by the book: break-glass from its opening to its change request; and a deadline that passes."""

import sys
from datetime import UTC, datetime

from trueup.demo import console
from trueup.demo.incident import APP
from trueup.demo.opening import merge
from trueup.demo.people import Edit
from trueup.demo.scene import Scene
from trueup.manifests.layouts import FILE
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunState
from trueup.model.values import JSON

PORT = 9443
TOOL = "open-port"
SCRIPT = """\
#!{python}
import sys
import boto3

name, port = sys.argv[1], int(sys.argv[2])
ec2 = boto3.client("ec2")
found = ec2.describe_security_groups(Filters=[
    {{"Name": "group-name", "Values": [name]}}, {{"Name": "tag:Environment", "Values": ["prod"]}},
])
ec2.authorize_security_group_ingress(
    GroupId=found["SecurityGroups"][0]["GroupId"], IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="10.0.0.0/8"
)
print(f"{{name}}: {{port}} is open, by", boto3.client("sts").get_caller_identity()["Arn"].rpartition("/")[2])
"""
"""What an engineer keeps for such nights."""


def by_the_book(scene: Scene) -> None:
    """The same engineer, the same need; this time it is written down, for an hour, and followed up."""
    tell, facts = scene.telling, scene.facts
    _install_tool(scene)
    scene.mira.types(
        *("break-glass", "open", "--stack", APP, "--because", "outage", "--ttl", "60m"),
        *("--ticket", "INC-4712", "--reason", "The callback of the payment provider moved to 9443"),
    )
    glass = facts.get("break-glass")[0]
    scene.mira.types("break-glass", "exec", glass["id"], "--", TOOL, console.WEB, str(PORT))
    tell.holds(f"{PORT} is open", PORT in console.ports(scene.cloud, "prod"))
    with tell.waiting("the event, and a check"):
        drift = facts.until("it is found", lambda: facts.drifts(APP), bool)[0]
    origin = drift["origin"] or {}
    tell.holds(
        "the cloud's own log says that it was Mira, and under which break-glass",
        (origin.get("actor"), origin.get("break_glass")) == ("mira", glass["id"]),
        drift,
    )
    scene.mira.types("break-glass", "close", glass["id"], lines=(6, 0))
    with tell.waiting("a check, and a change request"):
        drift = facts.until(
            "it is written into code",
            lambda: facts.get("drifts", drift["id"]),
            lambda now: now["state"] == DriftState.CODIFYING,
        )
    request = facts.get("repositories", "infra", "requests", drift["request"])
    tell.holds("at its end Trueup wrote it into code by itself, proven", not request["draft"], request)
    commit = merge(scene, request["number"])
    with tell.waiting("the delivery"):
        run = facts.run_reaching(facts.started(APP, commit), RunState.FINISHED)
    tell.holds("its delivery had nothing left to apply", run["changes"] == [], run)
    page = scene.anna.types("break-glass", "show", glass["id"])
    tell.holds("one page tells what changed, by whom, and where it was codified", str(PORT) in page, page)
    resolved = facts.get("drifts", drift["id"])
    tell.holds("the drift is resolved: codified", resolved["resolution"] == Resolution.CODIFIED, resolved)
    tell.holds(f"{PORT} is open", PORT in console.ports(scene.cloud, "prod"))


def _install_tool(scene: Scene) -> None:
    tool = scene.tools / TOOL
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(SCRIPT.format(python=sys.executable))
    tool.chmod(0o755)


def deadline(scene: Scene) -> None:
    """Drift that nobody decides about does not grow old in silence."""
    tell, facts = scene.telling, scene.facts
    tell.say("Usually drift must be decided within 48 hours. Carla gives dev ten seconds, for this story.")
    scene.carla.commits(
        "Dev may not stay drifted", Edit(FILE, "dev: {mode: deliver}", "dev: {mode: deliver, deadline: 10s}")
    )
    console.retag(scene.cloud, "dev", console.INTERNAL, "Team", "nobody")
    with tell.waiting("the event, and a check"):
        facts.until("dev has drifted", lambda: facts.drifts("dev/networking"), bool)
    drift = facts.drift("dev/networking")
    with tell.waiting("the deadline"):
        breaches: list[JSON] = facts.until("it passes", lambda: facts.get("ledger", kind="drift.breached"), bool)
    mine = [each for each in breaches if each["details"]["drift"] == drift["id"]]
    tell.holds("the breach is in the ledger, with whose it was", bool(mine and mine[0]["details"]["owner"]), breaches)
    tell.say(f"  {mine[0]['summary']}")
    scene.carla.types("drift", "revert", drift["id"], "--reason", "Team is platform", lines=(9, 0))
    with tell.waiting("the revert"):
        run = facts.runs("dev/networking", "revert")[0]
        facts.run_reaching(run["id"], RunState.FINISHED)
    team = console.tags(scene.cloud, "dev", console.INTERNAL).get("Team")
    tell.holds("a person decided: the tag is what it was", team == "platform", team)


def incident_view(scene: Scene) -> None:
    """A call in the morning: what changed shortly before?"""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = scene.anna.types("what-changed", "--around", now, lines=(15, 0))
    first = said.partition("\n2. ")[0]
    scene.telling.holds(
        "first comes what undid something made by hand, and whose it was", "REVERTED" in first and "mira" in first, said
    )
