"""The company of the story: its Terraform in Git, its people, and the first apply, made by hand."""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from trueup.demo.cloud import REGION, Cloud
from trueup.demo.providers import REGISTRIES, lock_file
from trueup.demo.terminal import Terminal

SOURCE = Path(__file__).with_name("company")
STATE_BUCKET = "acme-terraform-state"
ENVIRONMENTS = ("dev", "prod")
LAYERS = ("networking", "app")
"""In the order in which they are applied: app takes networking's outputs."""
DNS = {"dev": ("dev.acme.example", "203.0.113.10"), "prod": ("acme.example", "203.0.113.20")}
"""Each environment's domain and the address of its checkout, as in its tfvars."""


@dataclass(frozen=True)
class Author:
    """Somebody who commits."""

    name: str
    email: str

    def signature(self, when: str) -> dict[str, str]:
        """The variables by which git takes author, committer and time (ISO 8601)."""
        return {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", self.name), ("EMAIL", self.email), ("DATE", when))
        }


ANNA = Author("Anna Kowalska", "anna@acme.example")
BEN = Author("Ben Okafor", "ben@acme.example")
CARLA = Author("Carla Reyes", "carla@acme.example")
MIRA = Author("Mira Lindqvist", "mira@acme.example")


def seed(directory: Path, cloud: Cloud, terminal: Terminal) -> Path:
    """A Git repository with the company's Terraform in `directory` (new or empty), on `main`, in three commits, and
    the bucket for its states. Nothing is applied."""
    directory.mkdir(parents=True, exist_ok=True)
    terminal.git(directory, "init", "--quiet", "--initial-branch=main")
    _copy(directory, "README.md", "CODEOWNERS", "modules/network", *_roots("networking"))
    (directory / ".gitignore").write_text(".terraform/\n*.tfplan\n")
    _commit(directory, terminal, ANNA.signature("2026-09-14T10:21:00+02:00"), "Networking for dev and prod")
    _copy(directory, "modules/service", *_roots("app"))
    _commit(directory, terminal, BEN.signature("2026-09-21T16:05:00+02:00"), "Checkout: bucket, role, group and name")
    registry = REGISTRIES["tofu" in terminal.terraform.name]
    for layer in LAYERS:
        for root in _roots(layer):
            (directory / root / ".terraform.lock.hcl").write_text(lock_file(registry))
    _commit(directory, terminal, CARLA.signature("2026-10-02T09:40:00+02:00"), "Lock the provider everywhere")
    _make_state_bucket(cloud)
    return directory


def apply_by_hand(repository: Path, cloud: Cloud, terminal: Terminal) -> None:
    """Plain `terraform init` and `apply` of everything in the working tree, as the person who did it first.

    DNS is older than Terraform here, as in most companies: zones and names are made in the console and imported.
    (Made by Terraform, each would take half a minute: this version of the provider waits before it asks Route 53.)
    """
    with ThreadPoolExecutor(len(ENVIRONMENTS)) as pool:
        list(pool.map(lambda name: _apply_environment(repository, name, cloud, terminal), ENVIRONMENTS))


def _apply_environment(repository: Path, name: str, cloud: Cloud, terminal: Terminal) -> None:
    zone = _make_zone(name, cloud)
    who = terminal.having(cloud.environment(cloud.hand))
    networking, app = (repository / "environments" / name / layer for layer in LAYERS)
    who.run(networking, "init", "-input=false")
    who.run(networking, "import", "-input=false", "aws_route53_zone.main", zone)
    who.run(networking, "apply", "-input=false", "-auto-approve")
    who = who.having(outputs_as_inputs(who.run(networking, "output", "-json")))
    who.run(app, "init", "-input=false")
    who.run(app, "import", "-input=false", "aws_route53_record.web", f"{zone}_checkout_A")
    who.run(app, "apply", "-input=false", "-auto-approve")


def _make_zone(environment: str, cloud: Cloud) -> str:
    """The environment's zone with the name that customers use; its id."""
    domain, address = DNS[environment]
    route53 = cloud.client("route53", cloud.hand)
    answer = route53.create_hosted_zone(
        Name=domain, CallerReference=environment, HostedZoneConfig={"Comment": "Managed by Terraform"}
    )
    zone = str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")
    record = {
        "Name": f"checkout.{domain}",
        "Type": "A",
        "TTL": 300,
        "ResourceRecords": [{"Value": address}],
    }
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
    return zone


def outputs_as_inputs(output_json: str) -> Mapping[str, str]:
    """`terraform output -json` as the variables of the stack that takes these outputs."""
    values = {name: output["value"] for name, output in json.loads(output_json).items()}
    return {f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _roots(layer: str) -> list[str]:
    return [f"environments/{environment}/{layer}" for environment in ENVIRONMENTS]


def _copy(directory: Path, *names: str) -> None:
    for name in names:
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (SOURCE / name).is_dir():
            shutil.copytree(SOURCE / name, target)
        else:
            shutil.copyfile(SOURCE / name, target)


def _commit(directory: Path, terminal: Terminal, signature: Mapping[str, str], message: str) -> None:
    terminal.git(directory, "add", "--all")
    terminal.having(signature).git(directory, "commit", "--quiet", f"--message={message}")


def _make_state_bucket(cloud: Cloud) -> None:
    s3 = cloud.client("s3", cloud.hand)
    try:
        s3.create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    s3.put_bucket_versioning(Bucket=STATE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
