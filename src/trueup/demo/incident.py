"""The incident: ports opened by hand at night, and what keeps them open (steps 3 to 8)."""

import time
from functools import partial

from trueup.demo import console
from trueup.demo.cloud import CloudRecord
from trueup.demo.opening import merge, opened
from trueup.demo.people import Edit
from trueup.demo.scene import Scene
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunState
from trueup.model.values import JSON

APP, NETWORKING = "prod/app", "prod/networking"
MAIN = f"environments/{APP}/main.tf"
GROUP = "aws_security_group.web"
PORT = 8443
INTERNAL, CACHE = "aws_security_group.internal", 6379
"""The other group, whose rules are resources of their own, and the port that is opened there."""


def at_night(scene: Scene) -> None:
    """Somebody opens ports in the console, because customers cannot pay. The cloud's own log tells Trueup."""
    tell, facts = scene.telling, scene.facts
    tell.say(
        "Checkout is down. Mira opens 8443 to the company's network in the console, and 6379 on the internal group, "
        "whose rules are resources of their own: it works again."
    )
    began = time.monotonic()
    console.open_port(scene.cloud, "prod", PORT, "incident 4711")
    console.open_port(scene.cloud, "prod", CACHE, "incident 4711", console.INTERNAL)
    _still_open(scene)
    scene.mira.git("fetch", "--quiet", "origin")
    code = scene.mira.git("grep", "-h", "from_port", "origin/main", "--", "environments/prod")
    tell.holds("the code knows of neither", str(PORT) not in code and str(CACHE) not in code, code)
    for stack in (APP, NETWORKING):
        with tell.waiting(f"the event, and a check of {stack}"):
            facts.until(f"{stack} has drifted", partial(facts.drifts, stack), bool)
    tell.say(f"CloudTrail's records arrived; both were found {time.monotonic() - began:.0f} s after the first change.")


def found(scene: Scene) -> None:
    """What the checks found: what, who, since when; in both layouts. Nothing is touched."""
    tell, facts = scene.telling, scene.facts
    scene.carla.types("drift", "list")
    drift = facts.drift(APP)
    scene.carla.types("drift", "show", drift["id"], lines=(16, 0))
    tell.holds(f"the drift is in {GROUP}, and nowhere else", drift["address"] == GROUP, drift)
    origin = drift["origin"] or {}
    tell.holds(
        "it was Mira, and the record says from where and with which call",
        origin.get("actor") == "mira" and origin.get("name") == "AuthorizeSecurityGroupIngress" and origin["address"],
        drift,
    )
    reason = facts.stack(APP)["check"]["reason"]
    tell.holds(f'nobody had to look: the check was made for "{reason}"', "AuthorizeSecurityGroupIngress" in reason)
    child = facts.drift(NETWORKING)
    tell.holds(
        "the other one is in no plan of any Terraform: a rule that no code has, beside those that are resources",
        child["kind"] == "aws_security_group_rule"
        and child["address"].startswith(INTERNAL)
        and {each["cause"] for each in child["differences"]} == {"unmanaged"},
        child,
    )
    tell.holds("and it was Mira as well", (child["origin"] or {}).get("actor") == "mira", child)
    tell.holds(
        f"it says that {PORT} was opened", str(PORT) in str([each["real"] for each in drift["differences"]]), drift
    )
    since = (drift["not_before"], drift["first_seen"])
    tell.holds("and when: after the last clean look, before this one", bool(since[0]) and since[0] < since[1], since)
    _still_open(scene)


def blocked(scene: Scene) -> None:
    """A routine change of the same group is merged; its apply would close the port."""
    tell, facts = scene.telling, scene.facts
    tell.say("Later Ben tags the same group. He knows nothing of that night, and plain Terraform would close the port.")
    old = '    Service     = "checkout"\n'
    head = scene.ben.commits(
        "Tag checkout with its cost centre\n\nTicket: OPS-12",
        Edit(MAIN, old, f'{old}    CostCenter  = "4711"\n'),
        branch="cost-centre",
    )
    number = opened(scene, "cost-centre", "Tag checkout with its cost centre")
    with tell.waiting("the proposal"):
        facts.run_reaching(facts.started(APP, head, "proposal"), RunState.FINISHED)
        request = facts.until(
            "the change request has a status",
            lambda: facts.get("repositories", "infra", "requests", number),
            lambda now: now["statuses"].get("trueup", {}).get("state") not in (None, "pending"),
        )
    status = request["statuses"]["trueup"]
    tell.holds(f'the change request is warned: "{status["description"]}"', status["state"] == "failure", status)
    tell.say("Nobody reads it, and it is merged.")
    commit = merge(scene, number)
    with tell.waiting("the delivery"):
        run = facts.run_reaching(facts.started(APP, commit), RunState.BLOCKED)
    said = scene.ben.types("run", "show", run["id"])
    tell.holds("the delivery is blocked", run["state"] == RunState.BLOCKED)
    drift = facts.drift(APP)
    losses = {(loss["address"], loss["drift"]) for loss in run["losses"]}
    tell.holds(
        "it names the hand-made rule that the apply would have removed",
        losses == {(GROUP, drift["id"])} and str(PORT) in said,
        run,
    )
    causes = {each["cause"] for change in run["changes"] for each in change["differences"]}
    tell.holds("its plan holds an intended change and a ghost revert", {"intended", "ghost_revert"} <= causes, causes)
    tell.holds("nothing of it was applied", "CostCenter" not in console.tags(scene.cloud, "prod", console.WEB))
    _still_open(scene)


