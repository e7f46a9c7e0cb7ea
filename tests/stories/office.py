"""The office of the stories: the company's cloud and repository, a Trueup beside them, and people with laptops."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.cloud import Company
from tests.fakes.queues import InlineQueues
from trueup.demo.cloud import Cloud
from trueup.demo.company import Author
from trueup.demo.terminal import Terminal
from trueup.engine.scheduler import Scheduler
from trueup.engine.site import Site
from trueup.model.drift import Drift
from trueup.model.ledger import Entry
from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, NewRequest
from trueup.model.run import Run, RunKind, RunState
from trueup.model.stack import Stack
from trueup.ports.forge import Forge
from trueup.ports.store import LedgerFilter, RunFilter
from trueup.system.clock import Clock
from trueup.wiring import Installation, Options, installation
from trueup.wiring.rounds import rounds

CONTROL = """\
apiVersion: trueup.dev/v1
mode: observe
repositories:
  infra: {{url: {infra}}}
stacks:
  - terraform: infra//environments/{{env}}/networking
  - terraform: infra//environments/{{env}}/app
    inputs: {{vpc_id: "networking-{{env}}.vpc_id", zone_id: "networking-{{env}}.zone_id"}}
environments:
  dev: {{mode: {dev}, critical: false}}
  prod: {{mode: {prod}, critical: true, sandbox: preferred}}
credentials:
  - match: {{env: "*"}}
    plan: {{awsRole: "{plan_role}"}}
    apply: {{awsRole: "{apply_role}"}}
contexts:
  - match: {{env: "*"}}
    vars:
{variables}
people:
  anna: {{email: [anna@acme.example]}}
  ben: {{email: [ben@acme.example]}}
  carla: {{email: [carla@acme.example]}}
  mira: {{email: [mira@acme.example]}}
