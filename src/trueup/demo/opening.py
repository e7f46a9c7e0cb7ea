"""The opening: a company that works by hand, Trueup beside it, and the first change request (steps 1 and 2)."""

import json

from trueup.demo import company, console, control
from trueup.demo.people import Edit
from trueup.demo.scene import Scene
from trueup.manifests.layouts import FILE
from trueup.model.run import RunState
from trueup.model.values import JSON

STACKS = ("dev/networking", "dev/app", "prod/networking", "prod/app")
SIGHTS = {"dev/networking": "drifted", "dev/app": "pending", "prod/networking": "clean", "prod/app": "clean"}
"""What adoption finds."""

HEALTH_CHECKS = """\

  # the load balancers look from our own subnets
  ingress {
    description = "Health checks"
    from_port   = 8080
    to_port     = 8080
    protocol    = "tcp"
    cidr_blocks = var.subnet_cidrs
  }

  egress {
"""


def adoption(scene: Scene) -> None:
    """A company with Terraform in Git, live and applied by hand. Trueup is pointed at it, and only looks."""
    tell = scene.telling
    tell.say("Acme's Terraform is in Git and live, applied from laptops. State is in S3. Nobody knows Trueup yet.")
    _live_by_hand(scene)
    tell.say(
        "Meanwhile, as everywhere: Ben merged a tag that nobody applied (dev/app), and Mira changed another one in "
        "the console (dev/networking)."
    )
    scene.ben.commits(
        "Tag checkout in dev with its team",
        Edit(
            "environments/dev/app/main.tf",
            'Service     = "checkout"',
            'Service     = "checkout"\n    Team        = "shop"',
        ),
    )
    console.retag(scene.cloud, "dev", console.INTERNAL, "Team", "sre")
    _point_trueup_at_it(scene)
    seen = scene.carla.types("adopt", lines=(5, 0))
    for stack, sight in SIGHTS.items():
        told = next((line for line in seen.splitlines() if f"environments/{stack} " in line), "")
        tell.holds(f"{stack} is seen as {sight}", f" {sight} " in told, seen)
    reason = ("--reason", "first books, looked at with Ben")
    scene.carla.types_side_by_side(*(("adopt", stack, *reason) for stack in STACKS), lines=(2, 0))
    tell.holds(
        "carla settled every stack, and the hand-made tag is an open drift instead of being forgotten",
        all(scene.facts.stack(stack)["standing"] == "settled" for stack in STACKS)
        and [drift["address"] for drift in scene.facts.drifts("dev/networking")] == ["aws_security_group.internal"],
        scene.facts.get("drifts"),
    )
    _nothing_written(scene)
    _deliver(scene)


def _live_by_hand(scene: Scene) -> None:
    with scene.telling.waiting("terraform apply, by hand, in dev and prod"):
        company.seed(scene.laptop, scene.cloud, scene.terminal)
        company.apply_by_hand(scene.laptop, scene.cloud, scene.terminal)
    scene.terminal.git(scene.directory, "clone", "--quiet", "--bare", str(scene.laptop), str(scene.bare))
    scene.terminal.git(scene.laptop, "remote", "add", "origin", str(scene.bare))


def _point_trueup_at_it(scene: Scene) -> None:
    scene.carla.git("pull", "--quiet", "origin", "main")
    scene.carla.types("init")
    file = scene.laptop / FILE
    file.write_text(control.observing(file.read_text(), scene.cloud, scene.terminal))
    scene.carla.types("validate")
    scene.carla.pushes("Let Trueup observe")
    with scene.telling.waiting("trueup up"):
        scene.start_trueup()
    scene.telling.say("EventBridge is given a token that may hand in events, and nothing else.")
    scene.start_events(str(scene.carla.asks("token", "create", "carla", "--scope", "events")["token"]))
    modes = [scene.facts.stack(stack)["mode"] for stack in STACKS]
    scene.telling.holds("Trueup runs, and everything is in mode observe", modes == ["observe"] * len(STACKS), modes)


def _nothing_written(scene: Scene) -> None:
    """Proven twice from what the cloud recorded: by Trueup's own audit, and by looking at every record here."""
    records, file = scene.cloud.records(), scene.directory / "cloudtrail.ndjson"
    file.write_text("".join(json.dumps(record.event) + "\n" for record in records))
    said = scene.carla.types("audit-self", "--trail", str(file), lines=(9, 2))
    ours = [record for record in records if "trueup" in record.identity]
    wrote = [record.action for record in ours if record.kind == "write"]
    became = {str(record.event["requestParameters"].get("roleArn")) for record in ours if record.kind == "session"}
    scene.telling.holds(
        f"of {len(records)} requests that the cloud recorded, {len(ours)} are Trueup's, and none of these wrote",
        bool(ours) and not wrote and "Trueup wrote nothing." in said,
        wrote or said,
    )
    scene.telling.holds("the role that may write was never even assumed", became == {scene.cloud.plan_role}, became)