def codified(scene: Scene) -> None:
    """The rule is written into the code, by an edit that is proven, and agreed to by somebody else."""
    tell, facts = scene.telling, scene.facts
    drift = facts.drift(APP)
    scene.mira.types(
        "drift", "codify", drift["id"], "--reason", "The payment provider calls back on 8443: it stays", lines=(3, 3)
    )
    drift = facts.get("drifts", drift["id"])
    request = facts.get("repositories", "infra", "requests", drift["request"])
    tell.holds(
        "the edit is proven: a change request, no draft",
        not request["draft"] and drift["state"] == DriftState.CODIFYING,
        request,
    )
    changed = [line for line in request["diff"].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    tell.holds(
        "it only adds lines, so that every comment and every space is where it was",
        bool(changed) and all(line.startswith("+") for line in changed) and str(PORT) in request["diff"],
        changed,
    )
    scene.anna.types("request", "show", f"infra#{request['number']}", lines=(0, 19))
    scene.mira.types("request", "approve", f"infra#{request['number']}", code=1)
    merge(scene, request["number"])


def delivered(scene: Scene) -> None:
    """The routine change applies, and the port stays open."""
    tell, facts = scene.telling, scene.facts
    commit = scene.ben.git("ls-remote", "origin", "refs/heads/main").split()[0]
    before = facts.drift(APP)
    with tell.waiting("the delivery"):
        run = facts.run_reaching(facts.started(APP, commit), RunState.AWAITING_APPROVAL)
    tell.holds("the new delivery took the blocked one's place", _last_blocked(scene)["superseded_by"] == run["id"], run)
    tell.holds(
        "everybody who wrote it is an author, and may not approve",
        {"ben", "mira"} <= set(run["authors"]),
        run["authors"],
    )
    scene.mira.types("run", "approve", run["id"], code=1)
    scene.carla.types("run", "approve", run["id"], lines=(4, 0))
    with tell.waiting("the apply"):
        run = facts.run_reaching(run["id"], RunState.FINISHED)
    tell.holds("the routine change is live", console.tags(scene.cloud, "prod", console.WEB).get("CostCenter") == "4711")
    _still_open(scene)
    drift = facts.get("drifts", before["id"])
    tell.holds("the drift is resolved: codified", drift["resolution"] == Resolution.CODIFIED, drift)
    scene.carla.types("stack", "check", APP, "--exit-code", lines=(3, 0))


def other_layout(scene: Scene) -> None:
    """The rule that no plan sees becomes a resource, and is imported instead of created."""
    tell, facts = scene.telling, scene.facts
    drift = facts.drift(NETWORKING)
    scene.mira.types("stack", "coverage", NETWORKING, lines=(14, 0))
    scene.mira.types(
        "drift", "codify", drift["id"], "--reason", "The new cache: checkout cannot do without", lines=(3, 3)
    )
    drift = facts.get("drifts", drift["id"])
    request = facts.get("repositories", "infra", "requests", drift["request"])
    tell.holds("proven: a change request, no draft", not request["draft"], request)
    scene.anna.types("request", "show", f"infra#{request['number']}", lines=(0, 32))
    tell.holds(
        "it writes a resource beside its siblings, and the block that imports it",
        'resource "aws_security_group_rule"' in request["diff"] and "import {" in request["diff"],
        request["diff"],
    )
    commit = merge(scene, request["number"])
    with tell.waiting("the delivery"):
        run = facts.run_reaching(facts.started(NETWORKING, commit), RunState.AWAITING_APPROVAL)
    scene.carla.types("run", "approve", run["id"], lines=(4, 0))
    with tell.waiting("the import"):
        facts.run_reaching(run["id"], RunState.FINISHED)
    drift = facts.get("drifts", drift["id"])
    tell.holds("the drift is resolved: codified", drift["resolution"] == Resolution.CODIFIED, drift)
    writes = [record.action for record in scene.cloud.records() if _wrote_rules(record, run["id"])]
    tell.holds("nothing was created or removed in the cloud for it", not writes, writes)
    open_ones = console.ports(scene.cloud, "prod", console.INTERNAL)
    tell.holds(f"{CACHE} is open", CACHE in open_ones, sorted(open_ones))
    said = scene.carla.types("stack", "check", NETWORKING, "--exit-code", lines=(3, 0))
    tell.holds("and Terraform manages it: no drift is left", facts.drifts(NETWORKING) == [], said)


def _wrote_rules(record: CloudRecord, run: str) -> bool:
    return record.kind == "write" and record.service == "ec2" and run in record.identity


def _still_open(scene: Scene) -> None:
    open_ones = console.ports(scene.cloud, "prod")
    scene.telling.holds(f"{PORT} is open", PORT in open_ones, sorted(open_ones))


def _last_blocked(scene: Scene) -> JSON:
    """The delivery that gave way most recently."""
    return next(run for run in scene.facts.runs(APP) if run["state"] == RunState.SUPERSEDED)
