"""A small office: one or a few tiny stacks in one repository, so that a story takes seconds."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from tests.stories.office import Office, installed_beside, scheduler_of, signature
from tests.terraform.aws import PROVIDER, backend, make_bucket, rule
from trueup.demo.cloud import Cloud
from trueup.demo.providers import lock_file
from trueup.demo.terminal import Terminal
from trueup.model.drift import Check, Drift, DriftId
from trueup.model.people import Identity
from trueup.model.run import Run
from trueup.model.stack import Stack
from trueup.system.clock import Clock
from trueup.wiring import Options

PEOPLE = ("anna", "ben", "carla", "mira")
WEB = "live/web/main.tf"
APP = "live/app/main.tf"


def code_of_web(group: str, *, owner: str = "core", ports: tuple[int, ...] = (443,)) -> str:
    """A security group as people write it: commented blocks, a map of tags."""
    rules = "".join(
        f"""
  ingress {{
    description = "port {port}"
    protocol    = "tcp"
    from_port   = {port}
    to_port     = {port}
    cidr_blocks = ["10.0.0.0/8"]
  }}
"""
        for port in ports
    )
    return f"""# Who may talk to the web servers.
resource "aws_security_group" "web" {{
  name        = "{group}"
  description = "web"
{rules}
  tags = {{
    Owner = "{owner}"
  }}
}}
"""


def on_aws(code: str, bucket: str, key: str = "web") -> dict[str, str]:
    """The files of one root module that keeps its state in S3."""
    return {
        "main.tf": code,
        "backend.tf": backend(bucket, f"{key}.tfstate"),
        "provider.tf": PROVIDER,
        ".terraform.lock.hcl": lock_file(),
    }


@dataclass(frozen=True)
class SmallOffice(Office):
    """Stacks are called by the last part of their directory: `web` is live/web."""

    group_name: str
    """Of the group of `web`: unique in its cloud."""
    rules: dict[str, Any]
    """trueup.yaml as it is now."""

    def stack(self, short: str = "web") -> Stack:
        with self.site.store.transaction() as tx:
            return next(stack for stack in tx.stacks() if stack.name.endswith(f"/{short}"))

    def adopt(self, *shorts: str, by: str = "carla") -> None:
        super().adopt(*(shorts or ("web",)), by=by)

    def govern(self, mode: str = "", **changes: Any) -> None:
        """Carla changes the control repository: the mode and rules of the one environment, or (capitalised keys are
        not needed) whole sections given by name in `sections`."""
        sections = changes.pop("sections", {})
        if mode:
            changes["mode"] = mode
        self.rules["environments"]["dev"].update(changes)
        self.rules.update(sections)
        (self.control / "trueup.yaml").write_text(yaml.safe_dump(self.rules, sort_keys=False))
        git = self.terminal.having(signature("carla"))
        git.git(self.control, "add", "--all")
        git.git(self.control, "commit", "--quiet", "--allow-empty", "-m", f"Rules: {mode} {sorted(changes)}")
        self.look()

    def deliver(self, *shorts: str) -> None:
        """Adopted and delivering."""
        self.adopt(*shorts)
        self.govern("deliver")

    def finish(self, short: str = "web") -> Run:
        """Goes on until the newest delivery has ended or waits for somebody."""
        self.look(3)
        return self.newest(short)

    def merged(self, file: str, old: str, new: str, *, by: str = "ben", message: str = "A routine change") -> str:
        """Somebody pushes an edit to the branch and Trueup takes it in; the commit."""
        commit = self.edit(file, old, new, by=by, message=message)
        self.look()
        return commit

    def pushed(self, files: Mapping[str, str | None], *, by: str = "ben", message: str = "Files") -> str:
        """Somebody writes whole files (None: removes) and pushes; the commit. Trueup does not look yet."""
        git = self.terminal.having(signature(by))
        git.git(self.laptop, "fetch", "--quiet", "origin")
        git.git(self.laptop, "checkout", "--quiet", "-B", "main", "origin/main")
        for name, text in files.items():
            path = self.laptop / name
            if text is None:
                git.git(self.laptop, "rm", "-r", "--quiet", name)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        git.git(self.laptop, "add", "--all")
        git.git(self.laptop, "commit", "--quiet", "-m", message)
        git.git(self.laptop, "push", "--quiet", "origin", "main")
        return git.git(self.laptop, "rev-parse", "HEAD").strip()

    def by_hand(self, *words: str, at: str = "main", short: str = "web") -> str:
        """Somebody runs plain Terraform beside us, in a checkout of that commit."""
        where = self.laptop.parent / f"beside-{short}"
        shutil.rmtree(where, ignore_errors=True)
        self.terminal.git(self.laptop.parent, "clone", "--quiet", str(self.bare), str(where))
        self.terminal.git(where, "checkout", "--quiet", at)
        who = self.terminal.having(self.cloud.environment(self.cloud.hand))
        who.run(where / "live" / short, "init", "-input=false")
        return who.run(where / "live" / short, *words)

    def apply_by_hand(self, at: str = "main", short: str = "web") -> None:
        self.by_hand("apply", "-input=false", "-auto-approve", at=at, short=short)

    def open_a_port(self, port: int) -> None:
        """Somebody opens a port in the console."""
        self._console.authorize_security_group_ingress(GroupId=self._group["GroupId"], IpPermissions=rule(port))

    def close_a_port(self, port: int) -> None:
        self._console.revoke_security_group_ingress(GroupId=self._group["GroupId"], IpPermissions=rule(port))

    def tag(self, name: str, value: str) -> None:
        """Somebody sets a tag in the console."""
        self._console.create_tags(Resources=[self._group["GroupId"]], Tags=[{"Key": name, "Value": value}])

    @property
    def open_ports(self) -> set[int]:
        """The ports that are really open."""
        return {each["FromPort"] for each in self._group["IpPermissions"]}

    @property
    def real_tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self._group.get("Tags", [])}

    def last_check(self, short: str = "web") -> Check | None:
        id = self.stack(short).id
        with self.site.store.transaction() as tx:
            return tx.check(id)

    def drift(self, id: DriftId) -> Drift:
        return self.site.drifts.drift(id)

    def approve(self, run: Run, by: str) -> Run:
        return self.site.runs.approve(run.id, named(by))

    def kinds(self) -> list[str]:
        """What the ledger says happened, in order."""
        return [entry.draft.kind for entry in self.ledger()]

    @property
    def _console(self) -> Any:
        return self.cloud.client("ec2", self.cloud.console)

    @property
    def _group(self) -> dict[str, Any]:
        wanted = [{"Name": "group-name", "Values": [self.group_name]}]
        (found,) = self.cloud.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
        return dict(found)


def named(name: str) -> Identity:
    return Identity("name", name)


@contextmanager
def open_small(
    cloud: Cloud,
    terminal: Terminal,
    place: Path,
    code: str = "",
    *,
    clock: Clock | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[SmallOffice]:
    """One stack on AWS, `web`, applied by hand and only observed. GROUP in the code stands for the group's name;
    `more` are further files of the repository."""
    mark = f"web-{uuid4().hex[:8]}"
    bucket = make_bucket(cloud, f"states-{mark}")
    web = on_aws((code or code_of_web("GROUP")).replace("GROUP", mark), bucket)
    files = {f"live/web/{name}": text for name, text in web.items()} | dict(more or {})
    with open_with(cloud, terminal, place, files, name=mark, clock=clock) as office:
        office.apply_by_hand()
        office.look()
        yield office


def data(name: str, value: str, *more: str) -> str:
    """A resource that needs no cloud: quick, where a story is not about the live system."""
    inside = "".join(f"  {line}\n" for line in more)
    return f'resource "terraform_data" "{name}" {{\n  input = "{value}"\n{inside}}}\n'


@contextmanager
def open_with(
    cloud: Cloud,
    terminal: Terminal,
    place: Path,
    files: Mapping[str, str],
    *,
    name: str = "",
    clock: Clock | None = None,
) -> Iterator[SmallOffice]:
    """An office over these files of the repository; nobody has looked at Git yet."""
    bare, laptop, control = place / "infra.git", place / "laptop", place / "control"
    terminal.git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    laptop.mkdir()
    control.mkdir()
    for directory in (laptop, control):
        terminal.git(directory, "init", "--quiet", "--initial-branch=main")
    terminal.git(laptop, "remote", "add", "origin", str(bare))
    for path, text in files.items():
        (laptop / path).parent.mkdir(parents=True, exist_ok=True)
        (laptop / path).write_text(text)
    rules = first_rules(cloud, terminal, bare)
    (control / "trueup.yaml").write_text(yaml.safe_dump(rules, sort_keys=False))
    for directory, who in ((laptop, "anna"), (control, "carla")):
        terminal.git(directory, "add", "--all")
        terminal.having(signature(who)).git(directory, "commit", "--quiet", "-m", "Begin")
    terminal.git(laptop, "push", "--quiet", "origin", "main")
    with installed_beside(cloud, terminal, Options(place / "data", str(control)), clock) as installed:
        yield SmallOffice(cloud, terminal, bare, laptop, control, installed, scheduler_of(installed), name, rules)


def first_rules(cloud: Cloud, terminal: Terminal, bare: Path) -> dict[str, Any]:
    """trueup.yaml: one environment that is not critical, everything only observed."""
    config = {"TF_CLI_CONFIG_FILE": terminal.environment["TF_CLI_CONFIG_FILE"]}
    return {
        "apiVersion": "trueup.dev/v1",
        "mode": "observe",
        "repositories": {"infra": {"url": str(bare)}},
        "stacks": [{"terraform": "infra//live/{name}", "env": "dev"}],
        "environments": {"dev": {"mode": "observe", "critical": False, "sandbox": "preferred"}},
        "credentials": [
            {"match": {"env": "*"}, "plan": {"awsRole": cloud.plan_role}, "apply": {"awsRole": cloud.apply_role}}
        ],
        "contexts": [{"match": {"env": "*"}, "vars": {**config, **cloud.address}}],
        "people": {name: {"email": [f"{name}@acme.example"]} for name in PEOPLE},
    }