def _deliver(scene: Scene) -> None:
    tell, facts = scene.telling, scene.facts
    tell.say(
        "Carla lets both environments be delivered. What was merged and never applied in dev is delivered at once."
    )
    file = scene.laptop / FILE
    old = file.read_text()
    commit = scene.carla.commits("Let Trueup deliver", Edit(FILE, old, control.delivering(old)))
    drift = facts.drift("dev/networking")
    facts.until("dev is in mode deliver", lambda: facts.stack("dev/networking")["mode"], lambda mode: mode == "deliver")
    scene.carla.types(
        "drift", "revert", drift["id"], "--reason", "Team is platform, the rest was a mistake", lines=(9, 0)
    )
    with tell.waiting("a delivery and a revert in dev"):
        pending = facts.run_reaching(facts.started("dev/app", commit), RunState.FINISHED)
        facts.run_reaching(facts.runs("dev/networking", "revert")[0]["id"], RunState.FINISHED)
    tags = {name: console.tags(scene.cloud, "dev", name).get("Team") for name in (console.WEB, console.INTERNAL)}
    tell.holds(
        "the pending tag is there, and the mistaken one is corrected",
        tags == {"checkout-web": "shop", "internal": "platform"},
        tags,
    )
    tell.holds("the delivery converged: the plan after it is empty", pending["converged"] is True, pending)


def change_request(scene: Scene) -> None:
    """One change of two layers in two environments: opened, planned, approved, merged, applied in order."""
    tell, facts = scene.telling, scene.facts
    tell.say("Ben adds a third subnet, and opens the health check port of checkout to all subnets: networking first.")
    head = scene.ben.commits(
        "A third subnet, and health checks from all of them", *_third_subnet(), branch="third-subnet"
    )
    number = opened(scene, "third-subnet", "A third subnet, with health checks")
    with tell.waiting("proposals for four stacks"):
        proposals = [facts.run_reaching(facts.started(stack, head, "proposal"), RunState.FINISHED) for stack in STACKS]
        request = facts.until(
            "every stack is commented on", lambda: _request(scene, number), lambda now: len(now["comments"]) == 4
        )
    scene.ben.types("run", "show", proposals[3]["id"], lines=(0, 14))
    tell.holds(
        "all four stacks were planned and commented on the change request", all(each["changes"] for each in proposals)
    )
    tell.holds("its status is green", request["statuses"]["trueup"]["state"] == "success", request["statuses"])
    scene.ben.types("request", "approve", f"infra#{number}", code=1)
    merged = merge(scene, number)
    dev = deliver_in_order(scene, "dev", merged)
    tell.holds("dev needed nobody's approval", not any(run["approvals_needed"] for run in dev), dev)
    prod = facts.run_reaching(facts.started("prod/networking", merged), RunState.AWAITING_APPROVAL)
    app = facts.run_reaching(facts.started("prod/app", merged), RunState.DEFERRED)
    tell.holds("prod waits: networking for a person, app for networking", app["waiting_for"] == [prod["name"]], app)
    tell.holds("nothing was applied in prod", 8080 not in console.ports(scene.cloud, "prod"))
    scene.carla.types("run", "show", prod["id"], "--why", lines=(0, 6))
    scene.carla.types("run", "approve", prod["id"], lines=(4, 0))
    with tell.waiting("networking, then a plan of app"):
        facts.run_reaching(prod["id"], RunState.FINISHED)
        # Its outputs changed: app is planned anew with them.
        newest = facts.until("app has new inputs", lambda: facts.runs("prod/app")[0]["id"], lambda id: id != app["id"])
        app = facts.run_reaching(newest, RunState.AWAITING_APPROVAL)
    scene.carla.types("run", "approve", app["id"], lines=(4, 0))
    deliver_in_order(scene, "prod", merged)


def opened(scene: Scene, branch: str, title: str) -> int:
    """Ben opens a change request; its number."""
    scene.ben.types("request", "open", "--head", branch, "--title", title, lines=(4, 0))
    known: list[JSON] = scene.facts.get("repositories", "infra", "requests")
    return int(next(each["number"] for each in known if each["head_branch"] == branch))


def merge(scene: Scene, number: int) -> str:
    """Anna approves and merges; the commit."""
    scene.anna.types("request", "approve", f"infra#{number}", lines=(0, 1))
    scene.anna.types("request", "merge", f"infra#{number}", lines=(3, 0))
    return str(_request(scene, number)["merged_commit"])


def deliver_in_order(scene: Scene, environment: str, commit: str) -> list[JSON]:
    """Waits for both layers; the runs, networking's first."""
    tell, facts = scene.telling, scene.facts
    with tell.waiting(f"{environment}: networking, then app"):
        runs = [
            facts.run_reaching(facts.started(f"{environment}/{layer}", commit), RunState.FINISHED)
            for layer in company.LAYERS
        ]
    ends = [int(facts.get("ledger", run=run["id"], kind="run.finished")[0]["seq"]) for run in runs]
    tell.holds(f"{environment}/networking was finished before {environment}/app", ends == sorted(ends), ends)
    reached = console.sources(scene.cloud, environment, 8080)
    tell.holds(
        f"{environment}/app has all three subnets: it was planned with networking's new outputs",
        len(reached) == 3,
        sorted(reached),
    )
    return runs


def _request(scene: Scene, number: int) -> JSON:
    return scene.facts.get("repositories", "infra", "requests", number)


def _third_subnet() -> list[Edit]:
    edits = []
    for environment, block in (("dev", "10.10"), ("prod", "10.20")):
        root = f"environments/{environment}"
        second = f'  eu-central-1b = "{block}.2.0/24"\n'
        third = f'  eu-central-1c = "{block}.3.0/24"\n'
        edits += [
            Edit(f"{root}/networking/terraform.tfvars", second, second + third),
            Edit(f"{root}/app/main.tf", "\n  egress {\n", HEALTH_CHECKS),
            Edit(
                f"{root}/app/variables.tf",
                'variable "zone_id" {\n  type = string\n}\n',
                'variable "zone_id" {\n  type = string\n}\n\nvariable "subnet_cidrs" {\n  type = list(string)\n}\n',
            ),
        ]
    return edits
