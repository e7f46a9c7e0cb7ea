"""Terraform in the suite that every driver passes: the real provider on the emulated AWS."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.terraform.aws import group, make_bucket, rule, stack
from tests.terraform.jobs import Place
from trueup.demo.cloud import Cloud
from trueup.drivers.terraform.driver import TerraformDriver
from trueup.model.plan import Address, Resource
from trueup.model.stack import Purpose
from trueup.ports.driver import Job
from trueup.ports.tree import StoredTree, Tree

CANARY = "canary-77aa21-secret"
SECRET = f"""
variable "password" {{
  type      = string
  sensitive = true
  default   = "{CANARY}"
}}

resource "terraform_data" "account" {{
  input = {{
    user     = "app"
    password = var.password
  }}
}}

output "password" {{
  value     = var.password
  sensitive = true
}}
"""


class TerraformSubject:
    """A Subject (tests/conformance/subject.py)."""

    canary = CANARY
    settled: Mapping[Address, Resource] | None = None

    def __init__(self, cloud: Cloud, environment: Mapping[str, str], directory: Path, name: str) -> None:
        self.driver = TerraformDriver()
        self._cloud, self._name = cloud, name
        self._bucket = make_bucket(cloud, name)
        self._place = Place(directory, {**environment, **cloud.environment(cloud.hand)}, self.driver)
        self._made = self._cloud_writes()

    @property
    def lines(self) -> list[str]:
        return self._place.lines

    def first(self) -> Tree:
        return self._stack(group(self._name, 443) + SECRET)

    def second(self) -> Tree:
        return self._stack(group(self._name, 443, 80, owner="web") + SECRET)

    def mistaken(self) -> Tree:
        return self._stack('resource "aws_security_group" {\n  name = = "x"\n}\n')

    def rejected(self) -> Tree:
        subnet = 'resource "aws_subnet" "s" {\n  vpc_id = "vpc-0"\n  cidr_block = "10.0.0.0/24"\n}\n'
        return self._stack(group(self._name, 443) + SECRET + subnet)

    def job(self, tree: Tree, purpose: Purpose, **changes: Any) -> Job[Any]:
        return self._place.job(tree, purpose, state=None, **{"settled": lambda: self.settled, **changes})

    def drift(self) -> Address:
        ec2 = self._cloud.client("ec2")
        found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [self._name]}])
        ec2.authorize_security_group_ingress(GroupId=found["SecurityGroups"][0]["GroupId"], IpPermissions=rule(8443))
        return Address("aws_security_group.web")

    def writes(self) -> int:
        return self._cloud_writes() - self._made

    def _cloud_writes(self) -> int:
        return sum(record.kind == "write" for record in self._cloud.records())

    def _stack(self, code: str) -> StoredTree:
        return stack(self._bucket, code)
