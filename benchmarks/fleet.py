"""Eight stacks of one company on the emulated AWS, live and adopted: what the fleet's figures are measured on."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.demo import company, providers
from trueup.demo.cloud import REGION, Cloud
from trueup.demo.terminal import Terminal, open_terminal
from trueup.model.people import Identity
from trueup.model.stack import Stack
from trueup.wiring import Installation, Options, installation

WORKERS = 2
NAMES = tuple(f"team-{number}" for number in range(8))
BUCKET = "fleet-states"
CONTROL = """\
apiVersion: trueup.dev/v1
repositories:
  infra: {{url: {infra}}}
stacks:
  - terraform: infra//live/{{name}}
    env: prod
credentials:
  - match: {{env: "*"}}
    plan: {{awsRole: "{role}"}}
contexts:
  - match: {{env: "*"}}
    vars: {variables}
"""
ROOT = """\
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "3.39.0"
    }}
  }}
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "{name}.tfstate"
    region                      = "{region}"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }}
}}

provider "aws" {{
  region                      = "{region}"
  s3_force_path_style         = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  endpoints {{
    ec2 = var.endpoint
    iam = var.endpoint
    s3  = var.endpoint
    sts = var.endpoint
  }}
}}

variable "endpoint" {{
  type = string
}}

module "network" {{
  source = "../../modules/network"

  name           = "{name}"
  cidr           = "10.{number}.0.0/16"
  public_subnets = {{
    "{region}a" = "10.{number}.1.0/24"
    "{region}b" = "10.{number}.2.0/24"
  }}
  tags = {{
    Team = "{name}"
  }}
}}

resource "aws_security_group" "web" {{
  name        = "{name}-web"
  description = "web"
  vpc_id      = module.network.vpc_id
  tags = {{
    Team = "{name}"
  }}
}}

resource "aws_security_group_rule" "https" {{
  for_each = toset(["443", "8443"])

  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = each.key
  to_port           = each.key
  cidr_blocks       = ["10.{number}.0.0/16"]
}}
"""


@dataclass(frozen=True)
class Fleet:
    place: Path
    cloud: Cloud
    cron: Terminal
    """Plain Terraform in fresh directories: providers come from archives, which `init` has to unpack as it would what
    it downloads (`terraform providers mirror` writes them so)."""
    installed: Installation
    stacks: tuple[Stack, ...]

    @property
    def repository(self) -> Path:
        return self.place / "infra"


def by_workers(work: Callable[[Any], object], of: tuple[Any, ...]) -> None:
    """As many at once as the fleet has workers: threads, as a worker's queue runs checks."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, of))


@contextmanager
def fleet(place: Path) -> Iterator[Fleet]:
    """Adopted, with the credentials of an assumed role for plans. Nothing of it was checked yet."""
    terminal = open_terminal(place / "home", providers.mirror(place / "providers"))
    with Cloud(place / "cloud") as cloud:
        _apply_everything(place / "infra", cloud, terminal)
        who = cloud.environment(cloud.hand)
        cron = open_terminal(place / "cron", _packed(place / "archives")).having(who)
        with _trueup(place, cloud, terminal) as installed:
            yield Fleet(place, cloud, cron, installed, _adopted(installed))


def _apply_everything(repository: Path, cloud: Cloud, terminal: Terminal) -> None:
    _write(repository, {f"modules/network/{file.name}": file.read_text() for file in _module()})
    for number, name in enumerate(NAMES):
        code = ROOT.format(name=name, number=number, bucket=BUCKET, region=REGION)
        _write(repository / "live" / name, {"main.tf": code, ".terraform.lock.hcl": providers.lock_file()})
    (repository / ".gitignore").write_text(".terraform/\n")
    terminal.git(repository, "init", "--quiet", "--initial-branch=main")
    _commit(repository, terminal, "The fleet")
    s3 = cloud.client("s3", cloud.hand)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    who = terminal.having(cloud.environment(cloud.hand))

    def apply(name: str) -> None:
        who.run(repository / "live" / name, "init", "-input=false")
        who.run(repository / "live" / name, "apply", "-input=false", "-auto-approve")

    by_workers(apply, NAMES)


def _module() -> list[Path]:
    return sorted((company.SOURCE / "modules" / "network").glob("*.tf"))


def _write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def _commit(repository: Path, terminal: Terminal, message: str) -> None:
    terminal.git(repository, "add", "--all")
    terminal.having(company.CARLA.signature("2026-11-20T10:00:00Z")).git(repository, "commit", "--quiet", "-m", message)


def _packed(directory: Path) -> Path:
    place = directory / "registry.terraform.io" / "hashicorp" / "aws"
    place.mkdir(parents=True)
    archive = providers.archive()
    (place / archive.name).symlink_to(archive)
    return directory


@contextmanager
def _trueup(place: Path, cloud: Cloud, terminal: Terminal) -> Iterator[Installation]:
    control, variables = place / "control", {**cloud.address}
    variables["TF_CLI_CONFIG_FILE"] = terminal.environment["TF_CLI_CONFIG_FILE"]
    shown = "{" + ", ".join(f'{name}: "{value}"' for name, value in variables.items()) + "}"
    text = CONTROL.format(infra=place / "infra", role=cloud.plan_role, variables=shown)
    _write(control, {"trueup.yaml": text})
    terminal.git(control, "init", "--quiet", "--initial-branch=main")
    _commit(control, terminal, "Control")
    before = dict(os.environ)
    keys = {"AWS_ACCESS_KEY_ID": cloud.trueup.access_key, "AWS_SECRET_ACCESS_KEY": cloud.trueup.secret_key}
    os.environ.update({"PATH": terminal.environment["PATH"], **cloud.address, **keys})
    try:
        with installation(Options(place / "data", str(control))) as installed:
            yield installed
    finally:
        os.environ.clear()
        os.environ.update(before)


def _adopted(installed: Installation) -> tuple[Stack, ...]:
    site = installed.site
    installed.intake.take_in(site.catalog.refresh())
    with site.store.transaction() as tx:
        stacks = tx.stacks()
    for stack in stacks:
        site.adoption.adopt(stack.id, Identity("name", "carla"), "bench")
    return tuple(site.errands.stack(stack.id) for stack in stacks)