"""


@dataclass(frozen=True)
class Office:
    """One round of the scheduler is `look`; nothing happens between two rounds."""

    cloud: Cloud
    terminal: Terminal
    bare: Path
    """The repository that everybody pushes to; its change requests are in it."""
    laptop: Path
    """A clone in which people edit."""
    control: Path
    installed: Installation
    scheduler: Scheduler

    @property
    def site(self) -> Site:
        return self.installed.site

    @property
    def forge(self) -> Forge:
        forge = self.site.forges("infra")
        assert forge is not None
        return forge

    def look(self, rounds: int = 1) -> None:
        """Git is looked at and everything that is due happens, until a round has nothing to do."""
        for _ in range(rounds):
            self.scheduler.refresh()
            self.scheduler.tick()

    def stack(self, short: str) -> Stack:
        """`prod/app`: the stack at environments/prod/app."""
        with self.site.store.transaction() as tx:
            return next(stack for stack in tx.stacks() if stack.name.endswith(f"environments/{short}"))

    def adopt(self, *shorts: str, by: str = "carla") -> None:
        for short in shorts:
            self.site.adoption.adopt(self.stack(short).id, Identity("name", by), "first books")

    def check(self, short: str) -> list[Drift]:
        """Looks for drift now; the open ones of that stack."""
        stack = self.stack(short)
        done = self.site.checks.check(stack.id)
        assert not done.error, done.error
        with self.site.store.transaction() as tx:
            return list(tx.drifts(stack.id))

    def newest(self, short: str, kind: RunKind = RunKind.DELIVERY) -> Run:
        wanted = RunFilter(stack=self.stack(short).id, kinds=frozenset({kind}))
        with self.site.store.transaction() as tx:
            return tx.runs(wanted)[0]

    def run(self, run: Run) -> Run:
        with self.site.store.transaction() as tx:
            found = tx.run(run.id)
        assert found is not None
        return found

    def runs(self, *states: RunState) -> list[Run]:
        with self.site.store.transaction() as tx:
            return list(tx.runs(RunFilter(states=frozenset(states))))

    def ledger(self, kind: str = "") -> list[Entry]:
        with self.site.store.transaction() as tx:
            return list(tx.entries(LedgerFilter(kind=kind)))

    # people

    def set_modes(self, *, dev: str, prod: str) -> None:
        """Somebody changes the control repository."""
        (self.control / "trueup.yaml").write_text(control_text(self.cloud, self.bare, self.terminal, dev, prod))
        self.terminal.having(signature("carla")).git(
            self.control, "commit", "--quiet", "-am", f"dev {dev}, prod {prod}"
        )
        self.look()

    def edit(self, file: str, old: str, new: str, *, by: str, message: str, branch: str = "main") -> str:
        """Somebody changes a file and pushes it; the commit."""
        git = self.terminal.having(signature(by))
        git.git(self.laptop, "fetch", "--quiet", "origin")
        git.git(self.laptop, "checkout", "--quiet", "-B", branch, "origin/main")
        path = self.laptop / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))
        git.git(self.laptop, "commit", "--quiet", "-am", message)
        git.git(self.laptop, "push", "--quiet", "--force", "origin", branch)
        return git.git(self.laptop, "rev-parse", "HEAD").strip()

    def propose(self, title: str, branch: str, *, by: str) -> ChangeRequest:
        email = Identity("email", f"{by}@acme.example")
        return self.forge.open(NewRequest(title, "", email, branch, "main"))

    def merge(self, request: ChangeRequest, *, approved_by: str) -> ChangeRequest:
        who = Identity("email", f"{approved_by}@acme.example")
        current = self.forge.get(request.number)
        self.forge.approve(request.number, who, current.head)
        return self.forge.merge(request.number, who)

    def open_port(self, port: int, environment: str = "prod", group: str = "checkout-web") -> None:
        """Somebody opens a port in the console."""
        ec2 = self.cloud.client("ec2", self.cloud.console)
        ec2.authorize_security_group_ingress(
            GroupId=self.group(environment, group)["GroupId"],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "incident 4711"}],
                }
            ],
        )

    def ports(self, environment: str = "prod", group: str = "checkout-web") -> set[int]:
        """The ports that are really open."""
        return {rule["FromPort"] for rule in self.group(environment, group)["IpPermissions"]}

    def tags(self, environment: str = "prod", group: str = "checkout-web") -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.group(environment, group).get("Tags", [])}

    def group(self, environment: str, name: str) -> dict[str, Any]:
        groups = self.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
        mark = {"Key": "Environment", "Value": environment}
        return next(each for each in groups if each["GroupName"] == name and mark in each.get("Tags", []))


def signature(name: str) -> dict[str, str]:
    return Author(name.capitalize(), f"{name}@acme.example").signature("2026-11-20T10:00:00+00:00")


def control_text(cloud: Cloud, bare: Path, terminal: Terminal, dev: str, prod: str) -> str:
    wanted = {"TF_CLI_CONFIG_FILE": terminal.environment["TF_CLI_CONFIG_FILE"], **cloud.address}
    variables = "\n".join(f'      {name}: "{value}"' for name, value in wanted.items())
    return CONTROL.format(
        infra=bare, dev=dev, prod=prod, plan_role=cloud.plan_role, apply_role=cloud.apply_role, variables=variables
    )


@contextmanager
def open_office(company: Company, place: Path) -> Iterator[Office]:
    """Trueup is pointed at the company: everything is observed, nothing is adopted."""
    bare, laptop, control = place / "infra.git", place / "laptop", place / "control"
    git, cloud = company.terminal, company.cloud
    git.git(place, "clone", "--quiet", "--bare", str(company.repository), str(bare))
    git.git(place, "clone", "--quiet", str(bare), str(laptop))
    control.mkdir()
    git.git(control, "init", "--quiet", "--initial-branch=main")
    (control / "trueup.yaml").write_text(control_text(cloud, bare, git, "observe", "observe"))
    git.git(control, "add", "--all")
    git.having(signature("carla")).git(control, "commit", "--quiet", "-m", "Point Trueup at our infrastructure")
    with installed_beside(cloud, git, Options(place / "data", str(control))) as installed:
        yield Office(cloud, git, bare, laptop, control, installed, scheduler_of(installed))


@contextmanager
def installed_beside(
    cloud: Cloud, terminal: Terminal, options: Options, clock: Clock | None = None
) -> Iterator[Installation]:
    """A Trueup whose own process is the user `trueup` of that cloud, and nobody else."""
    who = {"AWS_ACCESS_KEY_ID": cloud.trueup.access_key, "AWS_SECRET_ACCESS_KEY": cloud.trueup.secret_key}
    around = {"PATH": terminal.environment["PATH"], "HOME": os.environ["HOME"], **cloud.address, **who}
    with patch.dict(os.environ, around), installation(options, clock) as installed:
        yield installed


def scheduler_of(installed: Installation) -> Scheduler:
    site = installed.site
    queues = InlineQueues(site.reconciler, site.recovery, site.watch, site.follow_ups)
    return Scheduler(
        store=installed.store,
        catalog=site.catalog,
        intake=installed.intake,
        errands=site.errands,
        reports=installed.reports,
        queues=queues,
        clock=site.clock,
        holder=installed.worker,
        rounds=rounds(site, queues),
    )
